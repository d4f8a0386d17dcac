"""The chat in a terminal: reads a line, hands it to the desk as a message, and waits until its answer is on the screen.

It knows lines, Ctrl-C and which thread this terminal is in. It must not know what a command or a question means: all
but leaving is the desk's. `bot/app.py` makes it.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from adapters.terminal.banner import banner
from adapters.terminal.completion import LEAVING, CommandCompleter
from adapters.terminal.lines import Lines, PipedLines, PromptLines, echo
from adapters.terminal.outlet import TerminalOutlet
from adapters.terminal.render import render_block
from adapters.terminal.screen import Screen
from adapters.terminal.threads import ClaimedThread, claimed_thread, new_thread
from bot.domain.errors import NetspyError, OperatorError
from bot.domain.message import (
    Address,
    Author,
    Channel,
    Message,
    MessageId,
    Notice,
    Press,
    Step,
    Stop,
    ThreadKey,
    TurnId,
)
from bot.domain.ports import Check, Desk, Outlet
from bot.tables.text import control_in, plain

STOPPING = "stopping; Ctrl-C again leaves netspy"
TAKEN_UP = "the last question was cut off; it is answered now"
TAKEN_AS_ONE = "several lines taken as one question"
CHECKING = Step("status", "checking source, model, storage", "running")
CHECKING_AFTER_S = 0.25
"""A status that takes longer says what is being waited for."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at this terminal, on which machine."""

    user: str
    host: str


@dataclass(slots=True)
class _Talk:
    """One message on its way to its answer; None: whichever is taken up next."""

    message: MessageId | None
    turn: TurnId | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    replied: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)


