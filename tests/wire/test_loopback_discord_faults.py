"""What a test can break in the loopback Discord, and what discord.py makes of it."""

import asyncio

import aiohttp
import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_faults import Fault, RateLimit
from tests.loopback.discord_ids import DIRECT, PAYMENTS
from tests.wire.discord_app import App, connected, loopback, refusal_of

server = pytest.fixture(loopback)


async def test_a_limit_is_waited_for(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        server.fail("create_message", Fault(retry_after_s=0.01))
        await app.place(PAYMENTS).send("x")
        assert [call.status for call in server.calls_of("create_message")] == [429, 200]
        assert [message.content for message in server.messages(PAYMENTS)] == ["x"]
        assert server.refused == []


async def test_a_limit_for_everything_is_waited_for(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        server.fail("create_message", Fault(retry_after_s=0.01, everywhere=True))
        await app.place(PAYMENTS).send("x")
        assert [call.status for call in server.calls_of("create_message")] == [429, 200]


async def test_the_network_in_front_refuses_with_a_page(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        server.fail("create_message", Fault(status=429, html="<h1>error 1015</h1>"))
        assert await refusal_of(app.place(PAYMENTS).send("x")) == (429, 0)


async def test_an_error_of_discords_is_tried_again(server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    _do_not_wait(monkeypatch)
    async with connected(server, App()) as app:
        server.fail("create_message", Fault(status=502), times=2)
        await app.place(PAYMENTS).send("x")
        assert [call.status for call in server.calls_of("create_message")] == [502, 502, 200]


async def test_an_outage_is_an_error_in_the_end(server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    _do_not_wait(monkeypatch)
    async with connected(server, App()) as app:
        server.fail("create_message", Fault(status=500), times=99)
        with pytest.raises(discord.DiscordServerError):
            await app.place(PAYMENTS).send("x")


async def test_an_answer_that_is_lost_was_done(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        server.fail("create_message", Fault(lost=True))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await place.send("x", nonce="turn-1")
        await place.send("x", nonce="turn-1")
        assert [message.content for message in server.messages(PAYMENTS)] == ["x"]


async def test_a_call_can_hang_with_and_without_being_done(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        server.fail("create_message", Fault(hangs=True))
        server.fail("create_message", Fault(hangs=True, lost=True))
        for text in ("never", "done"):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await place.send(text)
        assert [message.content for message in server.messages(PAYMENTS)] == ["done"]


async def test_any_refusal_can_be_asked_for(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        server.fail("*", Fault(status=403, code=50013, message="Missing Permissions"), skip=1)
        await app.place(PAYMENTS).send("x")
        assert await refusal_of(app.place(PAYMENTS).send("y")) == (403, 50013)
        assert server.refused == []


async def test_the_limit_over_all_calls_holds(server: LoopbackDiscord) -> None:
    server.global_limit = RateLimit(2, 3600.0)
    headers = {"authorization": f"Bot {server.token}"}
    answers = []
    async with aiohttp.ClientSession(headers=headers) as session:
        for channel in (PAYMENTS, DIRECT, PAYMENTS):
            async with session.get(f"{server.api_url}/channels/{channel}") as answer:
                answers.append((answer.status, answer.headers.get("x-ratelimit-global")))
    assert answers == [(200, None), (200, None), (429, "true")]


async def test_discord_py_waits_for_the_end_of_a_limit_within_the_call_that_used_it_up(server: LoopbackDiscord) -> None:
    server.limits["create_message"] = RateLimit(2, 3600.0)
    async with connected(server, App()) as app:
        await app.place(PAYMENTS).send("1")
        sending = asyncio.get_running_loop().create_task(app.place(PAYMENTS).send("2"))
        await server.until(lambda: len(server.calls_of("create_message")) == 2)
        _, waiting = await asyncio.wait({sending}, timeout=0.2)
        assert waiting
        assert [call.status for call in server.calls_of("create_message")] == [200, 200]
        sending.cancel()


def _do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py waits for seconds between two tries."""
    sleep = asyncio.sleep

    async def at_once(delay_s: float) -> None:
        await sleep(min(delay_s, 0.01))

    monkeypatch.setattr("discord.http.asyncio.sleep", at_once)
