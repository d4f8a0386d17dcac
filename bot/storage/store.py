"""`SqlThreadStore`: the port's methods as transactions. `open_store` makes it."""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, UpdateBase
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.errors import StorageError
from bot.domain.message import ThreadKey
from bot.domain.ports import Check
from bot.domain.turn import Turn
from bot.storage.failures import translated
from bot.storage.rows import Values, begin_values, end_values, key_values, storable, to_turn
from bot.storage.statements import ANY_TURN, END_TURN, NEWEST_ENDED, new_turn, next_position
from bot.storage.unbroken import unbroken

log = logging.getLogger("netspy.storage")


class SqlThreadStore:
    """A `ThreadStore` in a database. `place` names it for people; `notices` are what they should be told about it."""

    def __init__(self, engine: AsyncEngine, *, place: str, notices: tuple[str, ...] = ()) -> None:
        self._engine = engine
        self._place = place
        self.notices = notices

    async def begin(self, turn: Turn) -> bool:
        dialect = self._engine.dialect.name
        key = key_values(turn.message.key)
        place = (next_position(dialect), key)
        return await self._write("storing a message in", place, (new_turn(dialect), key | begin_values(turn))) > 0

    async def finish(self, turn: Turn) -> None:
        values = end_values(turn) | {"turn_id": storable(turn.id), "finished_at": datetime.now(UTC)}
        if not await self._write("storing an answer in", (END_TURN, values)):
            raise StorageError(
                f"storing an answer in {self._place}",
                f"the turn {turn.id} is not there any more",
                "see whether another program replaced or cleaned the database",
            )

    async def history(self, key: ThreadKey, *, limit: int) -> tuple[Turn, ...]:
        values = {**key_values(key), "limit": limit}
        rows = await self._read("reading the history from", NEWEST_ENDED, values)
        return tuple(_readable(reversed(rows)))

    async def check(self) -> Check:
        try:
            await self._read("reading", ANY_TURN, {})
        except StorageError as error:
            return Check("storage", "fault", f"{error.asked}: {error.got}", error.remedy)
        if self.notices:
            return Check("storage", "warning", " ".join(self.notices))
        return Check("storage", "ok", self._place)

    async def _write(self, doing: str, *statements: tuple[UpdateBase, Values]) -> int:
        """One transaction; returns how many rows its last statement changed."""

        async def run() -> int:
            changed = 0
            async with self._engine.begin() as connection:
                for statement, values in statements:
                    changed = (await connection.execute(statement, values)).rowcount
            return changed

        with translated(doing, self._place):
            return await unbroken(run())

    async def _read(self, doing: str, statement: Select[Any], values: Values) -> Sequence[Row[Any]]:
        async def run() -> Sequence[Row[Any]]:
            async with self._engine.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(statement, values)).all()
            return rows

        with translated(doing, self._place):
            return await unbroken(run())


def _readable(rows: Iterable[Row[Any]]) -> Iterable[Turn]:
    """A turn that cannot be read (a newer replica wrote it) is left out: it must not silence its thread for ever."""
    for row in rows:
        try:
            yield to_turn(row)
        except (ValueError, TypeError, LookupError):
            log.exception("storage.turn_unreadable", extra={"turn": row.id})
