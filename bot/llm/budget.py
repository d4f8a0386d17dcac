"""Daily budgets of tokens: when one is spent, the planner answers until the next day in UTC begins.

A wrapper around the whole chain of models. It knows what was spent by its `Ledger`, and nothing of how that is kept.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.domain.errors import StorageError
from bot.domain.ports import ChatModel
from bot.domain.stores import Ledger
from bot.domain.turn import Completion, ModelEvent, ModelRequest, Usage
from bot.llm.estimating import estimated
from bot.llm.wrapping import Wrapper, joined

log = logging.getLogger("netspy.llm")

TOLD_FROM = 0.8
"""The part of a budget from which on people are told how much is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Tokens a day, of all people together and of each of them; None: as many as they like."""

    of_all: int | None = None
    of_author: int | None = None

    def __bool__(self) -> bool:
        return self.of_all is not None or self.of_author is not None


@dataclass(frozen=True, slots=True)
class Account:
    """One budget, and what is spent of it today."""

    whose: str
    limit: int
    used: int

    @property
    def part(self) -> float:
        return self.used / self.limit

    @property
    def over(self) -> str:
        """That the planner answers since all is spent."""
        spent = f"{self.whose} tokens for today are spent ({self.used:,} of {self.limit:,})"
        return f"{spent[0].upper()}{spent[1:]}: the planner answered; they begin anew at 00:00 UTC"

    @property
    def near(self) -> str:
        """How much is spent."""
        after = "the planner answers" if self.part >= 1 else "once all are, the planner answers"
        spent = f"{int(self.part * 100)} % of {self.whose} tokens for today are spent ({self.used:,} of {self.limit:,})"
        return f"{spent}; {after} until 00:00 UTC"


def utc_now() -> datetime:
    return datetime.now(UTC)


class BudgetModel(Wrapper):
    """Asks `model` while there are tokens left, and from then on `planner`, which also ends the turns that it began.

    What runs at this moment counts as it ends, so that turns which run at once may overdraw a budget by what they use.
    A ledger that fails is no reason not to answer.
    """

    def __init__(
        self,
        model: ChatModel,
        planner: ChatModel,
        *,
        ledger: Ledger,
        budgets: Budgets,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(model)
        self._planner, self._ledger, self._budgets, self._clock = planner, ledger, budgets, clock

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        why = self._begun(request)
        accounts = await self._accounts(request) if why is None else ()
        why = next((account.over for account in accounts if account.part >= 1), why)
        model = self._model if why is None else self._planner
        async with aclosing(model.answer(request)) as events:
            async for event in events:
                if not isinstance(event, Completion):
                    yield event
                elif why is None:
                    yield self._told(self._counted(event, request), accounts, request)
                else:
                    yield replace(event, notice=joined(why, event.notice))

    def _begun(self, request: ModelRequest) -> str | None:
        """What the planner said when it began to answer this turn; None when it did not."""
        rounds = (past.completion for past in request.rounds)
        return next((said.notice for said in rounds if said.model == self._planner.name), None)

    async def _accounts(self, request: ModelRequest) -> tuple[Account, ...]:
        """The budgets that this request draws on, this turn's earlier rounds included."""
        try:
            spent = await self._ledger.spent(self._clock().astimezone(UTC).date(), request.author)
        except StorageError as error:
            log.warning("budget.unknown", extra={"cause": str(error)})
            return ()
        here, budgets = self._used(request), self._budgets
        drawn = [("netspy's", budgets.of_all, spent.of_all)]
        if request.author:
            drawn.append(("your", budgets.of_author, spent.of_author))
        return tuple(Account(whose, limit, used + here) for whose, limit, used in drawn if limit is not None)

    def _used(self, request: ModelRequest) -> int:
        """Tokens of this turn so far."""
        return sum(
            (self._usage(past.completion, replace(request, rounds=request.rounds[:number])) or Usage()).total
            for number, past in enumerate(request.rounds)
        )

    def _counted(self, completion: Completion, request: ModelRequest) -> Completion:
        """With an estimate where the server tells no usage: what nobody counts would be spent without end."""
        return replace(completion, usage=self._usage(completion, request))

    def _usage(self, completion: Completion, request: ModelRequest) -> Usage | None:
        """What a round cost; `request` is what it was asked. netspy itself and the planner cost nothing."""
        if completion.usage or completion.model in {"", self._planner.name}:
            return completion.usage
        return estimated(request, completion)

    def _told(self, completion: Completion, accounts: tuple[Account, ...], request: ModelRequest) -> Completion:
        """With how much is spent, at the end of an answer by a language model that leaves little."""
        if completion.calls or request.task != "answer" or completion.model == self._planner.name or not accounts:
            return completion
        cost = (completion.usage or Usage()).total
        fullest = max((replace(each, used=each.used + cost) for each in accounts), key=lambda each: each.part)
        near = fullest.near if fullest.part >= TOLD_FROM else ""
        return replace(completion, notice=joined(completion.notice, near))
