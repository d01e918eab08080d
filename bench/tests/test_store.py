"""What the simulator remembers: identities, and that a command never runs twice."""

import time

import pytest
from gururmm_bench.simulator.commands import Commands
from gururmm_bench.simulator.profile import make_profile
from gururmm_bench.simulator.store import Identity, StateInUse, Store
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult
from gururmm_wire.v2.server import RunCommand

from packages.server.tests.waiting import until

PROFILE = make_profile(0)


LATER = int(time.time()) + 3600


def order(number, script, timeout_s=60):
    return RunCommand(number.to_bytes(16, "big"), "sh", script, timeout_s)


async def until_result(sent):
    found = await until(lambda: [message for message in sent if isinstance(message, CommandResult)])
    return found[0]


def test_identities_survive_a_restart(tmp_path):
    identity = Identity(bytes(64), bytes(16), bytes(32))
    with Store(tmp_path) as store:
        store.keep(4, identity)
    with Store(tmp_path) as store:
        assert store.identity(4) == identity
        assert store.identity(5) is None


def test_two_simulators_cannot_be_the_same_machines(tmp_path):
    with Store(tmp_path), pytest.raises(StateInUse):
        Store(tmp_path)


async def test_a_command_runs_once_and_is_told_again_until_acknowledged(tmp_path):
    with Store(tmp_path) as store:
        commands, sent = Commands(store), []
        commands.start(0, PROFILE, order(1, "hostname"), LATER, sent.append)
        result = await until_result(sent)
        assert (result.outcome, result.exit_code, result.chunks) == ("succeeded", 0, 1)
        again = []
        commands.start(0, PROFILE, order(1, "hostname"), LATER, again.append)
        assert again == [message for message in sent if isinstance(message, CommandAccepted)] + [
            message for message in sent if isinstance(message, CommandOutput | CommandResult)
        ]
    with Store(tmp_path) as store:
        commands, after_restart = Commands(store), []
        commands.resend(0, after_restart.append)
        assert after_restart == again
        commands.acknowledge(0, order(1, "").command_id)
        after_restart.clear()
        commands.resend(0, after_restart.append)
        assert after_restart == []
        commands.start(0, PROFILE, order(1, "hostname"), LATER, after_restart.append)
        assert [type(message) for message in after_restart] == [CommandAccepted, CommandResult]


async def test_cancel_timeout_and_deadline_end_a_command_differently(tmp_path):
    with Store(tmp_path) as store:
        commands = Commands(store)
        cancelled, late, slow = [], [], []
        commands.start(0, PROFILE, order(1, "sleep 60"), LATER, cancelled.append)
        commands.cancel(1, order(1, "").command_id, cancelled.append)
        assert len(cancelled) == 1  # another machine's id changes nothing
        commands.cancel(0, order(1, "").command_id, cancelled.append)
        assert (await until_result(cancelled)).outcome == "cancelled"
        commands.start(0, PROFILE, order(2, "hostname"), 1, late.append)
        result = await until_result(late)
        assert (result.outcome, result.message) == ("expired", "its deadline had passed when it arrived")
        commands.start(0, PROFILE, order(3, "sleep 60", timeout_s=1), LATER, slow.append)
        assert (await until_result(slow)).outcome == "timed_out"


async def test_a_command_that_a_restart_interrupted_is_reported_and_not_run(tmp_path):
    with Store(tmp_path) as store:
        Commands(store).start(0, PROFILE, order(1, "sleep 60"), LATER, lambda _: None)
    with Store(tmp_path) as store:
        sent = []
        Commands(store).resend(0, sent.append)
        result = await until_result(sent)
        assert result.outcome == "failed"
        assert result.message.startswith("interrupted")
