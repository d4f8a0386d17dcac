"""The slash commands as Discord holds them, and what they ask."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from adapters.discord.command_sheet import payloads, same
from adapters.discord.commands import asked, completions
from adapters.discord.inbox import Called
from bot.conversation.builtin import COMMANDS, help_of
from bot.domain.command_help import CommandHelp, FlagHelp
from bot.domain.errors import UnknownCommand
from bot.domain.message import Author, Command
from bot.tools.registry import TOOLS
from tests.fakes import IdleDesk
from tests.loopback.discord_commands import check_all

HELP = (*map(help_of, TOOLS), *COMMANDS)


class Typed:
    """As much of an interaction as is read."""

    def __init__(self, name: str, *options: dict[str, Any]) -> None:
        self.data = {"name": name, "options": list(options)}
        self.user = SimpleNamespace(id=1, display_name="dana", roles=())
        self.channel = None
        self.channel_id, self.guild_id = 2, 3


def read(name: str, *options: dict[str, Any], known: Sequence[CommandHelp] = HELP) -> Called:
    return asked(cast("discord.Interaction[Any]", Typed(name, *options)), known)


def command(name: str, *, group: str = "") -> CommandHelp:
    return CommandHelp(name, name, f"What {name} does", group=group)


WHY = CommandHelp(
    "why",
    "why [WHICH]",
    "what an answer rests on",
    (FlagHelp("--turn WHICH", "the number of an answer", "turn", free=True),),
    group="thread",
)


def paths(sheet: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The subcommands of /netspy, by group and name."""
    found: dict[str, dict[str, Any]] = {}
    for entry in sheet[0]["options"]:
        is_group = entry["type"] == discord.AppCommandOptionType.subcommand_group.value
        inner = {f"{entry['name']} {each['name']}": each for each in entry["options"]} if is_group else {}
        found |= inner or {entry["name"]: entry}
    return found


def options_of(command: str) -> dict[str, dict[str, Any]]:
    return {option["name"]: option for option in paths(payloads(HELP))[command]["options"]}


def test_every_command_is_a_subcommand_with_its_flags() -> None:
    assert set(paths(payloads(HELP))) == {f"{entry.group} {entry.name}".strip() for entry in HELP}
    options = options_of("list")
    assert options["max_events"]["type"] == discord.AppCommandOptionType.integer.value
    assert (options["max_events"]["min_value"], options["max_events"]["max_value"]) == (1, 1000)
    assert options["process"]["autocomplete"] is True


def test_what_is_required_comes_first() -> None:
    for entry in paths(payloads(HELP)).values():
        required = [option.get("required", False) for option in entry["options"]]
        assert required == sorted(required, reverse=True)


def test_no_text_is_longer_than_discord_takes() -> None:
    for entry in payloads(HELP)[0]["options"]:
        assert len(entry["options"]) <= 25
        for each in (entry, *entry["options"]):
            assert 1 <= len(each["name"]) <= 32
            assert 1 <= len(each["description"]) <= 100


def test_all_commands_together_are_no_longer_than_discord_takes() -> None:
    assert [*check_all(payloads(HELP))] == []


def test_commands_of_a_group_stand_in_it_where_its_first_one_does() -> None:
    sheet = payloads((command("a"), command("x", group="workflow"), command("b"), command("y", group="workflow")))
    assert [each["name"] for each in sheet[0]["options"]] == ["a", "workflow", "b"]
    assert [*paths(sheet)] == ["a", "workflow x", "workflow y", "b"]
    assert [*check_all(sheet)] == []


def test_rare_flags_share_one_option() -> None:
    options = options_of("list")
    assert "uid" not in options
    assert "more" in options
    assert "more" not in options_of("status")


def test_a_subcommand_is_a_command_with_the_tools_arguments() -> None:
    given = [{"name": "process", "value": "curl"}, {"name": "max_events", "value": 5}]
    called = read("netspy", {"name": "list", "options": given})
    assert called.text == "list --process curl --max-events 5"
    assert called.command == Command("list_connections", {"process_name": "curl", "max_events": 5})


def test_a_command_in_a_group_is_read_in_it() -> None:
    entries = (command("db", group="workflow"), replace(command("db"), tool="db_tool"), WHY)
    group = discord.AppCommandOptionType.subcommand_group.value
    called = read("netspy", {"name": "workflow", "type": group, "options": [{"name": "db"}]}, known=entries)
    assert called == Called("db")
    assert read("netspy", {"name": "db"}, known=entries).command == Command("db_tool", {})


def test_a_free_value_is_written_as_it_is_typed() -> None:
    given = [{"name": "turn", "value": "12"}]
    group = {"name": "thread", "type": discord.AppCommandOptionType.subcommand_group.value}
    called = read("netspy", {**group, "options": [{"name": "why", "options": given}]}, known=(WHY,))
    assert called == Called("why 12", in_thread=True)
    assert read("netspy", {**group, "options": [{"name": "why"}]}, known=(WHY,)).text == "why"


def test_a_command_that_is_no_more_is_an_error() -> None:
    with pytest.raises(UnknownCommand, match="/netspy gone: there is no such command any more"):
        read("netspy", {"name": "gone"})


async def test_values_of_a_command_in_a_group_are_offered() -> None:
    flag = FlagHelp("--by WHICH", "by what", "by", kind="choice", choices=("port", "process", "pid"))
    entry = replace(command("db", group="workflow"), flags=(flag,))
    typed = {"name": "db", "options": [{"name": "by", "value": "P", "focused": True}]}
    asking = Typed("netspy", {"name": "workflow", "type": 2, "options": [typed]})
    for known, offered in ((entry,), ["port", "process", "pid"]), ((WHY,), []):
        found = await completions(cast("discord.Interaction[Any]", asking), IdleDesk(), known, by=Author("1", "dana"))
        assert [each["value"] for each in found] == offered


def test_a_command_about_netspy_is_text() -> None:
    assert read("netspy", {"name": "status"}) == Called("status")


def test_a_question_is_text() -> None:
    assert read("ask", {"name": "question", "value": "why?"}) == Called("why?")


def test_commands_that_discord_holds_are_not_set_again() -> None:
    ours = payloads(HELP)
    theirs = copy.deepcopy(ours)
    for number, each in enumerate(theirs):
        each |= {"id": str(number), "version": "1", "default_member_permissions": None}
    assert same(ours, theirs)


@pytest.mark.parametrize("change", ["description", "gone", "more", "option"])
def test_commands_that_changed_are(change: str) -> None:
    ours, theirs = payloads(HELP), payloads(HELP)
    match change:
        case "description":
            theirs[1]["description"] = "another"
        case "gone":
            theirs.pop()
        case "more":
            theirs.append({"name": "old", "type": 1, "description": "gone now"})
        case "option":
            theirs[0]["options"][0]["options"].pop()
    assert not same(ours, theirs)
