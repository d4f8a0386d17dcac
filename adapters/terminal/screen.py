"""The two output streams of one terminal, shared by everything that writes there.

It knows streams, their width, and that a reader may go away; it knows nothing of turns. Text goes to stdout, progress
and remarks to stderr. Whoever makes the adapter makes it; outlets and the prompt write through it.
"""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from io import StringIO, TextIOWrapper
from typing import TextIO

from adapters.terminal.progress import Progress, StepLines
from adapters.terminal.render import Look
from bot.domain.errors import OperatorError
from bot.domain.message import Step

WIDTH_WITHOUT_TERMINAL = 80
NARROWEST = 20


def _now() -> datetime:
    return datetime.now(UTC)


class Screen:
    """`colour` allows colours; there are none where stdout is no terminal. `zone` is the one that times are told in.

    `verbose` keeps every step as a line of its own, between the lines of a log. A stream is None where it was closed
    before netspy began. Other threads must not call it.
    """

    def __init__(
        self,
        stdout: TextIO | None,
        stderr: TextIO | None,
        *,
        zone: tzinfo,
        colour: bool = True,
        verbose: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        for stream in (stdout, stderr):  # a name from the kernel may hold what their encoding lacks
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")
        self.stdout: TextIO = stdout or StringIO()
        self.stderr: TextIO = stderr or StringIO()
        self.closed = False
        """Whether nothing more can reach stdout, as when its reader has gone; what is written since then is lost."""
        self.failure: OperatorError | None = None
        """Why, where it is not that the reader has gone or the person has left."""
        self._has_stdout = stdout is not None
        self._wants_colour = colour
        self._zone = zone
        self._clock = clock
        self._may_redraw = self.stderr.isatty() and not verbose
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
        """Whole lines for stdout. Does nothing once the screen is closed. Raises: OperatorError, once."""
        was_closed = self.closed
        self.tell(text)
        if self.failure and not was_closed:
            raise self.failure

    def tell(self, text: str) -> None:
        """The same in the middle of a talk: never raises, and leaves it to the talk's end to look at `failure`."""
        if not text or self.closed:
            return
        with self._progress.aside():
            try:
                self.closed = not self._reached_stdout(text)
            except OSError as error:
                self.closed, self.failure = True, _unwritable((error.strerror or str(error)).lower())

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

    def _reached_stdout(self, text: str) -> bool:
        """False once the reader has gone. Raises: OSError."""
        if not self._has_stdout:
            raise OSError(errno.EBADF, "it is closed")
        try:
            _put(self.stdout, text)
        except BrokenPipeError:
            return False
        return True

    def _write_stderr(self, text: str) -> None:
        with suppress(OSError):  # there is no place left to say so
            _put(self.stderr, text)

    def _width(self) -> int:
        try:
            columns = os.get_terminal_size(self.stdout.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return max(NARROWEST, columns or shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 0)).columns)


def _unwritable(cause: str) -> OperatorError:
    return OperatorError("writing to standard output", cause, "redirect it to a place that can be written")


def _put(stream: TextIO, text: str) -> None:
    """Raises: OSError; nothing is left to be written then."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _discard_the_rest(stream)
        raise


def _discard_the_rest(stream: TextIO) -> None:
    """Python flushes what is left when it ends, and would complain there once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
