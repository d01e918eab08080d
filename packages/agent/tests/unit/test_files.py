"""What is on disk after crashes, torn writes and full disks."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from gururmm_agent.records import Appender, pack_record, read_records
from gururmm_agent.tasks import journal as journal_module
from gururmm_agent.tasks import spool as spool_module
from gururmm_agent.tasks.journal import Journal
from gururmm_agent.tasks.spool import MetricsSpool
from gururmm_wire.v2.agent import CommandOutput, CommandResult, FilesystemUse, Metrics

ONE, TWO = b"1" * 16, b"2" * 16
NOW = 1_795_000_000.0


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: what would be written there fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def sample(at: int, label: str = "/") -> Metrics:
    """The moment is in `uptime`, too: that of a kept sample is reckoned anew."""
    return Metrics(at, 1, 2, 3, 4, 5, 6, 7, 8, 9, [FilesystemUse(label, 1, 2)], [], at)


def test_a_torn_end_is_left_out_at_every_byte(tmp_path):
    whole = pack_record(["first"])
    data = whole + pack_record(["second", b"x" * 50])
    path = tmp_path / "file"
    for end in range(len(whole), len(data)):
        path.write_bytes(data[:end])
        assert list(read_records(path)) == [["first"]]
    path.write_bytes(data[:-1] + b"\0")
    assert list(read_records(path)) == [["first"]]
    appender = Appender(path)
    appender.append(["third"])
    appender.close()
    assert list(read_records(path)) == [["first"], ["third"]]


@pytest.mark.parametrize("taken", [0, 5])
def test_a_record_the_disk_did_not_take_is_taken_back(tmp_path, taken):
    appender = Appender(tmp_path / "file")
    appender.append(["first"])
    with no_file_above(appender.size + taken), pytest.raises(OSError):
        appender.append(["second"])
    assert (tmp_path / "file").stat().st_size == appender.size
    appender.append(["third"])
    appender.close()
    assert list(read_records(tmp_path / "file")) == [["first"], ["third"]]


async def test_the_journal_survives_and_forgets_only_what_was_acknowledged(tmp_path):
    journal = Journal(tmp_path)
    first, second = await journal.accept(ONE), await journal.accept(TWO)
    journal.started(first, 42, "boot:1")
    journal.add_chunk(first, CommandOutput(ONE, 0, 1, b"out"))
    result = CommandResult(ONE, "succeeded", 0, 5, 1)
    journal.ended(first, result)
    journal.started(second, 43, "boot:2")
    journal.close()

    again = Journal(tmp_path)
    assert [entry.command_id for entry in again.pending()] == [ONE, TWO]
    assert again.known(ONE).result == result
    assert (again.known(TWO).pid, again.known(TWO).process, again.known(TWO).result) == (43, "boot:2", None)
    assert [chunk.data for chunk in again.chunks(again.known(ONE))] == [b"out"]
    again.acknowledged(TWO)
    again.acknowledged(ONE)
    again.acknowledged(b"?" * 16)
    again.close()

    third = Journal(tmp_path)
    assert [entry.command_id for entry in third.pending()] == [TWO]
    assert third.known(ONE).acknowledged
    assert not list((tmp_path / "output").iterdir())
    third.close()


async def test_ids_are_forgotten_a_week_after(tmp_path, monkeypatch):
    journal = Journal(tmp_path)
    for command_id in (ONE, TWO):
        entry = await journal.accept(command_id)
        journal.ended(entry, CommandResult(command_id, "failed", 1, 0, 0))
    journal.acknowledged(ONE)
    journal.close()
    now = journal_module.time.time()
    monkeypatch.setattr(journal_module.time, "time", lambda: now + journal_module.REMEMBER_S + 60)
    later = Journal(tmp_path)
    assert later.known(ONE) is None
    assert later.known(TWO) is not None
    later.close()


async def test_a_full_disk_takes_no_command_away_and_loses_no_result(tmp_path):
    journal = Journal(tmp_path)
    entry = await journal.accept(ONE)
    with no_file_above(0):
        other = await journal.accept(TWO)
        assert (journal.known(TWO), other.not_durable) == (other, "File too large")
        journal.add_chunk(entry, CommandOutput(ONE, 0, 1, b"kept"))
        journal.ended(entry, CommandResult(ONE, "succeeded", 0, 1, 1))
    assert journal.known(ONE).result is not None
    assert [chunk.data for chunk in journal.chunks(entry)] == [b"kept"]
    assert not entry.not_durable
    journal.ended(other, CommandResult(TWO, "succeeded", 0, 1, 0))
    journal.close()
    again = Journal(tmp_path)
    assert again.known(TWO).result.outcome == "succeeded", "it came to the disk once that took it"
    again.close()


async def test_chunks_lost_to_a_full_disk_and_a_crash_are_accounted_for(tmp_path):
    journal = Journal(tmp_path)
    entry = await journal.accept(ONE)
    journal.add_chunk(entry, CommandOutput(ONE, 1, 1, b"second"))
    journal.ended(entry, CommandResult(ONE, "succeeded", 0, 1, 3))
    journal.close()
    again = Journal(tmp_path)
    chunks = {chunk.seq: chunk.data for chunk in again.chunks(again.known(ONE))}
    assert chunks == {0: b"", 1: b"second", 2: b""}
    again.close()


def test_the_spool_keeps_order_and_drops_the_oldest(tmp_path):
    spool = MetricsSpool(tmp_path, bound=8000)
    for at in range(500):
        spool.add(sample(at))
    kept = [one.uptime for batch in spool.batches(NOW) for one in batch]
    assert kept == list(range(kept[0], 500))
    assert 0 < kept[0] < 500
    assert sum(file.stat().st_size for file in Path(tmp_path).iterdir()) < 8200
    spool.clear()
    assert spool.is_empty()
    spool.add(sample(1))
    assert [one.uptime for batch in MetricsSpool(tmp_path).batches(NOW) for one in batch] == [1]
    spool.clear()


def test_a_kept_sample_is_as_old_as_it_is_whatever_the_clock_said(tmp_path, monkeypatch):
    """Those of this boot by the time that has passed; of those before, whose clock nobody had set, by today's error."""
    passed = 500.0
    monkeypatch.setattr(spool_module, "since_boot", lambda: passed)
    spool = MetricsSpool(tmp_path)
    spool.add(sample(7))
    passed = 560.0
    assert [one.at for batch in spool.batches(NOW) for one in batch] == [int(NOW) - 60]
    assert [one.clock for batch in spool.batches(NOW) for one in batch] == [7]
    monkeypatch.setattr(spool_module, "boot", lambda: "another")
    monkeypatch.setattr(spool_module.time, "time", lambda: 1007.0)
    later = MetricsSpool(tmp_path)
    assert [one.at for batch in later.batches(NOW) for one in batch] == [int(NOW) - 1000]
    later.clear()
    spool.clear()
    told = MetricsSpool(tmp_path)
    told.add(msgspec.structs.replace(sample(int(NOW) - 90), clock=7))
    monkeypatch.setattr(spool_module, "boot", lambda: "yet another")
    assert [one.at for batch in MetricsSpool(tmp_path).batches(NOW) for one in batch] == [int(NOW) - 90]
    told.clear()


def test_batches_fit_a_message(tmp_path):
    spool = MetricsSpool(tmp_path)
    for at in range(1200):
        spool.add(sample(at, "/" + "x" * 250))
    batches = list(spool.batches(NOW))
    assert sum(map(len, batches)) == 1200
    assert max(map(len, batches)) <= 500
    spool.clear()


def test_a_spool_on_a_full_disk_only_complains(tmp_path, caplog):
    spool = MetricsSpool(tmp_path)
    spool.add(sample(1))
    with no_file_above(0):
        spool.add(sample(2))
        spool.add(sample(3))
    assert len(caplog.records) == 1
    spool.clear()
