import os
from collections.abc import Iterator
from datetime import UTC, timedelta
from io import StringIO
from pathlib import Path

import pytest

from adapters.terminal.banner import HINT, banner
from adapters.terminal.repl import Seat, TerminalAdapter
from adapters.terminal.screen import Screen
from adapters.terminal.threads import ClaimedThread
from bot.domain.errors import NotPermitted, OperatorError
from bot.domain.message import Address, Prose, Reply, TurnId
from bot.domain.ports import Adapter, Check
from tests.fakes import NOW, NotingDesk
from tests.wire.terminal_session import open_desk, talk

OK, FAULT = Check("source", "ok", "live"), Check("storage", "fault", "disk full", "free some space")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("COLUMNS", "80")
    return Screen(StringIO(), StringIO(), zone=UTC, clock=lambda: NOW)


@pytest.fixture
def adapter(screen: Screen, tmp_path: Path) -> Iterator[Adapter]:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        yield TerminalAdapter(screen, stdin, seat=Seat("dana", "node-a"), state_dir=tmp_path)
    os.close(writing)


def test_banner_has_three_lines_and_leaves_out_what_is_well_before_what_is_not(screen: Screen) -> None:
    text = banner((OK, Check("model", "ok", "gpt"), FAULT), screen.look())

    assert text == f"source: live\nstorage fault: disk full (free some space)\n{HINT}\n\n"


def test_banner_lines_are_cut_at_the_width(screen: Screen) -> None:
    lines = banner((Check("source", "ok", "\x1b[2J" + "x" * 200),), screen.look()).split("\n")

    assert lines[0].startswith("source: \\x1b[2Jxxx")
    assert len(lines[0]) == 80


def test_what_is_not_well_is_told_whole_over_as_many_lines_as_it_takes(screen: Screen) -> None:
    aside = Check("storage", "warning", f"The database was damaged. It is kept as /{'long/' * 30}netspy.db.")
    text = banner((FAULT, Check("model", "warning", "off", "set a key " * 20), aside), screen.look())

    assert "model warning: off (set a key set a key" in text
    assert text.replace("\n  ", " ").count("set a key") == 20
    assert "long/" * 30 in text.replace("\n  ", "")
    assert max(map(len, text.splitlines())) <= 80


def test_banner_says_that_a_thread_goes_on(screen: Screen) -> None:
    thread = ClaimedThread("t", last_used=NOW - timedelta(hours=2, minutes=5))
    text = banner((OK, FAULT), screen.look(), thread)

    assert text.splitlines()[2] == "Thread resumed, last used 2 h 5 min ago (--new starts another). help, quit."
    assert text.count("\n") == 4


async def test_missing_stdin_is_an_error_that_says_so(screen: Screen, tmp_path: Path) -> None:
    adapter = TerminalAdapter(screen, None, seat=Seat("dana", "node-a"), state_dir=tmp_path)
    async with open_desk() as desk:
        with pytest.raises(OperatorError, match="standard input is closed"):
            await adapter.run(desk)


async def test_turn_that_this_terminal_never_asked_for_is_shown_all_the_same(adapter: Adapter, screen: Screen) -> None:
    outlet = adapter.outlet(TurnId("t"), Address("terminal", "of another run"))
    await outlet.reply(Reply(TurnId("t"), (Prose("Late."),)))

    assert isinstance(screen.stdout, StringIO)
    assert screen.stdout.getvalue() == "Late.\n\n"


async def test_check_says_how_the_terminal_is_used(adapter: Adapter) -> None:
    assert await adapter.check() == (Check("terminal", "ok", "piped, 80 columns, no colour"),)


async def test_nothing_is_written_once_the_person_has_left(screen: Screen, tmp_path: Path) -> None:
    with open(os.devnull) as stdin:  # noqa: ASYNC230, PTH123 - opening the null device waits for nothing
        await talk(screen, stdin, state_dir=tmp_path)
    assert isinstance(screen.stdout, StringIO)
    banner_only = screen.stdout.getvalue()
    screen.write("late")

    assert banner_only.endswith(f"{HINT}\n\n")
    assert screen.stdout.getvalue() == banner_only


async def test_a_refusal_is_a_notice_and_the_next_line_is_taken_all_the_same(screen: Screen, tmp_path: Path) -> None:
    desk = NotingDesk(refusal=NotPermitted("asking here", "too often", "wait a minute"))
    typed = tmp_path / "typed"
    typed.write_text("list\nlist\n")
    with typed.open() as stdin:
        await TerminalAdapter(screen, stdin, seat=Seat("dana", "node-a"), state_dir=tmp_path).run(desk)

    assert isinstance(screen.stdout, StringIO)
    assert screen.stdout.getvalue().count("asking here: too often. Wait a minute") == 2
    assert [message.channel.direct for message in desk.messages] == [True, True]
