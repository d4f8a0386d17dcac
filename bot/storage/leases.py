"""`SqlLeases`: who works on which turn, in the same database as the turns."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.message import MessageId, ThreadKey, TurnId
from bot.domain.stores import Claim, View, Wish, WorkerId
from bot.domain.turn import Turn
from bot.storage import lease_statements as statements
from bot.storage.database import Database
from bot.storage.reading import Unreadable, readable
from bot.storage.rows import Values, key_values, message_text, storable, to_claim, to_turn, to_wish

log = logging.getLogger("netspy.storage")


class SqlLeases:
    """The `Leases` on the turns of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, worker: WorkerId) -> None:
        await self._database.change("renewing a lease in", statements.beat(self._database.dialect), {"worker": worker})

    async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
        values = {"worker": worker, "platforms": [storable(platform) for platform in platforms], "limit": 1}

        async def work(connection: AsyncConnection) -> View:
            own = (await connection.execute(statements.OWN, values)).all()
            if not platforms:
                return View(_wishes(own), {}, free=False)
            others = (await connection.execute(statements.OTHERS, values)).all()
            free = (await connection.execute(statements.FREE, values)).first()
            return View(_wishes(own), {WorkerId(owner): beat for owner, beat in others}, free=free is not None)

        return await self._database.transaction("looking for work in", work)

    async def claim(self, worker: WorkerId, platforms: Collection[str], *, limit: int) -> tuple[Claim, ...]:
        values = {"worker": worker, "platforms": [storable(platform) for platform in platforms], "limit": limit}
        return await self._claim(statements.CLAIM_FREE, values)

    async def waiting(self) -> int:
        rows = await self._database.rows("counting the turns in", statements.WAITING, {})
        return int(rows[0][0])

    async def take_over(self, worker: WorkerId, key: ThreadKey) -> Claim | None:
        claims = await self._claim(statements.TAKE_FIRST, {**key_values(key), "worker": worker})
        return claims[0] if claims else None

    async def bury(self, dead: WorkerId, *, beat: int) -> int:
        values = {"worker": dead, "beat": beat}

        async def work(connection: AsyncConnection) -> int:
            freed = (await connection.execute(statements.BURY, values)).rowcount
            await connection.execute(statements.FORGET_DEAD, values)
            return int(freed)

        return await self._database.transaction("taking over turns in", work)

    async def release(self, worker: WorkerId) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statements.RELEASE, {"worker": worker})
            await connection.execute(statements.FORGET, {"worker": worker})

        await self._database.transaction("releasing turns in", work)

    async def hand_over(self, turn: TurnId, *, worker: WorkerId) -> None:
        values = {"turn_id": storable(turn), "worker": worker}
        await self._database.change("handing a turn over in", statements.HAND_OVER, values)

    async def wish(self, turn: TurnId, wish: Wish) -> Turn | None:
        return await self._turn(statements.WISH, {"turn_id": storable(turn), "wanted": wish})

    async def edit(self, key: ThreadKey, message: MessageId, text: str) -> Turn | None:
        found = await self._of_message(key, message)
        if found is None:
            return None
        changed = replace(found.message, text=text, command=None)
        return await self._turn(statements.EDIT, {"turn_id": storable(found.id), "message": message_text(changed)})

    async def delete(self, key: ThreadKey, message: MessageId) -> Turn | None:
        found = await self._of_message(key, message)
        if found is None:
            return None
        values = {"turn_id": storable(found.id), "closed_at": datetime.now(UTC)}
        return await self._turn(statements.DROP_WAITING, values) or await self.wish(found.id, "delete")

    async def restart(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        claims = await self._claim(statements.RESTART, {"turn_id": storable(turn), "worker": worker})
        return claims[0] if claims else None

    async def _of_message(self, key: ThreadKey, message: MessageId) -> Turn | None:
        return await self._turn(statements.OF_MESSAGE, {**key_values(key), "message_id": storable(message)})

    async def _claim(self, statement: Any, values: Values) -> tuple[Claim, ...]:
        async def work(connection: AsyncConnection) -> tuple[Claim, ...]:
            return tuple(await claims_of(connection, (await connection.execute(statement, values)).all()))

        return await self._database.transaction("taking a turn in", work)

    async def _turn(self, statement: Any, values: Values) -> Turn | None:
        async def work(connection: AsyncConnection) -> Turn | None:
            rows = (await connection.execute(statement, values)).all()
            turns, _ = await readable(connection, rows, to_turn, whole=())
            return turns[0] if turns else None

        return await self._database.transaction("changing a turn in", work)


async def claims_of(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Claim]:
    """Claims out of rows that were just taken. One that cannot be read is closed: it must not silence its thread."""
    claims, broken = await readable(connection, rows, to_claim, whole=[row.id for row in rows if row.attempts > 1])
    for turn in broken:
        values = {"turn_id": turn, "closed_at": datetime.now(UTC)}
        await connection.execute(statements.GIVE_UP, values)
    return claims


def _wishes(rows: Sequence[Row[str, str | None]]) -> dict[TurnId, Wish | None]:
    return {TurnId(turn): _known(wish) for turn, wish in rows}


def _known(wish: str | None) -> Wish | None:
    try:
        return to_wish(wish)
    except Unreadable:
        log.warning("storage.wish_unknown", extra={"wish": wish})
        return None
