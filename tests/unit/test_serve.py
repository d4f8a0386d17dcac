import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.domain.errors import InvalidSettings, Undeliverable
from bot.domain.message import Address, TurnId
from bot.domain.ports import Check, Desk, Outlet
from bot.serve import KEPT_S, Readiness, routes_of, serve
from bot.settings import Settings
from bot.supervision import Supervised
from bot.ways import ways_of
from tests.fakes import IdleDesk, RecordingOutlet

TURN = TurnId("t")
FINE = Check("source", "ok", "fine")


class Silent:
    """An `Adapter` that nobody writes to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given = RecordingOutlet()

    async def run(self, desk: Desk) -> None:
        await asyncio.Event().wait()

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        assert address.adapter == self.name
        return self.given

    async def check(self) -> tuple[Check, ...]:
        raise AssertionError("readiness asks no platform")


class ByHttp(Silent):
    async def endpoint(self, request: Request) -> Response:
        return PlainTextResponse(self.name)


async def test_an_answer_goes_to_the_adapter_of_its_address() -> None:
    slack, discord = Silent("slack"), Silent("discord")
    outlet = ways_of([slack, discord]).outlet
    for adapter in (slack, discord):
        await outlet(TURN, Address(adapter.name, "1")).prose(adapter.name)
    assert (slack.given.said, discord.given.said) == ("slack", "discord")


def test_an_answer_for_a_platform_that_is_off_can_go_nowhere() -> None:
    with pytest.raises(Undeliverable, match="an answer for discord: it is not served here"):
        ways_of([Silent("slack")]).outlet(TURN, Address("discord", "1"))


def test_only_adapters_that_take_http_have_a_route() -> None:
    by_http = ByHttp("slack")
    assert routes_of([Silent("discord"), by_http]) == {"/slack/events": by_http.endpoint}
    assert routes_of([Silent("slack")]) == {}


async def test_readiness_is_that_of_the_parts_and_of_every_adapter() -> None:
    readiness = Readiness(IdleDesk((FINE,)), [Supervised(Silent("slack"))], ending=asyncio.Event())
    assert [(check.part, check.state) for check in await readiness()] == [("source", "ok"), ("slack", "fault")]


async def test_who_ends_is_not_ready() -> None:
    ending = asyncio.Event()
    readiness = Readiness(IdleDesk((FINE,)), [], ending=ending)
    assert [check.state for check in await readiness()] == ["ok"]
    ending.set()
    assert [(check.part, check.state) for check in await readiness()] == [("source", "ok"), ("serve", "fault")]


async def test_parts_are_asked_again_only_after_a_while() -> None:
    now = 100.0
    desk = IdleDesk((FINE,))
    readiness = Readiness(desk, [], ending=asyncio.Event(), clock=lambda: now)
    await asyncio.gather(readiness(), readiness())
    now += KEPT_S - 0.1
    await readiness()
    assert desk.asked == 1
    now += 0.2
    desk.parts = (Check("source", "fault", "gone"),)
    assert [check.state for check in await readiness()] == ["fault"]
    assert desk.asked == 2


async def test_without_credentials_serve_says_which_variables_to_set() -> None:
    unset = {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": None}
    with pytest.raises(InvalidSettings) as caught:
        await serve(Settings.model_validate(unset))
    assert "no chat platform has credentials" in str(caught.value)
    assert "SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET" in str(caught.value)
