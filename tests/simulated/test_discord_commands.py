"""Slash commands, their completion and the menu: all of them, as Discord registers, shows and delivers them."""

from typing import Any

import discord
import pytest
import simcord

from adapters.discord.command_sheet import INVESTIGATE, payloads
from bot.conversation.builtin import COMMANDS, help_of
from bot.domain.command_help import THREAD_COMMANDS, WORKFLOW_COMMANDS, CommandHelp, FlagHelp
from bot.tools.registry import TOOLS
from tests.dialog.stage import says
from tests.simulated.stage import labels, open_discord, said

HELP = (*map(help_of, TOOLS), *COMMANDS)
ANYWHERE = [entry for entry in HELP if entry.group != THREAD_COMMANDS]
ASKING = frozenset({"contextual_analysis"})
"""Tools whose text is a question to the model."""


def value_of(flag: FlagHelp) -> Any:
    match flag.kind:
        case "integer":
            return flag.minimum or 1
        case "switch":
            return True
        case "choice":
            return flag.choices[0]
        case "text":
            return "curl"


def path_of(entry: CommandHelp) -> str:
    """As people choose it."""
    return " ".join(word for word in ("netspy", entry.group, entry.name) if word)


def options_of(entry: CommandHelp, *, all_of_them: bool) -> dict[str, Any]:
    chosen = [flag for flag in entry.flags if flag.required or (all_of_them and not flag.rare)]
    return {flag.written.split()[0].removeprefix("--").replace("-", "_"): value_of(flag) for flag in chosen}


async def test_every_command_is_offered_in_servers_and_in_direct_messages() -> None:
    async with open_discord() as stage:
        names = {path_of(entry) for entry in HELP} | {"ask"}
        assert set(stage.dana.available_commands(stage.payments)) == names
        assert set(stage.dana.user.available_commands()) == names


@pytest.mark.parametrize("all_of_them", [False, True], ids=["fewest options", "all options"])
@pytest.mark.parametrize("entry", ANYWHERE, ids=[entry.name for entry in ANYWHERE])
async def test_every_command_is_answered(entry: CommandHelp, *, all_of_them: bool) -> None:
    answers = [says("The answer.")] if entry.tool in ASKING else []
    async with open_discord(*answers) as stage:
        given = options_of(entry, all_of_them=all_of_them)
        called = await stage.dana.slash(stage.payments, path_of(entry), **given)

        assert called.response is not None
        assert called.response.content.strip()
        assert not called.response.flags.loading
        assert "Run again" in labels(said(stage.payments)[-1])
        assert {call.name for call in stage.host.calls} == {entry.tool} - ASKING - {""}
        for call in stage.host.calls:
            chosen = (flag for flag in entry.flags if flag.required or (all_of_them and not flag.rare))
            named = {flag.argument: value_of(flag) for flag in chosen}
            assert named.items() <= dict(call.arguments).items()


async def test_flags_without_an_option_of_their_own_are_given_in_one_more() -> None:
    async with open_discord() as stage:
        more = "--uid 33 --since 10m"
        called = await stage.dana.slash(stage.payments, "netspy list", process="my app", max_events=5, more=more)
        assert called.response is not None
        [call] = stage.host.calls
        given = {"process_name": "my app", "max_events": "5", "uid": "33", "since": "10m"}
        assert (call.name, dict(call.arguments)) == ("list_connections", given)


async def test_choices_are_offered_as_they_are_typed() -> None:
    async with open_discord() as stage:
        found = await stage.dana.autocomplete(stage.payments, "netspy talkers", "by", "P")
        assert [choice["value"] for choice in found] == ["process", "port", "pair", "pod"]


@pytest.mark.parametrize("value", [0, 1001])
async def test_discord_keeps_numbers_out_of_range_away(value: int) -> None:
    async with open_discord() as stage:
        with pytest.raises(simcord.OptionError, match="max_events"):
            await stage.dana.slash(stage.payments, "netspy list", max_events=value)


async def test_ask_answers_what_is_asked() -> None:
    async with open_discord(says("Only `curl` connects.")) as stage:
        called = await stage.dana.slash(stage.payments, "ask", question="who connects?")

        assert called.response is not None
        assert "Only `curl` connects." in called.response.content
        assert not called.response.ephemeral


