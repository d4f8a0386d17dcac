"""Threads and channels of the loopback Discord against discord.py."""

import asyncio

import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import BOT, DANA, LEE, PAYMENTS
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_app import App, connected, loopback, refusal_of

server = pytest.fixture(loopback)


async def heard(server: LoopbackDiscord, app: App, text: str = "why?") -> discord.Message:
    """A message of dana's, as the app has it."""
    before = len(app.heard)
    server.say(DANA, PAYMENTS, text)
    await server.until(lambda: len(app.heard) > before)
    return app.heard[-1]


async def test_a_thread_begins_at_a_message_and_has_its_id(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        question = await heard(server, app)
        thread = await question.create_thread(name="why?", auto_archive_duration=1440)
        await thread.send("because")
        assert (thread.id, thread.owner_id) == (question.id, int(BOT))
        assert server.threads == [str(question.id)]
        assert [message.content for message in server.messages(str(thread.id))] == ["because"]
        await server.until(lambda: "because" in app.words)
        assert app.heard[1].type is discord.MessageType.thread_starter_message
        assert app.heard[1].content == ""


async def test_two_apps_cannot_begin_the_same_thread(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as first, connected(server, App()) as second:
        server.say(DANA, PAYMENTS, "why?")
        await server.until(lambda: first.heard and second.heard)
        attempts = [app.heard[0].create_thread(name="why?") for app in (first, second)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        (lost,) = [one for one in results if isinstance(one, discord.HTTPException)]
        assert lost.code == 160004
        assert len(server.threads) == 1


async def test_a_thread_has_a_name_a_duration_and_a_permission(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        question = await heard(server, app)
        assert await refusal_of(question.create_thread(name="x" * 101)) == (400, 50035)
        assert await refusal_of(question.create_thread(name="")) == (400, 50035)
        odd = question.create_thread(name="x", auto_archive_duration=61)  # type: ignore[arg-type] # on purpose
        assert await refusal_of(odd) == (400, 50035)
        server.deny(PAYMENTS, Permission.CREATE_PUBLIC_THREADS)
        assert await refusal_of(question.create_thread(name="x")) == (403, 50013)
        assert server.threads == []


async def test_a_thread_begins_without_a_message_and_is_announced(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        channel = app.place(PAYMENTS)
        assert isinstance(channel, discord.TextChannel)
        public = await channel.create_thread(name="open", type=discord.ChannelType.public_thread)
        private = await channel.create_thread(name="hidden")
        assert (public.is_private(), private.is_private()) == (False, True)
        await server.until(lambda: app.heard)
        assert [message.type for message in app.heard] == [discord.MessageType.thread_created]


async def test_writing_opens_an_archived_thread_unless_it_is_locked(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        thread = await (await heard(server, app)).create_thread(name="x")
        sent = await thread.send("one")
        server.archive(str(thread.id))
        assert await refusal_of(sent.edit(content="two")) == (400, 50083)
        await thread.send("three")
        state = server.space.channels[str(thread.id)].thread
        assert state
        assert not state.archived
        server.archive(str(thread.id), locked=True)
        assert await refusal_of(thread.send("four")) == (400, 50083)
        assert await refusal_of(thread.edit(archived=False)) == (403, 50013)
        server.unarchive(str(thread.id))
        assert await refusal_of(thread.send("five")) == (400, 160005)
        server.unlock(str(thread.id))
        await thread.send("six")
        assert [message.content for message in server.messages(str(thread.id))] == ["one", "three", "six"]


async def test_an_app_archives_its_own_thread_only(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        mine = await (await heard(server, app)).create_thread(name="mine")
        said = server.say(DANA, PAYMENTS, "later")
        theirs = server.start_thread(DANA, server.space.message(PAYMENTS, said))
        await server.until(lambda: app.get_channel(int(theirs)))
        await mine.edit(archived=True)
        other = app.place(theirs)
        assert isinstance(other, discord.Thread)
        assert await refusal_of(other.edit(archived=True)) == (403, 50013)
        assert await refusal_of(mine.edit(archived=False, locked=True)) == (403, 50013)
        server.allow(PAYMENTS, Permission.MANAGE_THREADS)
        await other.edit(locked=True)
        await server.until(lambda: other.locked)


async def test_a_post_of_a_forum_is_a_thread(server: LoopbackDiscord) -> None:
    forum = server.space.add_channel("help", "forum")
    async with connected(server, App()) as app:
        post = server.open_post(LEE, forum, "It hangs", f"<@{BOT}> why?")
        await server.until(lambda: app.heard)
        place = app.heard[0].channel
        assert isinstance(place, discord.Thread)
        assert (str(place.id), str(app.heard[0].id), place.owner_id) == (post, post, int(LEE))
        assert isinstance(place.parent, discord.ForumChannel)
        await place.send("because")
        assert [message.content for message in server.messages(post)] == [f"<@{BOT}> why?", "because"]


async def test_history_comes_in_pages_both_ways(server: LoopbackDiscord) -> None:
    said = [server.say(DANA, PAYMENTS, str(number)) for number in range(205)]
    async with connected(server, App()) as app:
        place = app.place(PAYMENTS)
        newest_first = [message.content async for message in place.history(limit=None)]
        assert newest_first == [str(number) for number in reversed(range(205))]
        after = [message.content async for message in place.history(after=discord.Object(int(said[201])))]
        assert after == ["202", "203", "204"]
        around = [message.content async for message in place.history(around=discord.Object(int(said[100])), limit=3)]
        assert sorted(around) == ["100", "101", "99"]
        server.deny(PAYMENTS, Permission.READ_MESSAGE_HISTORY)
        assert [message async for message in place.history()] == []
        assert await refusal_of(place.fetch_message(int(said[0]))) == (403, 50001)


async def test_a_channel_goes_with_its_threads(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        thread = await (await heard(server, app)).create_thread(name="x")
        place = app.place(PAYMENTS)
        server.remove_channel(PAYMENTS)
        await server.until(lambda: not app.get_channel(int(PAYMENTS)) and not app.get_channel(thread.id))
        assert await refusal_of(place.send("x")) == (404, 10003)
        assert await refusal_of(thread.send("x")) == (404, 10003)
