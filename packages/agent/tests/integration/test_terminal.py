"""Terminals on a real agent: real shells on real pseudo-terminals."""

import contextlib
import hashlib
import os
import re
import signal
from pathlib import Path

import msgspec
import pytest
from gururmm_wire.v2.agent import TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import TunnelChange, TunnelClose, TunnelInput, TunnelOpen, TunnelResume

from packages.agent.tests.terminal_screen import CREDIT, Screen


async def test_a_shell_on_a_real_terminal(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    opened = await screen.open("bash")
    assert opened.program.endswith("bash")
    screen.type(b"tty; echo size $(stty size) $TERM $((6*7))\n")
    await screen.shows(b"size 24 80 xterm-256color 42")
    assert re.search(rb"/dev/pts/\d+", screen.output)
    screen.type(b"sleep 100 & jobs; kill %1; echo job $?\n")
    await screen.shows(b"job 0")
    assert b"no job control" not in screen.output
    screen.type("printf 'gr\u00fc\u00dfe \u2713\\n'\n".encode())
    await screen.shows("\r\ngrüße ✓".encode())
    screen.type(b"exit 7\n")
    closed = await screen.closed()
    screen.pump()
    assert (closed.exit_code, closed.output_end) == (7, len(screen.output))


async def test_resize_reaches_the_program(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    screen.type(b"trap 'echo now $(stty size)' WINCH; echo set\n")
    await screen.shows(b"\r\nset")
    gateway.say(TunnelChange(*screen.key, 1, msgspec.msgpack.encode({"columns": 132, "rows": 50})))
    screen.type(b"\n")
    await screen.shows(b"now 50 132")


async def test_control_c_interrupts(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    screen.type(b"sh -c 'echo rea\\dy; exec sleep 100'\n")  # said by who has the terminal
    await screen.shows(b"\r\nready")
    screen.type(b"\x03")
    screen.type(b"echo after $?\n")
    await screen.shows(b"after 130")


async def test_one_megabyte_pasted_arrives_whole(gateway, agent, tmp_path):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    target = tmp_path / "pasted"
    screen.type(f"stty raw -echo; echo rea''dy; head -c 1048576 > {target}; stty sane; echo do''ne\n".encode())
    await screen.shows(b"ready")
    data = os.urandom(1048576)
    await screen.paste(data)
    await screen.shows(b"done", timeout=20)
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(data).digest()
    await gateway.wait_until(lambda: screen.input_acked == screen.sent)


async def test_input_is_taken_once_and_in_order(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    await screen.open()
    await screen.shows(b"#")
    text = b"echo once >> log; cat log | wc -l\n"
    gateway.say(TunnelInput(*screen.key, len(text), b"echo early\n"))
    await gateway.wait_for(TunnelInputAck, offset=0)
    gateway.say(TunnelInput(*screen.key, 0, text))
    gateway.say(TunnelInput(*screen.key, 0, text))
    gateway.say(TunnelInput(*screen.key, 5, text[5:] + b"echo la''st\n"))
    await screen.shows(b"last")
    assert b"early" not in screen.output
    assert (Path(agent.state).parent / "log").read_text() == "once\n"


async def test_output_beyond_the_window_waits_for_credit(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    screen.acknowledge = False
    await screen.open()
    screen.type(b"head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end\n")
    await gateway.wait_until(lambda: len(screen.pump()) >= CREDIT)
    await screen.understood()
    assert len(screen.pump()) == CREDIT
    screen.acknowledge = True
    await screen.shows(b"\r\nthe end", timeout=20)
    assert screen.output.count(b"x") >= 3000000


async def test_output_resumes_after_a_cut_without_a_gap(gateway, agent, tmp_path):
    await agent.start()
    screen = Screen(gateway)
    screen.acknowledge = False
    await screen.open()
    goes_on = tmp_path / "goes-on"
    screen.type(
        b"i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.05; [ $i = 15 ] && touch %s; done;"
        b" echo the en''d\n" % bytes(goes_on)
    )
    await screen.shows(b"line 5")
    gateway.drop_tunnel()
    await gateway.tunnel_welcomed.wait()
    await gateway.wait_until(goes_on.exists)
    before = len(screen.output)
    gateway.say(TunnelResume(*screen.key, before - 20, before + CREDIT))
    await gateway.wait_for(TunnelInputAck, offset=screen.sent)
    await screen.shows(b"the end")
    assert [int(n) for n in re.findall(rb"line (\d+)\r", screen.output)] == list(range(40))


async def test_a_server_that_does_not_resume_still_gets_everything(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    screen.acknowledge = False
    await screen.open()
    screen.type(b"echo first; sleep 1; echo sec''ond; exit 3\n")
    await screen.shows(b"first")
    gateway.drop_tunnel()
    await gateway.tunnel_welcomed.wait()
    await screen.shows(b"second")
    assert (await screen.closed()).exit_code == 3


async def test_close_ends_the_shell_that_would_not_go_and_is_answered(gateway, agent, tmp_path, is_alive):
    await agent.start()
    session = os.urandom(16)
    screens = [Screen(gateway, channel, session) for channel in (0, 1)]
    pids = tmp_path / "pids"
    for screen in screens:
        await screen.open("bash")
        screen.type(f"echo $$ >> {pids}; trap '' HUP TERM; echo se''t\n".encode())
        await screen.shows(b"set")
    gateway.say(TunnelClose(session))
    for screen in screens:
        await screen.closed(timeout=3)
    assert len(pids.read_text().split()) == 2
    await gateway.wait_until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()), timeout=1)


JOBS = {
    "nohup sleep 300 >/dev/null 2>&1 &": True,
    "sleep 300 & disown": True,
    "sleep 300 &": False,
    "sleep 300 & kill -STOP $!": False,
}
"""Jobs of a shell, and whether each is to go on when its terminal is ended."""


async def test_what_was_started_to_go_on_survives_the_end_and_nothing_else(gateway, agent, tmp_path, is_alive):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    for number, job in enumerate(JOBS):
        screen.type(f"{job}\necho $! > {tmp_path}/{number}\n".encode())
    screen.type(f"sh -c 'echo $$ > {tmp_path}/last; echo rea''dy; trap : HUP; while :; do sleep 300; done'\n".encode())
    await screen.shows(b"\r\nready")
    pids = {job: int((tmp_path / str(number)).read_text()) for number, job in enumerate(JOBS)}
    assert all(is_alive(pid) for pid in pids.values())
    gateway.say(TunnelClose(screen.key[0]))
    await screen.closed(timeout=3)
    try:
        await gateway.wait_until(lambda: not is_alive(int((tmp_path / "last").read_text())))
        await gateway.wait_until(lambda: not is_alive(pids["sleep 300 &"]))
        assert {job for job, pid in pids.items() if is_alive(pid)} == {job for job, goes_on in JOBS.items() if goes_on}
    finally:
        for pid in pids.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def test_nohup_in_the_foreground_survives_the_end(gateway, agent, tmp_path, is_alive):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    screen.type(f"nohup sh -c 'echo $$ > {tmp_path}/pid; exec sleep 300' >/dev/null 2>&1\n".encode())
    await gateway.wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    pid = int((tmp_path / "pid").read_text())
    gateway.say(TunnelClose(screen.key[0]))
    await screen.closed(timeout=3)
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


async def test_opening_again_is_answered_not_repeated(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    await screen.open()
    screen.type(b"x=here\n")
    gateway.say(TunnelOpen(*screen.key, "terminal", {}, ["input"], CREDIT, None))
    await gateway.wait_for(TunnelOpened, count=2)
    screen.type(b"echo still $x\n")
    await screen.shows(b"still here")


async def test_what_cannot_be_opened_says_why(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    gateway.say(TunnelOpen(*screen.key, "terminal", {"shell": "/no/such/shell"}, ["input"], CREDIT, None))
    assert "/no/such/shell" in (await screen.closed()).message
    lost = Screen(gateway)
    gateway.say(TunnelResume(*lost.key, 0, CREDIT))
    assert "gone" in (await lost.closed()).message
    many = [Screen(gateway, channel) for channel in range(17)]
    for one in many[:16]:
        await one.open()
    gateway.say(TunnelOpen(*many[16].key, "terminal", {}, ["input"], CREDIT, None))
    assert "16" in (await many[16].closed()).message


async def test_a_terminal_that_was_ended_takes_no_other_ones_place(gateway, agent):
    await agent.start()
    for number in range(17):
        screen = Screen(gateway, number)
        screen.acknowledge = False
        await screen.open()
        screen.type(b"echo re''ady\n")
        await screen.shows(b"ready")
        gateway.say(TunnelClose(screen.key[0]))
        await screen.closed()


async def test_sigterm_leaves_no_shell(gateway, agent, tmp_path, is_alive):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    screen.type(f"trap '' HUP; echo $$ > {tmp_path}/pid; echo se''t\n".encode())
    await screen.shows(b"set")
    assert await agent.terminate() == 0
    assert not is_alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("size", [1, 7])
async def test_utf8_split_over_messages(gateway, agent, size):
    await agent.start()
    screen = Screen(gateway)
    await screen.open("bash")
    text = "echo 'zażółć gęślą jaźń 漢字 🙂'\n".encode()
    for start in range(0, len(text), size):
        screen.type(text[start : start + size])
    await screen.shows("\r\nzażółć gęślą jaźń 漢字 🙂".encode())


async def test_what_an_agent_does_not_know_is_refused_by_name(gateway, agent):
    await agent.start()
    unknown, wrong = Screen(gateway), Screen(gateway, 1)
    gateway.say(TunnelOpen(*unknown.key, "hologram", {"depth": 3}, ["look"], CREDIT, None))
    assert "hologram" in (await unknown.closed()).message
    gateway.say(TunnelOpen(*wrong.key, "terminal", {"columns": 0}, ["input"], CREDIT, None))
    assert "columns" in (await wrong.closed()).message
    known = Screen(gateway, 2)
    gateway.say(TunnelOpen(*known.key, "terminal", {"shell": "sh", "colour": "blue"}, ["input", "fly"], CREDIT, None))
    await gateway.wait_for(TunnelOpened, session_id=known.key[0])


async def test_one_channel_is_closed_and_the_other_goes_on(gateway, agent):
    await agent.start()
    session = os.urandom(16)
    first, second = (Screen(gateway, channel, session) for channel in (1, 2))
    for screen in (first, second):
        await screen.open()
        screen.type(b"echo re''ady\n")
        await screen.shows(b"ready")
    gateway.say(TunnelClose(session, 1))
    assert (await first.closed(timeout=3)).channel == 1
    second.type(b"echo st''ill\n")
    await second.shows(b"still")


async def test_without_the_right_to_type_nothing_is_typed(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    gateway.say(TunnelOpen(*screen.key, "terminal", {"shell": "sh"}, [], CREDIT, None))
    await gateway.wait_for(TunnelOpened, session_id=screen.key[0])
    screen.type(b"touch typed\n")
    await gateway.wait_for(TunnelInputAck, offset=0)
    assert not (Path(agent.state).parent / "typed").exists()


async def test_channels_go_on_while_the_agents_own_connection_is_cut(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    await screen.open()
    gateway.drop()
    screen.type(b"echo wi''thout\n")
    await screen.shows(b"without")
    await gateway.welcomed.wait()
    screen.type(b"echo wi''th\n")
    await screen.shows(b"with")


async def test_no_byte_of_a_channel_goes_by_the_agents_own_connection(gateway, agent):
    await agent.start()
    screen = Screen(gateway)
    await screen.open()
    own, tunnel = gateway.current, gateway.tunnel
    assert tunnel is not None
    assert tunnel is not own
    screen.type(b"head -c 300000 /dev/zero | tr '\\0' x; echo th''e end\n")
    await screen.shows(b"the end", timeout=20)
    screen.type(b"exit 0\n")
    await screen.closed()
    by = {
        type(message): {where for where, one in gateway.heard if type(one) is type(message)}
        for _, message in gateway.heard
    }
    for kind in (TunnelOpened, TunnelOutput, TunnelInputAck, TunnelClosed):
        assert by[kind] == {tunnel}
    assert all(where is own for where, message in gateway.heard if not type(message).__name__.startswith("Tunnel"))
