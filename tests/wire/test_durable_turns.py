"""Whole bot processes that are killed, doubled and asked to end: every message gets one answer, in order."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.codec import encode_action
from bot.domain.message import Again, Csv, MessageId, Page, Stop
from tests.loopback.waiting import until
from tests.postgres import Postgres
from tests.wire.durable_stage import Stage, Tally, open_stage

MESSAGES_A_ROUND = 10
NO_LEASE_ENDS_S = 600.0

Moment: TypeAlias = Callable[[Stage, Sequence[MessageId]], Awaitable[object]]
"""Returns when a bot is to be killed that answers these messages."""


def file_in(folder: Path) -> str:
    """For what goes on between desk and platform; that both databases do the same is the contract tests' to say."""
    return f"sqlite+aiosqlite:///{folder / 'netspy.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return file_in(tmp_path)
    return str(request.getfixturevalue("postgres_url"))


async def at_once(stage: Stage, messages: Sequence[MessageId]) -> None:
    """They are acknowledged, that is all."""


async def while_tools_run(stage: Stage, messages: Sequence[MessageId], *, count: int) -> None:
    await until(lambda: len({step["message"] for step in stage.platform.steps} & set(messages)) >= count)


async def while_models_stream(stage: Stage, messages: Sequence[MessageId], *, count: int) -> None:
    await stage.streaming(messages, count)


async def behind_finals(stage: Stage, messages: Sequence[MessageId], *, count: int) -> None:
    await until(lambda: len(messages) - len(stage.platform.unanswered(messages)) >= count)


async def before_a_confirmation(stage: Stage, messages: Sequence[MessageId]) -> None:
    await stage.platform.hold_final().reached.wait()


MOMENTS: tuple[Moment, ...] = (
    at_once,
    partial(while_tools_run, count=1),
    partial(while_tools_run, count=MESSAGES_A_ROUND),
    partial(while_models_stream, count=1),
    partial(while_models_stream, count=MESSAGES_A_ROUND),
    before_a_confirmation,
    partial(behind_finals, count=1),
    partial(behind_finals, count=5),
    partial(behind_finals, count=9),
    before_a_confirmation,
)
"""When each round's bot is killed."""


async def test_restarts_by_kill_lose_and_double_nothing(database: str, tmp_path: Path) -> None:
    messages: list[MessageId] = []
    async with open_stage(database, tmp_path) as stage:
        for number, moment in enumerate(MOMENTS):
            bot = await stage.start()
            new = [await stage.platform.say(f"{number}.{n}", f"question {number}.{n}") for n in range(MESSAGES_A_ROUND)]
            messages += new
            await stage.platform.acknowledged(new)
            await moment(stage, new)
            await bot.kill()
        last = await stage.start()
        await stage.platform.answered(messages)
        assert await last.terminate() == 0

        tally = stage.tally(messages)
        print(tally)
        assert tally == Tally(answered=100, doubled=0, lost=0)
        for number, message in enumerate(messages):
            assert f"answer to question {number // 10}.{number % 10}" in stage.platform.finals(message)[0].text


async def test_a_kill_between_the_final_post_and_its_confirmation_doubles_nothing(
    database: str, tmp_path: Path
) -> None:
    async with open_stage(database, tmp_path) as stage:
        bot = await stage.start()
        hold = stage.platform.hold_final()
        message = await stage.ask("1", "why?")
        await hold.reached.wait()
        await bot.kill()
        await stage.start()
        behind = await stage.ask("1", "and then?")
        await stage.platform.answered([behind])

        assert stage.platform.order("1") == [message, behind]


