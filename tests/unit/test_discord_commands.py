"""The slash commands as Discord holds them, and what they ask."""

import copy
from typing import Any, cast

import discord
import pytest

from adapters.discord.commands import asked, payloads, same
from bot.conversation.builtin import COMMANDS, help_of
from bot.domain.message import Command
from bot.tools.registry import TOOLS

HELP = (*map(help_of, TOOLS), *COMMANDS)


class Typed:
    """As much of an interaction as is read."""

    def __init__(self, name: str, *options: dict[str, Any]) -> None:
        self.data = {"name": name, "options": list(options)}


def read(name: str, *options: dict[str, Any]) -> tuple[str, Command | None]:
    return asked(cast("discord.Interaction[Any]", Typed(name, *options)), HELP)


def options_of(command: str) -> dict[str, dict[str, Any]]:
    netspy = payloads(HELP)[0]
    found = next(each for each in netspy["options"] if each["name"] == command)
    return {option["name"]: option for option in found["options"]}


def test_every_command_is_a_subcommand_with_its_flags() -> None:
    assert {each["name"] for each in payloads(HELP)[0]["options"]} == {entry.name for entry in HELP}
    options = options_of("list")
    assert options["max_events"]["type"] == discord.AppCommandOptionType.integer.value
    assert (options["max_events"]["min_value"], options["max_events"]["max_value"]) == (1, 1000)
    assert options["process"]["autocomplete"] is True


def test_what_is_required_comes_first() -> None:
    for entry in payloads(HELP)[0]["options"]:
        required = [option.get("required", False) for option in entry["options"]]
        assert required == sorted(required, reverse=True)


def test_no_text_is_longer_than_discord_takes() -> None:
    for entry in payloads(HELP)[0]["options"]:
        assert len(entry["options"]) <= 25
        for each in (entry, *entry["options"]):
            assert 1 <= len(each["name"]) <= 32
            assert 1 <= len(each["description"]) <= 100


def test_all_commands_together_are_no_longer_than_discord_takes() -> None:
    assert len(payloads(HELP)[0]["options"]) <= 25
    assert _characters(payloads(HELP)[0]) <= 8000


def _characters(entry: dict[str, Any]) -> int:
    own = len(entry.get("name", "")) + len(entry.get("description", ""))
    return own + sum(map(_characters, entry.get("options", [])))


def test_rare_flags_share_one_option() -> None:
    options = options_of("list")
    assert "uid" not in options
    assert "more" in options
    assert "more" not in options_of("status")


def test_a_subcommand_is_a_command_with_the_tools_arguments() -> None:
    given = [{"name": "process", "value": "curl"}, {"name": "max_events", "value": 5}]
    text, command = read("netspy", {"name": "list", "options": given})
    assert text == "list --process curl --max-events 5"
    assert command == Command("list_connections", {"process_name": "curl", "max_events": 5})


def test_a_command_about_netspy_is_text() -> None:
    assert read("netspy", {"name": "status"}) == ("status", None)


def test_a_question_is_text() -> None:
    assert read("ask", {"name": "question", "value": "why?"}) == ("why?", None)


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
