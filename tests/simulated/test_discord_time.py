"""Discord's two clocks: three seconds to acknowledge what was pressed or called, a quarter of an hour to answer it."""

from collections.abc import Callable

import pytest

from adapters.discord.interactions import LATE
from adapters.discord.outlet import LONGEST_WORK_S
from bot.domain.message import TurnId
from bot.domain.query import Aggregate, Groups
from bot.domain.stores import Begun, WorkerId
from bot.domain.turn import Turn
from tests.fakes import FakeEbpf, MemoryStore, connection
from tests.loopback.waiting import until
from tests.simulated.stage import SimulatedDiscord, labels, open_discord, said, tools

TOO_SLOW_S = 4.0
IN_TIME_S, TOO_LATE_S = 14 * 60.0, 16 * 60.0


class SlowStore(MemoryStore):
    """`pass_time` is called whenever it is asked for something."""

    def __init__(self) -> None:
        super().__init__()
        self.pass_time: Callable[[], None] = lambda: None

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        self.pass_time()
        return await super().begin(turn, worker=worker)

    async def turn(self, turn: TurnId) -> Turn | None:
        self.pass_time()
        return await super().turn(turn)


class SlowSource(FakeEbpf):
    pass_time: Callable[[], None] = staticmethod(lambda: None)

    async def aggregate(self, query: Aggregate) -> Groups:
        self.pass_time()
        return await super().aggregate(query)


def passing(stage: SimulatedDiscord, seconds: float) -> Callable[[], None]:
    return lambda: stage.env.backend.advance_clock(seconds)


async def test_a_command_is_acknowledged_before_the_database_is_asked() -> None:
    store = SlowStore()
    async with open_discord(store=store) as stage:
        store.pass_time = passing(stage, TOO_SLOW_S)
        called = await stage.dana.slash(stage.payments, "netspy list")

        assert called.response is not None
        assert "list\\_connections" in called.response.content


async def test_a_press_is_acknowledged_before_the_database_is_asked() -> None:
    store = SlowStore()
    async with open_discord(store=store) as stage:
        (answer,) = said(await stage.ask("list"))
        store.pass_time = passing(stage, TOO_SLOW_S)
        pressed = await stage.dana.click(answer, label="T1 as CSV")

        assert pressed.response is not None
        assert [file.filename for file in pressed.response.attachments] == ["t1.csv"]


async def test_a_completion_that_comes_too_late_hurts_nobody() -> None:
    source = SlowSource([connection("curl")])
    async with open_discord(source=source) as stage:
        source.pass_time = passing(stage, TOO_SLOW_S)
        assert await stage.dana.autocomplete(stage.payments, "netspy list", "process", "cu") == []
        source.pass_time = lambda: None
        assert len(await stage.dana.autocomplete(stage.payments, "netspy list", "process", "cu")) == 1


@pytest.mark.parametrize("after_s", [IN_TIME_S, TOO_LATE_S], ids=["in time", "too late"])
@pytest.mark.parametrize("rows", [1, 40])
async def test_a_commands_answer_fills_its_response_however_late_it_is(after_s: float, rows: int) -> None:
    async with open_discord(host=tools(rows=rows, waits=True)) as stage:
        await stage.start(stage.dana.slash(stage.payments, "netspy list"))
        await stage.later(after_s)
        await stage.release()
        (answer,) = said(stage.payments)

        assert "list\\_connections" in answer.content
        assert "Run again" in labels(answer)
        assert bool(answer.attachments) == (rows > 15)


@pytest.mark.parametrize("after_s", [IN_TIME_S, TOO_LATE_S], ids=["in time", "too late"])
async def test_a_commands_answer_in_a_direct_message_comes_however_late_it_is(after_s: float) -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        await stage.start(stage.dana.user.slash("netspy list"))
        await stage.later(after_s)
        await stage.release()
        (answer,) = stage.directly(stage.dana)

        assert "list\\_connections" in answer


async def test_a_command_where_netspy_may_not_write_is_answered_in_time() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        closed = stage.channel_without("send_messages")
        await stage.start(stage.dana.slash(closed, "netspy list"))
        await stage.later(IN_TIME_S)
        await stage.release()
        (answer,) = said(closed)

        assert "list\\_connections" in answer.content
        assert stage.directly(stage.dana) == []


async def test_a_command_where_netspy_sees_nothing_is_told_directly_when_it_is_too_late() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        closed = stage.channel_without("view_channel")
        await stage.start(stage.dana.slash(closed, "netspy list"))
        stage.complaints.expected.add("reply.not_sent")
        await stage.later(TOO_LATE_S)
        await stage.release()
        (told,) = stage.directly(stage.dana)

        assert "I could not answer where you asked" in told
        assert "View Channel" in told


@pytest.mark.parametrize("label", ["T1 as CSV", "Run again"])
async def test_a_press_that_took_too_long_is_told_directly(label: str) -> None:
    store = SlowStore()
    async with open_discord(store=store) as stage:
        (answer,) = said(await stage.ask("list"))
        store.pass_time = passing(stage, TOO_LATE_S)
        await stage.dana.click(answer, label=label)

        assert stage.directly(stage.dana) == [LATE]


def typed(stage: SimulatedDiscord) -> int:
    return sum(request.path.endswith("/typing") for request in stage.env.http_requests)


async def test_netspy_types_while_it_works_and_no_longer() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        await stage.begin("list")
        before = typed(stage)
        await stage.later(10)
        assert typed(stage) > before
        await stage.release()
        before = typed(stage)
        await stage.later(10)
        assert typed(stage) == before


async def test_netspy_stops_typing_when_the_question_is_answered_elsewhere() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        await stage.begin("list")
        await stage.later(LONGEST_WORK_S)
        before = typed(stage)
        await stage.later(10)
        assert typed(stage) == before
        await stage.release()


async def test_a_slow_answer_says_what_it_does_and_is_then_the_answer() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        thread, progress = await stage.begin("list")
        assert progress.content.startswith("-# ")
        await stage.release()
        await until(lambda: "Run again" in labels(said(thread)[0]))

        assert [message.id for message in said(thread)] == [progress.id]
