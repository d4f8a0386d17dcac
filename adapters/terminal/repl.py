"""The chat in a terminal: reads a line, hands it to the desk as a message, and waits until its answer is on the screen.

It knows lines, Ctrl-C and which thread this terminal is in. It must not know what a command or a question means: all
but leaving is the desk's. `bot/app.py` makes it.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from unicodedata import category
from uuid import uuid4

from adapters.terminal.completion import LEAVING, CommandCompleter
from adapters.terminal.lines import Lines, PipedLines, PromptLines
from adapters.terminal.outlet import TerminalOutlet
from adapters.terminal.render import painted, render_block
from adapters.terminal.screen import Screen
from adapters.terminal.threads import claimed_thread, new_thread
from bot.domain.errors import NetspyError
from bot.domain.message import Address, Author, Message, MessageId, Notice, Stop, ThreadKey, TurnId
from bot.domain.ports import Check, Desk, Outlet
from bot.tables.text import cell_width, cut_end, plain

HINT = "Ask in plain words, or type help. quit leaves."
STOPPING = "stopping; Ctrl-C again leaves netspy"
_BANNER_CHECKS = 2


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at this terminal, on which machine."""

    user: str
    host: str


@dataclass(slots=True)
class _Talk:
    """One message on its way to its answer."""

    message: MessageId
    turn: TurnId | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    replied: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)


class TerminalAdapter:
    """An `Adapter`.

    `state_dir` keeps the history of lines and the threads; `new` starts a thread where the last one would go on.
    """

    name = "terminal"

    def __init__(self, screen: Screen, stdin: TextIO, *, seat: Seat, state_dir: Path, new: bool = False) -> None:
        self._screen = screen
        self._stdin = stdin
        self._seat = seat
        self._state_dir = state_dir
        self._new = new
        self._talk: _Talk | None = None
        self._session: asyncio.Task[None] | None = None

    @property
    def is_interactive(self) -> bool:
        return self._stdin.isatty() and self._screen.is_terminal

    async def run(self, desk: Desk) -> None:
        """Talk until the person leaves, the input ends, or nobody reads the output any more."""
        try:
            with _interrupts(self._interrupted):
                async with asyncio.TaskGroup() as group:
                    self._session = group.create_task(self._converse(desk))
        finally:
            self._screen.close()

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        talk = self._talk
        if talk is None or talk.message != address.target:
            return TerminalOutlet(self._screen, on_reply=lambda: None)
        talk.turn = turn
        talk.begun.set()
        return TerminalOutlet(self._screen, on_reply=talk.replied.set)

    async def check(self) -> Check:
        look = self._screen.look()
        manner = "interactive" if self.is_interactive else "piped"
        return Check(self.name, "ok", f"{manner}, {look.width} columns, {'colour' if look.colour else 'no colour'}")

    async def _converse(self, desk: Desk) -> None:
        with ExitStack() as stack:
            key = ThreadKey(self.name, self._seat.host, self._seat.user, stack.enter_context(self._thread()))
            self._screen.write(banner(await desk.status(), self._screen))
            lines = self._lines(desk)
            while not self._screen.closed and (line := await lines.read()) is not None:
                text = line.strip()
                if text.lower() in LEAVING:
                    return
                if text and not self._refused(text):
                    await self._ask(desk, self._message(key, text))

    @contextmanager
    def _thread(self) -> Iterator[str]:
        if not self.is_interactive:
            yield new_thread()
            return
        with ExitStack() as stack:
            try:
                thread = stack.enter_context(claimed_thread(self._state_dir / "threads", new=self._new))
            except OSError as error:
                self._notice(Notice("warning", f"This conversation can't be taken up again later: {error}"))
                thread = new_thread()
            yield thread

    def _lines(self, desk: Desk) -> Lines:
        if not self.is_interactive:
            return PipedLines(self._stdin, self._screen)
        history = self._state_dir / "history"
        return PromptLines(self._stdin, self._screen, completer=CommandCompleter(desk), history=history)

    def _message(self, key: ThreadKey, text: str) -> Message:
        message = MessageId(uuid4().hex)
        return Message(
            key=key,
            id=message,
            author=Author(self._seat.user, self._seat.user),
            text=text,
            sent_at=datetime.now(UTC),
            reply_to=Address(self.name, message),
        )

    def _refused(self, text: str) -> bool:
        """Whether the line can't be a message: it would not even survive storage."""
        bad = next((char for char in text if category(char) in {"Cc", "Cs"} and char not in "\n\t"), None)
        if bad is not None:
            self._notice(Notice("error", f"This line holds the control character {plain(bad)}. Type it again without."))
        return bad is not None

    async def _ask(self, desk: Desk, message: Message) -> None:
        """Hand the message over and wait for its reply."""
        talk = self._talk = _Talk(message.id)
        self._screen.begin()
        try:
            async with asyncio.TaskGroup() as group:
                stopping = group.create_task(self._stop_when_interrupted(desk, talk))
                if await self._accepted(desk, message):
                    await talk.replied.wait()
                stopping.cancel()
        finally:
            self._screen.end()
            self._talk = None

    async def _accepted(self, desk: Desk, message: Message) -> bool:
        try:
            await desk.handle(message)
        except NetspyError as error:
            self._notice(Notice("error", str(error)))
            return False
        return True

    async def _stop_when_interrupted(self, desk: Desk, talk: _Talk) -> None:
        await talk.interrupted.wait()
        self._screen.remark(STOPPING)
        await talk.begun.wait()
        if talk.turn is not None:
            await desk.act(Stop(talk.turn))

    def _interrupted(self) -> None:
        """Ctrl-C: the first one ends the turn, a second one or one outside of a turn ends the program."""
        if self._talk and not self._talk.interrupted.is_set():
            self._talk.interrupted.set()
        elif self._session:
            self._session.cancel()

    def _notice(self, notice: Notice) -> None:
        self._screen.write(render_block(notice, self._screen.look()) + "\n")


def banner(checks: Sequence[Check], screen: Screen) -> str:
    """At most three lines: the two checks that matter most, and how to begin."""
    look = screen.look()
    worst_first = sorted(checks, key=lambda check: ("fault", "warning", "ok").index(check.state))
    chosen = [check for check in checks if check in worst_first[:_BANNER_CHECKS]]
    lines = [_said(check, look.width) for check in chosen]
    return "".join(f"{painted(line, 'dim', look)}\n" for line in (*lines, HINT)) + "\n"


def _said(check: Check, width: int) -> str:
    """A check in one line; the remedy only where there is room for all of it."""
    if check.state == "ok":
        return cut_end(plain(f"{check.part}: {check.detail}"), width)
    said = plain(f"{check.part} {check.state}: {check.detail}")
    with_remedy = plain(f"{said} ({check.remedy})") if check.remedy else said
    return with_remedy if cell_width(with_remedy) <= width else cut_end(said, width)


@contextmanager
def _interrupts(on_interrupt: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls `on_interrupt`, unless whoever started netspy wants it ignored."""
    before = signal.getsignal(signal.SIGINT)
    if before in {signal.SIG_IGN, None}:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
