"""The two output streams of one terminal, shared by everything that writes there.

It knows streams, their width, and that a reader may go away; it knows nothing of turns. Text goes to stdout, progress
and remarks to stderr. Whoever makes the adapter makes it; outlets and the prompt write through it.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from io import TextIOWrapper
from typing import TextIO

from adapters.terminal.progress import Progress, StepLines
from adapters.terminal.render import Look
from bot.domain.message import Step

WIDTH_WITHOUT_TERMINAL = 80
NARROWEST = 20


def _now() -> datetime:
    return datetime.now(UTC)


class Screen:
    """`colour` allows colours; there are none where stdout is no terminal. `zone` is the one that times are told in.

    `verbose` keeps every step as a line of its own, between the lines of a log. Other threads must not call it.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        zone: tzinfo,
        colour: bool = True,
        verbose: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        for stream in (stdout, stderr):  # a name from the kernel may hold what their encoding lacks
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")
        self.stdout = stdout
        self.stderr = stderr
        self.closed = False
        """Whether whoever read stdout has gone; what is written since then is lost."""
        self._wants_colour = colour
        self._zone = zone
        self._clock = clock
        self._may_redraw = stderr.isatty() and not verbose
        self._progress: Progress = StepLines(self._write_stderr)

    @property
    def is_terminal(self) -> bool:
        return self.stdout.isatty()

    def look(self) -> Look:
        """How text has to look at this moment: a window may have changed its width."""
        return Look(
            width=self._width(), colour=self._wants_colour and self.is_terminal, zone=self._zone, now=self._clock()
        )

    def write(self, text: str) -> None:
        """Whole lines for stdout. Does nothing once its reader has gone."""
        if not text or self.closed:
            return
        with self._progress.aside():
            self.closed = not _written(self.stdout, text)

    def remark(self, text: str, *, end: str = "\n") -> None:
        """A word for the person in front, not for the transcript: on stderr."""
        with self._progress.aside():
            self._write_stderr(text + end)

    def begin(self) -> None:
        """From here on somebody waits for an answer."""
        if self._may_redraw:
            self._progress = self._redrawn() or self._progress
            self._may_redraw = False
        self._progress.begin()

    def step(self, step: Step) -> None:
        if not self.closed:
            self._progress.step(step)

    def end(self) -> None:
        """Nobody waits any more."""
        self._progress.end()

    def close(self) -> None:
        """Write nothing from here on."""
        self.end()
        self.closed = True

    def _redrawn(self) -> Progress | None:
        from adapters.terminal.status import StatusLine, can_redraw  # noqa: PLC0415 - rich is slow to import

        return StatusLine(self.stderr, colour=self._wants_colour) if can_redraw(self.stderr) else None

    def _write_stderr(self, text: str) -> None:
        _written(self.stderr, text)

    def _width(self) -> int:
        try:
            columns = os.get_terminal_size(self.stdout.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return max(NARROWEST, columns or WIDTH_WITHOUT_TERMINAL)


def _written(stream: TextIO, text: str) -> bool:
    """Whether the text reached the stream; False once its reader has gone."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _discard_the_rest(stream)
        return False
    return True


def _discard_the_rest(stream: TextIO) -> None:
    """Python flushes what is left when it ends, and would complain there that the pipe is broken."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
