"""Threads without a database: what is said is known until the process ends. For when the database cannot be opened."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import takewhile

from bot.conversation.forgetful_alerts import ForgetfulAlertBook
from bot.conversation.window import without_rows
from bot.domain.audit import AuditEntry
from bot.domain.errors import StorageError
from bot.domain.message import Channel, Message, MessageId, Reply, ThreadKey, TurnId, Verdict
from bot.domain.ports import Check
from bot.domain.stores import Begun, Claim, Spent, Standing, View, Wish, WorkerId
from bot.domain.turn import Memory, ToolResult, Turn, author_of

MAX_TURNS_KEPT = 1000
"""Closed ones, of all threads together; the oldest go first."""
MAX_AUDITED = 10_000


@dataclass(slots=True)
class _Entry:
    turn: Turn
    owner: WorkerId | None = None
    attempts: int = 0
    wish: Wish | None = None
    reply: Reply | None = None
    open: bool = True

    def taken(self, worker: WorkerId) -> Claim:
        self.owner, self.attempts = worker, self.attempts + 1
        self.wish = None if self.wish == "restart" else self.wish
        return self.claim()

    def claim(self) -> Claim:
        return Claim(self.turn, self.attempts, self.reply, self.wish)


class ForgetfulStore:
    """A `ThreadStore` and its `Leases` in memory, for one process. `reason` is why there is no database."""

    def __init__(self, reason: StorageError) -> None:
        self.reason = reason
        self.alerts = ForgetfulAlertBook()
        self._entries: dict[TurnId, _Entry] = {}
        self._messages: dict[tuple[ThreadKey, MessageId], TurnId] = {}
        self._beats: dict[WorkerId, int] = {}
        self._verdicts: dict[tuple[TurnId, str], Verdict] = {}
        self._quiet: set[ThreadKey] = set()
        self._memories: dict[ThreadKey, Memory] = {}
        self._last_numbers: dict[ThreadKey, int] = {}
        self._spent: dict[tuple[date, str], int] = {}
        self.audited: deque[AuditEntry] = deque(maxlen=MAX_AUDITED)

    @property
    def shared(self) -> bool:
        return False

    @property
    def leases(self) -> "ForgetfulStore":
        return self

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        place = (turn.message.key, turn.message.id)
        if place in self._messages:
            return "repeated"
        self._messages[place] = turn.id
        waits = self._first_open(turn.message.key) is not None
        number = self._last_numbers[turn.message.key] = self._last_numbers.get(turn.message.key, 0) + 1
        entry = self._entries[turn.id] = _Entry(replace(turn, number=number))
        self._forget_oldest()
        if waits:
            return "waiting"
        entry.taken(worker)
        return "owned"

    async def keep(self, turn: TurnId, results: Sequence[ToolResult], *, first: int) -> None:
        entry = self._entries[turn]
        entry.turn = replace(entry.turn, results=(*entry.turn.results[:first], *results))

    async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:  # noqa: ARG002 (all of them are in memory anyway)
        entry = self._entries.get(turn.id)
        if entry is None or not entry.open or entry.owner != worker or entry.wish == "restart":
            return False
        entry.turn, entry.reply = replace(turn, number=entry.turn.number), reply
        if turn.usage.total:
            place = (datetime.now(UTC).date(), author_of(turn.message))
            self._spent[place] = self._spent.get(place, 0) + turn.usage.total
        return True

    async def close(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        entry = self._entries[turn]
        if entry.owner == worker:
            entry.open, entry.reply, entry.wish = False, None, None
        following = self._first_open(entry.turn.message.key)
        return following.taken(worker) if following and following.owner is None else None

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]:
        entries = [entry for entry in self._entries.values() if entry.turn.message.key == key]
        closed = takewhile(lambda entry: not entry.open, entries)
        ended = [entry.turn for entry in closed if _has_ended(entry.turn) and entry.turn.number > after]
        newest = ended[max(0, len(ended) - limit) :]
        few = max(0, len(newest) - whole)
        return (*map(without_rows, newest[:few]), *newest[few:])

    async def turn(self, turn: TurnId) -> Turn | None:
        entry = self._entries.get(turn)
        return entry.turn if entry else None

    async def numbered(self, key: ThreadKey, number: int) -> Turn | None:
        turns = (entry.turn for entry in self._entries.values() if entry.turn.message.key == key)
        return next((turn for turn in turns if turn.number == number and _has_ended(turn)), None)

    async def memory(self, key: ThreadKey) -> Memory:
        return self._memories.get(key, Memory())

    async def remember(self, key: ThreadKey, memory: Memory) -> None:
        if await self.standing(key) is not None:
            self._memories[key] = memory

    async def forget(self, key: ThreadKey) -> int:
        self._memories.pop(key, None)
        return self._delete([turn for turn in self._closed() if turn.message.key == key])

    async def expire(self, before: datetime) -> int:
        made_of_old = [key for key, memory in self._memories.items() if memory.since and memory.since < before]
        for key in made_of_old:
            self._memories[key] = Memory(told=self._memories[key].told)
        for place in [place for place in self._spent if place[0] < before.date()]:
            del self._spent[place]
        self.audited = deque((entry for entry in self.audited if entry.time >= before), MAX_AUDITED)
        return self._delete([turn for turn in self._closed() if turn.started_at < before])

    async def spent(self, day: date, author: str) -> Spent:
        of_day = {by: tokens for (when, by), tokens in self._spent.items() if when == day}
        return Spent(sum(of_day.values()), of_day.get(author, 0))

    async def nth_newest(
        self, nth: int, *, since: datetime, author: str = "", channel: Channel | None = None
    ) -> datetime | None:
        def is_whose(message: Message) -> bool:
            return message.channel == channel if channel else author_of(message) == author

        turns = (entry.turn for entry in self._entries.values())
        began = sorted(turn.started_at for turn in turns if turn.started_at > since and is_whose(turn.message))
        return began[-nth] if len(began) >= nth else None

    async def holds(self, key: ThreadKey, message: MessageId) -> bool:
        return (key, message) in self._messages

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        self.audited.extend(entries)

    async def rate(self, turn: TurnId, verdict: Verdict, *, by: str) -> None:
        self._verdicts[turn, by] = verdict

    async def standing(self, key: ThreadKey) -> Standing | None:
        messages = [message for entry in self._entries.values() if (message := entry.turn.message).key == key]
        if not messages:
            return None
        people = list(dict.fromkeys(message.author.id for message in messages if message.author.kind != "service"))
        return Standing(messages[0].opens, people[0] if people else "", len(people) > 1, key in self._quiet)

    async def hush(self, key: ThreadKey, *, quiet: bool) -> bool:
        if await self.standing(key) is None or (key in self._quiet) == quiet:
            return False
        self._quiet ^= {key}
        return True

    async def check(self) -> Check:
        detail = f"nothing said here is kept: {self.reason.asked}: {self.reason.got}"
        return Check("storage", "fault", detail, self.reason.remedy, self.reason.finding)

    async def beat(self, worker: WorkerId) -> None:
        self._beats[worker] = self._beats.get(worker, 0) + 1

    async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
        running = [entry for entry in self._entries.values() if entry.open]
        own = {entry.turn.id: entry.wish for entry in running if entry.owner == worker}
        there = [entry for entry in running if entry.turn.message.key.platform in platforms]
        others = {entry.owner: self._beats.get(entry.owner, 0) for entry in there if entry.owner not in {None, worker}}
        return View(own, {owner: beat for owner, beat in others.items() if owner}, free=any(self._free(platforms)))

    async def claim(self, worker: WorkerId, platforms: Collection[str], *, limit: int) -> tuple[Claim, ...]:
        return tuple(entry.taken(worker) for entry in list(self._free(platforms))[:limit])

    async def waiting(self) -> int:
        return sum(entry.open and entry.owner is None for entry in self._entries.values())

    async def take_over(self, worker: WorkerId, key: ThreadKey) -> Claim | None:
        entry = self._first_open(key)
        return entry.taken(worker) if entry else None

    async def bury(self, dead: WorkerId, *, beat: int) -> int:
        if self._beats.get(dead, 0) > beat:
            return 0
        self._beats.pop(dead, None)
        freed = [entry for entry in self._entries.values() if entry.open and entry.owner == dead]
        for entry in freed:
            entry.owner = None
        return len(freed)

    async def release(self, worker: WorkerId) -> None:
        for turn in self._entries:
            await self.hand_over(turn, worker=worker)
        self._beats.pop(worker, None)

    async def hand_over(self, turn: TurnId, *, worker: WorkerId) -> None:
        entry = self._entries.get(turn)
        if entry and entry.open and entry.owner == worker:
            entry.owner, entry.attempts = None, entry.attempts - 1

    async def wish(self, turn: TurnId, wish: Wish) -> Turn | None:
        entry = self._running(turn)
        if entry:
            entry.wish = wish
        return entry.turn if entry else None

    async def edit(self, key: ThreadKey, message: MessageId, text: str) -> Turn | None:
        entry = self._running(self._messages.get((key, message)))
        if entry:
            changed = replace(entry.turn.message, text=text, command=None)
            entry.turn, entry.wish = replace(entry.turn, message=changed), "restart"
        return entry.turn if entry else None

    async def delete(self, key: ThreadKey, message: MessageId) -> Turn | None:
        entry = self._running(self._messages.get((key, message)))
        if entry and entry.owner is None:
            entry.turn, entry.open = replace(entry.turn, state="deleted"), False
        elif entry:
            entry.wish = "delete"
        return entry.turn if entry else None

    async def restart(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        entry = self._running(turn)
        if entry is None or entry.owner != worker:
            return None
        entry.wish = None
        return entry.claim()

    def _running(self, turn: TurnId | None) -> _Entry | None:
        entry = self._entries.get(turn) if turn else None
        return entry if entry and entry.open and entry.turn.state == "running" else None

    def _first_open(self, key: ThreadKey) -> _Entry | None:
        return next((entry for entry in self._entries.values() if entry.open and entry.turn.message.key == key), None)

    def _free(self, platforms: Collection[str]) -> Iterator[_Entry]:
        """The first open turn of each thread there, where nobody owns it."""
        seen: set[ThreadKey] = set()
        for entry in self._entries.values():
            key = entry.turn.message.key
            if entry.open and key not in seen and key.platform in platforms:
                seen.add(key)
                if entry.owner is None:
                    yield entry

    def _forget_oldest(self) -> None:
        closed = self._closed()
        self._delete(closed[: max(0, len(closed) - MAX_TURNS_KEPT)])

    def _closed(self) -> list[Turn]:
        return [entry.turn for entry in self._entries.values() if not entry.open]

    def _delete(self, turns: Sequence[Turn]) -> int:
        for turn in turns:
            del self._entries[turn.id], self._messages[turn.message.key, turn.message.id]
        gone = {turn.id for turn in turns}
        self._verdicts = {place: verdict for place, verdict in self._verdicts.items() if place[0] not in gone}
        return len(turns)


def _has_ended(turn: Turn) -> bool:
    return turn.state not in {"running", "deleted"}
