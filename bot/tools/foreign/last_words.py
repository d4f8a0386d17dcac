"""A child's standard error: read so that it never blocks, and the end of it kept, which often says why it ended."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO

MAX_BYTES = 4096


class LastWords:
    """`file` is for the child."""

    def __init__(self, reading: int, file: TextIO) -> None:
        self._reading = reading
        self._kept = b""
        self.file = file

    def hear(self) -> None:
        """Read what has come; never waits."""
        try:
            said = os.read(self._reading, 16 * MAX_BYTES)
        except BlockingIOError:
            return
        self._kept = (self._kept + said)[-MAX_BYTES:]

    @property
    def line(self) -> str:
        """The last line that says anything; empty where there was none."""
        self.hear()
        lines = self._kept.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


@asynccontextmanager
async def open_last_words() -> AsyncGenerator[LastWords, None]:
    """Heard until the block ends."""
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(writing, "w") as file:
        words = LastWords(reading, file)
        loop.add_reader(reading, words.hear)
        try:
            yield words
        finally:
            loop.remove_reader(reading)
            os.close(reading)
