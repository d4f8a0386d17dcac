"""Threads without a database: what is said is known until the process ends. For when the database cannot be opened."""

from bot.domain.errors import StorageError
from bot.domain.message import MessageId, ThreadKey
from bot.domain.ports import Check
from bot.domain.turn import Turn

MAX_TURNS_KEPT = 1000
"""Of all threads together; the oldest go first."""


class ForgetfulStore:
    """A `ThreadStore` in memory. `reason` is why there is no database."""

    def __init__(self, reason: StorageError) -> None:
        self._reason = reason
        self._turns: dict[tuple[ThreadKey, MessageId], Turn] = {}

    async def begin(self, turn: Turn) -> bool:
        place = (turn.message.key, turn.message.id)
        if place in self._turns:
            return False
        self._turns[place] = turn
        if len(self._turns) > MAX_TURNS_KEPT:
            del self._turns[next(iter(self._turns))]
        return True

    async def finish(self, turn: Turn) -> None:
        place = (turn.message.key, turn.message.id)
        if place in self._turns:
            self._turns[place] = turn

    async def history(self, key: ThreadKey, *, limit: int) -> tuple[Turn, ...]:
        ended = [turn for (of, _), turn in self._turns.items() if of == key and turn.state != "running"]
        return tuple(ended[max(0, len(ended) - limit) :])

    async def check(self) -> Check:
        detail = f"nothing said here is kept: {self._reason.asked}: {self._reason.got}"
        return Check("storage", "fault", detail, self._reason.remedy)
