"""Where netspy lacks a permission: an answer in another form or place, or a word that names what is missing."""

import pytest

from tests.dialog.stage import says
from tests.simulated.stage import SimulatedDiscord, labels, open_discord, said, tools

LEFT_OUT = "t1.csv is left out: here I lack the permission Attach Files."
POST, EDIT, FOLLOW_UP = ("POST", "/channels/*/messages"), ("PATCH", "/channels/*/messages/*"), ("POST", "/webhooks/*/*")


def refuse_files(stage: SimulatedDiscord, call: tuple[str, str]) -> None:
    """The next call, which has a file, is refused: the simulation itself knows nothing of that permission."""
    stage.env.inject_error(*call, status=403, code=50013, message="Missing Permissions")


@pytest.mark.parametrize("missing", ["create_public_threads", "send_messages_in_threads", "read_message_history"])
async def test_without_threads_the_answer_is_in_the_channel(missing: str) -> None:
    async with open_discord(says("The first."), says("The second.")) as stage:
        closed = stage.channel_without(missing)
        await stage.ask("who connects?", channel=closed)
        (answer,) = said(closed)
        await stage.dana.send(closed, f"{stage.mention} and now?", reply_to=answer)

        assert ["The first." in answer.content, "The second." in said(closed)[1].content] == [True, True]
        assert closed.threads == []
        assert stage.directly(stage.dana) == []


async def test_an_answer_in_a_channel_goes_on_with_its_conversation() -> None:
    async with open_discord(says("The first."), says("The second.")) as stage:
        closed = stage.channel_without("create_public_threads")
        await stage.ask("who connects?", channel=closed)
        await stage.dana.send(closed, f"{stage.mention} and now?", reply_to=said(closed)[0])
        model = stage.parts.answering.loop.model

        assert "The first." in str(model.requests[-1])  # type: ignore[attr-defined]  # it is the scripted one


async def test_where_nothing_may_be_read_the_answer_is_no_reply() -> None:
    async with open_discord() as stage:
        closed = stage.channel_without("read_message_history")
        await stage.ask("list", channel=closed)
        (answer,) = said(closed)

        assert answer.reference is None
        assert "list\\_connections" in answer.content


async def test_who_may_write_only_in_threads_answers_in_one() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list", channel=stage.channel_without("send_messages"))

        assert thread.is_thread
        assert len(said(thread)) == 1


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (("send_messages", "create_public_threads"), "Send Messages."),
        (("send_messages", "send_messages_in_threads"), "Send Messages."),
        (("view_channel",), "View Channel."),
    ],
    ids=["no threads", "no writing", "no view"],
)
async def test_where_there_is_no_place_the_person_is_told_which_permission_is_missing(
    missing: tuple[str, ...], named: str
) -> None:
    async with open_discord() as stage:
        stage.complaints.expected.add("reply.not_sent")
        closed = stage.channel_without(*missing)
        await stage.ask("list", channel=closed)
        (told,) = stage.directly(stage.dana)

        assert f"There I lack the permission {named}" in told
        assert said(closed) == []
        assert closed.threads == []


async def test_a_permission_that_is_taken_while_a_thread_goes_on_is_named() -> None:
    async with open_discord() as stage:
        stage.complaints.expected.add("reply.not_sent")
        thread = await stage.ask("list")
        stage.deny(stage.payments, "send_messages_in_threads")
        await stage.dana.send(thread, "list")
        (told,) = stage.directly(stage.dana)

        assert "There I lack the permission Send Messages in Threads." in told


async def test_what_is_pressed_is_answered_where_netspy_may_not_write_any_more() -> None:
    async with open_discord() as stage:
        (answer,) = said(await stage.ask("list"))
        stage.deny(stage.payments, "send_messages_in_threads", "view_channel")
        pressed = await stage.dana.click(answer, label="T1 as CSV")

        assert pressed.response is not None
        assert [file.filename for file in pressed.response.attachments] == ["t1.csv"]


async def test_who_takes_no_direct_messages_is_logged_at_least() -> None:
    async with open_discord() as stage:
        stage.complaints.expected |= {"reply.not_sent", "discord.not_told"}
        path = f"/channels/{stage.dana.user.dm_channel.id}/messages"
        stage.env.inject_error("POST", path, status=403, code=50007, message="Cannot send messages to this user")
        await stage.ask("list", channel=stage.channel_without("send_messages", "create_public_threads"))

        assert "discord.not_told" in [record.getMessage() for record in stage.complaints.heard]


async def test_without_files_the_answer_comes_and_says_so() -> None:
    async with open_discord(host=tools(rows=40)) as stage:
        refuse_files(stage, POST)
        (answer,) = said(await stage.ask("list"))

        assert LEFT_OUT in answer.content
        assert "has all 40 rows" not in answer.content
        assert answer.attachments == []
        assert labels(answer)[:2] == ["Next of T1", "T1 as CSV"]


async def test_without_files_a_command_is_answered_and_says_so() -> None:
    async with open_discord(host=tools(rows=40)) as stage:
        refuse_files(stage, EDIT)
        await stage.dana.slash(stage.payments, "netspy list")
        (answer,) = said(stage.payments)

        assert LEFT_OUT in answer.content
        assert answer.attachments == []


async def test_without_files_a_csv_is_said_to_be_left_out() -> None:
    async with open_discord() as stage:
        (answer,) = said(await stage.ask("list"))
        refuse_files(stage, FOLLOW_UP)
        pressed = await stage.dana.click(answer, label="T1 as CSV")

        assert pressed.response is not None
        assert LEFT_OUT in pressed.response.content
        assert pressed.response.attachments == []


async def test_a_word_below_a_message_is_told_directly_where_netspy_may_not_write() -> None:
    async with open_discord() as stage:
        closed = stage.channel_without("send_messages")
        await stage.dana.send(closed, stage.mention)

        assert [told for told in stage.directly(stage.dana) if "such as" in told]


@pytest.mark.parametrize("missing", ["send_messages", "view_channel"])
async def test_a_command_is_answered_in_many_messages_where_netspy_may_not_write(missing: str) -> None:
    async with open_discord(says("word " * 2000)) as stage:
        closed = stage.channel_without(missing)
        await stage.dana.slash(closed, "ask", question="why?")
        sent = said(closed)

        assert len(sent) > 4
        assert "Run again" in labels(sent[-1])
        assert sum(message.content.count("word") for message in sent) == 2000
