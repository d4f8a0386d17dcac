"""One database for the store and the leases: transactions that are never cut, in netspy's errors. Knows no table."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.failures import translated
from bot.storage.rows import Values
from bot.storage.unbroken import unbroken

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Database:
    """`place` names it for people."""

    engine: AsyncEngine
    place: str

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    async def transaction(self, doing: str, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """All of `work` or nothing. Raises: StorageError, which says "`doing` PLACE: what happened"."""

        async def run() -> Result:
            async with self.engine.begin() as connection:
                return await work(connection)

        with translated(doing, self.place):
            return await unbroken(run())

    async def rows(self, doing: str, statement: Any, values: Values) -> Sequence[Row[Any]]:
        """What one statement reads, or changes and returns. Raises: StorageError."""

        async def run(connection: AsyncConnection) -> Sequence[Row[Any]]:
            return (await connection.execute(statement, values)).all()

        return await self.transaction(doing, run)

    async def change(self, doing: str, statement: Any, values: Values) -> int:
        """Returns how many rows the statement changed. Raises: StorageError."""

        async def run(connection: AsyncConnection) -> int:
            return int((await connection.execute(statement, values)).rowcount)

        return await self.transaction(doing, run)
