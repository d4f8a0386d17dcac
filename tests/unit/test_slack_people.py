"""Who somebody is in Slack: a kind of person, and the user groups that they are in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.calls import Calls
from adapters.slack.credentials import Identity
from adapters.slack.people import People, person_of
from bot.domain.errors import PlatformError
from bot.domain.message import Author, PersonKind
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_faults import Fault
from tests.loopback.slack_workspace import BOT, BOT_ID, DANA, TEAM

ME = Identity(TEAM, BOT, BOT_ID, "E1", "Netspy", "netspy")


@pytest.fixture
async def slack() -> AsyncIterator[LoopbackSlack]:
    async with LoopbackSlack() as opened:
        yield opened


@pytest.fixture
def people(slack: LoopbackSlack) -> People:
    return People(Calls(AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])), ME)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "member"),
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"is_stranger": True}, "outsider"),
        ({"team_id": "T9"}, "outsider"),
        ({"team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}}, "member"),
        ({"team_id": "T9", "enterprise_user": {"enterprise_id": "E2"}}, "outsider"),
        ({"is_bot": True}, "service"),
        ({"id": "USLACKBOT"}, "service"),
    ],
)
def test_what_slack_says_of_somebody_decides(more: dict[str, Any], kind: PersonKind) -> None:
    assert person_of({"id": "U1", "team_id": TEAM, "name": "dana", **more}, ME).kind == kind


def test_an_enterprise_of_no_name_makes_nobody_a_colleague() -> None:
    alone = Identity(TEAM, BOT, BOT_ID, "", "Netspy", "netspy")
    assert person_of({"id": "U1", "team_id": "T9", "enterprise_user": {"enterprise_id": ""}}, alone).kind == "outsider"


@pytest.mark.parametrize(
    ("profile", "name"), [({"display_name": "dan"}, "dan"), ({"real_name": "Dana D"}, "Dana D"), ({}, "dana")]
)
def test_people_are_called_as_they_wish(profile: dict[str, str], name: str) -> None:
    assert person_of({"id": "U1", "name": "dana", "profile": profile}, ME).name == name


async def test_slack_is_asked_once_for_all_who_wait_and_for_an_hour(slack: LoopbackSlack, people: People) -> None:
    found = await asyncio.gather(*(people.who(DANA) for _ in range(20)))
    await people.who(DANA)
    assert found == [Author(DANA, "dana")] * 20
    assert len(slack.calls_of("users.info")) == 1


async def test_a_failure_is_not_remembered(slack: LoopbackSlack, people: People) -> None:
    slack.fail("users.info", Fault(status=500))
    with pytest.raises(PlatformError):
        await people.who(DANA)
    assert (await people.who(DANA)).name == "dana"


async def test_without_the_scope_everybody_counts_as_a_member(slack: LoopbackSlack, people: People) -> None:
    slack.scopes.discard("users:read")
    assert await people.who(DANA) == Author(DANA, DANA)


async def test_nobody_knows_them_so_they_are_outsiders(people: People) -> None:
    assert (await people.who("U0NOBODY")).kind == "outsider"
