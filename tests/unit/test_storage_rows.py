"""Values on their way into rows and back, where they are not what they should be."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.message import MessageId, ThreadKey
from bot.domain.table import Column, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.storage import open_store
from tests.contract.test_thread_store import KEY, ended, turn

LONE = "half \ud83d of an emoji"
STORED = "half ? of an emoji"


async def test_lone_surrogates_become_question_marks(tmp_path: Path) -> None:
    key = ThreadKey("terminal", "", "\udcff", "1")
    call = ToolCall("c1", "list_connections", {"process_name": LONE, "\udc00": 1})
    result = ToolResult(call, LONE, (Table(LONE, (Column("process"),), ((LONE,),), 1),))
    done = replace(turn(key=key, text=LONE), state="answered", results=(result,), answer=LONE)
    async with open_store(str(tmp_path / "netspy.db")) as store:
        assert await store.begin(turn(key=key, text=LONE))
        await store.finish(done)
        assert not await store.begin(turn(key=key, text=LONE))
        (back,) = await store.history(key, limit=1)
    (result,) = back.results
    said = [back.message.text, back.answer, result.summary, result.tables[0].title, result.tables[0].rows[0][0]]
    assert said == [STORED] * 5
    assert result.call.arguments["process_name"] == STORED


async def test_nul_is_kept_out_of_plain_columns(tmp_path: Path) -> None:
    done = turn(text="a\x00b", state="answered")
    done = replace(done, message=replace(done.message, id=MessageId("m\x001")), answer="a\x00b")
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await store.begin(done)
        await store.finish(done)
        (back,) = await store.history(KEY, limit=1)
    assert (back.message.text, back.answer) == ("a\x00b", "a?b")


@pytest.mark.parametrize(
    "damage",
    ["message = '{'", "results = '[{}]'", "results = '5'", "state = 'pondering'", "message = '{\"key\": 1}'"],
)
async def test_a_turn_that_cannot_be_read_is_left_out_and_logged(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await ended(store, *map(turn, range(3)))
        async with store._engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE turns SET {damage} WHERE message_id = 'm1'")
        with caplog.at_level(logging.ERROR, logger="netspy.storage"):
            history = await store.history(KEY, limit=5)
    assert [each.message.id for each in history] == ["m0", "m2"]
    assert [(record.message, record.__dict__["turn"]) for record in caplog.records] == [
        ("storage.turn_unreadable", turn(1).id)
    ]
