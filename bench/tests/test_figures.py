"""Clocks, counters and the table: what the figures rest on."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from gururmm_bench.agent_parts import INTERPRETER, PARTS, SETTLED
from gururmm_bench.clocks import cpu_seconds, memory_by_kind, resident_bytes, tree_bytes, tree_cpu_seconds
from gururmm_bench.figures import Figure, Floor, quantile, table, write
from gururmm_bench.measures.terminal import Keys, exempt_at
from gururmm_bench.sockets import traffic

from packages.server.tests.waiting import wait_until


def test_a_promise_is_kept_on_its_own_side_of_the_bound():
    assert Figure("memory", "MB", 32, "at most", 32.0).ok
    assert not Figure("memory", "MB", 32, "at most", 32.1).ok
    assert Figure("connects", "/s", 700, "at least", 700.0).ok
    assert not Figure("connects", "/s", 700, "at least", 699.0).ok
    assert not Figure("lost", "ms", 1, "at most", None, "no agent").ok


def test_what_nobody_promised_is_not_judged():
    assert Figure("storm", "s", None, "at most", 5.0).ok is None
    assert Figure("a benchmark that failed", "", None, "at most", None, "no agent").ok is False
    assert Figure("echo", "ms", 1.6, "at most", 9.0, exempt="a slow machine").ok is None


def test_a_target_of_the_ratio_is_judged_by_the_ratio():
    floor = Floor("fork + exec", "ms", 4.0)
    just = Figure("command", "ms", 2.0, "at most", 8.0, floor=floor, target_of="ratio")
    assert just.ratio == 2.0
    assert just.ok
    assert not Figure("command", "ms", 2.0, "at most", 8.1, floor=floor, target_of="ratio").ok
    assert Figure("cat", "MB/s", 0.5, "at least", 2.0, floor=floor, target_of="ratio").ok
    assert Figure("command", "ms", 2.0, "at most", 8.0, target_of="ratio").ok is False
    assert Figure("command", "ms", 9.0, "at most", 8.0, floor=floor).ok


def test_the_table_shows_target_measured_floor_and_ratio_side_by_side():
    floor = Floor("a bare PTY", "ms", 0.5)
    text = table(
        [
            Figure("echo, p50", "ms", 2.5, "at most", 1.25, "300 keys", floor=floor),
            Figure("command", "ms", 2.0, "at most", 1.5, floor=floor, target_of="ratio"),
            Figure("lost", "ms", 1, "at most", None),
        ],
        [floor, Floor("a disk", "ms", 7.0)],
    )
    first, second, third = (line for line in text.splitlines() if line.endswith(("yes", "NO")))
    assert first.split()[-6:] == ["≤", "2.5", "1.25", "0.5", "2.5", "yes"]
    assert "≤ 2 × floor" in second
    assert second.endswith("NO")
    assert third.endswith("NO")
    assert "300 keys" in text
    assert "floor: a bare PTY" in text
    assert [line.split() for line in text.splitlines()][-1] == ["a", "disk", "7", "ms"]


def test_results_are_kept_with_machine_floors_and_date(tmp_path):
    floor = Floor("a bare PTY", "ms", 0.5)
    figures = [Figure("echo", "ms", 2.5, "at most", 1.0, floor=floor), Figure("lost", "ms", 1, "at most", None)]
    path = write(figures, [floor], tmp_path / "results", {"loopback_byte_us": 3.5})
    record = json.loads(path.read_text())
    kept, lost = record["figures"]
    assert kept == {
        "figure": "echo",
        "unit": "ms",
        "measured": 1.0,
        "target": 2.5,
        "bound": "at most",
        "target_of": "value",
        "floor": {"name": "a bare PTY", "unit": "ms", "value": 0.5},
        "ratio": 2.0,
        "ok": True,
        "exempt": "",
        "note": "",
        "details": {},
    }
    assert (lost["floor"], lost["ratio"], lost["ok"]) == (None, None, False)
    assert record["floors"] == {"a bare PTY": {"unit": "ms", "value": 0.5}}
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["loopback_byte_us"] == 3.5


def test_keys_are_told_without_what_the_bare_terminal_takes():
    keys = Keys([float(number) for number in range(1, 101)], Floor("pty", "ms", 0.5), Floor("commit", "ms", 2.0))
    half = keys.beyond_the_pty("keys, p50", 0.5, 60)
    assert (half.measured, half.ratio, half.ok) == (50.5, 25.25, True)
    assert half.details["whole chain ms"] == 51
    assert exempt_at(45.0) == ""
    assert "103" in exempt_at(103.0)


def test_the_agents_parts_are_all_measured_and_add_up():
    command = [sys.executable, "-OO", "-m", "gururmm_bench.agent_parts"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    sizes = {name: int(size) for size, _, name in (line.partition("\t") for line in done.stdout.splitlines())}
    assert list(sizes) == [INTERPRETER, *(name for name, _ in PARTS), SETTLED]
    assert all(size >= 0 for size in sizes.values())
    assert sizes[INTERPRETER] < sizes[SETTLED] < sum(sizes.values())


def test_quantiles_are_values_that_were_measured():
    values = [float(number) for number in range(100, 0, -1)]
    assert quantile(values, 0.5) == 51
    assert quantile(values, 0.95) == 96
    assert quantile([3.0], 0.95) == 3


def test_cpu_time_counts_children_that_live_and_that_have_ended():
    own = cpu_seconds(os.getpid())
    assert own == pytest.approx(time.process_time(), abs=0.05)
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    program = "import subprocess, sys, time\n"
    program += f"subprocess.run([sys.executable, '-c', {burn!r}])\nprint(1, flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()
        assert cpu_seconds(parent.pid) < 0.2
        assert tree_cpu_seconds(parent.pid) > 0.29
        assert resident_bytes(parent.pid) > 1_000_000
        parent.kill()


def test_the_kernel_counts_payload_and_segments():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        with client, accepted:
            port = client.getsockname()[1]
            before = traffic(os.getpid())[port]
            client.sendall(b"x" * 1000)
            accepted.recv(4096)
            accepted.sendall(b"y" * 10)
            client.recv(4096)
            # The kernel counts a byte as sent when the other side has confirmed it.
            wait_until(lambda: traffic(os.getpid())[port].sent - before.sent == 1000)
            after = traffic(os.getpid())[port]
    assert after.received - before.received == 10
    assert after.segments_out > before.segments_out


def test_memory_is_told_by_kind_and_shared_pages_count_once():
    kinds = memory_by_kind(os.getpid())
    assert 1_000_000 < kinds["Anonymous"] <= kinds["Rss"]
    assert kinds["Pss"] <= kinds["Rss"]
    burn = "import time; print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", burn], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert tree_bytes(os.getpid()) > memory_by_kind(os.getpid())["Pss"]
        child.kill()
