"""`SqlThreadStore`: the port's methods as transactions. `open_store` makes it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Delete, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audit import AuditEntry
from bot.domain.errors import StorageError
from bot.domain.message import Channel, MessageId, Reply, ThreadKey, TurnId, Verdict
from bot.domain.ports import Check
from bot.domain.stores import Begun, Claim, Spent, Standing, WorkerId
from bot.domain.turn import Memory, ToolResult, Turn
from bot.storage.alerts import SqlAlertBook
from bot.storage.database import Database
from bot.storage.lease_statements import CLOSE, TAKE_NEXT
from bot.storage.leases import SqlLeases, claims_of
from bot.storage.reading import readable
from bot.storage.rows import (
    Values,
    audit_values,
    begin_values,
    channel_text,
    end_values,
    key_values,
    memory_values,
    opening_values,
    place_values,
    result_values,
    spending_values,
    storable,
    to_memory,
    to_turn,
)
from bot.storage.statements import (
    ADD_AUDIT,
    ADD_RESULTS,
    ANY_TURN,
    BEHIND_ALL,
    END_TURN,
    EXPIRE,
    EXPIRE_ALERTS,
    EXPIRE_AUDIT,
    EXPIRE_MEMORIES,
    EXPIRE_SPENDING,
    EXPIRE_THREADS,
    FORGET,
    FORGET_RESULTS,
    HELD,
    HUSH,
    MEMORY,
    NEWEST_ENDED,
    NTH_ASKED_BY,
    NTH_ASKED_IN,
    NUMBERED,
    REMEMBER,
    SPENT,
    STANDING,
    THE_TURN,
    new_turn,
    next_position,
    rating,
    spend,
)

PORTION = 250
"""Turns that are read at once: about 20 ms, in which neither the event loop nor the database serves anybody else."""


class SqlThreadStore:
    """A `ThreadStore` in a database, with the `Leases` on its turns. `notices` are what people should be told of it."""

    def __init__(self, database: Database, *, notices: tuple[str, ...] = ()) -> None:
        self._database = database
        self.leases = SqlLeases(database)
        self.alerts = SqlAlertBook(database)
        self.notices = notices

    @property
    def shared(self) -> bool:
        return self._database.dialect != "sqlite"

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        key, dialect = key_values(turn.message.key), self._database.dialect

        async def work(connection: AsyncConnection) -> Begun:
            await connection.execute(next_position(dialect), {**key, **opening_values(turn.message)})
            row = (await connection.execute(new_turn(dialect), {**key, **begin_values(turn), "worker": worker})).first()
            if row is None:
                return "repeated"
            return "waiting" if row.owner is None else "owned"

        return await self._database.transaction("storing a message in", work)

    async def keep(self, turn: TurnId, results: Sequence[ToolResult], *, first: int) -> None:
        async def work(connection: AsyncConnection) -> None:
            await _add_results(connection, turn, results, first)

        await self._database.transaction("storing results in", work)

    async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:
        values = end_values(turn, reply)

        async def work(connection: AsyncConnection) -> bool:
            if not (await connection.execute(END_TURN, {**values, "worker": worker})).rowcount:
                return False
            await _add_results(connection, turn.id, turn.results[kept:], kept)
            if turn.usage.total:
                spent = spending_values(turn, values["finished_at"])
                await connection.execute(spend(self._database.dialect), spent)
            return True

        return await self._database.transaction("storing an answer in", work)

    async def close(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        closing = {"turn_id": storable(turn), "worker": worker, "closed_at": datetime.now(UTC)}

        async def work(connection: AsyncConnection) -> Claim | None:
            await connection.execute(CLOSE, closing)
            rows = (await connection.execute(TAKE_NEXT, {"turn_id": storable(turn), "worker": worker})).all()
            return next(iter(await claims_of(connection, rows)), None)

        return await self._database.transaction("closing a turn in", work)

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]:
        found: list[Turn] = []
        before = BEHIND_ALL
        while limit > 0 and before:
            values = {**key_values(key), "limit": min(limit, PORTION), "after": after, "before": before}
            turns, before = await self._newest(values, whole)
            found += turns
            limit, whole = limit - PORTION, max(0, whole - PORTION)
        return tuple(reversed(found))

    async def turn(self, turn: TurnId) -> Turn | None:
        return await self._one(THE_TURN, {"turn_id": storable(turn)})

    async def numbered(self, key: ThreadKey, number: int) -> Turn | None:
        return await self._one(NUMBERED, {**key_values(key), "number": max(0, min(number, BEHIND_ALL))})

    async def memory(self, key: ThreadKey) -> Memory:
        rows = await self._database.rows("reading a thread from", MEMORY, key_values(key))
        return next(map(to_memory, rows), Memory())

    async def remember(self, key: ThreadKey, memory: Memory) -> None:
        values = memory_values(memory) | place_values(key)
        await self._database.change("storing a summary in", REMEMBER, values)

    async def forget(self, key: ThreadKey) -> int:
        values = memory_values(Memory()) | place_values(key)

        async def work(connection: AsyncConnection) -> int:
            await connection.execute(REMEMBER, values)
            return await _deleted(connection, FORGET, key_values(key))

        return await self._database.transaction("deleting a thread from", work)

    async def expire(self, before: datetime) -> int:
        async def work(connection: AsyncConnection) -> int:
            count = await _deleted(connection, EXPIRE, {"before": before})
            await connection.execute(EXPIRE_MEMORIES, {"before": before})
            await connection.execute(EXPIRE_ALERTS, {"before": before})
            await connection.execute(EXPIRE_SPENDING, {"first_day": before.date().isoformat()})
            await connection.execute(EXPIRE_AUDIT, {"before": before})
            await connection.execute(EXPIRE_THREADS)
            return count

        return await self._database.transaction("deleting old turns from", work)

    async def spent(self, day: date, author: str) -> Spent:
        values = {"day": day.isoformat(), "author": storable(author)}
        (row,) = await self._database.rows("reading what was spent from", SPENT, values)
        return Spent(row.of_all, row.of_author)

    async def nth_newest(
        self, nth: int, *, since: datetime, author: str = "", channel: Channel | None = None
    ) -> datetime | None:
        whose = channel_text(channel) if channel else storable(author)
        values = {"whose": whose, "since": since, "skip": nth - 1}
        statement = NTH_ASKED_IN if channel else NTH_ASKED_BY
        rows = await self._database.rows("counting questions in", statement, values)
        return next((row.started_at for row in rows), None)

    async def holds(self, key: ThreadKey, message: MessageId) -> bool:
        values = {**key_values(key), "message": storable(message)}
        return bool(await self._database.rows("reading a thread from", HELD, values))

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        values = list(map(audit_values, entries))

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(ADD_AUDIT, values)

        await self._database.transaction("auditing in", work)

    async def _newest(self, values: Values, whole: int) -> tuple[list[Turn], int]:
        """A portion of turns, the newest first, and the position before which the next one ends; 0: there is none."""

        async def work(connection: AsyncConnection) -> tuple[list[Turn], int]:
            rows = (await connection.execute(NEWEST_ENDED, values)).all()
            turns, _ = await readable(connection, rows, to_turn, whole=[row.id for row in rows[:whole]])
            return turns, rows[-1].position if len(rows) == values["limit"] else 0

        return await self._database.transaction("reading the history from", work)

    async def _one(self, statement: Select[Any], values: Values) -> Turn | None:
        async def work(connection: AsyncConnection) -> Turn | None:
            rows = (await connection.execute(statement, values)).all()
            turns, _ = await readable(connection, rows, to_turn, whole=[row.id for row in rows])
            return turns[0] if turns else None

        return await self._database.transaction("reading a turn from", work)

    async def rate(self, turn: TurnId, verdict: Verdict, *, by: str) -> None:
        values = {"turn_id": storable(turn), "author": storable(by), "verdict": verdict, "given_at": datetime.now(UTC)}
        await self._database.change("storing feedback in", rating(self._database.dialect), values)

    async def standing(self, key: ThreadKey) -> Standing | None:
        rows = await self._database.rows("reading a thread from", STANDING, key_values(key))
        return next((Standing(**row._asdict()) for row in rows), None)

    async def hush(self, key: ThreadKey, *, quiet: bool) -> bool:
        values = {"hushed": quiet} | place_values(key)
        return bool(await self._database.change("storing a choice in", HUSH, values))

    async def check(self) -> Check:
        try:
            await self._database.rows("reading", ANY_TURN, {})
        except StorageError as error:
            return Check.of("storage", error)
        if self.notices:
            return Check("storage", "warning", " ".join(self.notices), finding="database-renewed")
        return Check("storage", "ok", self._database.place)


async def _deleted(connection: AsyncConnection, statements: Sequence[Delete], values: Values) -> int:
    """How many rows the last one deleted."""
    return [(await connection.execute(statement, values)).rowcount for statement in statements][-1]


async def _add_results(connection: AsyncConnection, turn: TurnId, results: Sequence[ToolResult], first: int) -> None:
    """The first ones replace what an attempt that was cut off had brought."""
    if first == 0:
        await connection.execute(FORGET_RESULTS, {"of_turn": storable(turn)})
    if results:
        await connection.execute(ADD_RESULTS, result_values(turn, results, first=first))