async def test_three_replicas_answer_each_message_once_in_order(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    threads = {f"{number}": [f"{number}.{place}" for place in range(4)] for number in range(5)}
    everything = [(thread, ids[place]) for place in range(4) for thread, ids in threads.items()]
    messages = [MessageId(name) for _, name in everything]
    async with open_stage(str(request.getfixturevalue("postgres_url")), tmp_path) as stage:
        bots = await stage.start_all(3)
        for thread, name in everything:
            await stage.ask(thread, f"question {name}", message_id=name)
        for thread, name in 2 * everything:
            await stage.platform.say(thread, f"question {name}", message_id=name)
        await stage.platform.acknowledged(messages)
        await stage.platform.answered(messages)
        assert [await bot.terminate() for bot in bots] == [0, 0, 0]

        tally = stage.tally(messages)
        print(f"{len(bots)} replicas: {tally}")
        assert tally == Tally(answered=len(messages), doubled=0, lost=0)
        for thread, ids in threads.items():
            assert stage.platform.order(thread) == ids


async def test_stop_reaches_a_turn_that_another_replica_runs(database: str, tmp_path: Path) -> None:
    async with open_stage(database, tmp_path) as stage:
        pids = {bot.pid for bot in await stage.start_all(2)}
        stage.model.hanging.add("why?")
        message = await stage.ask("1", "why?")
        (begun,) = await stage.streaming([message])
        owner = begun.by
        (other,) = pids - {owner}
        await stage.platform.press(encode_action(Stop(begun.turn)), to=other)
        await stage.platform.answered([message])
        await until(stage.peer.abandoned.is_set)

        (final,) = stage.platform.finals(message)
        assert final.by == owner
        assert "Stopped" in final.text


async def test_an_edited_question_is_answered_anew_and_once(tmp_path: Path) -> None:
    async with open_stage(file_in(tmp_path), tmp_path) as stage:
        await stage.start()
        stage.model.hanging.add("old words")
        message = await stage.ask("1", "old words")
        await stage.streaming([message])
        await stage.platform.edit("1", message, "new words")
        await stage.platform.answered([message])
        behind = await stage.ask("1", "and then?")
        await stage.platform.answered([behind])
        await until(stage.peer.abandoned.is_set)

        assert stage.platform.order("1") == [message, behind]
        (final,) = stage.platform.finals(message)
        assert "answer to new words" in final.text
        assert "old words" not in final.text


async def test_a_deleted_question_is_given_up_and_the_next_one_answered(tmp_path: Path) -> None:
    async with open_stage(file_in(tmp_path), tmp_path) as stage:
        await stage.start()
        stage.model.hanging.add("why?")
        message = await stage.ask("1", "why?")
        await stage.streaming([message])
        behind = await stage.ask("1", "and then?")
        await stage.platform.delete("1", message)
        await stage.platform.answered([behind])
        await until(stage.peer.abandoned.is_set)

        assert stage.platform.order("1") == [message, behind]
        (told,) = stage.platform.finals(message)
    assert "Stopped, because the question was deleted." in told.text
    assert "answer to" not in told.text


async def test_buttons_of_an_answer_outlive_its_process(tmp_path: Path) -> None:
    async with open_stage(file_in(tmp_path), tmp_path) as stage:
        answered_by = await stage.start()
        message = await stage.ask("1", "why?")
        await stage.platform.answered([message])
        (final,) = stage.platform.finals(message)
        await answered_by.kill()
        bot = await stage.start()

        csv = await stage.platform.press(encode_action(Csv(final.turn, "T1")), to=bot.pid)
        assert all(f"client-{number:02}" in csv for number in range(1, 61))
        first, second = [
            await stage.platform.press(encode_action(Page(final.turn, "T1", number)), to=bot.pid) for number in (1, 2)
        ]
        assert first != second
        assert "client-" in second
        await stage.platform.press(encode_action(Again(final.turn)), to=bot.pid)
        await until(lambda: len(stage.platform.order("1")) == 2)

        again = stage.platform.ended[1]
        assert again.turn != final.turn
        assert "answer to why?" in again.text


async def test_a_platform_that_fails_twice_gets_the_answer_once(tmp_path: Path) -> None:
    async with open_stage(file_in(tmp_path), tmp_path) as stage:
        await stage.start()
        stage.platform.fail_finals(2)
        message = await stage.ask("1", "why?")
        behind = await stage.ask("1", "and then?")
        await stage.platform.answered([message, behind])

        assert len(stage.platform.refused(message)) == 2
        assert stage.platform.order("1") == [message, behind]


async def test_an_answer_that_cannot_be_delivered_does_not_hold_up_its_thread(tmp_path: Path) -> None:
    async with open_stage(file_in(tmp_path), tmp_path) as stage:
        await stage.start()
        stage.platform.gone.add(MessageId("taken away"))
        message = await stage.ask("1", "why?", message_id="taken away")
        behind = await stage.ask("1", "and then?")
        await stage.platform.answered([behind])

        assert stage.platform.refused(message)
        assert stage.platform.order("1") == [behind]


async def test_a_bot_that_is_asked_to_end_hands_its_turns_over_at_once(database: str, tmp_path: Path) -> None:
    async with open_stage(database, tmp_path) as stage:
        leaving = await stage.start(lease_s=NO_LEASE_ENDS_S)
        stage.model.hanging |= {"question 0", "question 1", "question 2"}
        messages = [await stage.ask(f"{number}", f"question {number}") for number in range(3)]
        await stage.streaming(messages)
        staying = await stage.start(lease_s=NO_LEASE_ENDS_S)
        stage.model.hanging.clear()
        assert await leaving.terminate() == 0
        await stage.platform.answered(messages)

        assert {post.by for post in stage.platform.ended} == {staying.pid}
        assert stage.tally(messages) == Tally(answered=3, doubled=0, lost=0)


async def test_a_database_that_goes_away_under_a_turn_costs_nothing_but_time(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    async with open_stage(postgres_url, tmp_path) as stage:
        await stage.start()
        stage.model.pace_s = 0.3
        running = await stage.ask("1", "before?")
        await stage.streaming([running])
        postgres.stop()
        not_stored = await stage.platform.say("2", "meanwhile?")
        postgres.start()
        await stage.platform.answered([running])
        stage.platform.drop_connections()  # a platform delivers again what was never acknowledged
        await stage.platform.answered([not_stored])
        tally = stage.tally([running, not_stored])
    assert (tally.answered, tally.doubled, tally.lost) == (2, 0, 0)


async def test_a_database_that_stays_away_does_not_keep_an_answer_back(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    async with open_stage(postgres_url, tmp_path) as stage:
        await stage.start()
        running = await stage.ask("1", "before?")
        await stage.streaming([running])
        postgres.stop()
        await stage.platform.answered([running])
        (final,) = stage.platform.finals(running)
        assert "may not be remembered in the thread" in final.text
        assert f"nothing answers at 127.0.0.1:{postgres.port}" in final.text
        postgres.start()
        behind = await stage.ask("1", "and then?")
        await stage.platform.answered([behind])
        tally = stage.tally([running, behind])
    assert (tally.answered, tally.doubled, tally.lost) == (2, 0, 0)
