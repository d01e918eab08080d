"""What the activity says of terminals."""

import pytest
from gururmm_server.core.tunnel.events import TunnelClosed, TunnelOpened
from gururmm_server.infra.ids import new_id

TESS, BOB = "tess@msp.example", "bob@msp.example"
ABOUT = {"session_id": new_id(), "agent_id": new_id(), "hostname": "web-1"}


def test_a_terminal_that_was_opened() -> None:
    assert TunnelOpened(**ABOUT, actor=TESS).sentence() == f"{TESS} opened a terminal on web-1."


@pytest.mark.parametrize(
    ("reason", "actor", "exit_code", "sentence"),
    [
        ("closed", TESS, None, f"{TESS} closed the terminal on web-1."),
        ("closed", BOB, None, f"{BOB} closed the terminal of {TESS} on web-1."),
        ("exited", TESS, 0, f"The terminal of {TESS} on web-1 ended with exit code 0."),
        ("exited", TESS, None, f"The terminal of {TESS} on web-1 ended."),
        (
            "exited: 5 bytes of its last output did not arrive.",
            TESS,
            3,
            f"The terminal of {TESS} on web-1 ended with exit code 3.",
        ),
        ("not_opened: no shell is installed", TESS, None, f"No terminal could be opened for {TESS} on web-1."),
        (
            "abandoned",
            TESS,
            None,
            f"The terminal of {TESS} on web-1 was closed. Nobody came back to the terminal in time.",
        ),
        ("signed_out", TESS, None, f"The terminal of {TESS} on web-1 was closed. The sign-in session ended."),
        ("agent_lost", TESS, None, f"The terminal of {TESS} on web-1 was closed. The agent no longer has this shell."),
        ("removed", BOB, None, f"The terminal of {TESS} on web-1 was closed. The machine was removed."),
        ("failed", TESS, None, f"The terminal of {TESS} on web-1 was closed. The server had to give this terminal up."),
    ],
)
def test_a_terminal_that_ended(reason: str, actor: str, exit_code: int | None, sentence: str) -> None:
    event = TunnelClosed(**ABOUT, actor=actor, reason=reason, opened_by=TESS, exit_code=exit_code)
    assert event.sentence() == sentence


def test_an_event_of_before_reads_well_too() -> None:
    assert TunnelClosed(**ABOUT, actor=TESS, reason="closed").sentence() == f"{TESS} closed the terminal on web-1."
