"""Lines over file descriptors, in daemon threads: a read or a write that never ends holds nobody when the process ends.

It knows nothing of MCP. `stdio` uses it.
"""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue

_CHUNK_BYTES = 1 << 16
_AHEAD = 64
"""Lines that are read before anybody took them."""


def claim_stdout() -> int:
    """The descriptor of stdout for one alone: what anything else prints goes to stderr from now on, if there is one."""
    sys.stdout.flush()
    own = os.dup(sys.stdout.fileno())
    elsewhere = sys.stderr.fileno() if sys.stderr else os.open(os.devnull, os.O_WRONLY)
    os.dup2(elsewhere, sys.stdout.fileno())
    return own


async def lines_from(descriptor: int, *, most_bytes: int) -> AsyncGenerator[bytes | None, None]:
    """Lines without their end until the descriptor's end; None in the place of one that is too long."""
    loop, taken = asyncio.get_running_loop(), asyncio.Queue[bytes | None | BaseException]()
    room = threading.Semaphore(_AHEAD)

    def pump() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for lines any more
            try:
                for line in split_lines(lambda: os.read(descriptor, _CHUNK_BYTES), most_bytes=most_bytes):
                    room.acquire()
                    loop.call_soon_threadsafe(taken.put_nowait, line)
            except OSError as error:
                loop.call_soon_threadsafe(taken.put_nowait, error)
            else:
                loop.call_soon_threadsafe(taken.put_nowait, EOFError())

    os.set_blocking(descriptor, True)
    threading.Thread(target=pump, name=f"reads {descriptor}", daemon=True).start()
    while not isinstance(line := await taken.get(), BaseException):
        room.release()
        yield line


def split_lines(read: Callable[[], bytes], *, most_bytes: int) -> Iterator[bytes | None]:
    """The lines of what `read` brings until it brings nothing; never holds more than one of `most_bytes`."""
    begun, is_too_long = bytearray(), False
    while chunk := read():
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield None if is_too_long or len(begun) + len(end) > most_bytes else bytes(begun) + end
            begun.clear()
            is_too_long = False
        is_too_long = is_too_long or len(begun) + len(rest) > most_bytes
        begun = bytearray() if is_too_long else begun + rest
    if begun or is_too_long:
        yield None if is_too_long else bytes(begun)


class Writer:
    """Writes whole lines, one after the other."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, True)
        self._descriptor = descriptor
        self._lines = SimpleQueue[tuple[bytes, asyncio.Future[None]]]()
        threading.Thread(target=self._pump, name=f"writes {descriptor}", daemon=True).start()

    async def write(self, line: bytes) -> None:
        """Returns when it is written. Raises: OSError; BrokenPipeError when nobody reads any more."""
        written = asyncio.get_running_loop().create_future()
        self._lines.put((line + b"\n", written))
        await written

    def _pump(self) -> None:
        while True:
            line, written = self._lines.get()
            failed = self._write(line)
            with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
                written.get_loop().call_soon_threadsafe(_settle, written, failed)

    def _write(self, line: bytes) -> OSError | None:
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            return error
        return None


def _settle(written: asyncio.Future[None], failed: OSError | None) -> None:
    if written.done():
        return
    if failed:
        written.set_exception(failed)
    else:
        written.set_result(None)
