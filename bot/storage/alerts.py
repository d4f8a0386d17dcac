"""`SqlAlertBook`: which thread is about which alerts, in the same database as the turns."""

import json
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Insert, Row, bindparam, case, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts import BEGINNING_S, AlertGroup, AlertThread, Opened
from bot.domain.message import Address, ThreadKey
from bot.storage.database import Database
from bot.storage.rows import Values, key_values, storable
from bot.storage.schema import alerts
from bot.storage.statements import insert_into


class SqlAlertBook:
    """An `AlertBook` for all replicas."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, group: AlertGroup, *, at: datetime, within_s: float) -> Opened:
        values = {
            "id": _id(group),
            "told_at": at,
            "begun_before": at - timedelta(seconds=BEGINNING_S),
            "told_before": at - timedelta(seconds=within_s),
        }

        async def work(connection: AsyncConnection) -> Opened:
            if (await connection.execute(_begin(self._database.dialect), values)).first():
                return True
            row = (await connection.execute(_THREAD, values)).one()
            return _to_thread(row) if row.address is not None else False

        return await self._database.transaction("looking for the thread of an alert in", work)

    async def keep(self, group: AlertGroup, thread: AlertThread, *, at: datetime) -> None:
        address = json.dumps([thread.address.adapter, thread.address.target])
        values: Values = {**key_values(thread.key), "address": storable(address), "asked": thread.asked}
        values |= {"of": _id(group), "told_at": at, "firing": " ".join(sorted(thread.firing))}
        await self._database.change("storing the thread of an alert in", _KEEP, values)

    async def give_up(self, group: AlertGroup) -> None:
        await self._database.change("forgetting an alert in", _GIVE_UP, {"of": _id(group)})


@cache
def _begin(dialect: str) -> Insert:
    """Returns a row to whoever is to begin the thread, and to nobody else."""
    told_before = bindparam("told_before", type_=alerts.c.told_at.type)
    begun_before = bindparam("begun_before", type_=alerts.c.told_at.type)
    over = case((alerts.c.address.is_(None), begun_before), else_=told_before)
    anew = {"told_at": bindparam("told_at"), "address": null(), "firing": "", "asked": 0}
    statement = insert_into(dialect, alerts).values(id=bindparam("id"), told_at=bindparam("told_at"))
    return statement.on_conflict_do_update(
        index_elements=[alerts.c.id], set_=anew, where=alerts.c.told_at < over
    ).returning(alerts.c.id)


_THREAD = select(alerts).where(alerts.c.id == bindparam("id"))
_COLUMNS = ("platform", "workspace", "channel", "thread", "address", "asked", "told_at", "firing")
_KEEP = update(alerts).where(alerts.c.id == bindparam("of")).values({name: bindparam(name) for name in _COLUMNS})
_GIVE_UP = delete(alerts).where(alerts.c.id == bindparam("of"), alerts.c.address.is_(None))


def _id(group: AlertGroup) -> str:
    return sha256(json.dumps([group.receiver, group.key]).encode()).hexdigest()


def _to_thread(row: Row[Any]) -> AlertThread:
    adapter, target = json.loads(row.address)
    key = ThreadKey(row.platform, row.workspace, row.channel, row.thread)
    return AlertThread(key, Address(adapter, target), frozenset(row.firing.split()), row.asked)
