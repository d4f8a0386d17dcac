import os
import sys
from collections.abc import Iterator
from datetime import UTC
from io import StringIO
from typing import TextIO

import pytest

from adapters.terminal.screen import Screen
from bot.domain.errors import OperatorError


@pytest.fixture
def full() -> Iterator[TextIO]:
    with open("/dev/full", "w") as stream:  # noqa: PTH123 - a device
        yield stream


def test_full_disk_behind_stdout_is_an_error_of_one_line(full: TextIO) -> None:
    screen = Screen(full, StringIO(), zone=UTC)
    with pytest.raises(OperatorError, match=r"^writing to standard output: no space left on device"):
        screen.write("table\n")

    screen.write("nothing is tried again\n")


def test_missing_stdout_is_the_same_error() -> None:
    screen = Screen(None, StringIO(), zone=UTC)

    assert not screen.is_terminal
    assert not screen.look().colour
    with pytest.raises(OperatorError, match=r"^writing to standard output: it is closed"):
        screen.write("table\n")


def test_what_is_told_never_raises_and_the_screen_keeps_the_cause(full: TextIO) -> None:
    screen = Screen(full, StringIO(), zone=UTC)
    screen.tell("answer\n")

    assert screen.closed
    assert isinstance(screen.failure, OperatorError)


def test_reader_that_has_gone_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        screen = Screen(stream, StringIO(), zone=UTC)
        screen.write("answer\n")

        assert screen.closed
        assert screen.failure is None


def test_remarks_that_cannot_be_written_end_nothing(full: TextIO) -> None:
    for stderr in (None, full):
        out = StringIO()
        screen = Screen(out, stderr, zone=UTC)
        screen.remark("thinking")
        screen.write("answer\n")

        assert out.getvalue() == "answer\n"


@pytest.mark.parametrize(("columns", "width"), [("200", 200), ("", 80), ("5", 20), ("-1", 80), ("wide", 80)])
def test_columns_say_how_wide_a_file_is(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "__stdout__", StringIO())

    assert Screen(StringIO(), StringIO(), zone=UTC).look().width == width
