"""The loopback platform and its adapter by themselves: they must be as nasty, and as honest, as a real platform."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.domain.command_help import CommandHelp
from bot.domain.errors import PlatformError, StorageLocked, Undeliverable
from bot.domain.message import (
    Address,
    Attachment,
    Author,
    Channel,
    Delete,
    Edit,
    Message,
    MessageId,
    Notice,
    Press,
    Prose,
    Reply,
    Step,
    Stop,
    ThreadKey,
    TurnId,
)
from bot.domain.ports import Check, Desk, Outlet
from tests.loopback.platform import LoopbackPlatform
from tests.loopback.platform_adapter import LoopbackAdapter
from tests.loopback.waiting import until

TURN = TurnId("t1")
DONE = Reply(TURN, (Prose("It was curl."), Notice("warning", "Late.")))


@dataclass
class FakeDesk:
    """A `Desk` that answers nothing by itself. `locked`: how many messages it cannot store."""

    messages: list[Message] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    locked: int = 0

    async def handle(self, message: Message) -> None:
        if self.locked:
            self.locked -= 1
            raise StorageLocked("storing it", "somebody else holds the database")
        self.messages.append(message)

    async def act(self, press: Press) -> Reply:
        self.presses.append(press)
        return Reply(TURN, (Attachment("t.csv", "process,attempts"),))

    async def adopt(self, platform: str) -> None:
        self.adopted.append(platform)

    async def resume(self, key: ThreadKey) -> Message | None:
        raise AssertionError("the loopback's adapter asks for no such thing")

    async def commands(self) -> tuple[CommandHelp, ...]:
        raise AssertionError("the loopback's adapter asks for no such thing")

    async def complete(self, argument: str, prefix: str, *, by: Author, channel: Channel) -> tuple[str, ...]:
        raise AssertionError("the loopback's adapter asks for no such thing")

    async def status(self, *, by: Author | None = None, channel: Channel | None = None) -> tuple[Check, ...]:
        raise AssertionError("the loopback's adapter asks for no such thing")


@asynccontextmanager
async def adapter_at(platform: LoopbackPlatform, desk: Desk) -> AsyncIterator[LoopbackAdapter]:
    """A bot that is connected; leaving ends it."""
    before = len(platform.pids)
    adapter = LoopbackAdapter(platform.address)
    running = asyncio.create_task(adapter.run(desk))
    try:
        await until(lambda: adapter.adopted.is_set() and len(platform.pids) > before)
        yield adapter
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await until(lambda: len(platform.pids) <= before)


@asynccontextmanager
async def outlet_for(platform: LoopbackPlatform) -> AsyncIterator[tuple[MessageId, LoopbackAdapter, Outlet]]:
    """The outlet of a turn that answers a message of thread "1"."""
    desk = FakeDesk()
    async with adapter_at(platform, desk) as adapter:
        message = await platform.say("1", "why?")
        await platform.acknowledged([message])
        yield message, adapter, adapter.outlet(TURN, desk.messages[0].reply_to)


def address_of(message: MessageId) -> Address:
    return Address("loopback", json.dumps({"channel": "c", "thread": "1", "message": message}))


async def test_a_message_is_handled_and_acknowledged_once() -> None:
    desk = FakeDesk()
    async with LoopbackPlatform() as platform, adapter_at(platform, desk):
        message = await platform.say("1", "why is curl failing?")
        await platform.acknowledged([message])

    assert desk.adopted == ["loopback"]
    assert [(each.id, each.text) for each in desk.messages] == [(message, "why is curl failing?")]
    assert desk.messages[0].key == ThreadKey("loopback", "w", "c", "1")


async def test_what_could_not_be_stored_is_delivered_again_on_the_next_connection() -> None:
    desk = FakeDesk(locked=1)
    async with LoopbackPlatform() as platform, adapter_at(platform, desk):
        message = await platform.say("1", "why?")
        await until(lambda: desk.locked == 0)
        assert [event.message for event in platform.unacknowledged] == [message]
        platform.drop_connections()
        await platform.acknowledged([message])

    assert [each.id for each in desk.messages] == [message]
    assert desk.adopted == ["loopback"]


async def test_every_bot_gets_every_message_and_the_one_that_is_named_alone_its_own() -> None:
    first, second = FakeDesk(), FakeDesk()
    async with LoopbackPlatform() as platform, adapter_at(platform, first), adapter_at(platform, second):
        assert platform.pids == (os.getpid(), os.getpid())
        await platform.say("1", "for all")
        await platform.say("1", "for nobody", to=1)
        await until(lambda: first.messages and second.messages)
        assert len(platform.unacknowledged) == 1

    assert [message.text for message in (*first.messages, *second.messages)] == ["for all", "for all"]


async def test_an_answer_grows_in_one_post() -> None:
    async with LoopbackPlatform() as platform, outlet_for(platform) as (message, _, outlet):
        await outlet.step(Step("1", "find_failures", "running"))
        await outlet.prose("It was")
        assert [post.text for post in platform.unfinished([message])] == ["It was"]
        assert not await outlet.delivered()
        await outlet.prose(" curl.")
        await outlet.reply(DONE)
        await platform.answered([message])
        assert await outlet.delivered()

    assert [post.text for post in platform.finals(message)] == ["It was curl.\nwarning: Late."]
    assert len(platform.posts) == 1
    assert platform.steps[0]["title"] == "find_failures"
    assert platform.order("1") == [message]


async def test_a_second_outlet_of_a_turn_goes_on_with_the_post_of_the_first() -> None:
    async with LoopbackPlatform() as platform, outlet_for(platform) as (message, adapter, outlet):
        await outlet.prose("It was")
        again = adapter.outlet(TURN, address_of(message))
        await again.prose("Once more")
        await again.reply(DONE)

    assert [post.final for post in platform.posts] == [True]


async def test_an_outlet_that_is_not_asked_whether_it_delivered_posts_twice() -> None:
    async with LoopbackPlatform() as platform, outlet_for(platform) as (message, adapter, outlet):
        await outlet.reply(DONE)
        await adapter.outlet(TURN, address_of(message)).reply(DONE)

    assert len(platform.finals(message)) == 2
    assert platform.order("1") == [message, message]


@pytest.mark.parametrize("begun", [True, False])
async def test_a_reply_whose_confirmation_was_lost_is_not_sent_again(begun: bool) -> None:  # noqa: FBT001 - a case
    async with LoopbackPlatform() as platform, outlet_for(platform) as (message, _, outlet):
        if begun:
            await outlet.prose("It was")
        hold = platform.hold_final()
        sending = asyncio.create_task(outlet.reply(DONE))
        await hold.reached.wait()
        assert hold.message == message
        platform.drop_connections()
        with pytest.raises(PlatformError, match="broke"):
            await sending
        await until(lambda: platform.pids)
        await outlet.reply(DONE)

    assert len(platform.finals(message)) == 1


async def test_a_held_response_comes_when_it_is_released() -> None:
    async with LoopbackPlatform() as platform, outlet_for(platform) as (_, _, outlet):
        hold = platform.hold_final()
        sending = asyncio.create_task(outlet.reply(DONE))
        await hold.reached.wait()
        assert await outlet.delivered()
        assert not sending.done()
        hold.release()
        await sending


async def test_a_call_can_fail_for_now_or_for_good() -> None:
    async with LoopbackPlatform() as platform, outlet_for(platform) as (message, _, outlet):
        platform.fail_finals(1)
        with pytest.raises(PlatformError):
            await outlet.reply(DONE)
        platform.gone.add(message)
        with pytest.raises(Undeliverable):
            await outlet.reply(DONE)
        assert [called.is_final for called in platform.refused(message)] == [True, True]
        platform.gone.clear()
        await outlet.reply(DONE)

    assert len(platform.finals(message)) == 1


async def test_what_people_do_becomes_presses_and_the_reply_is_shown() -> None:
    desk = FakeDesk()
    async with LoopbackPlatform() as platform, adapter_at(platform, desk):
        message = await platform.say("1", "why?")
        assert await platform.press("t1:stop:") == "t.csv\nprocess,attempts"
        await platform.edit("1", message, "why not?")
        await platform.acknowledged([message])
        await platform.delete("1", message)
        await platform.acknowledged([message])

    key = ThreadKey("loopback", "w", "c", "1")
    assert [press.action for press in desk.presses] == [
        Stop(TURN),
        Edit(key, message, "why not?"),
        Delete(key, message),
    ]
    assert len({press.id for press in desk.presses}) == 3


async def test_without_a_connection_a_call_fails() -> None:
    outlet = LoopbackAdapter("127.0.0.1:1").outlet(TURN, address_of(MessageId("m1")))
    with pytest.raises(PlatformError, match="no connection"):
        await outlet.reply(DONE)