async def test_a_question_is_as_long_as_discord_takes() -> None:
    async with open_discord(says("Yes.")) as stage:
        called = await stage.dana.slash(stage.payments, "ask", question="why? " * 800)
        assert called.response is not None
        assert "Yes." in called.response.content
        with pytest.raises(simcord.OptionError):
            await stage.dana.slash(stage.payments, "ask", question="x" * 4001)


@pytest.mark.parametrize(
    ("typed", "offered"), [("", ["curl", "nginx"]), ("cu", ["curl"]), ("CU", []), ("ssh", []), ("@everyone", [])]
)
async def test_process_names_that_were_seen_are_offered(typed: str, offered: list[str]) -> None:
    async with open_discord() as stage:
        found = await stage.dana.autocomplete(stage.payments, "netspy list", "process", typed)
        assert sorted(choice["value"] for choice in found) == offered


async def test_the_menu_makes_a_message_the_question() -> None:
    async with open_discord(says("It waits for the database.")) as stage:
        message = await stage.lee.send(stage.payments, "checkout times out")
        called = await stage.dana.context_menu(stage.payments, INVESTIGATE, message)

        assert called.response is not None
        assert "It waits for the database." in called.response.content


async def test_the_menu_takes_a_message_without_text() -> None:
    async with open_discord(says("Nothing can be made of it.")) as stage:
        message = await stage.lee.send(stage.payments, "", attachments=[("trace.pcap", b"x")])
        called = await stage.dana.context_menu(stage.payments, INVESTIGATE, message)

        assert called.response is not None
        assert called.response.content.strip()
        assert not called.response.flags.loading


async def test_commands_work_in_direct_messages() -> None:
    async with open_discord(says("Directly.")) as stage:
        listed = await stage.dana.user.slash("netspy list")
        asked = await stage.dana.user.slash("ask", question="who connects?")
        await stage.dana.send_dm("list")

        assert "list\\_connections" in listed.response.content
        assert "Directly." in asked.response.content
        assert len(stage.directly(stage.dana)) == 3


async def test_commands_work_in_a_thread() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        called = await stage.lee.slash(thread, "netspy list")

        assert called.response is not None
        assert called.response.channel_id == thread.id
        assert "Run again" in labels(called.response)


async def test_a_command_about_a_thread_is_for_the_thread_that_it_is_used_in() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        await stage.lee.slash(thread, "netspy thread quiet")
        await stage.dana.send(thread, "and now?")
        asked, hushed = (turn.message for turn in stage.turns)

        assert (hushed.text, hushed.key, hushed.opens) == ("quiet", asked.key, False)


async def test_a_command_about_a_thread_works_in_direct_messages() -> None:
    async with open_discord() as stage:
        await stage.dana.send_dm("list")
        await stage.dana.user.slash("netspy thread quiet")
        asked, hushed = (turn.message for turn in stage.turns)

        assert hushed.key == asked.key


async def test_a_command_about_a_thread_is_sent_to_the_thread() -> None:
    async with open_discord() as stage:
        called = await stage.dana.slash(stage.payments, "netspy thread quiet")

        assert called.response is not None
        assert called.ephemeral
        assert "Use this command in the thread that it is for." in called.response.content
        assert stage.turns == []


async def test_a_command_that_is_no_more_says_so() -> None:
    async with open_discord() as stage:
        stale = payloads([*HELP, CommandHelp("db", "db", "Look at it", group=WORKFLOW_COMMANDS)])
        stage.env.backend.register_commands(None, stale)
        called = await stage.dana.slash(stage.payments, "netspy workflow db")

        assert called.response is not None
        assert called.ephemeral
        assert "/netspy workflow db: there is no such command any more" in called.response.content


async def test_commands_are_registered_once_and_again_when_they_change() -> None:
    async with open_discord() as stage:
        await stage.restart()
        assert registrations(stage.env) == 1

        changed = payloads(HELP)
        changed[0]["description"] = "Another one"
        stage.env.backend.register_commands(None, changed)
        await stage.restart()
        assert registrations(stage.env) == 2
        assert stage.env.backend.commands[None]["netspy", 1]["description"] == payloads(HELP)[0]["description"]


def registrations(env: simcord.Env) -> int:
    return sum(request.method == "PUT" for request in env.http_requests if "commands" in request.path)


async def test_what_a_command_is_asked_with_pings_nobody() -> None:
    async with open_discord() as stage:
        called = await stage.dana.slash(stage.payments, "netspy list", process=f"@everyone {stage.lee.mention}")
        assert called.response is not None
        message: discord.Message = called.response.message
        assert not message.mention_everyone
        assert message.mentions == []
