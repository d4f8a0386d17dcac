from datetime import UTC
from io import StringIO

import pytest

from adapters.terminal.outlet import TerminalOutlet
from adapters.terminal.render import render
from adapters.terminal.screen import Screen
from bot.domain.message import Block, Footer, Notice, Prose, Reply, Step, TurnId
from bot.domain.network import Coverage, Window
from bot.domain.table import Column, Table
from tests.fakes import NOW

TABLE = Table("Counts", (Column("process"), Column("count", "integer")), (("curl", 3),), 1, "T1")
FOOTER = Footer(Coverage(source="fake", kind="live", window=Window.last(60, NOW), seen=3, matched=3))
NOTICE = Notice("info", "the planner answers")


class Terminal:
    """An outlet over streams in memory."""

    def __init__(self) -> None:
        self.out, self.err = StringIO(), StringIO()
        self.screen = Screen(self.out, self.err, zone=UTC, clock=lambda: NOW)
        self.replied = 0
        self.outlet = TerminalOutlet(self.screen, on_reply=self._on_reply)

    async def reply(self, *blocks: Block) -> None:
        await self.outlet.reply(Reply(TurnId("t"), blocks))

    def _on_reply(self) -> None:
        self.replied += 1

    def expected(self, *blocks: Block) -> str:
        return render(blocks, self.screen.look()) + "\n"


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


async def test_table_stands_on_the_screen_before_the_reply(terminal: Terminal) -> None:
    await terminal.outlet.show(TABLE)

    assert "curl" in terminal.out.getvalue()
    assert terminal.replied == 0


async def test_what_was_shown_is_not_repeated_by_the_reply(terminal: Terminal) -> None:
    await terminal.outlet.prose("I look")
    await terminal.outlet.prose(" first.\n\n")
    await terminal.outlet.show(TABLE)
    await terminal.outlet.show(FOOTER)
    await terminal.outlet.prose("Done.")
    blocks = (Prose("I look first.\n\n"), TABLE, FOOTER, Prose("Done."))
    await terminal.reply(*blocks)

    assert terminal.out.getvalue() == terminal.expected(*blocks)
    assert terminal.replied == 1


async def test_reply_brings_what_was_never_shown(terminal: Terminal) -> None:
    await terminal.outlet.show(TABLE)
    await terminal.reply(TABLE, FOOTER, Prose("Three."), NOTICE)

    assert terminal.out.getvalue() == terminal.expected(TABLE, FOOTER, Prose("Three."), NOTICE)


async def test_equal_tables_shown_once_and_replied_twice_stand_there_twice(terminal: Terminal) -> None:
    await terminal.outlet.show(TABLE)
    await terminal.reply(TABLE, TABLE)

    assert terminal.out.getvalue() == terminal.expected(TABLE, TABLE)


async def test_reply_ends_prose_that_was_cut_off(terminal: Terminal) -> None:
    await terminal.outlet.prose("First.\n\nSec")
    await terminal.reply(Prose("First.\n\nSecond."))

    assert terminal.out.getvalue() == "First.\n\nSec\n\nond.\n\n"


async def test_paragraph_is_said_while_the_next_one_is_written(terminal: Terminal) -> None:
    await terminal.outlet.prose("First.\n\nSec")

    assert terminal.out.getvalue() == "First.\n"


async def test_blank_prose_leaves_no_trace(terminal: Terminal) -> None:
    await terminal.outlet.prose("\n\n")
    await terminal.outlet.show(NOTICE)
    await terminal.reply(Prose("\n\n"), NOTICE)

    assert terminal.out.getvalue() == terminal.expected(NOTICE)


async def test_steps_are_lines_on_stderr_that_say_what_starts_and_what_failed(terminal: Terminal) -> None:
    await terminal.outlet.step(Step("1", "list_connections --process curl", "running"))
    await terminal.outlet.step(Step("1", "list_connections --process curl", "done", "3 attempts"))
    await terminal.outlet.step(Step("2", "evil\x1b[2J\n", "failed", "no answer"))

    assert terminal.err.getvalue() == "… list_connections --process curl\nfailed: evil\\x1b[2J\\n: no answer\n"
    assert terminal.out.getvalue() == ""


async def test_closed_screen_stays_silent(terminal: Terminal) -> None:
    terminal.screen.close()
    await terminal.outlet.step(Step("1", "late", "running"))
    await terminal.outlet.show(TABLE)
    await terminal.reply(TABLE)

    assert terminal.out.getvalue() + terminal.err.getvalue() == ""
    assert terminal.replied == 1
