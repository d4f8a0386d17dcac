"""A thread of 10,000 turns: it is read and summarised in portions, and others are served meanwhile."""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.turn import Completion, ModelRequest, Turn, TurnState
from bot.llm.offline import Planner, planner
from bot.storage import open_store, store
from bot.storage.schema import results, turns
from tests.contract.test_thread_store import KEY, begun, end, ended, full_turn, turn
from tests.fakes import NOW

COUNT = 10_000
FRESH = {"id": "id || :n", "position": "position + :n", "message_id": "message_id || :n", "turn_id": "turn_id || :n"}


async def filled(file: Path) -> None:
    """10 turns with results become 10,000."""
    async with open_store(str(file)) as opened:
        for number in range(10):
            done = replace(turn(number), state="answered", results=full_turn().results, answer="All is well. " * 40)
            await begun(opened, done)
            await end(opened, done)
    with closing(sqlite3.connect(file)) as connection:
        for table, chosen in ((turns, "position <= 10"), (results, "length(turn_id) <= :short")):
            names = [column.name for column in table.c]
            values = ", ".join(FRESH.get(name, name) for name in names)
            copy = f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {table.name} WHERE {chosen}"
            short = len(turn(9).id)
            connection.executemany(copy, [{"n": number, "short": short} for number in range(10, COUNT, 10)])
        connection.commit()
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (COUNT,)
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (2 * COUNT,)


async def test_others_are_served_while_a_long_thread_is_read(tmp_path: Path) -> None:
    file = tmp_path / "netspy.db"
    await filled(file)
    async with open_store(str(file)) as opened:
        reading = asyncio.create_task(opened.history(KEY, limit=COUNT, whole=3))
        await asyncio.sleep(0)
        assert await opened.numbered(KEY, 7) is not None
        assert not reading.done()
        found = await reading
    assert [each.number for each in found] == list(range(1, COUNT + 1))
    assert [bool(each.results[0].tables) for each in found[-4:]] == [False, True, True, True]


@pytest.mark.parametrize(
    ("limit", "whole", "after"), [(9, 2, 0), (20, 0, 0), (4, 4, 0), (3, 9, 0), (9, 5, 4), (0, 0, 0)]
)
async def test_a_history_in_portions_is_the_same_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, whole: int, after: int
) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as opened:
        for number in range(1, 11):
            state: TurnState = "deleted" if number == 6 else "answered"
            done = replace(turn(number), state=state, results=full_turn().results)
            await begun(opened, done)
            await end(opened, done)
        await begun(opened, turn(11))
        at_once = await opened.history(KEY, limit=limit, whole=whole, after=after)
        monkeypatch.setattr(store, "PORTION", 3)
        in_portions = await opened.history(KEY, limit=limit, whole=whole, after=after)
    assert in_portions == at_once
    assert [each.number for each in in_portions] == [each.number for each in at_once]
    assert len(at_once) == min(limit, len([n for n in range(1, 11) if n != 6 and n > after]))


async def test_a_short_history_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    async with open_store(str(tmp_path / "netspy.db")) as opened:
        await ended(opened, *map(turn, range(5)))
        transaction = opened._database.transaction

        async def counting(doing: str, work: object) -> object:
            counted.append(doing)
            return await transaction(doing, work)  # type: ignore[arg-type] # whatever it is, it is passed on

        monkeypatch.setattr(type(opened._database), "transaction", lambda _, *given: counting(*given))
        await opened.history(KEY, limit=COUNT, whole=3)
    assert counted == ["reading the history from"]


async def test_others_are_served_while_the_planner_summarises(monkeypatch: pytest.MonkeyPatch) -> None:
    served = threading.Event()

    def waiting(history: Sequence[Turn], summary: str, *, room: int) -> str:
        assert served.wait(10), "nobody was served"
        return f"{summary} and {len(history)} turns in {room}"

    monkeypatch.setattr(planner, "summarised", waiting)
    request = ModelRequest(
        thread=KEY, instructions="", history=(turn(),), question="", now=NOW, task="summarise", summary="that"
    )

    async def summary() -> Completion:
        *_, last = [event async for event in Planner().answer(request)]
        assert isinstance(last, Completion)
        return last

    summarising = asyncio.create_task(summary())
    await asyncio.sleep(0)
    served.set()
    assert (await summarising).text == "that and 1 turns in 2400"
