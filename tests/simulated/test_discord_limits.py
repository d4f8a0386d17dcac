"""What netspy can say is taken by Discord as it is: nothing is too long, too much, or loud."""

from dataclasses import replace

import pytest

from adapters.discord.place import Place
from bot.domain.message import Address, Attachment, Block, Prose, Reply, TurnId
from bot.domain.table import Column, Table
from tests.dialog.stage import says
from tests.golden.discord_reading import PINGS
from tests.golden.replies import REPLIES, connections
from tests.golden.test_discord_render import of_data, posts
from tests.hostile.corpus import CORPUS
from tests.simulated.stage import SimulatedDiscord, labels, open_discord, said

READ_BY_SERVERS = frozenset({"ping", "token", "line", "long"})
"""Kinds of text that Discord's servers look at, or might refuse; the others need no server."""
TURN = TurnId("0123456789abcdef0123456789abcdef")
LOUD = (
    "{person}",
    "<@!{person_id}>",
    "{role}",
    "@everyone",
    "@here",
    "`{person}`",
    "```\n{person}",
    "**{role}",
    "\\{role}",
)


async def place(stage: SimulatedDiscord) -> Address:
    """Where a question of dana's is answered, in the channel."""
    asked = await stage.dana.send(stage.payments, "said to nobody")
    channel = stage.payments.id
    return Place(channel=channel, thread=channel, message=asked.id, user=stage.dana.id).address


async def answer(stage: SimulatedDiscord, *blocks: Block, to: Address | None = None) -> None:
    await stage.parts.outlet(TURN, to or await place(stage)).reply(Reply(TURN, blocks))


@pytest.mark.parametrize("name", REPLIES)
async def test_every_reply_is_taken_whole(name: str) -> None:
    async with open_discord() as stage:
        await answer(stage, *REPLIES[name])
        sent, rendered = said(stage.payments), posts(*REPLIES[name])

        assert len(sent) == len(rendered)
        assert [len(message.attachments) for message in sent] == [len(post.files) for post in rendered]
        assert [labels(message) for message in sent] == [
            [button.label for row in post.buttons for button in row] for post in rendered
        ]


@pytest.mark.parametrize("name", ["short", "hostile", "three_hundred_rows"])
async def test_a_reply_can_take_the_place_of_progress_and_is_found_again(name: str) -> None:
    async with open_discord() as stage:
        to = await place(stage)
        await answer(stage, Prose("word " * 2000), to=to)
        await answer(stage, *REPLIES[name], to=to)
        await stage.restart()

        assert len(said(stage.payments)) == len(posts(*REPLIES[name]))
        assert await stage.parts.outlet(TURN, to).delivered()


@pytest.mark.parametrize("length", [1, 2001, 20_000])
@pytest.mark.parametrize(
    "unit", ["a", "word ", "line\n", "😀", "```\ncode\n```\n"], ids=["a", "word", "line", "😀", "code"]
)
async def test_long_prose_is_split_and_nothing_is_lost(unit: str, length: int) -> None:
    text = (unit * length)[:length].strip() or "x"
    async with open_discord(says(text)) as stage:
        sent = said(await stage.ask("why is checkout slow?"))

        assert all(0 < len(message.content) <= 2000 for message in sent)
        assert all(message.content.count("```") % 2 == 0 for message in sent)
        assert ["Run again" in labels(message) for message in sent] == [False] * (len(sent) - 1) + [True]
        letter = unit.strip("`\n ")[0]
        assert sum(message.content.count(letter) for message in sent) == text.count(letter)


@pytest.mark.parametrize(("rows", "more"), [(1, 0), (40, 11)], ids=["small tables", "tables with files"])
async def test_as_many_tables_and_files_as_there_are(rows: int, more: int) -> None:
    tables = [replace(connections(rows, rows), label=f"T{number}") for number in range(1, 11)]
    uploads = [Attachment(f"{number}.csv", "a") for number in range(more)]
    async with open_discord() as stage:
        await answer(stage, *tables, *uploads)
        sent = said(stage.payments)

        assert sum(len(message.attachments) for message in sent) == more + (10 if rows > 15 else 0)
        assert all(len(message.attachments) <= 10 for message in sent)
        assert {f"T{n} as CSV" for n in range(1, 11)} <= {label for message in sent for label in labels(message)}


async def test_a_table_of_wide_characters_and_a_label_of_any_length() -> None:
    table = Table(
        "表" * 300, (Column("名" * 60), Column("n", "integer")), tuple(("😀" * 50, n) for n in range(15)), 15, "T" * 70
    )
    async with open_discord() as stage:
        await answer(stage, table)
        assert "Run again" in labels(said(stage.payments)[-1])


@pytest.mark.parametrize("text", ["why " * 100, "@everyone", "😀" * 90, "\n\n\t?", "**", "`", "#general", "x" * 1900])
async def test_any_question_makes_a_thread_with_a_name(text: str) -> None:
    async with open_discord(says("Because.")) as stage:
        thread = await stage.ask(text)

        assert thread.is_thread
        assert 1 <= len(thread.name or "") <= 100
        assert said(thread)


NOBODY: tuple[object, ...] = ({"parse": []}, {"parse": [], "replied_user": False})


def allowed(stage: SimulatedDiscord) -> list[object]:
    """Whom what netspy sent might have mentioned."""
    bodies = [request.json for request in stage.env.http_requests if request.method in {"POST", "PATCH"}]
    return [body.get("allowed_mentions") for body in bodies if isinstance(body, dict) and body.get("content")]


@pytest.mark.parametrize("pattern", LOUD)
async def test_what_would_ping_pings_nobody(pattern: str) -> None:
    async with open_discord() as stage:
        role = stage.guild.create_role("oncall", mentionable=True)
        told = pattern.format(person=stage.lee.mention, person_id=stage.lee.id, role=role.mention)
        assert PINGS.search(told)
        await answer(stage, Prose(f"It is {told} that failed."), *of_data(told), Attachment("t.csv", told))
        await stage.dana.slash(stage.payments, "netspy list", process=told)

        assert all(mentions in NOBODY for mentions in allowed(stage))
        for message in said(stage.payments):
            assert not message.mention_everyone
            assert message.mentions == []
            assert message.role_mentions == []
            assert message.content.count("```") % 2 == 0


async def test_hostile_text_is_taken_in_data_and_in_prose() -> None:
    async with open_discord() as stage:
        to = await place(stage)
        for text in [each.text for each in CORPUS if each.kind in READ_BY_SERVERS]:
            await answer(stage, Prose(f"The process {text} failed."), *of_data(text), Prose(f"**{text}"), to=to)
            for message in said(stage.payments):
                assert not PINGS.search(message.content), text
                assert message.content.count("```") % 2 == 0, text
        assert "Run again" in labels(said(stage.payments)[-1])


async def test_an_answer_in_a_channel_does_not_ping_who_asked() -> None:
    async with open_discord() as stage:
        asked = await stage.dana.send(stage.channel_without("create_public_threads"), f"{stage.mention} list")
        (sent,) = [message for message in stage.env.backend.messages[asked.channel.id].values() if message.reference]

        assert sent.reference
        assert sent.ping_user_ids == []
