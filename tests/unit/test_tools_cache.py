"""The call cache: what is shared, for how long, and what never is."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import ToolHostError
from bot.domain.json_types import Json
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.tools.cache import MAX_KEPT, TTL_S, CachingHost
from tests.fakes import NOW, FakeHost, result


@dataclass
class Host(FakeHost):
    """Its tools are read-only but for `write`; each result says which call it was. `broken`: it cannot list them."""

    broken: bool = False

    async def tools(self) -> tuple[ToolSpec, ...]:
        if self.broken:
            raise ToolHostError("tools/list", "broken")
        return tuple(replace(spec, read_only=spec.name != "write") for spec in await super().tools())

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        said = await super().call(call, now=now)
        return replace(said, summary=f"call {len(self.calls)}")


@dataclass
class Clock:
    elapsed_s: float = 0.0

    def monotonic(self) -> float:
        return 1000 + self.elapsed_s

    def today(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed_s)


@dataclass
class Stage:
    host: Host = field(
        default_factory=lambda: Host({name: result(name, failed=name == "fail") for name in ("list", "fail", "write")})
    )
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.cache = CachingHost(self.host, clock=self.clock.monotonic, today=self.clock.today)

    async def call(self, name: str = "list", now: datetime = NOW, call_id: str = "c", **arguments: Json) -> ToolResult:
        return await self.cache.call(ToolCall(call_id, name, arguments), now=now)


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_the_same_call_is_made_once_and_each_caller_gets_its_own_call_back(stage: Stage) -> None:
    first = await stage.call(call_id="a", pid=1, name_of="x")
    second = await stage.cache.call(ToolCall("b", "list", {"name_of": "x", "pid": 1}), now=NOW)
    assert (first.summary, second.summary) == ("call 1", "call 1")
    assert (first.call.id, second.call.id) == ("a", "b")
    assert len(stage.host.calls) == 1


async def test_an_answer_that_is_shared_later_says_when_it_was(stage: Stage) -> None:
    first = await stage.call()
    stage.clock.elapsed_s = TTL_S
    second = await stage.call(now=NOW + timedelta(seconds=TTL_S))
    assert first.coverage is not None
    assert second.coverage is not None
    assert first.coverage.notes == ()
    assert second.coverage.notes == ("as of 14:07:00 UTC, when the same was asked before",)


async def test_nothing_is_served_older_than_its_time_to_live(stage: Stage) -> None:
    await stage.call()
    stage.clock.elapsed_s = TTL_S + 0.001
    assert (await stage.call()).summary == "call 2"


async def test_age_counts_from_when_a_call_began(stage: Stage) -> None:
    gate = stage.host.gates["list"] = asyncio.Event()
    slow = asyncio.create_task(stage.call())
    while not stage.host.calls:
        await asyncio.sleep(0)
    stage.clock.elapsed_s = TTL_S + 1
    gate.set()
    await slow
    assert (await stage.call()).summary == "call 2"


@pytest.mark.parametrize("away", [timedelta(seconds=TTL_S + 1), timedelta(hours=-1)])
async def test_windows_that_end_at_another_time_are_not_the_same(stage: Stage, away: timedelta) -> None:
    await stage.call()
    assert (await stage.call(now=NOW + away)).summary == "call 2"


async def test_other_arguments_are_another_call(stage: Stage) -> None:
    said = [await stage.call(pid=1), await stage.call(pid="1"), await stage.call(), await stage.call(pid=1)]
    assert [each.summary for each in said] == ["call 1", "call 2", "call 3", "call 1"]


@pytest.mark.parametrize("name", ["write", "fail"])
async def test_what_changes_something_or_failed_is_asked_for_anew(stage: Stage, name: str) -> None:
    assert [(await stage.call(name)).summary for _ in range(2)] == ["call 1", "call 2"]


async def test_a_host_that_cannot_list_its_tools_shares_nothing(stage: Stage) -> None:
    stage.host.broken = True
    assert [(await stage.call()).summary for _ in range(2)] == ["call 1", "call 2"]


@pytest.mark.parametrize("name", ["list", "fail"])
async def test_calls_at_once_share_one_flight_and_it_needs_no_note(stage: Stage, name: str) -> None:
    gate = stage.host.gates[name] = asyncio.Event()
    calls = [asyncio.create_task(stage.call(name, call_id=str(number))) for number in range(8)]
    while not stage.host.calls:
        await asyncio.sleep(0)
    gate.set()
    said = await asyncio.gather(*calls)
    assert len(stage.host.calls) == 1
    assert {each.summary for each in said} == {"call 1"}
    assert [each.call.id for each in said] == [str(number) for number in range(8)]
    assert all(each.coverage and each.coverage.notes == () for each in said)


async def test_who_made_the_call_may_leave_and_those_who_wait_get_their_answer(stage: Stage) -> None:
    gate = stage.host.gates["list"] = asyncio.Event()
    leader = asyncio.create_task(stage.call())
    while not stage.host.calls:
        await asyncio.sleep(0)
    followers = [asyncio.create_task(stage.call()) for _ in range(3)]
    await asyncio.sleep(0)
    leader.cancel()
    while len(stage.host.calls) < 2:
        await asyncio.sleep(0)
    gate.set()
    assert {each.summary for each in await asyncio.gather(*followers)} == {"call 2"}
    assert leader.cancelled()
    assert len(stage.host.calls) == 2


async def test_who_waits_may_leave_without_ending_the_call(stage: Stage) -> None:
    gate = stage.host.gates["list"] = asyncio.Event()
    leader, follower = asyncio.create_task(stage.call()), asyncio.create_task(stage.call())
    while not stage.host.calls:
        await asyncio.sleep(0)
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    gate.set()
    assert (await leader).summary == "call 1"


async def test_a_call_of_long_ago_does_not_join_one_of_now(stage: Stage) -> None:
    gate = stage.host.gates["list"] = asyncio.Event()
    calls = [asyncio.create_task(stage.call(now=now)) for now in (NOW, NOW - timedelta(hours=1))]
    while len(stage.host.calls) < 2:
        await asyncio.sleep(0)
    gate.set()
    assert len(await asyncio.gather(*calls)) == 2


async def test_no_more_than_so_many_answers_are_kept_and_the_oldest_goes_first(stage: Stage) -> None:
    for number in range(MAX_KEPT + 1):
        await stage.call(pid=number)
    assert len(stage.cache._kept) == MAX_KEPT
    assert (await stage.call(pid=1)).summary == "call 2"
    assert (await stage.call(pid=0)).summary == f"call {MAX_KEPT + 2}"


async def test_what_is_too_old_is_let_go(stage: Stage) -> None:
    await stage.call(pid=1)
    stage.clock.elapsed_s = TTL_S + 1
    await stage.call(pid=2)
    assert len(stage.cache._kept) == 1


async def test_an_answer_without_coverage_is_shared_too(stage: Stage) -> None:
    stage.host.results["list"] = replace(result("list"), coverage=None)
    assert [(await stage.call()).coverage for _ in range(2)] == [None, None]
    assert len(stage.host.calls) == 1


async def test_tools_and_checks_are_those_of_the_host(stage: Stage) -> None:
    assert [tool.name for tool in await stage.cache.tools()] == ["list", "fail", "write"]
    assert await stage.cache.check() == ()
    assert datetime.now(UTC) - CachingHost(stage.host)._today() < timedelta(days=1)
