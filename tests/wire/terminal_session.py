"""A terminal session over a scripted desk; `-m tests.wire.terminal_session` for tests with a real pseudo-terminal.

It stands in for `bot/app.py`: makes screen and adapter as that does. Its last line says how the session ended.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import TextIO

from adapters.terminal.repl import Seat, TerminalAdapter
from adapters.terminal.screen import Screen
from bot.domain.command_help import CommandHelp, FlagHelp
from bot.domain.errors import OperatorError, StorageFull
from bot.domain.message import (
    Author,
    Block,
    Channel,
    Footer,
    Message,
    Notice,
    Press,
    Prose,
    Reply,
    Step,
    Stop,
    ThreadKey,
    TurnId,
)
from bot.domain.network import Coverage, Window
from bot.domain.ports import Check, Outlet
from bot.domain.table import Column, Table
from tests.fakes import NOW

TABLE = Table(
    "Newest connection attempts",
    (Column("time", "time"), Column("destination", "address"), Column("protocol"), Column("process")),
    (
        (NOW, "172.217.164.78:443", "TCP", "curl"),
        (NOW, "(local socket)", "UNIX", "snapd"),
    ),
    total_rows=15,
    label="T1",
)
FOOTER = Footer(
    Coverage(
        source="lab-2026",
        kind="recording",
        window=Window.last(3600, NOW),
        seen=29,
        matched=15,
        shown=2,
        lost=0,
        command="list --max-events 2",
    )
)
STOPPED = Notice("warning", "Stopped. What was found until then stands above.")


class FakeDesk:
    """A `Desk` whose answers hang on the words of the message; see `_answer`. `adapter` is set once it is made."""

    adapter: TerminalAdapter
    left: Message | None = None
    hangs = False
    """Whether its status never comes."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._working: list[asyncio.Task[None]] = []
        self._stops: dict[TurnId, asyncio.Event] = {}
        self.messages: list[Message] = []
        self.stopped: list[TurnId] = []

    async def handle(self, message: Message) -> None:
        if message.text == "full":
            raise StorageFull("kept the message", "the disk is full", "free some space")
        self.messages.append(message)
        self._working.append(self._tasks.create_task(self._work(message)))

    async def act(self, press: Press) -> Reply:
        assert isinstance(press.action, Stop)
        self.stopped.append(press.action.turn)
        self._stops[press.action.turn].set()
        return Reply(press.action.turn, ())

    async def adopt(self, platform: str) -> None:
        raise AssertionError(f"a terminal serves its own thread, not all of {platform}")

    async def resume(self, key: ThreadKey) -> Message | None:
        """Takes up `left`, where a test has set it."""
        if self.left:
            left = replace(self.left, key=key)
            await self.handle(left)
            return left
        return None

    async def commands(self) -> tuple[CommandHelp, ...]:
        process = FlagHelp("--process NAME", "only this process", "process_name")
        flags = (process, FlagHelp("--pid PID", "only this process id", "pid"))
        rows = FlagHelp("--max-events COUNT", "rows", "max_events")
        return (
            CommandHelp("summary", "summary [--flags]", "how many", flags),
            CommandHelp("list", "list [--flags]", "the newest", (*flags, rows)),
            CommandHelp("slow", "slow", "until it is stopped"),
            CommandHelp("help", "help [COMMAND]", "this help"),
        )

    async def complete(self, argument: str, prefix: str, *, by: Author, channel: Channel) -> tuple[str, ...]:
        known = {"process_name": ("curl", "nginx", "Socket Thread", "evil\x1b[31m"), "pid": ("1200", "1300")}
        return tuple(value for value in known[argument] if value.startswith(prefix))

    async def status(self, *, by: Author | None = None, channel: Channel | None = None) -> tuple[Check, ...]:
        if self.hangs:
            await asyncio.Event().wait()
        return (
            Check("source", "ok", "recording lab-2026, 412 events"),
            Check("model", "warning", "off, the planner answers", "set OPENAI_API_KEY"),
            Check("storage", "ok", "SQLite"),
        )

    def close(self) -> None:
        for task in self._working:
            task.cancel()

    async def _work(self, message: Message) -> None:
        turn = TurnId(f"turn-{len(self.messages)}")
        self._stops[turn] = asyncio.Event()
        outlet = self.adapter.outlet(turn, message.reply_to)
        blocks = await self._answer(message.text, turn, outlet)
        await outlet.reply(Reply(turn, tuple(blocks)))

    async def _answer(self, text: str, turn: TurnId, outlet: Outlet) -> list[Block]:
        match text.split(maxsplit=1)[0]:
            case "list":
                return await _list(outlet)
            case "slow":
                await outlet.step(Step("1", "list_connections --process curl", "running"))
                await self._stops[turn].wait()
                return [STOPPED]
            case "deaf":
                await asyncio.Event().wait()
        await outlet.prose(f"You said: {text}")
        return [Prose(f"You said: {text}")]


async def _list(outlet: Outlet) -> list[Block]:
    await outlet.step(Step("1", "list_connections --max-events 2", "running"))
    await outlet.show(TABLE)
    await outlet.show(FOOTER)
    await outlet.step(Step("1", "list_connections --max-events 2", "done", "15 attempts"))
    await outlet.step(Step("2", "list_packet_drops", "running"))
    await outlet.step(Step("2", "list_packet_drops", "failed", "http://127.0.0.1:1: nothing answers"))
    for delta in ("Both", " connected [T1].\n", "\nNext:\n- `summary`\n", "- `drop", "list`"):
        await outlet.prose(delta)
    return [TABLE, FOOTER, Prose("Both connected [T1].\n\nNext:\n- `summary`\n- `droplist`")]


@asynccontextmanager
async def open_desk() -> AsyncGenerator[FakeDesk, None]:
    """A desk whose answers are given up when the block ends."""
    async with asyncio.TaskGroup() as tasks:
        desk = FakeDesk(tasks)
        yield desk
        desk.close()


async def talk(screen: Screen, stdin: TextIO, *, state_dir: Path, new: bool = False, hangs: bool = False) -> FakeDesk:
    async with open_desk() as desk:
        desk.hangs = hangs
        desk.adapter = TerminalAdapter(screen, stdin, seat=Seat("dana", "node-a"), state_dir=state_dir, new=new)
        await desk.adapter.run(desk)
    return desk


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("state_dir", type=Path)
    options.add_argument("--new", action="store_true")
    options.add_argument("--hangs", action="store_true")
    options.add_argument("--no-colour", action="store_true")
    options.add_argument("--verbose", action="store_true")
    given = options.parse_args()
    colour, verbose = not given.no_colour, given.verbose
    screen = Screen(sys.stdout, sys.stderr, zone=UTC, colour=colour, verbose=verbose, clock=lambda: NOW)
    failed = ""
    try:
        desk = asyncio.run(talk(screen, sys.stdin, state_dir=given.state_dir, new=given.new, hangs=given.hangs))
    except* KeyboardInterrupt:
        failed = "interrupted"
    except* OperatorError as group:
        failed = str(group.exceptions[0])
    if failed:
        sys.exit(failed)
    last, thread = (desk.messages[-1].text, desk.messages[-1].key.thread) if desk.messages else ("", "none")
    print(f"last {last!r}; left after {len(desk.messages)} messages in thread {thread}")


if __name__ == "__main__":
    main()
