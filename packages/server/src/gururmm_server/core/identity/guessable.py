"""Which passwords are guessed first: a common word or one's own name, with what people put around it."""

import re

# fmt: off
_WORDS = (
    "password", "passwort", "passwd", "pass", "secret", "geheim", "login", "admin", "administrator", "root", "user",
    "guest", "test", "demo", "default", "change", "changeme", "welcome", "willkommen", "hello", "hallo", "letmein",
    "master", "monkey", "dragon", "shadow", "superman", "batman", "football", "baseball", "hockey", "soccer",
    "princess", "sunshine", "iloveyou", "love", "trustno", "qwerty", "qwertz", "azerty", "asdf", "zxcv", "abc",
    "abcd", "access", "computer", "internet", "server", "windows", "linux", "office", "company", "support",
    "service", "helpdesk", "gururmm", "guru", "rmm", "spring", "summer", "autumn", "winter", "januar", "februar",
    "maerz", "juni", "juli", "oktober", "dezember", "fruhling", "fruehling", "sommer", "herbst", "january",
    "february", "march", "april", "june", "july", "august", "september", "october", "november", "december",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "michael", "jennifer", "jordan",
    "charlie", "thomas", "daniel", "starwars", "pokemon", "freedom", "whatever", "cheese", "coffee", "google",
    "facebook", "samsung", "apple", "microsoft", "berlin", "london", "paris", "correcthorsebatterystaple",
)
# fmt: on
_COMMON = tuple(sorted(_WORDS, key=len, reverse=True))
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
_LEET = str.maketrans("@4301!$57", "aaeoiisst")
_LEAST = 5
"""So many characters must be left when all that is guessed is taken out."""


def is_guessable(password: str, email: str) -> bool:
    """Tells whether nothing much is left of a password without common words, the address's own, runs and numbers."""
    own = [part for part in re.split(r"[^a-z0-9]+", email.lower()) if len(part) >= 3]
    lower = password.lower()
    return min(len(_unguessed(lower, own)), len(_unguessed(lower.translate(_LEET), own))) < _LEAST


def _unguessed(text: str, own: list[str]) -> str:
    for word in (*own, *_COMMON):
        text = text.replace(word, " ")
    text = re.sub(r"(.)\1{2,}", " ", text)
    for run in _RUNS:
        for ordered in (run, run[::-1]):
            text = _without_run(text, ordered)
    return re.sub(r"[\d\s]|\W(?=\W|$)", "", text)


def _without_run(text: str, ordered: str) -> str:
    """Returns the text without pieces of three and more that follow each other in `ordered`."""
    for length in range(min(len(text), len(ordered)), 2, -1):
        for start in range(len(ordered) - length + 1):
            text = text.replace(ordered[start : start + length], " ")
    return text
