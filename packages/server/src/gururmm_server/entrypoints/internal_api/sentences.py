"""What is wrong with a value of a request, as a sentence that can stand beside the field it was typed into."""

from collections.abc import Mapping
from typing import Any

_SENTENCES: Mapping[str, str] = {
    "missing": "Fill this in.",
    "string_too_short": "At least {min_length} characters.",
    "string_too_long": "At most {max_length} characters.",
    "too_short": "At least {min_length} of them.",
    "too_long": "At most {max_length} of them.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "greater_than": "More than {gt}.",
    "less_than": "Less than {lt}.",
    "int_parsing": "This is not a whole number.",
    "int_type": "This is not a whole number.",
    "int_from_float": "This is not a whole number.",
    "float_parsing": "This is not a number.",
    "float_type": "This is not a number.",
    "bool_parsing": "This is neither true nor false.",
    "bool_type": "This is neither true nor false.",
    "string_type": "This is not text.",
    "uuid_parsing": "This is not an id.",
    "uuid_type": "This is not an id.",
    "datetime_from_date_parsing": "This is not a date and time.",
    "datetime_parsing": "This is not a date and time.",
    "literal_error": "One of {expected}.",
    "enum": "One of {expected}.",
    "extra_forbidden": "There is no such value here.",
    "json_invalid": "This is not JSON.",
    "string_pattern_mismatch": "This holds characters that cannot be used here.",
}
_OWN_WORDS = "value_error"
"""What a validator of ours says; the library puts words of its own before it."""


def sentence(finding: Mapping[str, Any]) -> str:
    """Returns what one finding of the validation says, for people."""
    context = finding.get("ctx") or {}
    if finding["type"] == _OWN_WORDS:
        said = str(context.get("error", finding["msg"])).rstrip(".")
        return f"{said[:1].upper()}{said[1:]}."
    if finding["type"] == "string_too_short" and context.get("min_length") == 1:
        return _SENTENCES["missing"]
    try:
        return _SENTENCES[finding["type"]].format_map({name: _number(value) for name, value in context.items()})
    except KeyError:
        return str(finding["msg"])


def _number(value: Any) -> Any:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
