"""How a desk ends: what runs is finished, what comes meanwhile is stored and free for whoever serves next."""

import asyncio

from bot.domain.errors import StorageFull
from bot.domain.message import MessageId, Prose
from bot.domain.stores import Claim, WorkerId
from tests.dialog.stage import Away, Stage, called, message_of, notices, says, stuck
from tests.fakes import ScriptedModel

OTHER = WorkerId("another process")
LONG_S = 60.0


async def free(stage: Stage) -> tuple[Claim, ...]:
    return await stage.store.claim(OTHER, ["test"], limit=9)


async def test_a_running_turn_is_finished_and_what_comes_meanwhile_is_free_for_others() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck"), says("Fine.")]), host=host)
    async with stage.desk() as desk:
        await desk.adopt("test")
        running, late = message_of("what fails?"), message_of("and here?", thread="2")
        await desk.handle(running)
        await called(host, 1)
        draining = asyncio.create_task(desk.drain(LONG_S))
        await asyncio.sleep(0)
        await desk.handle(late)
        await desk.adopt("test")  # a platform that connects once more
        host.gates["stuck"].set()
        assert await draining == 0
        assert isinstance((await stage.reply_to(running.id)).blocks[-1], Prose)
        assert [claim.turn.message.id for claim in await free(stage)] == [late.id]
    assert not stage.outlets.get(late.id)


async def test_the_next_question_of_a_thread_is_handed_over_with_its_place_in_it() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck"), says("Fine.")]), host=host)
    async with stage.desk() as desk:
        first, second = message_of("what fails?"), message_of("and now?")
        await desk.handle(first)
        await desk.handle(second)
        await called(host, 1)
        draining = asyncio.create_task(desk.drain(LONG_S))
        await asyncio.sleep(0)
        host.gates["stuck"].set()
        await draining
        (claim,) = await free(stage)
    assert (claim.turn.message.id, claim.attempt) == (second.id, 1)


async def test_what_is_not_done_in_time_is_left_to_others_as_if_never_begun() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck")]), host=host)
    message = message_of("what fails?")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        assert await desk.drain(0) == 1
        assert await free(stage) == ()
    (claim,) = await free(stage)
    assert (claim.turn.message.id, claim.attempt) == (message.id, 1)
    assert not stage.outlets[message.id].replies


async def test_what_only_this_process_knows_is_answered_with_what_was_found() -> None:
    host = stuck()
    store = Away()
    store.error = StorageFull("storing", "the disk is full", "make room")
    stage = Stage(ScriptedModel([says("", "stuck")]), host=host, store=store)
    message = message_of("what fails?", message_id=MessageId("only here"))
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        assert await desk.drain(0) == 0
    told = [notice.text for notice in notices(await stage.reply_to(message.id))]
    assert any(text.startswith("Stopped") for text in told)


async def test_a_desk_with_nothing_to_do_ends_at_once() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        assert await desk.drain(LONG_S) == 0
