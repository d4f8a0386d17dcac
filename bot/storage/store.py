"""`SqlThreadStore`: the port's methods as transactions. `open_store` makes it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import StorageError
from bot.domain.message import Reply, ThreadKey, TurnId, Verdict
from bot.domain.ports import Begun, Check, Claim, Standing, WorkerId
from bot.domain.turn import ToolResult, Turn
from bot.storage.database import Database
from bot.storage.lease_statements import CLOSE, TAKE_NEXT
from bot.storage.leases import SqlLeases, claims_of
from bot.storage.reading import readable
from bot.storage.rows import begin_values, key_values, opening_values, reply_text, result_values, storable, to_turn
from bot.storage.statements import (
    ADD_RESULTS,
    ANY_TURN,
    END_TURN,
    FORGET_RESULTS,
    HUSH,
    NEWEST_ENDED,
    STANDING,
    THE_TURN,
    new_turn,
    next_position,
    rating,
)


class SqlThreadStore:
    """A `ThreadStore` in a database, with the `Leases` on its turns. `notices` are what people should be told of it."""

    def __init__(self, database: Database, *, notices: tuple[str, ...] = ()) -> None:
        self._database = database
        self.leases = SqlLeases(database)
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
        values = {
            "turn_id": storable(turn.id),
            "worker": worker,
            "state": turn.state,
            "answer": storable(turn.answer),
            "finished_at": datetime.now(UTC),
            "reply": reply_text(reply),
        }

        async def work(connection: AsyncConnection) -> bool:
            if not (await connection.execute(END_TURN, values)).rowcount:
                return False
            await _add_results(connection, turn.id, turn.results[kept:], kept)
            return True

        return await self._database.transaction("storing an answer in", work)

    async def close(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        closing = {"turn_id": storable(turn), "worker": worker, "closed_at": datetime.now(UTC)}

        async def work(connection: AsyncConnection) -> Claim | None:
            await connection.execute(CLOSE, closing)
            rows = (await connection.execute(TAKE_NEXT, {"turn_id": storable(turn), "worker": worker})).all()
            return next(iter(await claims_of(connection, rows)), None)

        return await self._database.transaction("closing a turn in", work)

    async def history(self, key: ThreadKey, *, limit: int, whole: int) -> tuple[Turn, ...]:
        async def work(connection: AsyncConnection) -> tuple[Turn, ...]:
            rows = (await connection.execute(NEWEST_ENDED, {**key_values(key), "limit": limit})).all()
            turns, _ = await readable(connection, rows, to_turn, whole=[row.id for row in rows[:whole]])
            return tuple(reversed(turns))

        return await self._database.transaction("reading the history from", work)

    async def turn(self, turn: TurnId) -> Turn | None:
        async def work(connection: AsyncConnection) -> Turn | None:
            rows = (await connection.execute(THE_TURN, {"turn_id": storable(turn)})).all()
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
        values = {"hushed": quiet} | {f"in_{name}": value for name, value in key_values(key).items()}
        return bool(await self._database.change("storing a choice in", HUSH, values))

    async def check(self) -> Check:
        try:
            await self._database.rows("reading", ANY_TURN, {})
        except StorageError as error:
            return Check("storage", "fault", f"{error.asked}: {error.got}", error.remedy)
        if self.notices:
            return Check("storage", "warning", " ".join(self.notices))
        return Check("storage", "ok", self._database.place)


async def _add_results(connection: AsyncConnection, turn: TurnId, results: Sequence[ToolResult], first: int) -> None:
    """The first ones replace what an attempt that was cut off had brought."""
    if first == 0:
        await connection.execute(FORGET_RESULTS, {"of_turn": storable(turn)})
    if results:
        await connection.execute(ADD_RESULTS, result_values(turn, results, first=first))
