"""How many guesses a new password stands: zxcvbn's estimate, told what is guessed first here."""

import re
from typing import Final

import msgspec
from zxcvbn import zxcvbn

from gururmm_server.core.identity.errors import WeakPassword

MIN_LENGTH: Final = 12
_ENOUGH: Final = 4
"""zxcvbn's best score: 10 billion guesses. At three, `Summer2026!!` would do."""
_LOOKED_AT: Final = 20
"""So many characters are looked at. `4@8({[…` may be read as letters in very many ways: 72 of them take seconds."""
# fmt: off
_WORDS: Final = (
    "gururmm", "guru", "rmm", "partner", "client", "helpdesk", "support", "service", "admin", "administrator",
    "company", "passwort", "kennwort", "geheim", "willkommen", "hallo", "sommer", "winter", "herbst", "fruehling",
    "frühling", "januar", "februar", "maerz", "märz", "juni", "juli", "oktober", "dezember", "berlin",
    "spring", "summer", "autumn", "welcome", "changeme", "letmein", "qwertz",
    "correcthorsebatterystaple",
)
# fmt: on
"""What zxcvbn's English lists lack, or rank too low for an IT company."""
_SHORT: Final = f"At least {MIN_LENGTH} characters."
_COMMON: Final = "It is a common word, or a name, with little around it. Take several words."
_SAID: Final = {
    "Straight rows of keys are easy to guess": "Rows of keys are guessed soon.",
    "Short keyboard patterns are easy to guess": "Patterns on the keyboard are guessed soon.",
    'Repeats like "aaa" are easy to guess': "Repeated characters are guessed soon.",
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc"': "Repeating it helps little.",
    'Sequences like "abc" or "6543" are easy to guess': "Sequences like abc or 6543 are guessed soon.",
    "Recent years are easy to guess": "Years are guessed soon.",
    "Dates are often easy to guess": "Dates are guessed soon.",
}


class Strength(msgspec.Struct, frozen=True):
    """How hard a password is to guess."""

    score: int
    """From 0 to 4."""
    enough: bool
    message: str
    """One sentence; empty where it is enough."""


def strength(password: str, email: str) -> Strength:
    """Returns how hard it is to guess for who knows the address. Takes a while, and one thread at a time."""
    if len(password) < MIN_LENGTH:
        return Strength(0, enough=False, message=_SHORT)
    own = [email, *(part for part in re.split(r"[^\w]+", email.lower()) if len(part) >= 3)]
    found = zxcvbn(password[:_LOOKED_AT], [word[:_LOOKED_AT] for word in (*own, *_WORDS)])
    score = int(found["score"])
    if score >= _ENOUGH:
        return Strength(score, enough=True, message="")
    warning = str(found["feedback"]["warning"]).rstrip(".")
    return Strength(score, enough=False, message=_SAID.get(warning, _COMMON))


def check_strength(password: str, email: str, field: str = "") -> None:
    """Raise `WeakPassword`, of this field where one is named, for what is guessed too soon. As slow as `strength`."""
    found = strength(password, email)
    if not found.enough:
        raise WeakPassword(field, "" if found.message == _SHORT else f"This is guessed soon. {found.message}")
