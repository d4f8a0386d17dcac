"""One try of this process to answer a turn: its deadline, what interrupts it, and a sentence for whatever goes wrong.

The manager makes one for each claim. It knows neither queues nor who else works on the turn.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from bot.conversation.answering import Answering
from bot.conversation.house import House
from bot.conversation.prompt import VERSION
from bot.conversation.thread import Thread
from bot.conversation.transcript import Transcript
from bot.conversation.visible import visible_results
from bot.conversation.visit import Visit
from bot.domain.errors import Bug, NetspyError, NotPermitted, StorageError
from bot.domain.message import Notice, TurnId
from bot.domain.ports import Files, Outlet
from bot.domain.stores import Claim, Wish
from bot.domain.turn import ToolResult, Turn, TurnState

log = logging.getLogger("netspy.conversation")

MAX_ATTEMPTS = 3
"""A question that has brought down as many processes is not tried again."""

Interruption: TypeAlias = Wish | Literal["lost"]
"""lost: another process works on the turn now."""
_WEIGHT: dict[Interruption | None, int] = {None: 0, "stop": 1, "restart": 2, "delete": 3, "lost": 4}


def ended(turn: Turn, transcript: Transcript, state: TurnState) -> Turn:
    """The turn with all that its transcript has."""
    return replace(
        turn,
        state=state,
        results=transcript.results,
        answer=transcript.answer,
        model=transcript.model,
        usage=transcript.usage,
        made=transcript.made,
    )


def _log_end(turn: Turn) -> None:
    told = {"turn": turn.id, "state": turn.state, "model": turn.model, "prompt": VERSION, "calls": len(turn.results)}
    tokens = {"input_tokens": turn.usage.input_tokens, "output_tokens": turn.usage.output_tokens}
    log.info("turn.ended", extra=told | tokens)


class KeepResults(Protocol):
    """`ThreadStore.keep`."""

    async def __call__(self, turn: TurnId, results: Sequence[ToolResult], *, first: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an attempt works with. `admit` asks the policy; it raises NotPermitted."""

    keep: KeepResults
    files: Files | None
    house: House
    admit: Callable[[], Awaitable[Visit]]


class Attempt:
    """`thread` makes the turn's thread, given where its notices go."""

    def __init__(
        self,
        claim: Claim,
        outlet: Outlet,
        *,
        means: Means,
        thread: Callable[[Callable[[Notice], Awaitable[None]]], Thread],
    ) -> None:
        self._claim = claim
        self._means = means
        self._limit: asyncio.Timeout | None = None
        self.interruption: Interruption | None = claim.wish
        self.visit: Visit | None = None
        """None until the policy has let the turn in."""
        self.transcript = Transcript(outlet, keep=self._keep, made=frozenset())
        self._thread = thread(self.transcript.notice)

    def interrupt(self, why: Interruption) -> None:
        """End the work now. What weighs more than what was wished before takes its place."""
        if _WEIGHT[why] > _WEIGHT[self.interruption]:
            self.interruption = why
        if self._limit and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def run(self, answering: Answering, *, within_s: float) -> Turn:
        """Do the work and return the turn as it ended. Whatever happens, the transcript says it."""
        state = await (self._give_up() if self._claim.attempt > MAX_ATTEMPTS else self._work(answering, within_s))
        turn = ended(self._claim.turn, self.transcript, state)
        _log_end(turn)
        return turn

    async def _work(self, answering: Answering, within_s: float) -> TurnState:
        """Raises nothing but cancellation."""
        if self.interruption:
            return await self._cut_short(within_s)
        deadline = asyncio.get_running_loop().time() + within_s
        transcript = self.transcript
        try:
            async with asyncio.timeout_at(deadline) as limit:
                self._limit = limit
                try:
                    await self._do(answering, deadline)
                finally:
                    self._limit = None  # while it is still open: a finished one cannot be moved
        except TimeoutError as error:
            if limit.expired():
                return await self._cut_short(within_s)
            return await self._broke(error)
        except NetspyError as error:
            await transcript.notice(Notice("error", str(error)))
            return "failed"
        except Exception as error:  # noqa: BLE001 - the boundary of one message: it is logged and told
            return await self._broke(error)
        return "answered"

    async def _do(self, answering: Answering, deadline: float) -> None:
        turn, means, transcript = self._claim.turn, self._means, self.transcript
        visit = self.visit = await means.admit()
        transcript.made = visit.made
        if (known := await means.house.answer(turn.message, visit.permit.scope)) is not None:
            await transcript.prose(known)
            return
        turn = replace(turn, results=visible_results(turn.results, visit.made))
        thread = self._thread.seen_under(visit.made)
        await answering.work(turn, thread, transcript, visit=visit, files=means.files, deadline=deadline)

    async def _broke(self, error: Exception) -> TurnState:
        turn = self._claim.turn.id
        log.error("turn.failed", extra={"turn": turn}, exc_info=error)
        bug = Bug("answering this", "something in netspy is wrong", f"its log has the cause under {turn}")
        await self.transcript.notice(Notice("error", str(bug)))
        return "failed"

    async def _cut_short(self, within_s: float) -> TurnState:
        transcript = self.transcript
        found = "What was found until then stands above." if transcript.results or transcript.answer else ""
        match self.interruption:
            case None:
                await transcript.notice(Notice("error", f"No whole answer within {within_s:g} s. {found}".strip()))
                return "failed"
            case "delete":
                if transcript.reply(self._claim.turn.id).blocks:
                    await transcript.notice(Notice("warning", "Stopped, because the question was deleted."))
                return "deleted"
            case _:
                await transcript.notice(Notice("warning", f"Stopped. {found}".strip()))
                return "stopped"

    async def _give_up(self) -> TurnState:
        try:
            self.transcript.made = (await self._means.admit()).made
        except NotPermitted as error:
            await self.transcript.notice(Notice("error", str(error)))
            return "failed"
        for result in visible_results(self._claim.turn.results, self.transcript.made):
            await self.transcript.result(result)
        log.error("turn.given_up", extra={"turn": self._claim.turn.id, "attempts": self._claim.attempt - 1})
        told = f"netspy ended {MAX_ATTEMPTS} times while it answered this, and does not try again"
        bug = Bug("answering this", told, "ask in another way; whoever runs netspy finds the cause in its log")
        await self.transcript.notice(Notice("error", str(bug)))
        return "failed"

    async def _keep(self, results: Sequence[ToolResult], first: int) -> bool:
        """What cannot be stored just now is stored with the turn's end."""
        try:
            await self._means.keep(self._claim.turn.id, results, first=first)
        except StorageError as error:
            log.warning("turn.results_not_kept", extra={"turn": self._claim.turn.id, "cause": str(error)})
            return False
        return True
