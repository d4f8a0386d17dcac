"""What people call in Discord: the text and the command that an interaction asks, and completion of its options. Pure.

What Discord offers is made in `command_sheet.py`; options and groups are read here as they are named there.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import discord

from adapters.discord.command_sheet import MORE, flag_name, option_name
from adapters.discord.inbox import Called, channel_of
from bot.domain.command_help import THREAD_COMMANDS, CommandHelp, FlagHelp
from bot.domain.errors import UnknownCommand
from bot.domain.json_types import Json
from bot.domain.message import Author, Command
from bot.domain.ports import Desk

Interaction: TypeAlias = discord.Interaction[Any]

MAX_CHOICES = 25
"""Completions (https://discord.com/developers/docs/interactions/application-commands#autocomplete)."""
MAX_CHOICE = 100


def asked(interaction: Interaction, commands: Sequence[CommandHelp]) -> Called:
    """What an interaction asks: the text that people read, and the command where there is one.

    Raises: UnknownCommand.
    """
    data: dict[str, Any] = dict(interaction.data or {})
    if data.get("name") == "ask":
        return Called(str(data["options"][0]["value"]))
    help_, options = _chosen(data, commands)
    given: dict[str, Json] = {option["name"]: option["value"] for option in options}
    by_option = {option_name(flag): flag for flag in help_.flags}
    in_thread = help_.group == THREAD_COMMANDS
    if more := given.pop(MORE, None):
        return Called(f"{_written(help_, by_option, given)} {more}", in_thread=in_thread)
    arguments = {by_option[name].argument: value for name, value in given.items() if value is not False}
    command = Command(help_.tool, arguments) if help_.tool else None
    return Called(_written(help_, by_option, given), command, in_thread=in_thread)


async def completions(
    interaction: Interaction, desk: Desk, commands: Sequence[CommandHelp], *, by: Author
) -> list[dict[str, str]]:
    """Values of the option that is being typed."""
    try:
        help_, options = _chosen(dict(interaction.data or {}), commands)
    except UnknownCommand:
        return []
    typed = next((option for option in options if option.get("focused")), None)
    flag = next((each for each in help_.flags if typed and option_name(each) == typed["name"]), None)
    if typed is None or flag is None:
        return []
    begun = str(typed.get("value", ""))
    found = flag.choices or await desk.complete(flag.argument, begun, by=by, channel=channel_of(interaction))
    found = tuple(value for value in found if value.lower().startswith(begun.lower()))
    return [{"name": value[:MAX_CHOICE], "value": value[:MAX_CHOICE]} for value in found[:MAX_CHOICES]]


def _chosen(data: Mapping[str, Any], commands: Sequence[CommandHelp]) -> tuple[CommandHelp, list[dict[str, Any]]]:
    """The command that an interaction names, in whichever group, and the options that were given."""
    group, chosen = "", (data.get("options") or [{}])[0]
    if chosen.get("type") == discord.AppCommandOptionType.subcommand_group.value:
        group, chosen = str(chosen["name"]), (chosen.get("options") or [{}])[0]
    name = str(chosen.get("name", ""))
    found = next((each for each in commands if (each.group, each.name) == (group, name)), None)
    if found is None:
        typed = " ".join(word for word in (group, name) if word)
        raise UnknownCommand(f"/netspy {typed}", "there is no such command any more", "see /netspy help")
    return found, chosen.get("options") or []


def _written(command: CommandHelp, by_option: Mapping[str, FlagHelp], given: Mapping[str, Json]) -> str:
    """As it is typed."""
    words = [command.name]
    for name, value in given.items():
        flag = by_option[name]
        if flag.free:
            words.append(str(value))
        elif flag.kind != "switch":
            words.append(f"{flag_name(flag)} {shlex.quote(str(value))}")
        elif value:
            words.append(flag_name(flag))
    return " ".join(words)
