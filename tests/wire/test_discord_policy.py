"""What Discord tells a policy of people and places, and what people are shown of its refusals."""

from collections.abc import Callable

import pytest

from bot.domain.errors import NotPermitted, PlatformError
from bot.domain.message import Author, Channel, Delete, Edit, PersonKind
from tests.fakes import NotingDesk
from tests.loopback.discord_faults import Fault
from tests.loopback.discord_ids import BOT, DANA, DIRECT, GUILD, LEE, PAYMENTS
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_desk_stage import KNOWN, DeskStage, open_desk_stage

REFUSAL = NotPermitted("asking about payments", "this channel is not for you", "ask in another one")
SHOWN = "asking about payments: this channel is not for you. Ask in another one"
MENTION = f"<@{BOT}>"
ELSEWHERE = "900000000000008888"
"""A server where netspy is not."""


def refusing() -> NotingDesk:
    return NotingDesk(refusal=REFUSAL, known=KNOWN)


async def asked(stage: DeskStage, count: int = 1) -> list[Author]:
    await stage.discord.until(lambda: len(stage.desk.messages) >= count)
    return [message.author for message in stage.desk.messages]


async def test_the_desk_is_told_of_the_roles_of_who_asks_wherever_they_do() -> None:
    async with open_desk_stage() as stage:
        role = stage.discord.space.add_role("oncall")
        stage.discord.event("GUILD_ROLE_CREATE", role_created(stage, role))
        stage.discord.space.users[DANA].roles.append(role)
        stage.discord.say(DANA, PAYMENTS, f"{MENTION} why?")
        stage.discord.say(DANA, DIRECT, "why?")
        await stage.discord.slash(DANA, PAYMENTS, "netspy list")
        await stage.discord.slash(DANA, DIRECT, "netspy list")

        assert await asked(stage, 4) == [Author(DANA, "Dana", groups=frozenset({role}))] * 4
        assert {message.channel.id: message.direct for message in stage.desk.messages} == {
            DIRECT: True,
            PAYMENTS: False,
        }
        assert len(stage.discord.calls_of("get_member")) == 1


def role_created(stage: DeskStage, role: str) -> dict[str, object]:
    held = stage.discord.space.roles[role]
    return {"guild_id": GUILD, "role": {"id": role, "name": held.name, "permissions": "0", "position": 1, "color": 0}}


@pytest.mark.parametrize(
    ("become", "place", "kind"),
    [
        (lambda stage: setattr(stage.discord.space.users[DANA], "is_guest", True), PAYMENTS, "guest"),
        (lambda stage: setattr(stage.discord.space.users[DANA], "is_guest", True), DIRECT, "guest"),
        (lambda stage: stage.discord.leave(DANA), DIRECT, "outsider"),
    ],
    ids=["a guest", "a guest directly", "in no server of netspy's"],
)
async def test_the_desk_is_told_what_kind_of_person_asks(
    become: Callable[[DeskStage], None], place: str, kind: PersonKind
) -> None:
    async with open_desk_stage() as stage:
        become(stage)
        stage.discord.say(DANA, place, f"{MENTION} why?")

        assert [author.kind for author in await asked(stage)] == [kind]


async def test_who_uses_netspy_as_an_app_of_their_own_elsewhere_is_an_outsider() -> None:
    async with open_desk_stage() as stage:
        await stage.discord.slash_elsewhere(DANA, "netspy list", guild=ELSEWHERE, channel=PAYMENTS)
        await asked(stage)
        (message,) = stage.desk.messages

        assert (message.author.kind, message.author.groups) == ("outsider", frozenset())
        assert message.channel == Channel("discord", ELSEWHERE, PAYMENTS)


async def test_a_conversation_among_people_is_no_direct_message() -> None:
    async with open_desk_stage() as stage:
        await stage.discord.slash_elsewhere(DANA, "netspy list", guild=None, channel=PAYMENTS)

        assert [author.kind for author in await asked(stage)] == ["member"]
        assert [message.direct for message in stage.desk.messages] == [False]


