"""A log for what peers cause: bounded for each of them and for all, and honest about what it leaves out."""

from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.peer_log import IN_ALL, LINES, WINDOW_S, PeerLog
from structlog.testing import capture_logs

from packages.server.tests.waiting import Clock


def test_one_peer_gets_few_lines_and_leaves_room_for_the_others() -> None:
    with capture_logs() as lines:
        peers = PeerLog(get_logger("test"), clock=Clock())
        for _ in range(10_000):
            peers.info("hostile", "said nonsense")
        peers.warning("honest", "lost its way")
    assert [line["event"] for line in lines] == ["said nonsense"] * LINES + ["lost its way"]


def test_a_whole_fleet_gets_a_bounded_number() -> None:
    with capture_logs() as lines:
        peers = PeerLog(get_logger("test"), clock=Clock())
        for peer in range(10_000):
            peers.info(peer, "said nonsense")
    assert len(lines) == IN_ALL


def test_the_next_minute_says_what_was_left_out() -> None:
    clock = Clock()
    with capture_logs() as lines:
        peers = PeerLog(get_logger("test"), clock=clock)
        for _ in range(LINES + 7):
            peers.info("hostile", "said nonsense")
        clock.forward(WINDOW_S)
        peers.info("hostile", "said nonsense")
    assert [(line["event"], line.get("lines")) for line in lines[LINES:]] == [
        ("lines about peers were left out", 7),
        ("said nonsense", None),
    ]
