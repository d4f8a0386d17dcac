"""The loopback Discord's gateway against discord.py: sessions, what is told again, and how it all breaks."""

import asyncio
import json
from typing import Any

import aiohttp
import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_gateway import BAD_FRAME, BAD_SEQUENCE, BAD_TOKEN, NOT_IDENTIFIED, UNKNOWN_OPCODE
from tests.loopback.discord_ids import DANA, DIRECT, GUILD, LEE, PAYMENTS
from tests.loopback.discord_intents import Intent
from tests.wire.discord_app import App, connected, loopback

server = pytest.fixture(loopback)


async def test_the_app_knows_its_server(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        (guild,) = app.guilds
        assert (str(guild.id), guild.member_count, guild.me.name) == (GUILD, 4, "netspy")
        assert [channel.name for channel in guild.text_channels] == ["payments"]
        assert server.connections[0].path == "/gateway"


async def test_every_session_hears_everything(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as first, connected(server, App()) as second:
        server.say(DANA, PAYMENTS, "hello")
        await server.until(lambda: first.words == second.words == ["hello"])
        assert len(server.sessions) == 2


async def test_an_app_hears_only_what_it_asked_for(server: LoopbackDiscord) -> None:
    async with connected(server, App(intents=discord.Intents(guilds=True, dm_messages=True))) as app:
        server.say(DANA, PAYMENTS, "not for you")
        server.say(DANA, DIRECT, "for you")
        await server.until(lambda: app.words)
        assert app.words == ["for you"]


async def test_members_are_told_to_who_asks_for_them(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        assert [member.name for member in app.guilds[0].members] == ["netspy"]
    async with connected(server, App(intents=discord.Intents(guilds=True, members=True))) as app:
        assert len(app.guilds[0].members) == 4
        server.leave(LEE)
        await server.until(lambda: len(app.guilds[0].members) == 3)
        (found,) = await app.guilds[0].query_members("dan")
        assert str(found.id) == DANA


async def test_intents_that_are_not_switched_on_end_it(server: LoopbackDiscord) -> None:
    server.space.privileged = Intent(0)
    app = App()
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await app.start(server.token)
    await app.close()
    assert server.gateway.closed == [4014]
    assert server.faults == []


async def test_what_was_missed_is_told_again(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        session = server.sessions[0]
        server.cut()
        server.say(DANA, PAYMENTS, "did you hear that?")
        await server.until(lambda: app.words and "RESUMED" in app.names)
        assert (app.words, session.resumed) == (["did you hear that?"], 1)
        assert [connection.path for connection in server.connections] == ["/gateway/resume"]


async def test_a_request_to_reconnect_is_followed(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        session = server.sessions[0]
        server.reconnect()
        await server.until(lambda: session.resumed and session.connection)
        server.say(DANA, PAYMENTS, "hello")
        await server.until(lambda: app.words == ["hello"])
        assert server.gateway.opened == 2


async def test_an_invalid_session_begins_anew_and_nothing_is_told_again(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        old = server.sessions[0]
        server.invalidate()
        server.say(DANA, PAYMENTS, "lost")
        await server.until(lambda: server.gateway.live and server.gateway.live[0] is not old)
        server.say(DANA, PAYMENTS, "hello")
        await server.until(lambda: app.words)
        assert app.words == ["hello"]


async def test_a_session_that_may_resume_does(server: LoopbackDiscord) -> None:
    async with connected(server, App()):
        session = server.sessions[0]
        server.invalidate(resumable=True)
        await server.until(lambda: session.resumed)


@pytest.mark.parametrize(("code", "again"), [(4000, True), (1000, True), (4004, False), (4014, False)])
async def test_a_close_code_says_whether_to_come_again(server: LoopbackDiscord, code: int, *, again: bool) -> None:
    app = App()
    running = asyncio.get_running_loop().create_task(app.start(server.token))
    await server.until(lambda: app.is_up)
    server.close(code)
    await server.until(lambda: running.done() or server.gateway.opened == 2)
    assert running.done() is not again
    await app.close()
    await asyncio.wait({running})
    assert isinstance(running.exception(), type(None) if again else discord.DiscordException)


async def test_a_silent_connection_is_given_up(server: LoopbackDiscord) -> None:
    server.gateway.heartbeat_s = 0.05
    async with connected(server, App(heartbeat_timeout=0.3)) as app:
        (connection,) = server.connections
        connection.silent = True
        server.say(DANA, PAYMENTS, "hello")
        await server.until(lambda: app.words == ["hello"])
        assert server.gateway.opened > 1
        assert connection.frames[-1]["op"] in {0, 11}


async def test_who_does_not_beat_is_closed(server: LoopbackDiscord) -> None:
    server.gateway.heartbeat_s = 0.02
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as websocket:
        assert (await websocket.receive_json())["d"] == {"heartbeat_interval": 20}
        await websocket.receive()
        assert websocket.close_code == 4009


async def test_a_slow_gateway_tells_everything_in_the_end(server: LoopbackDiscord) -> None:
    server.gateway.latency_s = 0.02
    async with connected(server, App()) as app:
        for number in range(5):
            server.say(DANA, PAYMENTS, str(number))
        assert app.words == []
        await server.until(lambda: app.words == ["0", "1", "2", "3", "4"])


async def test_a_malformed_event_ends_discord_py(server: LoopbackDiscord) -> None:
    app = App()
    running = asyncio.get_running_loop().create_task(app.start(server.token))
    await server.until(lambda: app.is_up)
    server.event("MESSAGE_CREATE", {"id": "1"})
    await asyncio.wait({running})
    assert isinstance(running.exception(), KeyError)
    await app.close()


async def test_a_closed_gateway_at_first_ends_discord_py(server: LoopbackDiscord) -> None:
    server.gateway.is_open = False
    app = App()
    with pytest.raises(AttributeError):
        await app.start(server.token)
    await app.close()


async def test_the_app_comes_and_goes(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        server.leave()
        await server.until(lambda: not app.guilds)
        server.say(DANA, PAYMENTS, "a secret")
        server.join()
        await server.until(lambda: app.guilds)
        server.say(DANA, PAYMENTS, "welcome")
        await server.until(lambda: app.words)
        assert app.words == ["welcome"]


async def talk(server: LoopbackDiscord, *frames: dict[str, Any] | str) -> int | None:
    """Say these to the gateway; the code that it closes with."""
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as websocket:
        for frame in frames:
            await websocket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        async for _ in websocket:
            pass
        return websocket.close_code


async def test_a_session_that_ended_cannot_be_resumed(server: LoopbackDiscord) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as websocket:
        await websocket.send_json({"op": 2, "d": {"token": server.token, "intents": 1}})
        await server.connected()
        gone = server.sessions[0].id
        server.invalidate()
        async with session.ws_connect(server.gateway_url) as other:
            await other.send_json({"op": 6, "d": {"token": server.token, "session_id": gone, "seq": 1}})
            assert (await other.receive_json())["op"] == 10
            assert await other.receive_json() == {"op": 9, "d": False}


async def test_wrong_frames_close_the_connection_and_are_faults(server: LoopbackDiscord) -> None:
    identify = {"op": 2, "d": {"token": server.token, "intents": 1}}
    assert await talk(server, "{") == BAD_FRAME
    assert await talk(server, {"op": 2}) == BAD_FRAME
    assert await talk(server, {"op": 99}) == UNKNOWN_OPCODE
    assert await talk(server, {"op": 3, "d": {}}) == NOT_IDENTIFIED
    assert await talk(server, identify, identify) == 4005
    assert await talk(server, {"op": 2, "d": {"token": server.token, "intents": 1 << 30}}) == 4013
    session = server.sessions[0].id
    resume = {"token": server.token, "session_id": session, "seq": 99}
    assert await talk(server, {"op": 6, "d": resume}) == BAD_SEQUENCE
    with pytest.raises(AssertionError):
        server.check()
    server.faults.clear()
    assert await talk(server, {"op": 2, "d": {"token": "wrong", "intents": 1}}) == BAD_TOKEN
    assert server.faults == []
