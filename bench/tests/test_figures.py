"""Clocks, counters and the table: what the figures rest on."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from gururmm_bench.clocks import cpu_seconds, resident_bytes, tree_cpu_seconds
from gururmm_bench.figures import Figure, quantile, table, write
from gururmm_bench.sockets import traffic

from packages.server.tests.waiting import wait_until


def test_a_promise_is_kept_on_its_own_side_of_the_bound():
    assert Figure("memory", "MB", 32, "at most", 32.0).ok
    assert not Figure("memory", "MB", 32, "at most", 32.1).ok
    assert Figure("connects", "/s", 700, "at least", 700.0).ok
    assert not Figure("connects", "/s", 700, "at least", 699.0).ok
    assert not Figure("lost", "ms", 1, "at most", None, "no agent").ok


def test_the_table_shows_target_and_measured_side_by_side():
    text = table(
        [Figure("echo, p50", "ms", 2.5, "at most", 1.234, "300 keys"), Figure("lost", "ms", 1, "at most", None)]
    )
    first, second = (line for line in text.splitlines() if line.endswith(("yes", "NO")))
    assert "≤ 2.5 ms" in first
    assert "1.234" in first
    assert second.endswith("NO")
    assert "300 keys" in text


def test_results_are_kept_with_machine_and_date(tmp_path):
    path = write([Figure("echo", "ms", 2.5, "at most", 1.0)], tmp_path / "results", {"loopback_byte_us": 3.5})
    record = json.loads(path.read_text())
    assert record["figures"][0]["ok"] is True
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["loopback_byte_us"] == 3.5


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
