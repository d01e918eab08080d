"""Crowds: bounded for each visitor and in all, and the oldest go first."""

from gururmm_server.infra.crowd import FRESH_S, Crowd

from packages.server.tests.waiting import Clock


def _crowd(evicted: list[str], clock: Clock, most: int = 100, each: int = 3) -> Crowd[str]:
    return Crowd(evicted.append, lambda: most, most_each=each, clock=clock)


def test_beyond_its_number_a_visitors_oldest_goes() -> None:
    evicted, clock = list[str](), Clock()
    crowd = _crowd(evicted, clock)
    for name in "abc":
        crowd.enter(name, "198.51.100.1")
    clock.forward(FRESH_S)
    crowd.enter("d", "198.51.100.1")
    crowd.enter("e", "203.0.113.1")
    assert evicted == ["a"]
    crowd.leave("b")
    crowd.enter("f", "198.51.100.1")
    assert (evicted, len(crowd)) == (["a"], 4)


def test_who_just_came_may_speak_first() -> None:
    """A Site's machines come back all at once from one address."""
    evicted, clock = list[str](), Clock()
    crowd = _crowd(evicted, clock)
    for number in range(50):
        crowd.enter(str(number), "198.51.100.1")
    assert evicted == []
    clock.forward(FRESH_S)
    crowd.enter("late", "198.51.100.1")
    assert evicted == [str(number) for number in range(48)]


def test_where_all_are_too_many_the_largest_crowd_gives_way() -> None:
    evicted, clock = list[str](), Clock()
    crowd = _crowd(evicted, clock, most=10)
    crowd.enter("first", "203.0.113.1")
    for number in range(20):
        crowd.enter(str(number), f"2001:db8::{number}")  # one customer's network
    assert "first" not in evicted
    assert (len(crowd), len(evicted)) == (10, 11)
    for number in range(8):
        crowd.enter(f"other {number}", f"203.0.113.{number + 2}")
    assert "first" not in evicted


def test_a_proxy_stands_for_many() -> None:
    evicted, clock = list[str](), Clock()
    crowd = _crowd(evicted, clock)
    for number in range(20):
        crowd.enter(str(number), "127.0.0.1", proxy=True)
        clock.forward(FRESH_S)
    assert evicted == []


def test_entering_again_makes_it_the_youngest() -> None:
    evicted, clock = list[str](), Clock()
    crowd = _crowd(evicted, clock)
    for name in ("a", "b", "c", "a"):
        crowd.enter(name, "198.51.100.1")
    clock.forward(FRESH_S)
    crowd.enter("d", "198.51.100.1")
    assert evicted == ["b"]
