"""netspy's tools beside those of servers that come and go, over connections that a test holds in its hands."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.domain.errors import ToolHostError
from bot.domain.json_types import JsonObject
from bot.domain.ports import Check
from bot.domain.turn import ToolCall
from bot.tools.foreign.all_tools import MAX_TOOLS, AllTools
from bot.tools.foreign.link import Link, Pace
from bot.tools.foreign.opening import open_all_tools
from bot.tools.foreign.results import Answer
from bot.tools.foreign.servers import ConnectionLost, ForeignServer, Offer, Program
from tests.fakes import NOW, FakeHost, result
from tests.loopback.waiting import until

SCHEMA: JsonObject = {"type": "object", "properties": {}}
QUICK = Pace(first_wait_s=0.0, longest_wait_s=0.0, settle_s=0.0, patience_s=0.05)


def offer(name: str, **more: Any) -> Offer:
    return Offer(**{"name": name, "title": "", "description": "", "parameters": SCHEMA, "read_only": False, **more})


@dataclass
class FakePeer:
    """A foreign server: `opening` is how it is reached. `faults` are raised, one an attempt, before it answers."""

    listed: Sequence[Offer] = ()
    faults: list[Exception] = field(default_factory=list)
    attempts: int = 0
    asked: list[tuple[str, JsonObject]] = field(default_factory=list)
    watched: int = 0
    listings: int = 0
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: bool = False

    @asynccontextmanager
    async def opening(self, server: ForeignServer) -> AsyncGenerator["FakePeer", None]:
        self.attempts += 1
        self.has_ended = False
        self.stirred.clear()
        if self.faults:
            raise self.faults.pop(0)
        yield self

    async def offers(self) -> tuple[Offer, ...]:
        self.listings += 1
        return tuple(self.listed)

    async def call(self, tool: str, arguments: JsonObject) -> Answer:
        self.asked.append((tool, arguments))
        return Answer((f"{tool} answered",))

    async def watch(self) -> bool:
        self.watched += 1
        return False

    def end(self) -> None:
        self.has_ended = True
        self.stirred.set()

    def change(self, *offers: Offer) -> None:
        self.listed = offers
        self.stirred.set()


def named(name: str, **more: Any) -> ForeignServer:
    return ForeignServer(name=name, place=Program("x"), prefix=name, **more)


@asynccontextmanager
async def opened(pace: Pace = QUICK, **peers: FakePeer) -> AsyncGenerator[AllTools, None]:
    own = FakeHost({"own": result("own")})

    def opening(server: ForeignServer) -> Any:
        return peers[server.name].opening(server)

    servers = [named(name) for name in peers]
    async with open_all_tools(own, servers, start_s=30, pace=pace, opening=opening) as host:
        yield host


async def names(host: AllTools) -> list[str]:
    return [tool.name for tool in await host.tools()]


async def call(host: AllTools, name: str) -> str:
    return (await host.call(ToolCall("c", name, {"a": 1}), now=NOW)).summary


async def test_a_call_goes_to_the_tools_own_server_under_its_own_name() -> None:
    peer = FakePeer([offer("get weather")])
    async with opened(sky=peer) as host:
        (_, name) = await names(host)
        assert await call(host, name) == "get weather answered"
        assert await call(host, "own") == "1 by own"
    assert peer.asked == [("get weather", {"a": 1})]


async def test_at_most_128_tools_are_offered_netspys_own_first_then_in_the_order_of_the_servers() -> None:
    many = [offer(f"t{number}") for number in range(100)]
    more = [offer(f"u{number}") for number in range(100)]
    async with opened(a=FakePeer(many), b=FakePeer(more)) as host:
        listed = await names(host)
        checks = await host.check()
        assert await call(host, "u99") == "u99 answered"  # a model may remember it
    assert listed == ["own", *(f"t{n}" for n in range(100)), *(f"u{n}" for n in range(27))]
    assert len(listed) == MAX_TOOLS
    assert [check.part for check in checks] == ["mcp a", "mcp b", "mcp tools"]
    assert checks[-1].detail.startswith("127 tools are offered, 73 are not, they are too many: u27, u28, ")


async def test_no_more_is_offered_than_a_request_should_carry() -> None:
    long = [offer(f"t{number}", description="x" * 1000) for number in range(120)]
    async with opened(a=FakePeer(long)) as host:
        assert len(await names(host)) == 95
        assert (await host.check())[-1].part == "mcp tools"


async def test_names_stay_what_they_are_while_a_server_is_away() -> None:
    first, second = FakePeer([offer("search")]), FakePeer([offer("search")])
    async with opened(Pace(first_wait_s=1000, settle_s=0, patience_s=0.01), a=first, b=second) as host:
        assert await names(host) == ["own", "a__search", "b__search"]
        first.end()
        assert await names(host) == ["own", "b__search"]
        assert await call(host, "a__search") == (
            "a: search: it is not connected: it ended. Netspy keeps trying; ask again later"
        )


async def test_a_name_that_was_given_once_leads_back_after_a_clash_has_changed_it() -> None:
    first, second = FakePeer([offer("search")]), FakePeer([offer("find")])
    async with opened(a=first, b=second) as host:
        assert await names(host) == ["own", "search", "find"]
        second.change(offer("search"))
        while "b__search" not in await names(host):
            await asyncio.sleep(0)
        assert await call(host, "search") == "search answered"
    assert first.asked
    assert not second.asked


async def test_a_connection_that_fails_is_tried_again_until_it_stands() -> None:
    peer = FakePeer([offer("x")], faults=[ConnectionLost("nothing there"), ExceptionGroup("g", [OSError()])])
    async with opened(a=peer) as host:
        await until(lambda: peer.listings)
        while await names(host) == ["own"]:
            await asyncio.sleep(0)
        assert peer.attempts == 3


async def test_each_wait_is_about_twice_as_long_as_the_one_before_up_to_a_limit() -> None:
    link = Link(named("a"), FakePeer().opening, pace=Pace(first_wait_s=1, longest_wait_s=6))
    waits = link._waits()
    for middle in (1, 2, 4, 6, 6):
        assert 0.75 * middle <= next(waits) <= 1.25 * middle


async def test_a_silent_server_is_asked_for_its_tools_from_time_to_time() -> None:
    peer = FakePeer([offer("x")])
    async with opened(Pace(heartbeat_s=0.001, settle_s=0), a=peer) as host:
        await until(lambda: peer.listings >= 4)
        assert await names(host) == ["own", "x"]


async def test_a_server_that_cannot_be_watched_is_not_asked_for_it_again() -> None:
    peer = FakePeer([offer("x")])
    async with opened(Pace(heartbeat_s=0.001, settle_s=0), a=peer):
        await until(lambda: peer.listings >= 4)
    assert peer.watched == 1


async def test_why_a_server_is_away_is_told_bounded_and_without_secrets() -> None:
    said = f"refused hush-hush\x1b[2J\n{'x' * 9000}"
    server = named("a", secrets={"TOKEN": "hush-hush"})
    peer = FakePeer(faults=[ConnectionLost(said)])
    async with open_all_tools(
        FakeHost(), [server], start_s=30, pace=Pace(first_wait_s=1000), opening=peer.opening
    ) as host:
        (check,) = await host.check()
    assert check.detail.startswith("not connected: refused ${TOKEN}[2J xxx")
    assert len(check.detail) < 330


async def test_tools_that_cannot_be_called_are_left_out_and_told() -> None:
    listed = [
        offer("a", title="first"),
        offer("a", title="second"),
        offer("no", parameters={"type": "string"}),
        offer("x" * 300),
        offer(""),
    ]
    async with opened(a=FakePeer(listed)) as host:
        assert [(tool.name, tool.title) for tool in await host.tools()][1:] == [("a", "a: first")]
        assert await host.check() == (
            Check(
                "mcp a",
                "warning",
                f"1 tools: a; left out: no (its schema can't be used); {'x' * 39}… (its name can't be used); "
                " (its name can't be used)",
                "mend them there, or deny them in mcp.json",
            ),
        )


async def test_a_servers_own_failure_is_labelled_and_bounded() -> None:
    class Refusing(FakePeer):
        async def call(self, tool: str, arguments: JsonObject) -> Answer:
            raise ToolHostError("MCP server a", "it refused: \x1b[2J" + "y" * 9000)

    async with opened(a=Refusing([offer("x")])) as host:
        await host.tools()
        said = await call(host, "x")
    assert said.startswith("a: x: it refused: [2Jyyy")
    assert len(said) < 1010


async def test_a_connection_that_takes_the_cancellation_for_its_own_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.tools.foreign.opening.ENDING_S", 1000)  # no second cancellation

    class Swallowing(FakePeer):
        @asynccontextmanager
        async def opening(self, server: ForeignServer) -> AsyncGenerator[FakePeer, None]:
            self.attempts += 1
            with suppress(asyncio.CancelledError):
                yield self

    peer = Swallowing([offer("x")])
    async with asyncio.timeout(20), opened(Pace(first_wait_s=1000), a=peer) as host:
        assert await names(host) == ["own", "x"]
    assert peer.attempts == 1


async def test_netspys_own_tools_answer_where_no_server_does() -> None:
    peer = FakePeer(faults=[ConnectionLost("x")] * 50)
    async with opened(Pace(first_wait_s=1000), a=peer) as host:
        assert await call(host, "own") == "1 by own"


@pytest.mark.parametrize("fault", [ConnectionLost("x"), ExceptionGroup("g", [ValueError("x")])])
async def test_a_list_that_cannot_be_read_ends_the_connection_and_nothing_else(fault: Exception) -> None:
    class Broken(FakePeer):
        async def offers(self) -> tuple[Offer, ...]:
            raise fault

    async with opened(Pace(first_wait_s=1000), a=Broken(), b=FakePeer([offer("x")])) as host:
        assert await names(host) == ["own", "x"]