class TerminalAdapter:
    """An `Adapter`.

    `state_dir` keeps the history of lines and the threads; `new` starts a thread where the last one would go on.
    """

    name = "terminal"

    def __init__(self, screen: Screen, stdin: TextIO | None, *, seat: Seat, state_dir: Path, new: bool = False) -> None:
        self._screen = screen
        self._stdin = stdin
        self._seat = seat
        self._state_dir = state_dir
        self._new = new
        self._talk: _Talk | None = None
        self._session: asyncio.Task[None] | None = None
        self._has_begun = False

    @property
    def is_interactive(self) -> bool:
        return self._stdin is not None and self._stdin.isatty() and self._screen.is_terminal

    async def run(self, desk: Desk) -> None:
        """Talk until the person leaves, the input ends, or nobody reads the output any more.

        Raises: OperatorError for a standard stream that can't be used; KeyboardInterrupt on Ctrl-C before the prompt.
        """
        if self._stdin is None:
            raise OperatorError("reading questions", "standard input is closed", "open it, or ask with --tool")
        try:
            with _interrupts(self._interrupted):
                async with asyncio.TaskGroup() as group:
                    self._session = group.create_task(self._converse(desk, self._stdin))
        finally:
            self._screen.close()
        if self._screen.failure:
            raise self._screen.failure
        if not self._has_begun:
            raise KeyboardInterrupt

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        talk = self._talk
        if talk is None or talk.message not in {None, address.target}:
            return TerminalOutlet(self._screen, on_reply=lambda: None)
        talk.turn = turn
        talk.begun.set()
        return TerminalOutlet(self._screen, on_reply=talk.replied.set)

    async def check(self) -> tuple[Check, ...]:
        look = self._screen.look()
        manner = "interactive" if self.is_interactive else "piped"
        colour = "colour" if look.colour else "no colour"
        return (Check(self.name, "ok", f"{manner}, {look.width} columns, {colour}"),)

    async def _converse(self, desk: Desk, stdin: TextIO) -> None:
        with self._thread() as thread:
            self._screen.tell(banner(await self._status(desk), self._screen.look(), thread))
            lines = self._lines(desk, stdin)
            self._has_begun = True
            await self._take_up(desk, thread)
            while not self._screen.closed and (line := await lines.read()) is not None:
                if not await self._take(desk, thread, line.strip()):
                    return

    async def _take_up(self, desk: Desk, thread: ClaimedThread) -> None:
        """Answer what a terminal that was killed left unanswered in this thread."""
        if thread.lock is None:
            return
        talk = _Talk(None)
        async with self._talking(desk, talk):
            if message := await desk.resume(self._key(thread)):
                self._screen.remark(TAKEN_UP)
                self._screen.tell(echo(message.text))
                await talk.replied.wait()

    async def _status(self, desk: Desk) -> tuple[Check, ...]:
        self._screen.begin()
        slow = asyncio.get_running_loop().call_later(CHECKING_AFTER_S, self._screen.step, CHECKING)
        try:
            return await desk.status()
        finally:
            slow.cancel()
            self._screen.end()

    async def _take(self, desk: Desk, thread: ClaimedThread, text: str) -> bool:
        """Do what was typed; False when it says to leave."""
        inputs = await _inputs(desk, text)
        if len(inputs) == 1 and "\n" in text:
            self._screen.remark(TAKEN_AS_ONE)
        for number, line in enumerate(inputs):
            if number:
                self._screen.tell(echo(line))
            if line.lower() in LEAVING:
                return False
            if line and not self._refused(line) and not await self._ask(desk, self._message(thread, line), thread):
                break
        return True

    @contextmanager
    def _thread(self) -> Iterator[ClaimedThread]:
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

    def _lines(self, desk: Desk, stdin: TextIO) -> Lines:
        if not self.is_interactive:
            return PipedLines(stdin, self._screen)
        history = self._state_dir / "history"
        completer = CommandCompleter(desk, by=self._author, channel=self._channel)
        return PromptLines(stdin, self._screen, completer=completer, history=history)

    @property
    def _author(self) -> Author:
        return Author(self._seat.user, self._seat.user)

    @property
    def _channel(self) -> Channel:
        return Channel(self.name, self._seat.host, self._seat.user, direct=True)

    def _key(self, thread: ClaimedThread) -> ThreadKey:
        return ThreadKey(self.name, self._seat.host, self._seat.user, thread.name)

    def _message(self, thread: ClaimedThread, text: str) -> Message:
        message = MessageId(uuid4().hex)
        return Message(
            key=self._key(thread),
            id=message,
            author=self._author,
            text=text,
            sent_at=datetime.now(UTC),
            reply_to=Address(self.name, message),
            direct=True,
        )

    def _refused(self, text: str) -> bool:
        """Whether the line can't be a message: it would not even survive storage."""
        bad = control_in(text, allowed="\n\t")
        if bad is not None:
            self._notice(Notice("error", f"This line holds the control character {plain(bad)}. Type it again without."))
        return bad is not None

    async def _ask(self, desk: Desk, message: Message, thread: ClaimedThread) -> bool:
        """Hand the message over and wait for its reply; False when the person stopped it."""
        talk = _Talk(message.id)
        async with self._talking(desk, talk):
            if await self._accepted(desk, message):
                thread.used()
                await talk.replied.wait()
        return not talk.interrupted.is_set()

    @asynccontextmanager
    async def _talking(self, desk: Desk, talk: _Talk) -> AsyncGenerator[None, None]:
        """While somebody waits for this answer: progress is shown, and Ctrl-C stops it."""
        self._talk = talk
        self._screen.begin()
        try:
            async with asyncio.TaskGroup() as group:
                stopping = group.create_task(self._stop_when_interrupted(desk, talk))
                yield
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
            await desk.act(Press(Stop(talk.turn), MessageId(uuid4().hex), self._author, self._channel))

    def _interrupted(self) -> None:
        """Ctrl-C: the first one ends the turn, a second one or one outside of a turn ends the program."""
        if self._talk and not self._talk.interrupted.is_set():
            self._talk.interrupted.set()
        elif self._session:
            self._session.cancel()

    def _notice(self, notice: Notice) -> None:
        self._screen.tell(render_block(notice, self._screen.look()) + "\n")


async def _inputs(desk: Desk, text: str) -> list[str]:
    """The text as one input, or line by line where several lines were pasted and each of them begins with a command."""
    lines = text.split("\n")
    if len(lines) == 1:
        return [text]
    names = {command.name for command in await desk.commands()} | set(LEAVING)
    first_words = [line.split(maxsplit=1)[0].lower() if line.strip() else "" for line in lines]
    return [line.strip() for line in lines] if names.issuperset(first_words) else [text]


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
