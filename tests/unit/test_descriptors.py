"""Lines over file descriptors: how they are split, and that nothing is lost or torn."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.serving.descriptors import Writer, lines_from, split_lines
from tests.loopback.waiting import until

MOST = 8


def split(chunks: Sequence[bytes]) -> list[bytes | None]:
    left = iter([*chunks, b""])
    return list(split_lines(lambda: next(left), most_bytes=MOST))


@given(st.lists(st.binary(min_size=1, max_size=12).map(lambda text: text.replace(b"x", b"\n")), max_size=6))
def test_lines_are_the_same_however_they_arrive(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    lines = whole.split(b"\n")
    expected = [line if len(line) <= MOST else None for line in (lines if lines[-1] else lines[:-1])]
    assert split(chunks) == expected
    assert split([whole] if whole else []) == expected


@pytest.mark.parametrize("cut", range(1, 20))
def test_line_that_is_too_long_costs_only_itself(cut: int) -> None:
    text = b"one\n" + b"x" * (MOST + 1) + b"\n" + b"y" * MOST + b"\n"
    assert split([text[:cut], text[cut:]]) == [b"one", None, b"y" * MOST]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)


async def test_what_is_written_line_by_line_is_read_line_by_line(pipe: tuple[int, int]) -> None:
    read, write = pipe
    lines = [b"%d" % number * 20_000 for number in range(20)]
    writer = Writer(write)

    async def write_all() -> None:
        for line in lines:
            await writer.write(line)
        os.close(write)

    writing = asyncio.create_task(write_all())
    assert [line async for line in lines_from(read, most_bytes=1 << 20)] == lines
    await writing


async def test_writing_where_nobody_reads_fails() -> None:
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(BrokenPipeError):
        await Writer(write).write(b"line")
    os.close(write)


async def test_what_nobody_takes_is_not_read_without_end(pipe: tuple[int, int]) -> None:
    read, write = pipe
    lines = lines_from(read, most_bytes=1 << 20)
    writing = asyncio.create_task(asyncio.to_thread(write_much, write))
    assert await anext(lines) == b"x" * 4000
    (reader,) = (thread for thread in threading.enumerate() if thread.name == f"reads {read}")
    await until(lambda: sys._current_frames()[reader.ident or 0].f_code.co_name == "wait", timeout_s=10)
    assert not writing.done()
    assert len([line async for line in lines]) == 199
    await writing


def write_much(descriptor: int) -> None:
    """More than a pipe holds."""
    for _ in range(200):
        os.write(descriptor, b"x" * 4000 + b"\n")
    os.close(descriptor)


def test_what_others_print_goes_to_stderr_once_stdout_is_claimed() -> None:
    program = """
import os, subprocess
from bot.tools.serving.descriptors import claim_stdout
print("before")
own = claim_stdout()
print("stray", flush=True)
subprocess.run(["echo", "child"])
os.write(own, b"own")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "before\nown"
    assert done.stderr == "stray\nchild\n"
