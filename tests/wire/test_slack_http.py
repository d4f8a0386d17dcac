"""Slack's events by HTTP: signed, mounted on the web application of `netspy serve`, retried by Slack."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.loopback.slack_faults import Fault
from tests.wire.slack_stage import DANA, SlackStage, open_slack_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """With one netspy for all tests here."""
    async with open_slack_stage(tmp_path_factory.mktemp("slack")) as opened:
        await opened.start_http()
        yield opened


async def test_the_address_is_verified(stage: SlackStage) -> None:
    answer = await stage.slack.verify_url()

    assert answer.status == 200
    assert "3eZbrw1aB" in answer.body


async def test_mentions_follow_ups_and_buttons_work(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    stage.say("and now?", thread=thread)
    await stage.answered(thread, 2)
    await stage.slack.press(DANA, answer, "again")
    await stage.answered(thread, 3)
    await stage.slack.all_acked()

    assert not stage.slack.connections


async def test_a_slash_command_works(stage: SlackStage) -> None:
    answer = await stage.slack.slash(DANA, stage.channel, "list")
    (root,) = stage.slack.messages(stage.channel)
    await stage.answered(root.ts)

    assert answer.error == ""


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [("", "v0=0000"), (str(int(time.time()) - 301), ""), ("yesterday", "")],
    ids=["signature", "age", "nonsense"],
)
async def test_what_is_not_signed_by_slack_just_now_gets_401(stage: SlackStage, timestamp: str, signature: str) -> None:
    event = b'{"type":"event_callback","team_id":"T0NETSPY","event":{"type":"app_mention"}}'
    answer = await stage.slack.post(event, timestamp=timestamp, signature=signature)

    assert answer.status == 401
    assert stage.model.requests == []


async def test_bytes_that_are_no_text_are_refused(stage: SlackStage) -> None:
    assert (await stage.slack.post(b"\xff\xfe")).status == 400


async def test_a_body_without_end_is_refused(stage: SlackStage) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(stage.slack.http_endpoint, content=b"x" * (2 << 20))
    assert answer.status_code == 413


async def test_a_retry_is_answered_once(stage: SlackStage) -> None:
    stage.slack.delivery.retry_delays_s = (0.05, 0.05, 0.05)
    stage.slack.fail("users.info", Fault(status=500), times=1)
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    await stage.slack.all_acked()

    assert len(stage.finals(thread)) == 1


async def test_health_and_readiness_are_told_by_part(stage: SlackStage) -> None:
    url = await stage.bots[0].listening()
    async with httpx.AsyncClient(base_url=url) as client:
        healthy, ready = await client.get("/healthz"), await client.get("/readyz")
        unknown = await client.get("/nothing")

    assert (healthy.status_code, healthy.text) == (200, "ok")
    assert ready.status_code == 200
    assert {part["part"]: part["state"] for part in ready.json()["parts"]} == {
        "source": "ok",
        "model": "ok",
        "storage": "ok",
        "slack": "ok",
    }
    assert unknown.status_code == 404
