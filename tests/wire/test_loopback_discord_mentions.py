"""Whom messages of the loopback Discord notify, and what an app may read of them."""

import aiohttp
import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import BOT, DANA, DIRECT, GUILD, LEE, PAYMENTS
from tests.loopback.discord_intents import Intent
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_app import App, connected, loopback, refusal_of

server = pytest.fixture(loopback)
BLIND = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
"""Without the content of messages."""


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, {DANA, "everyone"}),
        (discord.AllowedMentions.none(), set()),
        (discord.AllowedMentions(everyone=False, users=True, roles=False), {DANA}),
        (discord.AllowedMentions(everyone=False, users=[discord.Object(int(LEE))], roles=False), set()),
    ],
)
async def test_what_is_allowed_decides_who_is_pinged(
    server: LoopbackDiscord, allowed: discord.AllowedMentions | None, pinged: set[str]
) -> None:
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        text = f"<@{DANA}> @everyone `<@{LEE}>`"
        await (place.send(text, allowed_mentions=allowed) if allowed else place.send(text))
        assert server.pinged(server.messages(PAYMENTS)[0]) == pinged


async def test_who_may_not_mention_everyone_pings_the_roles_that_all_may(server: LoopbackDiscord) -> None:
    server.grant(GUILD, server.space.roles[GUILD].permissions & ~Permission.MENTION_EVERYONE)
    oncall, secret = server.space.add_role("oncall", mentionable=True), server.space.add_role("secret")
    async with connected(server, App()) as app:
        await app.place(PAYMENTS).send(f"@here <@&{oncall}> <@&{secret}>")
        assert server.pinged(server.messages(PAYMENTS)[0]) == {oncall}


async def test_an_edit_that_mentions_counts(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        sent = await app.place(PAYMENTS).send("x")
        await sent.edit(content=f"<@{LEE}>")
        await sent.edit(content="y")
        assert server.pinged(server.messages(PAYMENTS)[0]) == {LEE}


async def test_an_answer_notifies_its_author_unless_told_not_to(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        server.say(DANA, PAYMENTS, "why?")
        await server.until(lambda: app.heard)
        await app.heard[0].reply("a")
        await app.heard[0].reply("b", mention_author=False)
        assert [server.pinged(message) for message in server.messages(PAYMENTS)[1:]] == [{DANA}, set()]


async def test_mentions_that_are_listed_twice_over_are_refused(server: LoopbackDiscord) -> None:
    body = {"content": "x", "allowed_mentions": {"parse": ["users"], "users": [DANA]}}
    headers = {"authorization": f"Bot {server.token}"}
    url = f"{server.api_url}/channels/{PAYMENTS}/messages"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50035)


async def test_without_the_intent_only_what_concerns_the_app_can_be_read(server: LoopbackDiscord) -> None:
    async with connected(server, App(intents=BLIND)) as app:
        server.say(DANA, PAYMENTS, "a secret")
        server.say(DANA, PAYMENTS, f"<@{BOT}> why?")
        server.say(DANA, DIRECT, "here")
        sent = await app.place(PAYMENTS).send("mine")
        server.reply(LEE, server.space.message(PAYMENTS, str(sent.id)), "and then?")
        await server.until(lambda: len(app.heard) == 5)
        assert app.words == ["", f"<@{BOT}> why?", "here", "mine", "and then?"]


async def test_the_portal_decides_what_history_shows(server: LoopbackDiscord) -> None:
    server.space.privileged &= ~Intent.MESSAGE_CONTENT
    said = server.say(DANA, PAYMENTS, "a secret")
    async with connected(server, App(intents=BLIND)) as app:
        place = app.place(PAYMENTS)
        assert [message.content async for message in place.history()] == [""]
        assert (await place.fetch_message(int(said))).content == ""
        assert not app.application_flags.gateway_message_content_limited


async def test_what_an_app_cannot_see_it_does_not_hear(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        hidden = server.space.add_channel("hidden")
        server.deny(hidden, Permission.VIEW_CHANNEL)
        server.say(DANA, hidden, "a secret")
        server.say(DANA, PAYMENTS, "hello")
        await server.until(lambda: app.heard)
        assert app.words == ["hello"]


async def test_links_are_seen_where_a_reader_could_go(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        view = discord.ui.View().add_item(discord.ui.Button(label="docs", url="https://d.example"))
        text = "[x](https://a.example) https://b.example `https://c.example`"
        await app.place(PAYMENTS).send(text, view=view)
        assert server.links(server.messages(PAYMENTS)[0]) == {
            "https://a.example",
            "https://b.example",
            "https://d.example",
        }


async def test_a_person_who_left_cannot_be_found(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        guild = app.guilds[0]
        assert (await guild.fetch_member(int(LEE))).name == "lee"
        server.leave(LEE)
        assert await refusal_of(guild.fetch_member(int(LEE))) == (404, 10007)
