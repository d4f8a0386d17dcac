"""Buttons, menus and ephemeral messages of the loopback Discord against discord.py."""

from typing import Any

import discord
import pytest

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import DANA, LEE, PAYMENTS
from tests.loopback.discord_interactions import Ack
from tests.wire.discord_app import App, Commands, connected, loopback, refusal_of

server = pytest.fixture(loopback)
ITEM = discord.ui.Item[Any]


class Pages(discord.ui.View):
    """Buttons that change their message, answer apart, or do nothing yet; and a menu."""

    @discord.ui.button(label="Next", custom_id="t1:page:2")
    async def following(self, interaction: discord.Interaction, button: ITEM) -> None:
        await interaction.response.edit_message(content="page 2")

    @discord.ui.button(label="CSV", custom_id="t1:csv:")
    async def csv(self, interaction: discord.Interaction, button: ITEM) -> None:
        await interaction.response.send_message("here", ephemeral=True)

    @discord.ui.button(label="Stop", custom_id="t1:stop:")
    async def stop_turn(self, interaction: discord.Interaction, button: ITEM) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="stopped", view=None)

    @discord.ui.select(
        custom_id="t1:sort", options=[discord.SelectOption(label="bytes"), discord.SelectOption(label="age")]
    )
    async def sort(self, interaction: discord.Interaction, menu: discord.ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=f"by {menu.values[0]}")


async def test_buttons_change_their_message_or_answer_apart(server: LoopbackDiscord) -> None:
    async with connected(server, App()) as app:
        await app.place(PAYMENTS).send("page 1", view=Pages(timeout=None))
        (message,) = server.messages(PAYMENTS)
        assert message.shown == "page 1\nNext\nCSV\nStop\nbytes\nage"
        assert (await server.press(LEE, message, "t1:page:2")).acked is Ack.UPDATE
        assert message.content == "page 2"
        await server.choose(LEE, message, "t1:sort", ["age"])
        assert message.content == "by age"
        apart = await server.press(LEE, message, "CSV")
        assert (apart.ephemeral, apart.shown) == (True, "here")
        stopped = await server.press(LEE, message, "Stop")
        await server.until(lambda: message.content == "stopped")
        assert (stopped.acked, message.buttons) == (Ack.DEFERRED_UPDATE, [])
        with pytest.raises(AssertionError):
            await server.press(LEE, message, "Stop")


async def test_an_ephemeral_message_is_out_of_reach_for_others_and_for_the_channel(server: LoopbackDiscord) -> None:
    async def quiet(interaction: discord.Interaction, said: str) -> None:
        await interaction.response.send_message("quiet", ephemeral=True, view=Pages(timeout=None))

    async with connected(server, Commands()) as app:
        app.does = quiet
        answered = await server.slash(DANA, PAYMENTS, "netspy list", {"process": "curl"})
        assert answered.message
        with pytest.raises(AssertionError):
            await server.press(LEE, answered.message, "Next")
        await server.press(DANA, answered.message, "Next")
        assert answered.shown.startswith("page 2")
        partial = app.place(PAYMENTS).get_partial_message(int(answered.message.id))
        assert await refusal_of(partial.edit(content="x")) == (404, 10008)
        await app.asked[0].delete_original_response()
        assert server.ephemerals(DANA) == []


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([{"type": 2, "style": 1, "label": "x" * 81, "custom_id": "a"}], "BASE_TYPE_MAX_LENGTH"),
        ([{"type": 2, "style": 1, "label": "x", "custom_id": "a" * 101}], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 2, "style": 1, "label": "x", "custom_id": "a"}] * 2, "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([{"type": 2, "style": 1, "label": "x", "custom_id": f"{n}"} for n in range(6)], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 2, "style": 1, "label": "x"}], "BASE_TYPE_REQUIRED"),
        ([{"type": 2, "style": 5, "label": "x"}], "BASE_TYPE_REQUIRED"),
        ([{"type": 2, "style": 1, "custom_id": "a"}], "BUTTON_COMPONENT_INVALID"),
        ([{"type": 9}], "BASE_TYPE_CHOICES"),
        ([], "BASE_TYPE_BAD_LENGTH"),
    ],
)
async def test_components_are_checked(server: LoopbackDiscord, components: list[dict[str, Any]], code: str) -> None:
    async with connected(server, App()) as app:
        sending = app.http.request(
            discord.http.Route("POST", f"/channels/{PAYMENTS}/messages"),
            json={"content": "x", "components": [{"type": 1, "components": components}]},
        )
        assert await refusal_of(sending) == (400, 50035)
        assert code in server.refused[0].why[0]


async def test_six_rows_are_too_many(server: LoopbackDiscord) -> None:
    rows = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": f"{n}"}]} for n in range(6)]
    async with connected(server, App()) as app:
        route = discord.http.Route("POST", f"/channels/{PAYMENTS}/messages")
        assert await refusal_of(app.http.request(route, json={"components": rows})) == (400, 50035)
        await app.http.request(route, json={"components": rows[:5]})
