"""Commands, buttons and their tokens: the loopback Discord against discord.py."""

import asyncio
from typing import Any

import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import BOT, DANA, DIRECT, LEE, PAYMENTS
from tests.loopback.discord_interactions import Ack
from tests.loopback.discord_people import NO_ANSWER
from tests.wire.discord_app import App, Commands, buffer, connected, loopback, refusal_of

server = pytest.fixture(loopback)


async def nothing(interaction: discord.Interaction, said: str) -> None:
    """Does not answer."""


async def test_a_command_is_registered_and_answered(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()):
        assert [*server.commands] == ["netspy", "Explain this"]
        answered = await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        assert (answered.acked, answered.shown, answered.ephemeral) == (Ack.MESSAGE, "curl 20", False)
        assert [message.shown for message in server.messages(PAYMENTS)] == ["curl 20"]
        assert not answered.error
        assert server.refused == []


async def test_people_can_only_choose_what_is_registered(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()):
        for line, options in (
            ("shout", {}),
            ("netspy", {}),
            ("netspy shout", {}),
            ("netspy list", {}),
            ("netspy list", {"process": 1}),
            ("netspy list", {"process": "curl", "pid": 1}),
        ):
            with pytest.raises(AssertionError):
                await server.slash(DANA, PAYMENTS, line, options)
        assert server.interactions == []


async def test_options_are_completed(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()):
        offered = await server.complete(DANA, PAYMENTS, "netspy list", option="process", typed="cur")
        assert [one["value"] for one in offered] == ["curl"]


async def test_a_message_is_shown_to_the_app_by_its_menu(server: LoopbackDiscord) -> None:
    blind = discord.Intents(guilds=True)
    async with connected(server, Commands(intents=blind)):
        said = server.say(LEE, PAYMENTS, "it hangs")
        answered = await server.context_menu(DANA, server.space.message(PAYMENTS, said), "Explain this")
        assert answered.shown == "it hangs"


async def test_a_deferred_answer_is_filled_later(server: LoopbackDiscord) -> None:
    async def think(interaction: discord.Interaction, said: str) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=f"{said}!", attachments=[discord.File(buffer("x"), "x.csv")])
        await interaction.followup.send("for all")
        await interaction.followup.send("for you", ephemeral=True)

    async with connected(server, Commands()) as app:
        app.does = think
        answered = await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        await server.until(lambda: len(answered.messages) == 3)
        assert (answered.acked, answered.ephemeral) == (Ack.DEFERRED, True)
        assert answered.shown == "curl 20!\nx.csv\nfor all\nfor you"
        assert [message.shown for message in server.messages(PAYMENTS)] == ["for all"]
        assert [message.shown for message in server.ephemerals(DANA)] == ["curl 20!\nx.csv", "for you"]
        assert server.ephemerals(LEE) == []


async def test_the_first_addition_fills_the_message_that_waits(server: LoopbackDiscord) -> None:
    async def think(interaction: discord.Interaction, said: str) -> None:
        await interaction.response.defer()
        await interaction.followup.send("done", ephemeral=True)

    async with connected(server, Commands()) as app:
        app.does = think
        answered = await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        await server.until(lambda: answered.shown == "done")
        assert [message.shown for message in server.messages(PAYMENTS)] == ["done"]
        assert answered.followups == []


async def test_the_first_acknowledgement_wins(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()) as first, connected(server, Commands()) as second:
        refusals: list[int] = []

        async def answer(interaction: discord.Interaction, said: str) -> None:
            try:
                await interaction.response.send_message(said)
            except discord.HTTPException as error:
                refusals.append(error.code)

        first.does = second.does = answer
        await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        await server.until(lambda: refusals)
        assert refusals == [40060]
        assert len(server.messages(PAYMENTS)) == 1


async def test_who_does_not_answer_in_time_comes_too_late(server: LoopbackDiscord) -> None:
    server.space.ack_limit_s = 0.05
    async with connected(server, Commands()) as app:
        app.does = nothing
        unanswered = await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        assert (unanswered.error, unanswered.acked) == (NO_ANSWER, Ack.NONE)
        assert await refusal_of(app.asked[0].response.send_message("late")) == (404, 10062)


async def test_without_an_app_nobody_answers(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()):
        pass
    await server.until(lambda: not server.gateway.live)
    assert (await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})).error == NO_ANSWER


