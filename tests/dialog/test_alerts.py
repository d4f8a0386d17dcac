"""Alerts that come in: one thread a group, an investigation in it, and what has changed once it is resolved."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from bot.alerts.desk import AlertChannel, AlertDesk
from bot.alerts.endpoint import PATH, AlertsEndpoint
from bot.conversation.forgetful_alerts import ForgetfulAlertBook
from bot.domain.errors import NotPermitted, PlatformError, StorageError
from bot.domain.message import Address, Author, Channel, Command, Message, ThreadKey
from bot.domain.ports import Announced
from tests.alert_groups import alert, notification
from tests.fakes import NOW, IdleDesk

TOKEN = "hush-hush"
LATER = "2026-11-23T15:00:00Z"


@dataclass
class ListeningDesk(IdleDesk):
    """Takes messages, and knows two processes."""

    messages: list[Message] = field(default_factory=list)
    asked_by: set[tuple[Author, Channel]] = field(default_factory=set)
    error: Exception | None = None

    async def handle(self, message: Message) -> None:
        if self.error:
            raise self.error
        self.messages.append(message)

    async def complete(self, argument: str, prefix: str, *, by: Author, channel: Channel) -> tuple[str, ...]:
        self.asked_by.add((by, channel))
        known = ("checkout", "checkout-api") if argument == "process_name" else ()
        return tuple(name for name in known if name.startswith(prefix))


@dataclass
class Board:
    """An `Announcer` whose threads are numbered."""

    said: list[tuple[str, str]] = field(default_factory=list)
    error: PlatformError | None = None
    held: asyncio.Event | None = None

    async def announce(self, channel: str, text: str) -> Announced:
        if self.held:
            await self.held.wait()
        if self.error:
            raise self.error
        self.said.append((channel, text))
        thread = str(len(self.said))
        return Announced(ThreadKey("slack", "T1", channel, thread), Address("slack", thread))


@dataclass
class Hook:
    """Where Alertmanager posts to."""

    client: httpx.AsyncClient
    desk: ListeningDesk
    board: Board

    async def post(self, *alerts: dict[str, Any], token: str = TOKEN, **more: Any) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.client.post(PATH, content=json.dumps(notification(*alerts, **more)), headers=headers)
        said = answer.json()
        return answer.status_code, said.get("state") or said["error"]


@asynccontextmanager
async def open_hook() -> AsyncIterator[Hook]:
    desk, board = ListeningDesk(), Board()
    channels = {"payments-oncall": AlertChannel("slack", "C1"), "elsewhere": AlertChannel("discord", "42")}
    alerts = AlertDesk(desk, ForgetfulAlertBook(), channels, {"slack": board}, clock=lambda: NOW)
    app = Starlette(routes=[Route(PATH, AlertsEndpoint(alerts, TOKEN).post, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield Hook(client, desk, board)


async def test_an_alert_begins_a_thread_in_the_channel_of_its_route_and_is_investigated_there() -> None:
    async with open_hook() as hook:
        labels = {"alertname": "CheckoutErrors", "process": "checkout"}
        assert await hook.post(commonLabels=labels) == (200, "asked")
    ((channel, text),) = hook.board.said
    assert channel == "C1"
    assert text.startswith("`CheckoutErrors` fires")
    (message,) = hook.desk.messages
    assert message.key == ThreadKey("slack", "T1", "C1", "1")
    assert message.command == Command("investigate", {"process_name": "checkout", "duration": 600})
    assert (message.author.kind, message.opens, message.reply_to) == ("service", True, Address("slack", "1"))
    assert hook.desk.asked_by == {(message.author, Channel("slack", "T1", "C1"))}


async def test_a_group_has_one_thread_and_the_same_alerts_are_asked_about_once() -> None:
    async with open_hook() as hook:
        states = [
            await hook.post(alert("a")),
            await hook.post(alert("a")),
            await hook.post(alert("a"), alert("b")),
            await hook.post(alert("a", status="resolved"), alert("b")),
        ]
    assert states == [(200, "asked"), (200, "known"), (200, "asked"), (200, "known")]
    assert len(hook.board.said) == 1
    assert [message.key.thread for message in hook.desk.messages] == ["1", "1"]
    assert len({message.id for message in hook.desk.messages}) == 2


async def test_a_resolved_group_is_answered_with_what_has_changed_since_its_first_question() -> None:
    async with open_hook() as hook:
        await hook.post(alert("a"))
        resolved = alert("a", status="resolved")
        assert await hook.post(resolved) == (200, "compared")
        assert await hook.post(resolved) == (200, "known")
        assert await hook.post(alert("a", starts_at=LATER)) == (200, "asked")
        assert await hook.post(resolved) == (200, "compared")
    texts = [message.text for message in hook.desk.messages if not message.command]
    assert texts == ["diff 1", "diff"]
    assert len({message.id for message in hook.desk.messages}) == 4


async def test_what_is_resolved_and_was_never_heard_of_begins_nothing() -> None:
    async with open_hook() as hook:
        assert await hook.post(alert("a", status="resolved")) == (200, "unknown")
        assert await hook.post(alert("a")) == (200, "asked")
    assert len(hook.board.said) == 1


async def test_two_notifications_at_once_begin_one_thread() -> None:
    async with open_hook() as hook:
        hook.board.held = asyncio.Event()
        first = asyncio.create_task(hook.post(alert("a")))
        await asyncio.sleep(0.01)
        status, told = await hook.post(alert("a"))
        hook.board.held.set()
        assert await first == (200, "asked")
    assert (status, "its thread is just being begun" in told) == (503, True)


async def test_a_platform_that_is_away_is_tried_again_with_the_next_notification() -> None:
    async with open_hook() as hook:
        hook.board.error = PlatformError("Slack's chat.postMessage", "it does not answer")
        assert await hook.post() == (503, "Slack's chat.postMessage: it does not answer")
        hook.board.error = None
        assert await hook.post() == (200, "asked")


async def test_a_question_that_cannot_be_stored_is_asked_with_the_next_notification_in_the_same_thread() -> None:
    async with open_hook() as hook:
        hook.desk.error = StorageError("storing a message", "the database is away")
        assert (await hook.post())[0] == 503
        hook.desk.error = None
        assert await hook.post() == (200, "asked")
    assert len(hook.board.said) == 1


async def test_what_the_policy_is_against_is_not_sent_again() -> None:
    async with open_hook() as hook:
        hook.desk.error = NotPermitted("asking here", "no rule admits this channel", "add one")
        assert await hook.post() == (403, "asking here: no rule admits this channel. Add one")


async def test_receivers_without_a_channel_and_channels_without_a_platform_say_so() -> None:
    async with open_hook() as hook:
        status, told = await hook.post(receiver="nobody's")
        assert (status, "those that have: payments-oncall, elsewhere" in told) == (422, True)
        status, told = await hook.post(receiver="elsewhere")
        assert (status, "a thread in discord: it is not served here" in told) == (503, True)


async def test_only_who_has_the_token_is_heard() -> None:
    async with open_hook() as hook:
        assert (await hook.post(token="guess"))[0] == 401
        answer = await hook.client.post(PATH, content=b"{}")
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="netspy"')
        bad = await hook.client.post(PATH, content=b"{}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (bad.status_code, bad.json()["error"][:19]) == (422, "an alert: version: ")
    assert not hook.desk.messages
