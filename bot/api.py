"""netspy as a library. Begin at `open_netspy`.

async with open_netspy(server="http://127.0.0.1:8080") as netspy:
    result = await netspy.run_tool("get_network_summary", {"process_name": "curl"})
    answer = await netspy.ask("which processes had failed connections?")
    print(answer.text)
"""

import getpass
import platform
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from adapters.terminal.repl import Seat, TerminalAdapter
from adapters.terminal.screen import Screen
from bot.app import open_answering, open_desk, open_threads, open_tools
from bot.conversation.answering import Answering
from bot.conversation.attempt import ended
from bot.conversation.forgetful import ForgetfulStore
from bot.conversation.thread import Thread
from bot.conversation.transcript import Nowhere, Transcript
from bot.conversation.visit import unbounded_visit
from bot.domain.errors import StorageError
from bot.domain.json_types import JsonObject
from bot.domain.message import Address, Author, Command, Message, MessageId, Reply, ThreadKey, TurnId
from bot.domain.ports import Adapter, EbpfSource, Outlet, ToolHost
from bot.domain.stores import WorkerId
from bot.domain.turn import ToolCall, ToolResult, Turn, TurnState
from bot.event_source import open_source
from bot.moments import local_zone
from bot.settings import Settings, data_dir, load, wants_colour
from bot.ways import Ways

_WORKER = WorkerId("api")


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the prose (Markdown); `results` hold the tables and their coverage; `reply` has all of it in order."""

    text: str
    results: tuple[ToolResult, ...]
    reply: Reply


class Netspy:
    """One conversation with netspy, which it remembers as long as the object lives. Not for concurrent questions."""

    def __init__(self, settings: Settings, source: EbpfSource, answering: Answering, tools: ToolHost) -> None:
        self._settings = settings
        self._source = source
        self._answering = answering
        self._tools = tools
        self._store = ForgetfulStore(StorageError("netspy as a library", "it keeps no database"))

    async def run_tool(self, name: str, arguments: JsonObject | None = None) -> ToolResult:
        """Run one tool by its name; the two AI tools answer with the language model, where there is one.

        Bad arguments, an unknown tool and a failing source are a result with `failed`, not an exception.
        """
        return await self._tools.call(ToolCall(uuid4().hex, name, arguments or {}), now=datetime.now(UTC))

    async def ask(self, question: str, *, outlet: Outlet | None = None) -> Answer:
        """Answer a question, or a command such as `list --process curl`, as the next turn of this conversation.

        `outlet` is told of progress. Raises: UserError for a message or command that cannot be used; ModelError.
        """
        return await self.answer(question, outlet=outlet)

    async def analyze_process(self, name: str, *, pid: int = 0, duration_s: int = 60) -> Answer:
        """What a process (or, with `pid`, one of that name) did on the network in the last `duration_s` seconds."""
        question = f"Analyze the network behavior of process {name}"
        arguments: JsonObject = {"query": question, "process_name": name, "pid": pid, "duration": duration_s}
        return await self.answer(question, command=Command("contextual_analysis", arguments))

    async def answer(self, text: str, *, command: Command | None = None, outlet: Outlet | None = None) -> Answer:
        """The same for a command that is already parsed. Raises: UserError, ModelError."""
        turn = Turn(TurnId(uuid4().hex), _message(text, command), datetime.now(UTC))
        await self._store.begin(turn, worker=_WORKER)
        transcript = Transcript(outlet or Nowhere())
        thread = Thread(turn.message.key, self._store, None, transcript.notice)
        state: TurnState = "failed"
        try:
            await self._answering.work(turn, thread, transcript, visit=unbounded_visit(turn))
            state = "answered"
        finally:
            await self._store.finish(ended(turn, transcript, state), transcript.reply(turn.id), kept=0, worker=_WORKER)
            await self._store.close(turn.id, worker=_WORKER)
        return Answer(transcript.answer, transcript.results, transcript.reply(turn.id))

    async def interactive(self, *, new_thread: bool = False) -> None:
        """Chat in this terminal until its user leaves. Raises: InvalidSettings."""
        screen = Screen(sys.stdout, sys.stderr, zone=local_zone(), colour=wants_colour())
        seat = Seat(user=getpass.getuser(), host=platform.node())
        adapter: Adapter = TerminalAdapter(screen, sys.stdin, seat=seat, state_dir=data_dir(), new=new_thread)
        async with (
            open_threads(self._settings) as store,
            open_desk(self._settings, self._source, self._answering, Ways(adapter.outlet), store=store) as desk,
        ):
            await adapter.run(desk)


@asynccontextmanager
async def open_netspy(
    server: str | None = None, *, settings: Settings | None = None, collects: bool = False
) -> AsyncGenerator[Netspy, None]:
    """Open netspy over `server` (see `--server` for what is used without one), with settings from the environment.

    `collects`: where no server answers, listen to this machine's kernel from now on, if that is allowed.

    Raises: InvalidSettings.
    """
    settings = settings or load()
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(
            open_source(settings, server=server, without="collector" if collects else "recording")
        )
        answering = await stack.enter_async_context(open_answering(settings, source))
        tools = await stack.enter_async_context(open_tools(settings, source, answering))
        yield Netspy(settings, source, answering, tools)


def _message(text: str, command: Command | None) -> Message:
    key = ThreadKey("api", "", "", "")
    return Message(
        key, MessageId(uuid4().hex), Author("", ""), text, datetime.now(UTC), Address("api", ""), command=command
    )
