"""What is kept of a command's output."""

import pytest
from gururmm_agent.tasks.output import OutputCutter
from gururmm_wire.v2.agent import CommandOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, COMMAND_HEAD_BYTES, COMMAND_OUTPUT_BYTES

Turns = list[tuple[int, bytes]]


def cut(turns: Turns) -> tuple[list[CommandOutput], OutputCutter]:
    chunks: list[CommandOutput] = []
    cutter = OutputCutter(b"c" * 16, chunks.append)
    for stream, data in turns:
        cutter.add(stream, data)
    cutter.finish()
    assert [chunk.seq for chunk in chunks] == list(range(cutter.chunks))
    assert all(0 < len(chunk.data) <= CHUNK_BYTES for chunk in chunks)
    return chunks, cutter


def kept(chunks: list[CommandOutput], stream: int) -> tuple[bytes, bytes, int]:
    """(before the gap, after it, its size) of a stream."""
    own = [chunk for chunk in chunks if chunk.stream == stream]
    gaps = [number for number, chunk in enumerate(own) if chunk.skipped]
    assert len(gaps) < 2
    place = gaps[0] if gaps else len(own)
    head, tail = (b"".join(chunk.data for chunk in part) for part in (own[:place], own[place:]))
    return head, tail, own[place].skipped if gaps else 0


def lines(count: int) -> list[bytes]:
    return [b"%d\n" % number for number in range(count)]


async def test_little_output_is_kept_whole_and_in_order() -> None:
    turns = [(1 + number % 2, line) for number, line in enumerate(lines(1000))]
    chunks, cutter = cut(turns)
    assert [(chunk.stream, chunk.data) for chunk in chunks] == turns
    assert cutter.dropped == 0


@pytest.mark.parametrize(
    "turns",
    [
        [(1, line) for line in lines(400_000)] + [(2, b"FATAL\n")],
        [(2, b"first\n")] + [(1, line) for line in lines(400_000)] + [(2, b"FATAL\n")],
        [(1 + number % 2, line) for number, line in enumerate(lines(400_000))],
        [(2, b"e" * 2_000_000), (1, b"o" * 2_000_000)],
        [(1, b"o" * 300_000), (2, b"e" * 3_000_000), (1, b"the end")],
    ],
    ids=["an error last", "an error first and last", "taking turns", "two floods", "an end after a flood"],
)
async def test_beginning_and_end_of_both_streams_are_kept(turns: Turns) -> None:
    chunks, cutter = cut(turns)
    assert sum(len(chunk.data) for chunk in chunks) <= COMMAND_OUTPUT_BYTES
    left_out = 0
    for stream in (1, 2):
        whole = b"".join(data for each, data in turns if each == stream)
        head, tail, gap = kept(chunks, stream)
        assert len(head) + gap + len(tail) == len(whole)
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head) >= min(len(whole), COMMAND_HEAD_BYTES)
        assert len(tail) >= min(len(whole) - len(head), 40_000)
        left_out += gap
    assert cutter.dropped == left_out
    assert chunks[-1].data.endswith(turns[-1][1][-10:])


async def test_much_of_one_stream_takes_all_the_room() -> None:
    chunks, cutter = cut([(1, line) for line in lines(400_000)])
    assert sum(len(chunk.data) for chunk in chunks) == COMMAND_OUTPUT_BYTES
    assert cutter.dropped == sum(map(len, lines(400_000))) - COMMAND_OUTPUT_BYTES
    assert len(chunks) < 200
