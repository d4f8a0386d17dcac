"""The status line: what is being done, on one line that redraws itself.

It knows steps, stderr and rich, which is why only a screen on which somebody waits imports it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from adapters.terminal.progress import step_failure, step_title
from bot.domain.message import Step

PATIENCE_S = 0.3
"""What is answered within this time needs no status line."""
_THINKING = "thinking"


def can_redraw(stream: TextIO) -> bool:
    return stream.isatty() and not Console(file=stream).is_dumb_terminal


class StatusLine:
    """One line at the bottom that says which steps run just now; failed steps stay above it."""

    def __init__(self, stderr: TextIO, *, colour: bool) -> None:
        self._console = Console(
            file=stderr,
            force_terminal=True,
            color_system="standard" if colour else None,
            no_color=not colour,
            legacy_windows=False,
        )
        self._running: dict[str, str] = {}
        self._live: Live | None = None
        self._start: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self.end()
        self._start = asyncio.get_running_loop().call_later(PATIENCE_S, self._show)

    def step(self, step: Step) -> None:
        if step.state == "running":
            self._running[step.id] = step_title(step)
        else:
            self._running.pop(step.id, None)
        if step.state == "failed":
            with self.aside():
                self._console.print(Text(step_failure(step)), style="red")
        if self._live:
            self._live.update(self._spinner(), refresh=True)

    def end(self) -> None:
        if self._start:
            self._start.cancel()
            self._start = None
        self._running.clear()
        self._hide()

    @contextmanager
    def aside(self) -> Iterator[None]:
        was_shown = self._live is not None
        self._hide()
        yield
        if was_shown:
            self._show()

    def _show(self) -> None:
        self._live = Live(
            self._spinner(),
            console=self._console,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def _hide(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def _spinner(self) -> Spinner:
        doing = ", ".join(self._running.values()) or _THINKING
        return Spinner("dots", Text(doing, style="dim", no_wrap=True, overflow="ellipsis"))
