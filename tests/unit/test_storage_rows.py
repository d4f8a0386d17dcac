"""Values on their way into rows and back, where they are not what they should be."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.message import MessageId, ThreadKey
from bot.domain.table import Column, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.storage import open_store
from tests.contract.test_thread_store import KEY, WORKER, begun, end, ended, turn

LONE = "half \ud83d of an emoji"
STORED = "half ? of an emoji"


async def test_lone_surrogates_become_question_marks(tmp_path: Path) -> None:
    key = ThreadKey("terminal", "", "\udcff", "1")
    call = ToolCall("c1", "list_connections", {"process_name": LONE, "\udc00": 1})
    result = ToolResult(call, LONE, (Table(LONE, (Column("process"),), ((LONE,),), 1),))
    done = replace(turn(key=key, text=LONE), state="answered", results=(result,), answer=LONE)
    async with open_store(str(tmp_path / "netspy.db")) as store:
        assert await begun(store, turn(key=key, text=LONE))
        await end(store, done)
        assert not await begun(store, turn(key=key, text=LONE))
        (back,) = await store.history(key, limit=1, whole=1)
    (result,) = back.results
    said = [back.message.text, back.answer, result.summary, result.tables[0].title, result.tables[0].rows[0][0]]
    assert said == [STORED] * 5
    assert result.call.arguments["process_name"] == STORED


async def test_nul_is_kept_out_of_plain_columns(tmp_path: Path) -> None:
    done = turn(text="a\x00b", state="answered")
    done = replace(done, message=replace(done.message, id=MessageId("m\x001")), answer="a\x00b")
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await begun(store, done)
        await end(store, done)
        (back,) = await store.history(KEY, limit=1, whole=1)
    assert (back.message.text, back.answer) == ("a\x00b", "a?b")


@pytest.mark.parametrize(
    "damage",
    [
        "turns SET message = '{'",
        "turns SET state = 'pondering'",
        "turns SET message = '{\"key\": 1}'",
        "results SET call = '{}'",
        "results SET data = '5'",
        "results SET data = '{}'",
    ],
)
async def test_a_turn_that_cannot_be_read_is_left_out_and_logged(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    column = "turn_id" if damage.startswith("results") else "id"
    brought = (ToolResult(ToolCall("c1", "list_connections"), "none"),)
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await ended(store, *(replace(turn(number), results=brought, state="answered") for number in range(3)))
        async with store._database.engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE {damage} WHERE {column} = '{turn(1).id}'")
        with caplog.at_level(logging.ERROR, logger="netspy.storage"):
            history = await store.history(KEY, limit=5, whole=5)
    assert [each.message.id for each in history] == ["m0", "m2"]
    assert [(record.message, record.__dict__["turn"]) for record in caplog.records] == [
        ("storage.turn_unreadable", turn(1).id)
    ]


async def test_a_waiting_turn_that_cannot_be_read_does_not_silence_its_thread(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        for number in range(3):
            await begun(store, turn(number))
        async with store._database.engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE turns SET message = '{{' WHERE id = '{turn(1).id}'")
        await end(store, turn(0, state="answered"))
        (claim,) = await store.leases.claim(WORKER, ["terminal"], limit=5)
    assert claim.turn.id == turn(2).id


async def test_feedback_is_one_row_a_person_with_their_last_verdict(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await begun(store, turn())
        await store.rate(turn().id, "up", by="dana")
        await store.rate(turn().id, "up", by="eve")
        await store.rate(turn().id, "down", by="dana")
        async with store._database.engine.begin() as connection:
            rows = await connection.exec_driver_sql("SELECT author, verdict FROM feedback ORDER BY author")
            assert [tuple(row) for row in rows] == [("dana", "down"), ("eve", "up")]


async def test_the_outbox_of_a_closed_turn_is_empty(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await begun(store, turn())
        await store.leases.wish(turn().id, "stop")
        await end(store, turn(state="stopped"))
        async with store._database.engine.begin() as connection:
            row = (await connection.exec_driver_sql("SELECT reply, wish FROM turns")).one()
            assert tuple(row) == (None, None)


async def test_the_outbox_of_a_turn_that_cannot_be_read_is_empty_too(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await begun(store, turn())
        async with store._database.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE turns SET reply = '{'")
        assert await store.leases.take_over(WORKER, KEY) is None
        async with store._database.engine.begin() as connection:
            row = (await connection.exec_driver_sql("SELECT state, reply FROM turns")).one()
            assert tuple(row) == ("failed", None)


async def test_a_wish_of_a_newer_netspy_is_left_out_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await begun(store, turn())
        async with store._database.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE turns SET wish = 'ponder'")
        assert (await store.leases.look(WORKER, [])).own == {turn().id: None}
    assert [record.message for record in caplog.records] == ["storage.wish_unknown"]


async def test_a_message_whose_id_no_database_takes_is_known_when_it_comes_again(tmp_path: Path) -> None:
    strange = turn()
    strange = replace(strange, message=replace(strange.message, id=MessageId(LONE)))
    async with open_store(str(tmp_path / "netspy.db")) as store:
        assert await begun(store, strange)
        assert not await begun(store, strange)
