"""Asking what may never answer."""

import threading

import pytest
from gururmm_agent.adapters.patience import NoAnswer, Patience


def test_who_does_not_answer_is_asked_once_and_again_when_it_has():
    patience, let_go, asked = Patience(0.01), threading.Event(), []

    def hangs() -> str:
        asked.append(threading.current_thread())
        let_go.wait()
        return "at last"

    for _ in range(3):
        with pytest.raises(NoAnswer, match="does not answer"):
            patience.ask("hung", hangs)
    assert patience.ask("other", lambda: 5) == 5
    assert len(asked) == 1
    let_go.set()
    asked[0].join()
    assert Patience(10).ask("hung", hangs) == "at last"
    assert patience.ask("hung", lambda: 7) == 7


def test_what_it_raises_is_raised():
    with pytest.raises(ValueError, match="no number"):
        Patience(10).ask("fails", _fail)


def _fail() -> str:
    raise ValueError("no number")
