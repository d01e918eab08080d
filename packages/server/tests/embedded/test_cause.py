"""Of all that an engine says before it ends, the line that tells why, in the form that each of them writes."""

import pytest
from gururmm_server.infra.embedded.cause import cause

_SHARED_MEMORY = """\
2026-11-27 10:00:00.431 UTC [41]  FATAL:  could not open shared memory segment "/PostgreSQL.2087": Permission denied
2026-11-27 10:00:00.438 UTC [41]  LOG:  database system is shut down
"""
_EARLY_CLIENT = """\
2026-11-27 10:00:00.200 UTC [52] gururmm_superuser FATAL:  the database system is starting up
2026-11-27 10:00:00.201 UTC [50]  PANIC:  could not locate a valid checkpoint record at 0/1553F08
2026-11-27 10:00:00.300 UTC [41]  LOG:  startup process (PID 50) was terminated by signal 6: Aborted
2026-11-27 10:00:00.300 UTC [41]  LOG:  terminating any other active server processes
2026-11-27 10:00:00.301 UTC [51]  FATAL:  terminating background worker due to administrator command
2026-11-27 10:00:00.302 UTC [41]  LOG:  database system is shut down
"""
_INITDB = """\
initdb: error: could not create directory "/d/pg_wal": No space left on device
initdb: removing contents of data directory "/d"
"""
_BOOTSTRAP = """\
2026-11-27 10:00:00.100 UTC [77] FATAL:  could not write to file "base/1/1255": No space left on device
child process exited with exit code 1
initdb: removing contents of data directory "/d"
"""
_NO_CONTROL_FILE = """\
postgres: could not find the database system
Expected to find it in the directory "/d",
but could not open file "/d/global/pg_control": No such file or directory
"""
_NATS = """\
[61] 2026/11/27 10:00:00.782725 [INF] Using configuration file: /d/nats/nats.conf (sha256:a984540f)
[61] 2026/11/27 10:00:00.783665 [ERR] Error finding the machine's memory
[61] 2026/11/27 10:00:00.783804 [INF] Starting JetStream
[61] 2026/11/27 10:00:00.783997 [FTL] Can't start JetStream: storage directory is not a directory
[61] 2026/11/27 10:00:00.784001 [INF] Server Exiting..
"""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (_SHARED_MEMORY, 'FATAL: could not open shared memory segment "/PostgreSQL.2087": Permission denied'),
        (_EARLY_CLIENT, "PANIC: could not locate a valid checkpoint record at 0/1553F08"),
        (_INITDB, 'could not create directory "/d/pg_wal": No space left on device'),
        (_BOOTSTRAP, 'FATAL: could not write to file "base/1/1255": No space left on device'),
        (_NO_CONTROL_FILE, "could not find the database system"),
        (_NATS, "Can't start JetStream: storage directory is not a directory"),
        ("nats-server: /d/nats.conf:2:1: unknown field\n", "/d/nats.conf:2:1: unknown field"),
        (
            "/v/bin/postgres: error while loading shared libraries: libx.so.1: cannot open shared object file\n",
            "error while loading shared libraries: libx.so.1: cannot open shared object file",
        ),
        ("fatal error: runtime: out of memory\n\ngoroutine 1:\nmain.main()\n", "runtime: out of memory"),
        ("Traceback (most recent call last):\n  …\nValueError: no idea.\n\n", "ValueError: no idea"),
        ("\n", "it said nothing"),
    ],
)
def test_the_reason_is_the_line_that_is_quoted(said: str, why: str) -> None:
    assert cause(said) == why
