"""Which line of an engine's log tells why it ended. What comes last is that it ended."""

import re

# In this order: a reason that the engine itself calls fatal, then a program's word about itself, before it has a log.
# "The database system is starting up" is fatal, too, but for a client that came early.
_REASONS = (
    re.compile(r"\b(?P<reason>(?:FATAL|PANIC):(?! +the database system is ).+)"),
    re.compile(r"\[FTL\] (?P<reason>.+)"),
    re.compile(r"^\S*\b(?:initdb|postgres|nats-server): (?:error: )?(?P<reason>.+)"),
    re.compile(r"^(?:panic|fatal error): (?P<reason>.+)"),
)


def cause(said: str) -> str:
    """Returns the reason for which PostgreSQL, its initdb or nats-server gave up: of several the first, which the
    others follow from. Where nothing looks like one, the last line.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for reason in _REASONS:
        for line in lines:
            if found := reason.search(line):
                return " ".join(found["reason"].split()).rstrip(".")
    return lines[-1].rstrip(".") if lines else "it said nothing"
