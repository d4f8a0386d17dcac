"""One claimed turn, from its claim to its close: what is answered is recorded, then sent, then confirmed.

The manager decides which turn is next. What an answer is made of is `answering.py`; how one try goes is `attempt.py`.
"""

import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from bot.conversation.attempt import Attempt, Interruption, Means
from bot.conversation.forgetful import ForgetfulStore
from bot.conversation.house import House
from bot.conversation.parts import Parts
from bot.conversation.reception import Reception
from bot.conversation.sending import STORING_PATIENCE_S, send, stored, was_delivered
from bot.conversation.thread import Thread
from bot.conversation.transcript import Transcript
from bot.domain.errors import PlatformError, StorageError
from bot.domain.message import QUEUE_STEP, Notice, Reply, Step, TurnId
from bot.domain.observing import TurnWork, observed
from bot.domain.ports import Outlet
from bot.domain.stores import Claim, ThreadStore, WorkerId
from bot.domain.turn import Turn

log = logging.getLogger("netspy.conversation")

WAITING = Step(QUEUE_STEP, "waiting for the question before this one", "running")


class Service:
    """Answers turns that `worker` owns: those of the database, and those that could not be stored there."""

    def __init__(self, parts: Parts, worker: WorkerId, house: House, reception: Reception) -> None:
        self._parts = parts
        self._house = house
        self._reception = reception
        self._worker = worker
        self._attempts: dict[TurnId, Attempt] = {}
        self._spare: ForgetfulStore | None = None

    def interrupt(self, turn: TurnId, why: Interruption) -> bool:
        """End a turn's work. Returns whether it is at work here."""
        attempt = self._attempts.get(turn)
        if attempt:
            attempt.interrupt(why)
        return attempt is not None

    def without_database(self, error: StorageError) -> ForgetfulStore:
        """Threads in memory, for as long as the database takes nothing."""
        if self._spare is None:
            log.warning("storage.spared", extra={"cause": str(error)})
            self._spare = ForgetfulStore(error)
        self._spare.reason = error
        return self._spare

    async def serve(self, claim: Claim, store: ThreadStore, *, waited: bool) -> Claim | None:
        """Answer one turn. Returns what to work on next: this turn anew, or the one that follows in its thread."""
        turn = claim.turn
        outlet = self._parts.outlet(turn.id, turn.message.reply_to)
        if waited:
            with suppress(PlatformError):
                await outlet.step(replace(WAITING, state="done"))
        if await self._is_answered(claim, outlet, store):
            log.info("reply.found", extra={"turn": turn.id})
            if claim.reply is None:
                answered = replace(turn, state="answered")
                await stored(self._finishing(store, answered, Reply(turn.id, ()), kept=len(turn.results)))
        elif claim.reply is not None:
            await send(outlet, claim.reply)
        elif not await self._answer(claim, outlet, store):
            return await stored(partial(self._parts.leases.restart, turn.id, worker=self._worker))
        return await stored(partial(store.close, turn.id, worker=self._worker))

    async def _is_answered(self, claim: Claim, outlet: Outlet, store: ThreadStore) -> bool:
        """Whether the reply was sent already, and only its confirmation is missing."""
        if self._spare and store is not self._spare and await self._spare.turn(claim.turn.id):
            return True  # it was stored after all, when the database said that it was not
        was_begun = claim.attempt > 1 or claim.reply is not None
        return was_begun and await was_delivered(outlet, claim.turn.id)

    async def _answer(self, claim: Claim, outlet: Outlet, store: ThreadStore) -> bool:
        """Do the work, record what is about to be sent, and send it.

        False, with nothing sent, when the question was edited meanwhile or another worker owns the turn now.
        """
        with observed(self._parts.answering.observer, TurnWork(claim.turn.id, claim.turn.message.key)) as progress:
            attempt, ended = await self._tried(claim, outlet, store)
            progress.outcome = ended.state
            if attempt.interruption in {"restart", "lost"}:
                progress.outcome = attempt.interruption
                return False
            if attempt.visit:
                attempt.visit.ended(ended)
            is_sent = await self._send(ended, attempt.transcript, outlet, store)
            if not is_sent:
                progress.outcome = "lost"
            return is_sent

    async def _tried(self, claim: Claim, outlet: Outlet, store: ThreadStore) -> tuple[Attempt, Turn]:
        """An attempt that has ended, and the turn as it did."""
        thread = partial(Thread, claim.turn.message.key, self._parts.store, self._spare)
        attempt = Attempt(claim, outlet, means=self._means(claim.turn, store), thread=thread)
        self._attempts[claim.turn.id] = attempt
        try:
            return attempt, await attempt.run(self._parts.answering, within_s=self._parts.turn_deadline_s)
        finally:
            del self._attempts[claim.turn.id]

    async def _send(self, ended: Turn, transcript: Transcript, outlet: Outlet, store: ThreadStore) -> bool:
        turn = ended.id
        if self._spare and store is self._spare:
            told = f"This answer is remembered only until netspy ends. {self._spare.reason}"
            await transcript.notice(Notice("warning", told))
        finishing = self._finishing(store, ended, transcript.reply(turn), kept=transcript.kept)
        try:
            if not await stored(finishing, patience_s=STORING_PATIENCE_S):
                return False
            await send(outlet, transcript.reply(turn))
        except StorageError as error:
            await transcript.notice(Notice("warning", f"This answer may not be remembered in the thread. {error}"))
            await send(outlet, transcript.reply(turn))
            await stored(finishing)
        return True

    def _means(self, turn: Turn, store: ThreadStore) -> Means:
        return Means(
            keep=store.keep,
            files=self._parts.files(turn.message.reply_to),
            house=self._house,
            admit=partial(self._reception.visit, turn),
        )

    def _finishing(
        self, store: ThreadStore, turn: Turn, reply: Reply, *, kept: int
    ) -> Callable[[], Coroutine[Any, Any, bool]]:
        return partial(store.finish, turn, reply, kept=kept, worker=self._worker)
