"""The desk: takes messages, keeps each thread's order, and sees that every message gets exactly one answer.

It knows deadlines, dedupe and storage; what an answer is made of is `answering.py`. It knows no platform and no SDK.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4
from weakref import WeakValueDictionary

from bot.commands import Tool
from bot.conversation import builtin
from bot.conversation.answering import Answering
from bot.conversation.transcript import Transcript
from bot.conversation.window import MAX_TURNS
from bot.domain.errors import Bug, NetspyError, StorageError
from bot.domain.message import Action, Address, Message, Notice, Stop, ThreadKey, TurnId
from bot.domain.network import Window
from bot.domain.ports import Check, CommandHelp, EbpfSource, Outlet, ThreadStore
from bot.domain.query import Aggregate, GroupField
from bot.domain.turn import Turn, TurnState

log = logging.getLogger("netspy.conversation")

TURN_DEADLINE_S = 180.0
COMPLETION_WINDOW_S = 3600.0
_COMPLETED: dict[str, GroupField] = {"process_name": "process", "pid": "pid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the manager works with. `outlet` finds the adapter of an address."""

    store: ThreadStore
    source: EbpfSource
    answering: Answering
    outlet: Callable[[TurnId, Address], Outlet]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    turn_deadline_s: float = TURN_DEADLINE_S


@dataclass(slots=True)
class _Pending:
    """A turn that has not ended: waiting for its thread, or at work under `limit`."""

    task: asyncio.Task[None] | None = None
    limit: asyncio.Timeout | None = None
    stopped: bool = False


class Manager:
    """The `Desk`. Made by `open_manager`."""

    def __init__(self, parts: Parts, tasks: asyncio.TaskGroup) -> None:
        self._parts = parts
        self._tasks = tasks
        self._threads: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()
        self._pending: dict[TurnId, _Pending] = {}

    async def handle(self, message: Message) -> None:
        turn = Turn(TurnId(uuid4().hex), message, self._parts.clock())
        failure: StorageError | None = None
        try:
            if not await self._parts.store.begin(turn):
                log.info("message.repeated", extra={"key": message.key, "message_id": message.id})
                return
        except StorageError as error:
            failure = error
        pending = self._pending[turn.id] = _Pending()
        pending.task = self._tasks.create_task(self._in_order(turn, pending, failure))

    async def act(self, action: Action) -> None:
        match action:
            case Stop(turn):
                self._stop(turn)

    async def commands(self) -> tuple[CommandHelp, ...]:
        return (*map(builtin.help_of, self._tools), *builtin.COMMANDS)

    async def complete(self, argument: str, prefix: str) -> tuple[str, ...]:
        if argument not in _COMPLETED:
            return ()
        window = Window.last(COMPLETION_WINDOW_S, self._parts.clock())
        query = Aggregate(kind="connection", window=window, group_by=(_COMPLETED[argument],))
        try:
            groups = await self._parts.source.aggregate(query)
        except NetspyError as error:
            log.debug("complete.failed", extra={"cause": str(error)})
            return ()
        values = (str(group.key[0]) for group in groups.groups)
        return tuple(value for value in values if value.startswith(prefix))

    async def status(self) -> tuple[Check, ...]:
        parts = self._parts
        checks = parts.source.check(), parts.answering.loop.model.check(), parts.store.check()
        return tuple(await asyncio.gather(*checks))

    def close(self) -> None:
        """End the turns that still run; the store keeps them as unfinished."""
        for pending in self._pending.values():
            if pending.task:
                pending.task.cancel()

    @property
    def _tools(self) -> Sequence[Tool]:
        return self._parts.answering.tools

    def _stop(self, turn: TurnId) -> None:
        if pending := self._pending.get(turn):
            pending.stopped = True
            if pending.limit:
                pending.limit.reschedule(asyncio.get_running_loop().time())

    async def _in_order(self, turn: Turn, pending: _Pending, failure: StorageError | None) -> None:
        lock = self._threads.setdefault(turn.message.key, asyncio.Lock())
        try:
            async with lock:
                await self._answer(turn, pending, failure)
        finally:
            del self._pending[turn.id]

    async def _answer(self, turn: Turn, pending: _Pending, failure: StorageError | None) -> None:
        outlet = self._parts.outlet(turn.id, turn.message.reply_to)
        transcript = Transcript(outlet)
        state = await self._attempt(turn, pending, transcript)
        ended = replace(turn, state=state, results=transcript.results, answer=transcript.answer)
        failure = failure or await self._finish(ended)
        if failure:
            await transcript.notice(Notice("warning", f"This answer is not remembered in the thread. {failure}"))
        await outlet.reply(transcript.reply(turn.id))

    async def _finish(self, turn: Turn) -> StorageError | None:
        try:
            await self._parts.store.finish(turn)
        except StorageError as error:
            return error
        return None

    async def _attempt(self, turn: Turn, pending: _Pending, transcript: Transcript) -> TurnState:
        """Do the turn's work within its deadline. Whatever happens, the person is told."""
        try:
            async with self._deadline(pending):
                await self._parts.answering.work(turn, partial(self._history, turn, transcript), transcript)
        except TimeoutError:
            await transcript.notice(self._cut_short(pending, transcript))
            return "stopped" if pending.stopped else "failed"
        except NetspyError as error:
            await transcript.notice(Notice("error", str(error)))
            return "failed"
        except Exception:
            log.exception("turn.failed", extra={"turn": turn.id})
            bug = Bug("answering this", "something in netspy is wrong", f"its log has the cause under {turn.id}")
            await transcript.notice(Notice("error", str(bug)))
            return "failed"
        return "answered"

    async def _history(self, turn: Turn, transcript: Transcript) -> tuple[Turn, ...]:
        try:
            return await self._parts.store.history(turn.message.key, limit=MAX_TURNS)
        except StorageError as error:
            await transcript.notice(Notice("warning", f"Answered without this thread's history. {error}"))
            return ()

    @asynccontextmanager
    async def _deadline(self, pending: _Pending) -> AsyncGenerator[None, None]:
        """Raises TimeoutError inside when the time is up, or when a stop came."""
        try:
            async with asyncio.timeout(0 if pending.stopped else self._parts.turn_deadline_s) as pending.limit:
                yield
        finally:
            pending.limit = None

    def _cut_short(self, pending: _Pending, transcript: Transcript) -> Notice:
        found = "What was found until then stands above." if transcript.results or transcript.answer else ""
        if pending.stopped:
            return Notice("warning", f"Stopped. {found}".strip())
        return Notice("error", f"No whole answer within {self._parts.turn_deadline_s:g} s. {found}".strip())


@asynccontextmanager
async def open_manager(parts: Parts) -> AsyncGenerator[Manager, None]:
    """A manager whose turns live inside this block. What the block raises comes out as it is, not in a group."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        manager = Manager(parts, tasks)
        try:
            yield manager
        except Exception as error:  # noqa: BLE001 - raised again below
            failure = error
        finally:
            manager.close()
    if failure:
        raise failure
