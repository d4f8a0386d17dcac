"""What Slack tells a policy of people and places, and what people are shown of its refusals."""

from dataclasses import dataclass, field

import pytest

from bot.domain.command_help import CommandHelp
from bot.domain.errors import NotPermitted
from bot.domain.message import Author, Channel, Delete, Edit, Feedback, PersonKind, Prose, Reply, Stop, TurnId
from bot.domain.ports import Check
from tests.fakes import NotingDesk
from tests.loopback.slack_faults import Fault
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, LEE, OTHER_TEAM, PAYMENTS, TEAM
from tests.wire.slack_desk_stage import open_desk_stage

REFUSAL = NotPermitted("asking about payments", "this channel is not for you", "ask in another one")
SHOWN = "asking about payments: this channel is not for you. Ask in another one"
MENTION = f"<@{BOT}>"
TURN = TurnId("0" * 32)
IN_PAYMENTS = Channel("slack", TEAM, PAYMENTS)


COMMANDS = (CommandHelp("list", "list", "What connects"),)


def refusing() -> NotingDesk:
    return NotingDesk(refusal=REFUSAL)


@pytest.mark.parametrize(
    ("more", "kind"), [({"is_restricted": True}, "guest"), ({"team": OTHER_TEAM}, "outsider"), ({}, "member")]
)
async def test_the_desk_is_told_what_kind_of_person_asks(more: dict[str, str], kind: PersonKind) -> None:
    async with open_desk_stage() as stage:
        user = stage.slack.space.add_user("eve", **more)
        stage.slack.invite(PAYMENTS, user)
        stage.slack.say(user, PAYMENTS, f"{MENTION} why?")
        await stage.slack.until(lambda: stage.desk.messages)
        await stage.slack.slash(user, PAYMENTS, "why?")

        assert [message.author.kind for message in stage.desk.messages] == [kind, kind]


async def test_the_desk_is_told_of_the_groups_of_who_asks_for_which_slack_is_asked_once() -> None:
    async with open_desk_stage() as stage:
        oncall, everybody = (stage.slack.space.add_group(*group) for group in (("oncall", DANA), ("all", DANA, LEE)))
        for user in (DANA, LEE):
            stage.slack.say(user, PAYMENTS, f"{MENTION} why?")
        await stage.slack.until(lambda: len(stage.desk.messages) == 2)

        groups = {message.author.id: message.author.groups for message in stage.desk.messages}
        assert groups == {DANA: {oncall, everybody}, LEE: {everybody}}
        assert len(stage.slack.calls_of("usergroups.list")) == 1


async def test_only_a_conversation_with_netspy_alone_is_direct() -> None:
    async with open_desk_stage() as stage:
        group = stage.slack.space.add_channel("three", kind="mpim")
        for place in (DIRECT, group, PAYMENTS):
            stage.slack.say(DANA, place, f"{MENTION} why?")
        await stage.slack.until(lambda: len(stage.desk.messages) == 3)

        found = {message.channel.id: message.direct for message in stage.desk.messages}
        assert found == {DIRECT: True, group: False, PAYMENTS: False}


async def test_what_people_do_to_messages_names_them_and_the_channel() -> None:
    async with open_desk_stage() as stage:
        stage.slack.space.add_group("oncall", LEE)
        ts = stage.slack.say(LEE, PAYMENTS, f"{MENTION} why?")
        stage.slack.edit(PAYMENTS, ts, f"{MENTION} why not?")
        stage.slack.delete(PAYMENTS, ts)
        await stage.slack.until(lambda: len(stage.desk.presses) == 2)

        lee = Author(LEE, "lee", groups=frozenset({"S0ONCALL"}))
        assert {(type(press.action), press.by, press.channel) for press in stage.desk.presses} == {
            (Edit, lee, IN_PAYMENTS),
            (Delete, lee, IN_PAYMENTS),
        }


async def test_slacks_own_stop_and_buttons_name_who_pressed_and_the_channel() -> None:
    async with open_desk_stage() as stage:
        thread = stage.slack.say(DANA, PAYMENTS, f"{MENTION} why?")
        await stage.slack.until(lambda: stage.desk.messages)
        outlet = stage.adapter.outlet(TURN, stage.desk.messages[0].reply_to)
        stage.slack.stop_session(LEE, PAYMENTS, thread)
        await stage.slack.until(lambda: stage.desk.presses)
        await outlet.reply(Reply(TURN, (Prose("done"),)))
        answer = stage.slack.messages(PAYMENTS, thread)[-1]
        await stage.slack.feedback(DANA, answer, "positive")

        found = [(type(press.action), press.by.name, press.channel) for press in stage.desk.presses]
        assert found == [(Stop, "lee", IN_PAYMENTS), (Feedback, "dana", IN_PAYMENTS)]


