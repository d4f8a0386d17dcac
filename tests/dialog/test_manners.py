"""When netspy answers without being mentioned, and when it keeps quiet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bot.conversation.manager import Manager
from bot.conversation.manners import EXCUSE, ThreadReplies
from bot.domain.errors import StorageError
from bot.domain.message import Addressee, Notice, Prose
from tests.dialog.stage import Away, Stage, message_of
from tests.fakes import MemoryStore, ScriptedModel


@dataclass
class Talk:
    """Messages of a thread that a mention began, each of them a command that no model is needed for."""

    stage: Stage
    desk: Manager

    async def say(self, text: str = "tools", *, by: str = "dana", to: Addressee = "thread", opens: bool = False) -> str:
        """Returns the message's id once it is taken, and whatever was spawned for it has run."""
        message = message_of(text, by=by, addressee=to, opens=opens)
        await self.desk.handle(message)
        for _ in range(50):
            await asyncio.sleep(0)
        return message.id

    def answered(self, message: str) -> bool:
        outlet = self.stage.outlets.get(message)
        return bool(outlet and outlet.replies)

    def text(self, message: str) -> str:
        (block,) = self.stage.outlets[message].replies[0].blocks
        assert isinstance(block, Prose | Notice)
        return block.markdown if isinstance(block, Prose) else block.text


@asynccontextmanager
async def talking(
    replies: ThreadReplies = "auto", *, store: MemoryStore | None = None, ours: bool = True
) -> AsyncIterator[Talk]:
    stage = Stage(ScriptedModel([]), store=store or MemoryStore(), thread_replies=replies)
    async with stage.desk() as desk:
        talk = Talk(stage, desk)
        assert talk.answered(await talk.say(to="netspy", opens=ours))
        yield talk


async def test_a_plain_follow_up_of_the_same_person_is_answered() -> None:
    async with talking() as talk:
        assert talk.answered(await talk.say())


async def test_the_first_person_below_an_alert_needs_no_mention_and_the_second_one_does() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        alert = message_of("tools", by="alertmanager", addressee="netspy", opens=True)
        await desk.handle(replace(alert, author=replace(alert.author, kind="service")))
        talk = Talk(stage, desk)
        assert talk.answered(await talk.say())
        assert talk.text(await talk.say(by="bob")) == EXCUSE


async def test_a_thread_that_others_began_needs_a_mention() -> None:
    async with talking(ours=False) as talk:
        assert not talk.answered(await talk.say())
        assert talk.answered(await talk.say(to="netspy"))


async def test_a_thread_that_netspy_was_never_asked_in_is_none_of_its_business() -> None:
    stage = Stage(ScriptedModel([]), thread_replies="all")
    async with stage.desk() as desk:
        talk = Talk(stage, desk)
        assert not talk.answered(await talk.say())
    assert stage.store.turns == {}


async def test_a_message_to_other_people_is_left_alone() -> None:
    async with talking() as talk:
        assert not talk.answered(await talk.say(to="others"))
        assert talk.answered(await talk.say())


@pytest.mark.parametrize("to", ["thread", "others"])
async def test_a_second_person_makes_it_ask_for_a_mention_and_say_so_once(to: Addressee) -> None:
    async with talking() as talk:
        assert talk.text(await talk.say(by="bob", to=to)) == EXCUSE
        assert not talk.answered(await talk.say(by="bob"))
        assert not talk.answered(await talk.say())
        assert talk.answered(await talk.say(by="bob", to="netspy"))


async def test_a_second_person_who_mentioned_it_counts_too() -> None:
    async with talking() as talk:
        assert talk.answered(await talk.say(by="bob", to="netspy"))
        assert talk.text(await talk.say()) == EXCUSE


async def test_quiet_silences_it_in_that_thread_and_listen_wakes_it() -> None:
    async with talking() as talk:
        assert talk.text(await talk.say("quiet")).startswith("Quiet:")
        assert not talk.answered(await talk.say())
        assert talk.answered(await talk.say(to="netspy"))
        assert talk.text(await talk.say("Listen", to="netspy")).startswith("Listening:")
        assert talk.answered(await talk.say())


async def test_quiet_holds_where_everything_else_is_answered() -> None:
    async with talking("all") as talk:
        assert talk.answered(await talk.say("quiet"))
        assert not talk.answered(await talk.say())


async def test_all_answers_everybody_in_threads_that_others_began() -> None:
    async with talking("all", ours=False) as talk:
        assert talk.answered(await talk.say())
        assert talk.answered(await talk.say(by="bob"))
        assert not talk.answered(await talk.say(to="others"))


async def test_mention_answers_nothing_else() -> None:
    async with talking("mention") as talk:
        assert not talk.answered(await talk.say())
        assert talk.answered(await talk.say(to="netspy"))


async def test_a_follow_up_is_redelivered_when_a_shared_database_does_not_know_the_thread() -> None:
    class Unread(Away):
        async def standing(self, key: object) -> None:
            raise StorageError("reading a thread", "it is away")

    store = Unread()
    async with talking(store=store) as talk:
        assert not talk.answered(await talk.say())
        store.shares = True
        with pytest.raises(StorageError):
            await talk.say()


async def test_status_names_source_model_and_storage() -> None:
    async with talking() as talk:
        said = talk.text(await talk.say("status"))
    assert said == "- **source** ok: fake\n- **model** ok: scripted\n- **storage** ok: in memory"
