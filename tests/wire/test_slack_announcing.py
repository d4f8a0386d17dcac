"""What netspy says in Slack without having been asked, and the thread below it."""

import pytest

from bot.domain.errors import PlatformError, Undeliverable
from bot.domain.message import Prose, Reply, ThreadKey, TurnId
from bot.domain.ports import Announcer, Directory
from tests.loopback.slack_faults import Fault
from tests.loopback.slack_workspace import DANA, LEE, PAYMENTS, TEAM
from tests.wire.slack_desk_stage import open_desk_stage

TURN = TurnId("0" * 32)
MAX_MARKDOWN = 12_000
"""https://docs.slack.dev/reference/block-kit/blocks/markdown-block"""


async def test_answers_and_follow_ups_stand_in_the_thread_of_an_announcement() -> None:
    async with open_desk_stage() as stage:
        announced = await stage.adapter.announce(PAYMENTS, "**High retransmits** on node-a")
        (root,) = stage.posts(PAYMENTS)
        await stage.adapter.outlet(TURN, announced.address).reply(Reply(TURN, (Prose("The link is lossy."),)))
        (_, answer) = stage.slack.messages(PAYMENTS, root.ts)
        stage.slack.say(LEE, PAYMENTS, "since when?", thread=root.ts)
        await stage.slack.until(lambda: stage.desk.messages)

        assert root.shown == "**High retransmits** on node-a"
        assert announced.key == ThreadKey("slack", TEAM, PAYMENTS, root.ts)
        assert answer.shown.startswith("The link is lossy.")
        assert stage.desk.messages[0].key == announced.key
        assert not stage.slack.refused


async def test_progress_on_an_announcement_is_streamed_to_nobody() -> None:
    async with open_desk_stage() as stage:
        announced = await stage.adapter.announce(PAYMENTS, "High retransmits")
        outlet = stage.adapter.outlet(TURN, announced.address)
        await outlet.prose("Looking.")
        await stage.slack.until(lambda: len(stage.slack.messages(PAYMENTS, announced.key.thread)) > 1)
        await outlet.reply(Reply(TURN, (Prose("Looking. Found."),)))

        assert not stage.slack.calls_of("chat.startStream")
        assert not stage.slack.refused


async def test_an_announcement_pings_nobody_and_links_nowhere() -> None:
    async with open_desk_stage() as stage:
        await stage.adapter.announce(PAYMENTS, f"<!channel> <@{DANA}> [x](http://evil.example) http://evil.example")
        (root,) = stage.posts(PAYMENTS)

        assert (stage.slack.pinged(root), stage.slack.links(root)) == (set(), set())


async def test_an_announcement_that_is_too_long_is_cut_and_one_that_just_fits_is_not() -> None:
    async with open_desk_stage() as stage:
        paragraph = "word " * 200 + "\n\n"
        fits = (paragraph * 12)[: MAX_MARKDOWN - 1] + "."
        for text in (fits, paragraph * 20):
            await stage.adapter.announce(PAYMENTS, text)
        whole, cut = (str(post.blocks[0]["text"]) for post in stage.posts(PAYMENTS))

        assert whole == fits
        assert cut.endswith("…")
        assert MAX_MARKDOWN * 0.7 < len(cut) <= MAX_MARKDOWN


async def test_an_announcement_is_made_without_blocks_that_slack_does_not_know() -> None:
    async with open_desk_stage() as stage:
        stage.slack.fail("chat.postMessage", Fault(error="invalid_blocks"), times=2)
        await stage.adapter.announce(PAYMENTS, "High retransmits")

        assert [post.shown for post in stage.posts(PAYMENTS)] == ["High retransmits"]


@pytest.mark.parametrize("members", [(DANA,), ()])
async def test_where_netspy_is_not_it_says_that_it_has_to_be_invited(members: tuple[str, ...]) -> None:
    async with open_desk_stage() as stage:
        channel = stage.slack.space.add_channel("away", members=members) if members else "C0NOWHERE"

        with pytest.raises(Undeliverable, match="Invite it there"):
            await stage.adapter.announce(channel, "High retransmits")


async def test_nothing_is_announced_or_known_while_the_adapter_does_not_run() -> None:
    async with open_desk_stage() as stage:
        adapter = stage.adapter
    assert isinstance(adapter, Announcer)
    assert isinstance(adapter, Directory)
    with pytest.raises(PlatformError, match="does not run"):
        await adapter.announce(PAYMENTS, "High retransmits")
    with pytest.raises(PlatformError, match="does not run"):
        await adapter.channels(TEAM, DANA)
