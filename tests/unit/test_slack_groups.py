"""User groups of Slack: what is remembered, and what holds where Slack does not tell of them."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import groups
from adapters.slack.calls import Calls
from adapters.slack.checks import check
from adapters.slack.credentials import SlackCredentials
from adapters.slack.groups import Groups
from bot.domain.errors import PlatformError
from bot.domain.ports import Check
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_faults import Fault
from tests.loopback.slack_workspace import DANA, LEE

METHOD = "usergroups.list"


@pytest.fixture
async def slack() -> AsyncIterator[LoopbackSlack]:
    async with LoopbackSlack() as opened:
        yield opened


@pytest.fixture
def calls(slack: LoopbackSlack) -> Calls:
    return Calls(AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[]))


async def checked(slack: LoopbackSlack, calls: Calls) -> dict[str, Check]:
    credentials = SlackCredentials(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)
    return {each.part: each for each in await check(calls, credentials)}


async def test_slack_is_asked_once_for_everybody(slack: LoopbackSlack, calls: Calls) -> None:
    oncall, known = slack.space.add_group("oncall", DANA), Groups(calls)
    found = await asyncio.gather(*(known.of(user) for user in (DANA, LEE) * 10))

    assert found == [frozenset({oncall}), frozenset()] * 10
    assert len(slack.calls_of(METHOD)) == 1


@pytest.mark.parametrize("lacks", ["scope", "plan"])
async def test_where_slack_tells_of_no_groups_there_are_none_and_that_is_told_once(
    slack: LoopbackSlack, calls: Calls, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    monkeypatch.setattr(groups, "REMEMBERED_S", -1.0)
    if lacks == "scope":
        slack.scopes.discard("usergroups:read")
    else:
        slack.space.groups = None
    known = Groups(calls)
    with caplog.at_level(logging.WARNING, "netspy.slack"):
        assert [await known.of(DANA) for _ in range(3)] == [frozenset()] * 3

    assert [record.message for record in caplog.records] == ["slack.groups_unknown"]
    assert len(slack.calls_of(METHOD)) == 3


async def test_what_was_known_holds_while_slack_does_not_answer(
    slack: LoopbackSlack, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "REMEMBERED_S", -1.0)
    oncall, known = slack.space.add_group("oncall", DANA), Groups(calls)
    slack.fail(METHOD, Fault(status=500))
    with pytest.raises(PlatformError):
        await known.of(DANA)
    assert await known.of(DANA) == {oncall}
    for fault in (Fault(status=500), Fault(error="internal_error")):
        slack.fail(METHOD, fault)
        assert await known.of(DANA) == {oncall}


async def test_an_answer_that_comes_late_is_there_for_the_next_event(
    slack: LoopbackSlack, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "PATIENCE_S", 0.0)
    oncall, known = slack.space.add_group("oncall", DANA), Groups(calls)
    with pytest.raises(PlatformError, match="no answer within 0 s"):
        await known.of(DANA)
    monkeypatch.undo()

    assert await known.of(DANA) == {oncall}
    assert len(slack.calls_of(METHOD)) == 1


async def test_the_doctor_tells_of_a_plan_without_groups_and_of_a_missing_scope(
    slack: LoopbackSlack, calls: Calls
) -> None:
    assert "slack groups" not in await checked(slack, calls)
    slack.space.groups = None
    assert (await checked(slack, calls))["slack groups"].detail.startswith("this workspace's plan has no user groups")
    slack.scopes.discard("usergroups:read")
    found = await checked(slack, calls)
    assert "slack groups" not in found
    assert "without usergroups:read netspy does not know the user groups" in found["slack scopes"].detail
