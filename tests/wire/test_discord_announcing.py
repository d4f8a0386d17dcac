"""What netspy says in Discord without having been asked, and the thread that begins at it."""

from datetime import UTC

import pytest

from adapters.discord.client import DiscordAdapter
from adapters.discord.credentials import DiscordCredentials
from bot.domain.errors import PlatformError, Undeliverable
from bot.domain.message import Prose, Reply, ThreadKey, TurnId
from bot.domain.ports import Announcer, Directory
from tests.loopback.discord_faults import Fault
from tests.loopback.discord_ids import DANA, DIRECT, GUILD, LEE, PAYMENTS
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_desk_stage import DeskStage, open_desk_stage

TURN = TurnId("0" * 32)
FOUND = Reply(TURN, (Prose("The link is lossy."),))
MAX_CONTENT = 2000


async def answered(stage: DeskStage, *, text: str = "**High retransmits** on node-a") -> tuple[ThreadKey, str]:
    """The thread of an announcement with an answer, and the id of its message."""
    announced = await stage.adapter.announce(PAYMENTS, text)
    await stage.adapter.outlet(TURN, announced.address).reply(FOUND)
    return announced.key, stage.posts(PAYMENTS)[0].id


async def test_answers_and_follow_ups_stand_in_the_thread_of_an_announcement() -> None:
    async with open_desk_stage() as stage:
        key, root = await answered(stage)
        (thread,) = stage.discord.threads
        stage.discord.say(LEE, thread, "since when?")
        await stage.discord.until(lambda: stage.desk.messages)

        assert key == ThreadKey("discord", GUILD, PAYMENTS, root)
        assert (thread, stage.discord.space.channels[thread].name) == (root, "**High retransmits** on node-a")
        assert [post.shown.split("\n")[0] for post in stage.posts(thread)] == ["The link is lossy."]
        assert stage.desk.messages[0].key == key
        assert not stage.discord.refused


async def test_where_no_thread_can_begin_answers_and_replies_stand_in_the_channel() -> None:
    async with open_desk_stage() as stage:
        stage.discord.fail("start_thread_from_message", Fault(status=403, code=50013))
        key, root = await answered(stage)
        announcement, answer = stage.posts(PAYMENTS)
        for message in (announcement, answer):
            stage.discord.reply(DANA, message, "<@900000000000000002> since when?")
        await stage.discord.until(lambda: len(stage.desk.messages) == 2)

        assert answer.reference == (PAYMENTS, root)
        assert [message.key for message in stage.desk.messages] == [key, key]


async def test_a_thread_that_was_not_begun_then_is_begun_for_the_answer() -> None:
    async with open_desk_stage() as stage:
        stage.discord.fail("start_thread_from_message", Fault(status=401, code=0))
        _, root = await answered(stage)

        assert stage.discord.threads == [root]
        assert [post.shown.split("\n")[0] for post in stage.posts(root)] == ["The link is lossy."]


async def test_an_announcement_pings_nobody_and_links_nowhere() -> None:
    async with open_desk_stage() as stage:
        await stage.adapter.announce(PAYMENTS, f"@everyone <@{DANA}> [x](http://evil.example) http://evil.example")
        (post,) = stage.posts(PAYMENTS)

        assert (stage.discord.pinged(post), stage.discord.links(post)) == (set(), set())


async def test_an_announcement_that_is_too_long_is_cut_and_one_that_just_fits_is_not() -> None:
    async with open_desk_stage() as stage:
        paragraph = "word " * 30 + "\n\n"
        fits = (paragraph * 20)[: MAX_CONTENT - 20].strip()
        for text in (fits, paragraph * 40, ""):
            await stage.adapter.announce(PAYMENTS, text)
        whole, cut, empty = (post.content for post in stage.posts(PAYMENTS))

        assert whole.count("word") == fits.count("word")
        assert cut.endswith("…")
        assert MAX_CONTENT * 0.9 < len(cut) <= MAX_CONTENT
        assert empty == "…"


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("#payments", "'#payments' is no id of a channel"),
        ("900000000000007777", "the channel is gone"),
        (DIRECT, "is no text channel of a server"),
    ],
)
async def test_where_nothing_can_be_announced_it_says_why(channel: str, told: str) -> None:
    async with open_desk_stage() as stage:
        with pytest.raises(Undeliverable, match=told):
            await stage.adapter.announce(channel, "High retransmits")


async def test_where_netspy_may_not_write_it_says_so() -> None:
    async with open_desk_stage() as stage:
        stage.discord.deny(PAYMENTS, Permission.SEND_MESSAGES)
        with pytest.raises(Undeliverable, match="netspy lacks a permission there"):
            await stage.adapter.announce(PAYMENTS, "High retransmits")


async def test_nothing_is_announced_or_known_while_the_adapter_does_not_run() -> None:
    async with open_desk_stage() as stage:
        ended = stage.adapter
    for adapter in (DiscordAdapter(DiscordCredentials(token="not asked for"), zone=UTC), ended):
        assert isinstance(adapter, Announcer)
        assert isinstance(adapter, Directory)
        with pytest.raises(PlatformError, match="does not run"):
            await adapter.announce(PAYMENTS, "High retransmits")
        with pytest.raises(PlatformError, match="does not run"):
            await adapter.channels(GUILD, DANA)
