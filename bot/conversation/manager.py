"""The desk: takes messages, keeps each thread's order, and sees that every message gets exactly one answer.

It knows order, leases and deadlines; what an answer is made of is `answering.py`. It knows no platform and no SDK.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from uuid import uuid4

from bot.conversation import builtin
from bot.conversation.actions import Actions
from bot.conversation.gate import Gate
from bot.conversation.house import House
from bot.conversation.intake import Intake
from bot.conversation.lookout import Lookout
from bot.conversation.manners import EXCUSE, Heed, heed
from bot.conversation.pacing import Pace
from bot.conversation.parts import Parts
from bot.conversation.reception import Reception
from bot.conversation.retention import expire
from bot.conversation.sending import send, stored
from bot.conversation.serving import WAITING, Service
from bot.conversation.visit import check_command
from bot.domain.command_help import CommandHelp
from bot.domain.correlation import about
from bot.domain.errors import NetspyError, NotPermitted, PlatformError, StorageError
from bot.domain.message import Author, Channel, Delete, Edit, Message, Notice, Press, Reply, ThreadKey, TurnId
from bot.domain.network import Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, GroupField
from bot.domain.stores import Begun, Claim, ThreadStore, WorkerId
from bot.domain.turn import Turn

log = logging.getLogger("netspy.conversation")

COMPLETION_WINDOW_S = 3600.0
STOPPING_S = 3.0
"""For answers that were stopped since netspy ends, to say what was found."""
_COMPLETED: dict[str, GroupField] = {
    "process_name": "process",
    "pid": "pid",
    "node": "node",
    "pod": "pod",
    "namespace": "namespace",
}
"""Arguments whose values are known from what was seen, by the field that has them."""


class Manager:
    """The `Desk`. Made by `open_manager`."""

    def __init__(self, parts: Parts, tasks: asyncio.TaskGroup) -> None:
        self._parts = parts
        self._tasks = tasks
        self._worker = WorkerId(uuid4().hex)
        loop = parts.answering.loop
        self._house = House(sources=parts.sources, model=loop.model, store=parts.store, host=loop.host)
        self._gate = Gate(parts.policy, parts.directory)
        self._pace = Pace(parts.policy, parts.clock)
        self._reception = Reception(parts, self._gate)
        self._service = Service(parts, self._worker, self._house, self._reception)
        self._working: set[TurnId] = set()
        self._unstored: set[TurnId] = set()
        self._turns: set[asyncio.Task[None]] = set()
        self._ends = False
        self._intake = Intake()
        self._lookout = Lookout(
            store=parts.store,
            leases=parts.leases,
            worker=self._worker,
            lease_s=parts.lease_s,
            working=lambda: self._working,
            interrupt=self._service.interrupt,
            take=self._take,
        )
        self._actions = Actions(
            store=parts.store,
            leases=parts.leases,
            tools=parts.answering.tools,
            interrupt=self._service.interrupt,
            handle=self.handle,
            clock=parts.clock,
            reception=self._reception,
        )
        self._jobs = {tasks.create_task(self._lookout.run())}
        if parts.retention_days is not None:
            self._spawn(expire(parts.store, days=parts.retention_days, clock=parts.clock))

    async def handle(self, message: Message) -> None:
        async with self._intake:
            if not await self._reception.lets_in(message):
                return
            match await self._heed(message):
                case "answer":
                    turn = Turn(TurnId(uuid4().hex), message, self._parts.clock())
                    with about(turn.id):
                        await self._begin(turn)
                case "excuse":
                    self._spawn(self._excuse(message))

    async def _heed(self, message: Message) -> Heed:
        store = self._parts.store
        try:
            return await heed(message, store, self._parts.thread_replies)
        except StorageError as error:
            if store.shared:
                raise
            return await heed(message, self._service.without_database(error), self._parts.thread_replies)

    async def _begin(self, turn: Turn) -> None:
        message = turn.message
        store: ThreadStore = self._parts.store
        try:
            begun = await self._stored(turn, store)
        except StorageError as error:
            if store.shared and message.key.platform in self._lookout.platforms:
                raise
            store = self._service.without_database(error)
            begun = await self._stored(turn, store)
        match begun:
            case "repeated":
                log.info("message.repeated", extra={"key": message.key, "message_id": message.id})
            case "waiting":
                self._spawn(self._tell_waiting(turn))
            case "owned":
                self._serve(Claim(turn), store, waited=False)

    async def _stored(self, turn: Turn, store: ThreadStore) -> Begun:
        """Raises: StorageError, NotPermitted for what comes too often."""
        try:
            async with self._pace.kept(turn.message, store):
                return await store.begin(turn, worker=self._worker)
        except NotPermitted as error:
            self._reception.refused(turn.message, error)
            raise

    async def act(self, press: Press) -> Reply:
        action = press.action
        with about("" if isinstance(action, Edit | Delete) else action.turn):
            return await self._actions.act(press)

    async def adopt(self, platform: str) -> None:
        if not self._ends:
            self._lookout.platforms.add(platform)
            self._lookout.begin()

    async def resume(self, key: ThreadKey) -> Message | None:
        try:
            claim = await self._parts.leases.take_over(self._worker, key)
        except StorageError as error:
            log.warning("resume.failed", extra={"key": key, "cause": str(error)})
            return None
        if claim is None:
            return None
        self._take(claim)
        return claim.turn.message

    async def commands(self) -> tuple[CommandHelp, ...]:
        return (*map(builtin.help_of, self._parts.answering.tools), *builtin.COMMANDS)

    async def complete(self, argument: str, prefix: str, *, by: Author, channel: Channel) -> tuple[str, ...]:
        if argument not in _COMPLETED:
            return ()
        window = Window.last(COMPLETION_WINDOW_S, self._parts.clock())
        query = Aggregate(kind="connection", window=window, group_by=(_COMPLETED[argument],))
        try:
            permit = await self._gate.permit(by, channel)
            groups = await self._parts.sources(permit.scope).aggregate(query)
        except NetspyError as error:
            log.debug("complete.failed", extra={"cause": str(error)})
            return ()
        values = (str(group.key[0]) for group in groups.groups if group.key[0] is not None)
        return tuple(value for value in values if value.startswith(prefix))

    async def status(self, *, by: Author | None = None, channel: Channel | None = None) -> tuple[Check, ...]:
        if by is None or channel is None:
            return await self._house.status()
        permit = await self._gate.permit(by, channel)
        check_command(permit, "status")
        return await self._house.status(permit.scope)

    async def drain(self, within_s: float) -> int:
        """Begin no more turns, and wait for those that run. Returns how many of them still do.

        Messages are stored as before; whoever else serves their platform may answer them at once.
        """
        self._ends = True
        self._lookout.platforms.clear()
        if self._turns:
            await asyncio.wait(self._turns, timeout=within_s)
        for turn in self._unstored:
            self._service.interrupt(turn, "stop")  # nobody else could take it up
        if self._unstored:
            await asyncio.wait(self._turns, timeout=STOPPING_S)
        return len(self._turns)

    async def storage(self) -> Check:
        """How the threads' database is."""
        return await self._parts.store.check()

    async def waiting(self) -> int:
        """How many turns wait in that database. Raises: StorageError."""
        return await self._parts.leases.waiting()

    async def close(self) -> None:
        """End the turns that still run, and let them go: who serves their threads next takes them up at once."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        with suppress(StorageError):
            await self._parts.leases.release(self._worker)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        job = self._tasks.create_task(self._guarded(work))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """What breaks with one message leaves all others alone."""
        try:
            await work
        except Exception:
            log.exception("desk.broke")

    async def _tell_waiting(self, turn: Turn) -> None:
        with suppress(PlatformError):
            await self._parts.outlet(turn.id, turn.message.reply_to).step(WAITING)

    async def _excuse(self, message: Message) -> None:
        turn = TurnId(uuid4().hex)
        await send(self._parts.outlet(turn, message.reply_to), Reply(turn, (Notice("info", EXCUSE),)))

    def _take(self, claim: Claim) -> None:
        self._serve(claim, self._parts.store, waited=True)

    def _serve(self, claim: Claim, store: ThreadStore, *, waited: bool) -> None:
        job = self._spawn(self._work(claim, store, waited=waited))
        self._turns.add(job)
        job.add_done_callback(self._turns.discard)

    async def _work(self, claim: Claim, store: ThreadStore, *, waited: bool) -> None:
        """Work on a turn that this worker owns, and then on those that follow in its thread."""
        await self._intake.over()
        following: Claim | None = claim
        while following:
            turn, is_stored = following.turn.id, store is self._parts.store
            if self._ends and is_stored:
                with suppress(StorageError):
                    await self._parts.leases.hand_over(turn, worker=self._worker)
                return
            at_work = self._working if is_stored else self._unstored
            at_work.add(turn)
            if is_stored:
                self._lookout.begin()
            try:
                with about(turn):
                    following = await self._answer(following, store, waited=waited)
            finally:
                at_work.discard(turn)
            waited = True

    async def _answer(self, claim: Claim, store: ThreadStore, *, waited: bool) -> Claim | None:
        """Answer one turn, or log what broke. Returns what to work on next."""
        try:
            return await self._service.serve(claim, store, waited=waited)
        except Exception:
            log.exception("turn.failed", extra={"turn": claim.turn.id})
            return await stored(partial(store.close, claim.turn.id, worker=self._worker))


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
            await manager.close()
    if failure:
        raise failure
