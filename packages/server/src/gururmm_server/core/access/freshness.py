"""Dangerous acts ask of a person a factor that they proved a short while ago: a stolen sign-in is not enough."""

import time
from typing import Final

from gururmm_server.core.access.errors import StepUpRequired
from gururmm_server.core.access.subject import Subject, SubjectKind

FRESH_SECONDS: Final = 600
ALWAYS: Final = "always"
"""What a door says that asks it of every request; one that asks it of some says of which, in words."""


def check_fresh(subject: Subject) -> None:
    """Raise `StepUpRequired` unless the person proved it lately. The system itself is never asked."""
    if subject.kind is not SubjectKind.SYSTEM and subject.proved_at + FRESH_SECONDS <= time.time():
        raise StepUpRequired
