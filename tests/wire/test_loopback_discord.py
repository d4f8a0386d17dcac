"""The loopback Discord's messages and discord.py agree, and the loopback is strict."""

import aiohttp
import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_faults import RateLimit
from tests.loopback.discord_ids import BOT, DANA, DIRECT, GUILD, LEE, PAYMENTS
from tests.loopback.discord_message import File
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_app import SOME, App, buffer, connected, loopback, refusal_of

server = pytest.fixture(loopback)


async def test_discord_py_sends_edits_and_deletes(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        sent = await app.place(PAYMENTS).send("one", embed=discord.Embed(title="Drops", description="none"))
        await sent.edit(content="two", embed=None)
        (message,) = server.messages(PAYMENTS)
        assert (message.shown, message.author) == ("two", BOT)
        assert message.states == ["one\nDrops\nnone", "two"]
        await server.until(lambda: app.edits)
        assert app.edits[0].message.content == "two"

        await sent.delete()
        assert server.messages(PAYMENTS) == []
        assert server.refused == []
        assert server.ignored == []


async def test_a_person_is_heard_and_answered(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        said = server.say(DANA, PAYMENTS, f"<@{BOT}> why?", files=[File("log.txt", b"refused")])
        await server.until(lambda: app.heard)
        heard = app.heard[0]
        assert (heard.author.name, heard.guild and heard.guild.id, heard.id) == ("dana", int(GUILD), int(said))
        assert app.user in heard.mentions
        assert await heard.attachments[0].read() == b"refused"
        await heard.reply("because", mention_author=False)
        answer = server.messages(PAYMENTS)[-1]
        assert answer.reference == (PAYMENTS, said)
        assert server.pinged(answer) == set()


async def test_files_go_up_and_are_read_back(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        files = [discord.File(buffer(name), name) for name in ("a.csv", "b.csv")]
        sent = await app.place(PAYMENTS).send("rows", files=files)
        (message,) = server.messages(PAYMENTS)
        assert (message.shown, message.file("b.csv")) == ("rows\na.csv\nb.csv", b"b.csv")
        assert await sent.attachments[0].read() == b"a.csv"
        await sent.edit(attachments=[sent.attachments[1], discord.File(buffer("c.csv"), "c.csv")])
        assert [one.name for one in message.attachments] == ["b.csv", "c.csv"]


async def test_what_a_message_may_hold_is_checked(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        send, embed = app.place(PAYMENTS).send, discord.Embed
        await send("x" * 2000)
        assert await refusal_of(send("x" * 2001)) == (400, 50035)
        assert await refusal_of(send(" \n ")) == (400, 50006)
        assert await refusal_of(send(embed=embed(description="x" * 4097))) == (400, 50035)
        long = [embed(description="x" * 3001), embed(description="x" * 3000)]
        assert await refusal_of(send(embeds=long)) == (400, 50035)
        assert await refusal_of(send(embed=embed().add_field(name="x", value=""))) == (400, 50035)
        many = [discord.File(buffer("x"), "x.txt") for _ in range(11)]
        assert await refusal_of(send(files=many)) == (400, 50035)
        big = discord.File(buffer("x" * (10 * 1024 * 1024 + 1)), "x.txt")
        assert await refusal_of(send(file=big)) == (413, 40005)
        assert len(server.messages(PAYMENTS)) == 1
        assert server.refused[0].why == ("content: BASE_TYPE_MAX_LENGTH: Must be 2000 or fewer in length.",)
        assert "embeds: MAX_EMBED_SIZE_EXCEEDED" in server.refused[3].why[0]


async def test_a_refusal_says_where_as_discord_py_reads_it(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        with pytest.raises(discord.HTTPException) as raised:
            await app.place(PAYMENTS).send(embed=discord.Embed(title="x" * 257))
        assert "In embeds.0.title: Must be 256 or fewer in length." in raised.value.text


async def test_channels_messages_and_permissions_have_to_be_there(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        said = server.say(DANA, PAYMENTS, "hello")
        await server.until(lambda: app.heard)
        assert await refusal_of(app.fetch_channel(int(SOME))) == (404, 10003)
        assert await refusal_of(place.fetch_message(int(SOME))) == (404, 10008)
        assert await refusal_of(place.get_partial_message(int(said)).edit(content="x")) == (403, 50005)
        assert await refusal_of(app.heard[0].delete()) == (403, 50013)
        server.deny(PAYMENTS, Permission.ATTACH_FILES)
        assert await refusal_of(place.send(file=discord.File(buffer("x"), "x"))) == (403, 50013)
        server.deny(PAYMENTS, Permission.SEND_MESSAGES)
        assert await refusal_of(place.send("x")) == (403, 50013)
        server.deny(PAYMENTS, Permission.VIEW_CHANNEL)
        assert await refusal_of(place.send("x")) == (403, 50001)


async def test_discord_py_computes_the_same_permissions(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        role = server.space.add_role("quiet")
        server.space.users[BOT].roles.append(role)
        server.deny(PAYMENTS, Permission.SEND_MESSAGES | Permission.ADD_REACTIONS, to=GUILD)
        server.allow(PAYMENTS, Permission.SEND_MESSAGES)
        channel = app.place(PAYMENTS)
        await server.until(lambda: app.names.count("CHANNEL_UPDATE") == 2)
        may = channel.permissions_for(channel.guild.me)
        assert int(server.space.permissions(BOT, server.space.channels[PAYMENTS])) == may.value
        assert (may.send_messages, may.add_reactions) == (True, False)


async def test_a_wrong_token_is_refused(server: LoopbackDiscord) -> None:
    app = App()
    with pytest.raises(discord.LoginFailure):
        await app.start("wrong")
    await app.close()
    assert [refusal.code for refusal in server.refused] == [0]


async def test_what_discord_does_not_know_is_noted(server: LoopbackDiscord) -> None:
    headers = {"authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(server.api_url + "/", headers=headers) as session:
        async with session.post(f"channels/{PAYMENTS}/messages", json={"content": "x", "text": "y"}) as answer:
            assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        async with session.post("shout") as answer:
            assert answer.status == 404
        async with session.post(
            f"channels/{PAYMENTS}/messages", data="{", headers={"content-type": "text/plain"}
        ) as no:
            assert no.status == 400
    assert server.ignored == [("create_message", "text")]
    assert [refusal.code for refusal in server.refused] == [0, 50035]


async def test_a_nonce_is_sent_once(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        first = await place.send("x", nonce="turn-1")
        assert (await place.send("y", nonce="turn-1")).id == first.id
        await place.send("z", nonce="turn-2")
        assert [message.content for message in server.messages(PAYMENTS)] == ["x", "z"]
        assert await refusal_of(place.send("x", nonce="x" * 26)) == (400, 50035)


async def test_an_answer_to_nothing_is_refused(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        gone = discord.MessageReference(message_id=int(SOME), channel_id=place.id)
        assert await refusal_of(place.send("x", reference=gone)) == (400, 50035)
        gone = discord.MessageReference(message_id=int(SOME), channel_id=place.id, fail_if_not_exists=False)
        await place.send("x", reference=gone)
        assert server.messages(PAYMENTS)[0].reference is None


async def test_direct_messages_work_and_can_be_closed(server: LoopbackDiscord) -> None:
    async with connected(server, App(intents=discord.Intents(guilds=True, dm_messages=True))) as app:
        server.say(DANA, DIRECT, "hi")
        await server.until(lambda: app.heard)
        assert app.words == ["hi"]
        assert isinstance(app.heard[0].channel, discord.DMChannel)
        await app.heard[0].channel.send("hello")
        lee = await app.fetch_user(int(LEE))
        await lee.send("you too")
        assert [message.content for message in server.messages(server.space.direct(LEE).id)] == ["you too"]
        server.space.users[LEE].closed = True
        assert await refusal_of(lee.send("again")) == (403, 50007)


async def test_typing_and_reactions_are_seen(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        said = server.say(DANA, PAYMENTS, "why?")
        await server.until(lambda: app.heard)
        async with app.heard[0].channel.typing():
            await app.heard[0].add_reaction("⏳")
        message = server.space.message(PAYMENTS, said)
        assert (server.typed(PAYMENTS), message.reactions) == (1, {"⏳": [BOT]})
        assert app.user
        await app.heard[0].remove_reaction("⏳", app.user)
        assert message.reactions == {}
        assert await refusal_of(app.heard[0].add_reaction("hourglass")) == (400, 10014)


async def test_limits_are_told_and_hold(server: LoopbackDiscord) -> None:
    server.limits["create_message"] = RateLimit(2, 3600.0)
    headers = {"authorization": f"Bot {server.token}"}
    statuses, left = [], []
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(3):
            async with session.post(f"{server.api_url}/channels/{PAYMENTS}/messages", json={"content": "x"}) as answer:
                statuses.append(answer.status)
                left.append(answer.headers["x-ratelimit-remaining"])
                body = await answer.json()
        assert (statuses, left) == ([200, 200, 429], ["1", "0", "0"])
        assert (body["global"], answer.headers["x-ratelimit-scope"], answer.headers["via"]) == (
            False,
            "user",
            "1.1 google",
        )
        async with session.post(f"{server.api_url}/channels/{DIRECT}/messages", json={"content": "x"}) as answer:
            assert answer.status == 200
