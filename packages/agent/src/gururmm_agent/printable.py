r"""Names and values of the system as text that goes over the wire and can be read.

Python keeps bytes that are no UTF-8 in text as lone surrogates, so that a file is found again by its name. No codec
takes them: where such text leaves the agent, each of those bytes is shown as `\xe9`.
"""

from typing import Any


def printable(text: str) -> str:
    """The text, with what is not Unicode shown escaped."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte, as Windows' names may have
        return text.encode("utf-8", "backslashreplace").decode("utf-8", "backslashreplace")


def printable_in(value: Any) -> Any:
    """A JSON-like value with every text in it printable, keys too."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key) if isinstance(key, str) else key: printable_in(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable_in(item) for item in value]
    return value