async def test_what_people_do_to_messages_names_the_channel_and_who_they_are_as_far_as_discord_tells() -> None:
    async with open_desk_stage() as stage:
        message = stage.discord.say(DANA, PAYMENTS, f"{MENTION} why?")
        stage.discord.edit(PAYMENTS, message, f"{MENTION} why not?")
        stage.discord.delete(PAYMENTS, message)
        await stage.discord.until(lambda: len(stage.desk.presses) == 3)

        place, dana, nobody = Channel("discord", GUILD, PAYMENTS), Author(DANA, "Dana"), Author("", "")
        assert [(type(press.action), press.by, press.channel) for press in stage.desk.presses] == [
            (Edit, dana, place),
            (Delete, nobody, place),
            (Delete, nobody, place),
        ]


async def test_a_refusal_stands_below_the_message_and_pings_nobody_and_not_again_soon() -> None:
    async with open_desk_stage(refusing()) as stage:
        for _ in range(3):
            stage.discord.say(DANA, PAYMENTS, f"{MENTION} why?")
        first = stage.discord.say(LEE, PAYMENTS, f"{MENTION} why?")
        await asked(stage, 4)
        await stage.discord.until(lambda: len(stage.posts(PAYMENTS)) == 2)

        assert [post.shown for post in stage.posts(PAYMENTS)] == [SHOWN] * 2
        assert [stage.discord.pinged(post) for post in stage.posts(PAYMENTS)] == [set(), set()]
        assert stage.posts(PAYMENTS)[1].reference == (PAYMENTS, first)
        assert stage.discord.threads == []


@pytest.mark.parametrize("line", ["netspy list", "ask"])
async def test_a_refused_command_is_told_to_who_called_it_and_leaves_nothing_behind(line: str) -> None:
    async with open_desk_stage(refusing()) as stage:
        options = {"question": "why?"} if line == "ask" else {}
        await stage.discord.slash(DANA, PAYMENTS, line, options)
        await stage.discord.until(lambda: stage.told(DANA))

        assert stage.told(DANA) == [SHOWN]
        assert stage.posts(PAYMENTS) == []


async def test_a_question_of_whom_discord_does_not_tell_is_not_taken_and_that_is_said() -> None:
    async with open_desk_stage() as stage:
        stage.discord.fail("get_member", Fault(status=400, code=0))
        stage.discord.say(DANA, DIRECT, "why?")
        await stage.discord.until(lambda: stage.posts(DIRECT))

        assert "Your question could not be taken. asking who is in a server" in stage.posts(DIRECT)[0].shown
        assert stage.desk.messages == []


async def test_a_person_shares_the_channels_that_they_and_netspy_see() -> None:
    async with open_desk_stage() as stage:
        stage.discord.say(DANA, PAYMENTS, f"{MENTION} is everything loaded?")
        await asked(stage)
        shared, hidden, blind = (stage.discord.open_channel(name) for name in ("shared", "hidden", "blind"))
        stage.discord.deny(hidden, Permission.VIEW_CHANNEL, DANA)
        stage.discord.deny(blind, Permission.VIEW_CHANNEL, BOT)
        thread = stage.discord.start_thread(DANA, stage.discord.messages(PAYMENTS)[0])
        stage.discord.say(LEE, PAYMENTS, f"{MENTION} and now?")
        await asked(stage, 2)

        assert thread
        for workspace in (GUILD, "", "direct"):
            assert await stage.adapter.channels(workspace, DANA) == {PAYMENTS, shared}
        assert await stage.adapter.channels(GUILD, LEE) == {PAYMENTS, shared, hidden}
        assert await stage.adapter.channels(ELSEWHERE, DANA) == frozenset()
        assert await stage.adapter.channels(GUILD, "900000000000007777") == frozenset()
        assert await stage.adapter.channels(GUILD, "nobody") == frozenset()


async def test_channels_that_discord_does_not_tell_are_an_error() -> None:
    async with open_desk_stage() as stage:
        stage.discord.fail("get_member", Fault(status=400, code=0))

        with pytest.raises(PlatformError, match="asking who is in a server"):
            await stage.adapter.channels(GUILD, DANA)
        assert await stage.adapter.channels(GUILD, DANA) == {PAYMENTS}