async def test_a_token_works_for_a_while(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()) as app:
        await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        await app.asked[0].edit_original_response(content="still")
        server.space.token_ttl_s = 0
        late = app.asked[0].edit_original_response(content="late")
        assert await refusal_of(late) == (401, 50027)
        assert await refusal_of(app.asked[0].followup.send("late")) == (401, 50027)
        assert [message.shown for message in server.messages(PAYMENTS)] == ["still"]


async def test_a_token_is_good_for_nothing_before_the_acknowledgement(server: LoopbackDiscord) -> None:
    server.space.ack_limit_s = 0.05
    async with connected(server, Commands()) as app:
        app.does = nothing
        await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        assert await refusal_of(app.asked[0].followup.send("early")) == (404, 10015)


async def test_a_refused_answer_leaves_the_interaction_open(server: LoopbackDiscord) -> None:
    async def twice(interaction: discord.Interaction, said: str) -> None:
        assert await refusal_of(interaction.response.send_message("x" * 2001)) == (400, 50035)
        await interaction.response.send_message("short")

    async with connected(server, Commands()) as app:
        app.does = twice
        assert (await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})).shown == "short"
        assert server.refused[0].why[0].startswith("data.content: BASE_TYPE_MAX_LENGTH")


async def test_commands_work_in_direct_messages_and_not_in_archived_threads(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()) as app:
        assert (await server.slash(DANA, DIRECT, "netspy list", {"process": "curl"})).shown == "curl 20"
        assert isinstance(app.asked[0].user, discord.User)
        said = server.say(DANA, PAYMENTS, "why?")
        thread = server.start_thread(DANA, server.space.message(PAYMENTS, said))
        assert (await server.slash(DANA, thread, "netspy list", {"process": "curl"})).shown == "curl 20"
        server.archive(thread)
        assert (await server.slash(DANA, thread, "netspy list", {"process": "curl"})).error == NO_ANSWER


async def test_a_modal_is_filled_in_and_sent_off(server: LoopbackDiscord) -> None:
    class Ask(discord.ui.Modal, title="Edit"):
        question: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Question", default="why?", custom_id="q")

        async def on_submit(self, interaction: discord.Interaction) -> None:
            await interaction.response.send_message(self.question.value)

    async def ask(interaction: discord.Interaction, said: str) -> None:
        await interaction.response.send_modal(Ask())

    async with connected(server, Commands()) as app:
        app.does = ask
        opened = await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        assert (opened.acked, opened.message) == (Ack.MODAL, None)
        assert (await server.submit(opened, {"q": "why not?"})).shown == "why not?"


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Netspy", "description": "x"},
        {"name": "netspy", "description": ""},
        {"name": "netspy", "description": "x", "options": [{"type": 3, "name": "a", "description": "x" * 101}]},
        {
            "name": "netspy",
            "description": "x",
            "options": [
                {"type": 3, "name": "a", "description": "x"},
                {"type": 3, "name": "b", "description": "x", "required": True},
            ],
        },
    ],
)
async def test_commands_are_checked(server: LoopbackDiscord, command: dict[str, Any]) -> None:
    async with connected(server, App()) as app:
        assert app.application_id
        syncing = app.http.bulk_upsert_global_commands(app.application_id, payload=[command])
        assert await refusal_of(syncing) == (400, 50035)
        assert server.commands == {}


async def test_commands_keep_their_ids_and_can_be_taken_away(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()) as app:
        before = server.commands["netspy"]["id"]
        await app.tree.sync()
        assert server.commands["netspy"]["id"] == before
        (listed, _) = await app.tree.fetch_commands()
        await listed.delete()
        assert [*server.commands] == ["Explain this"]


async def test_answers_tell_the_gateway_what_they_answer(server: LoopbackDiscord) -> None:
    async with connected(server, Commands()) as app:
        await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        await server.until(lambda: app.heard)
        (heard,) = app.heard
        assert heard.interaction_metadata
        assert (heard.author.id, heard.interaction_metadata.user.id) == (int(BOT), int(DANA))
        assert heard.type is discord.MessageType.chat_input_command
        await asyncio.gather(*(server.slash(LEE, PAYMENTS, "netspy list", {"process": f"p{n}"}) for n in range(9)))
        assert len(server.messages(PAYMENTS)) == 10
