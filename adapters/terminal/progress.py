"""What is being done for the person who waits, and its plain form: one line for each step.

It knows steps. The screen calls it, and makes it step aside before anything else is written.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from bot.domain.message import Step
from bot.tables.text import short

LONGEST_STEP = 200
"""Cells of a step's line; a question given to a tool can be long."""


class Progress(Protocol):
    def begin(self) -> None: ...

    def step(self, step: Step) -> None: ...

    def end(self) -> None: ...

    def aside(self) -> AbstractContextManager[None]:
        """A block in which others may write to the terminal."""
        ...


class StepLines:
    """A line when a step starts, and one when it fails: for logs and files."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def begin(self) -> None:
        pass

    def step(self, step: Step) -> None:
        if step.state == "running":
            self._write(f"… {step_title(step)}\n")
        elif step.state == "failed":
            self._write(f"{step_failure(step)}\n")

    def end(self) -> None:
        pass

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()


def step_title(step: Step) -> str:
    return short(step.title, LONGEST_STEP)


def step_failure(step: Step) -> str:
    said = f"failed: {step.title}: {step.detail}" if step.detail else f"failed: {step.title}"
    return short(said, LONGEST_STEP)
