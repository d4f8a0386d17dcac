"""Turns and claims out of rows, with the results that belong to them. Called inside the transactions of the store."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.statements import RESULTS_OF

log = logging.getLogger("netspy.storage")

Value = TypeVar("Value")
Unreadable = (ValueError, TypeError, LookupError)
"""What `rows` raises for a row that this netspy cannot read: a newer replica wrote it, or it is damaged."""


async def readable(
    connection: AsyncConnection,
    rows: Sequence[Row[Any]],
    make: Callable[[Row[Any], Sequence[Row[Any]]], Value],
    *,
    whole: Collection[str],
) -> tuple[list[Value], list[str]]:
    """What `make` makes of each row and its results, and the ids of those that cannot be read."""
    results = await _results(connection, [row.id for row in rows], whole)
    made, broken = [], []
    for row in rows:
        try:
            made.append(make(row, results.get(row.id, ())))
        except Unreadable:
            log.exception("storage.turn_unreadable", extra={"turn": row.id})
            broken.append(row.id)
    return made, broken


async def _results(
    connection: AsyncConnection, ids: Sequence[str], whole: Iterable[str]
) -> dict[str, Sequence[Row[Any]]]:
    if not ids:
        return {}
    rows = (await connection.execute(RESULTS_OF, {"ids": ids, "whole": list(whole)})).all()
    return {turn: list(of_turn) for turn, of_turn in groupby(rows, key=lambda row: str(row.turn_id))}
