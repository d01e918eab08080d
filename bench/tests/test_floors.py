"""The bare programs: each does what its floor says, and ends."""

import asyncio
import os

from gururmm_bench.bare import chain, pty, sockets, tls
from gururmm_bench.certificate import certificate
from gururmm_bench.figures import Floor
from gururmm_bench.floors import Floors, Rounds
from gururmm_bench.tab import key_times


def test_a_byte_goes_to_another_process_and_back():
    times = sockets.echo_times(rounds=20)
    assert len(times) == 20
    assert min(times) > 0


def test_bytes_go_through_a_process_in_between():
    assert sockets.relayed(1_000_000) > 0


def test_messages_are_counted_by_the_receivers_cpu():
    assert sockets.messages_a_cpu_second(rounds=200) > 0


def test_a_program_is_run_to_its_end(tmp_path):
    program = tmp_path / "program.sh"
    program.write_text(f"echo x >> {tmp_path}/runs")
    assert len(chain.run_times(str(program), rounds=3)) == 3
    assert (tmp_path / "runs").read_text() == "x\n" * 3


def test_a_chain_runs_its_program_once_a_round(tmp_path):
    program = tmp_path / "program.sh"
    program.write_text(f"echo x >> {tmp_path}/runs")
    with chain.chain("", before=1, after=1, program=str(program)) as once:
        assert (once() > 0, once() > 0) == (True, True)
    assert (tmp_path / "runs").read_text() == "x\n" * 2


def test_rounds_become_a_floor_of_their_median():
    times = iter([3.0, 1.0, 2.0])
    rounds = Rounds("a chain", lambda: next(times))
    for _ in range(3):
        rounds.once()
    assert rounds.floor == Floor("a chain", "ms", 2.0)


def test_what_is_written_is_on_the_disk_and_then_gone(tmp_path):
    assert len(chain.disk_times(tmp_path, rounds=3)) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_prints_a_file_and_echoes_keys(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(50_000).hex().encode())
    assert pty.cat_rate(source) > 0

    async def keys(echo, send):
        return await key_times(echo, send, rounds=3, pause_s=0.0, warm_up=1)

    assert len(asyncio.run(pty.echo_times(keys))) == 3


def test_handshakes_are_counted_by_the_servers_cpu(tmp_path):
    pem = certificate(tmp_path)
    assert pem.stat().st_mode & 0o077 == 0
    assert tls.handshakes_a_cpu_second(pem, rounds=3) > 0


def test_a_floor_is_measured_once_in_a_run(tmp_path):
    floors = Floors("", tmp_path)
    assert floors.disk_write() is floors.disk_write()
    assert floors.interpreter().value > 1
    assert [floor.name for floor in floors.measured] == ["4 KiB on the disk, p50", "a bare Python process"]
