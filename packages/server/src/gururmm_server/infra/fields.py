"""What people type, as requests take it: text that is bounded, trimmed and printable, and times that are dates."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL = re.compile(r"[^@\s,;<>()\"\\]{1,64}@[^@\s,;<>()\"\\]{1,189}")


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("Control characters are not allowed here.")
    return value


def canonical_email(text: str) -> str:
    """Returns the one spelling of an e-mail address: small letters, each in its composed form.

    Everything that compares addresses compares these. A database lowers letters by the rules of its own locale, where
    `İ` may become `i`, which is another address.
    """
    return unicodedata.normalize("NFC", text.lower())


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or not value.isprintable():
        raise ValueError("This is not an e-mail address.")
    return canonical_email(value)


def _date(value: object) -> object:
    # Pydantic also takes a number, and guesses whether it counts seconds or milliseconds.
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("This is not a time like 2026-01-31T12:00:00Z.")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("In UTC, this is before the year 1 or after 9999.") from error


Moment = Annotated[datetime, BeforeValidator(_date), AfterValidator(_utc)]
"""A time in ISO 8601, given in UTC; one without a zone is in UTC."""
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
"""The name of a Partner, Client, Site or person."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_printable)]
"""One line of free text, possibly empty."""
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254),
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
]
"""An e-mail address, in its canonical spelling."""
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""A password as it was typed: never trimmed, never logged."""