async def test_a_refusal_is_shown_to_who_asked_once_though_a_mention_comes_as_two_events() -> None:
    async with open_desk_stage(refusing()) as stage:
        stage.slack.say(DANA, PAYMENTS, f"{MENTION} why?")
        await stage.slack.until(lambda: stage.told(DANA))
        await stage.slack.all_acked()

        assert len(stage.slack.deliveries) == 2
        assert len(stage.desk.messages) == 1
        assert stage.told(DANA) == [SHOWN]
        assert stage.posts(PAYMENTS) == []


async def test_a_refusal_is_told_directly_where_nothing_can_be_whispered() -> None:
    async with open_desk_stage(refusing()) as stage:
        stage.slack.fail("chat.postEphemeral", Fault(error="is_archived"))
        stage.slack.say(DANA, PAYMENTS, f"{MENTION} why?")
        await stage.slack.until(lambda: stage.posts(DIRECT))

        assert [message.shown for message in stage.posts(DIRECT)] == [SHOWN]


async def test_a_refused_command_leaves_nothing_in_the_channel() -> None:
    async with open_desk_stage(refusing()) as stage:
        answer = await stage.slack.slash(DANA, PAYMENTS, "list --process curl")

        assert answer.message
        assert (answer.message.shown, answer.message.ephemeral_to) == (SHOWN, DANA)
        assert stage.slack.messages(PAYMENTS) == []


async def test_a_refused_command_is_told_even_if_its_root_stays() -> None:
    async with open_desk_stage(refusing()) as stage:
        stage.slack.fail("chat.delete", Fault(status=500))
        answer = await stage.slack.slash(DANA, PAYMENTS, "list")

        assert answer.message
        assert answer.message.shown == SHOWN


async def test_a_refused_shortcut_is_told_to_who_chose_it() -> None:
    async with open_desk_stage(refusing()) as stage:
        stage.slack.say(LEE, PAYMENTS, "checkout times out")
        (message,) = stage.slack.messages(PAYMENTS)
        ack = await stage.slack.shortcut(DANA, message, "investigate")

        assert ack.error == ""
        assert stage.told(DANA) == [SHOWN]
        assert stage.posts(PAYMENTS) == []


async def test_bots_are_not_heard() -> None:
    async with open_desk_stage() as stage:
        robot = stage.slack.space.add_user("robot", is_bot=True)
        stage.slack.invite(PAYMENTS, robot)
        stage.slack.say(robot, PAYMENTS, f"{MENTION} why?")
        await stage.slack.all_acked()

        assert stage.desk.messages == []


@dataclass
class OnlyForMembers(NotingDesk):
    """Tells nobody else how it is."""

    asked_by: list[tuple[str, Channel | None]] = field(default_factory=list)

    async def status(self, *, by: Author | None = None, channel: Channel | None = None) -> tuple[Check, ...]:
        assert by
        self.asked_by.append((by.id, channel))
        if by.kind != "member":
            raise REFUSAL
        return self.parts


async def test_how_netspy_is_stays_hidden_from_who_may_not_ask() -> None:
    desk = OnlyForMembers((Check("source", "ok", "node-a"),), known=COMMANDS)
    async with open_desk_stage(desk) as stage:
        guest = stage.slack.space.add_user("eve", is_restricted=True)
        stage.slack.invite(PAYMENTS, guest)
        stage.slack.open_home(guest, "home")
        stage.slack.open_home(DANA, "home")
        answer = await stage.slack.slash(guest, PAYMENTS, "status")
        await stage.slack.until(lambda: len(stage.slack.homes) == 2)

        assert "node-a" in str(stage.slack.homes[DANA])
        assert REFUSAL.got in str(stage.slack.homes[guest])
        assert "node-a" not in str(stage.slack.homes[guest])
        assert answer.message
        assert answer.message.shown == SHOWN
        assert {channel for _, channel in desk.asked_by if channel} == {
            Channel("slack", TEAM, "", direct=True),
            Channel("slack", TEAM, PAYMENTS),
        }


async def test_a_person_shares_the_channels_that_they_and_netspy_are_in() -> None:
    async with open_desk_stage() as stage:
        space = stage.slack.space
        shared = [space.add_channel(f"c{number}", members=(BOT, DANA)) for number in range(250)]
        private = space.add_channel("private", kind="group", members=(BOT, DANA))
        space.add_channel("away", members=(DANA, LEE))
        space.add_channel("old", members=(BOT, DANA))
        stage.slack.archive("C0OLD")

        assert await stage.adapter.channels(TEAM, DANA) == {PAYMENTS, private, *shared}
        assert await stage.adapter.channels("", LEE) == {PAYMENTS}
        assert await stage.adapter.channels(OTHER_TEAM, DANA) == frozenset()
        assert await stage.adapter.channels(TEAM, "U0NOBODY") == frozenset()


async def test_without_a_scope_the_channels_of_its_kind_are_shared_with_nobody() -> None:
    async with open_desk_stage() as stage:
        stage.slack.space.add_channel("private", kind="group", members=(BOT, DANA))
        stage.slack.scopes.discard("groups:read")

        assert await stage.adapter.channels(TEAM, DANA) == {PAYMENTS}
