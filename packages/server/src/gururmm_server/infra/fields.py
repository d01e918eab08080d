"""Text that people type, as request models take it: bounded, trimmed, printable."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_EMAIL = re.compile(r"[^@\s,;<>()\"\\]{1,64}@[^@\s,;<>()\"\\]{1,189}")


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("Control characters are not allowed here.")
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or not value.isprintable():
        raise ValueError("This is not an e-mail address.")
    return value.lower()


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
"""The name of a Partner, Client, Site or person."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_printable)]
"""One line of free text, possibly empty."""
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_email)]
"""An e-mail address, in lower case."""
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""A password as it was typed: never trimmed, never logged."""
