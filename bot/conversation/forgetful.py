"""Threads without a database: what is said is known until the process ends. For when the database cannot be opened."""

from collections import defaultdict, deque

from bot.conversation.window import MAX_TURNS
from bot.domain.errors import StorageError
from bot.domain.message import MessageId, ThreadKey
from bot.domain.ports import Check
from bot.domain.turn import Turn


class ForgetfulStore:
    """A `ThreadStore` in memory that keeps the newest turns of each thread. `reason` is why there is no database."""

    def __init__(self, reason: StorageError) -> None:
        self._reason = reason
        self._seen: set[tuple[ThreadKey, MessageId]] = set()
        self._ended: defaultdict[ThreadKey, deque[Turn]] = defaultdict(lambda: deque(maxlen=MAX_TURNS))

    async def begin(self, turn: Turn) -> bool:
        known = (turn.message.key, turn.message.id)
        is_new = known not in self._seen
        self._seen.add(known)
        return is_new

    async def finish(self, turn: Turn) -> None:
        self._ended[turn.message.key].append(turn)

    async def history(self, key: ThreadKey, *, limit: int) -> tuple[Turn, ...]:
        turns = tuple(self._ended[key])
        return turns[max(0, len(turns) - limit) :]

    async def check(self) -> Check:
        detail = f"nothing said here is kept: {self._reason.asked}: {self._reason.got}"
        return Check("storage", "fault", detail, self._reason.remedy)
