"""The slash commands: one subcommand of `/netspy` a command of the chat, `/ask`, and the entry in a message's menu.

They are made of what the desk says of its commands, with types, ranges and completion; `client.py` runs them. Pure.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import discord

from bot.domain.json_types import Json
from bot.domain.message import Command
from bot.domain.ports import CommandHelp, Desk, FlagHelp

Interaction: TypeAlias = discord.Interaction[Any]

MAX_DESCRIPTION = 100
"""https://discord.com/developers/docs/interactions/application-commands#application-command-object"""
MAX_CHOICES = 25
"""Completions (https://discord.com/developers/docs/interactions/application-commands#autocomplete)."""
MAX_CHOICE = 100
MAX_QUESTION = 4000
INVESTIGATE = "Investigate with netspy"
MORE = "more"
"""The option for flags that have none of their own: a command has room for 25 options, and all together for 8,000
characters (https://discord.com/developers/docs/interactions/application-commands#slash-commands)."""
_TYPES = {
    "integer": discord.AppCommandOptionType.integer,
    "text": discord.AppCommandOptionType.string,
    "choice": discord.AppCommandOptionType.string,
    "switch": discord.AppCommandOptionType.boolean,
}


def payloads(commands: Sequence[CommandHelp]) -> list[dict[str, Any]]:
    """What Discord is to hold (https://discord.com/developers/docs/interactions/application-commands)."""
    netspy = {
        "name": "netspy",
        "description": "Ask what your network does, command by command",
        "type": discord.AppCommandType.chat_input.value,
        "options": [_subcommand(command) for command in commands],
    }
    question = {
        "name": "question",
        "description": "In plain words, such as: which connections failed?",
        "type": discord.AppCommandOptionType.string.value,
        "required": True,
        "max_length": MAX_QUESTION,
    }
    ask = {
        "name": "ask",
        "description": "Ask netspy a question about your network",
        "type": discord.AppCommandType.chat_input.value,
        "options": [question],
    }
    return [netspy, ask, {"name": INVESTIGATE, "type": discord.AppCommandType.message.value}]


def same(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> bool:
    """Whether Discord holds these commands already: what it adds by itself does not count."""
    by_name = {(each["name"], each.get("type", 1)): each for each in theirs}
    return len(ours) == len(by_name) and all(_holds(by_name.get((each["name"], each["type"])), each) for each in ours)


def asked(interaction: Interaction, commands: Sequence[CommandHelp]) -> tuple[str, Command | None]:
    """What an interaction asks: the text that people read, and the command where there is one."""
    data: dict[str, Any] = dict(interaction.data or {})
    options = data.get("options") or []
    if data.get("name") == "ask":
        return str(options[0]["value"]), None
    chosen = options[0]
    given: dict[str, Json] = {option["name"]: option["value"] for option in chosen.get("options") or []}
    help_ = next(each for each in commands if each.name == chosen["name"])
    by_option = {_option_name(flag): flag for flag in help_.flags}
    if more := given.pop(MORE, None):
        return f"{_written(help_, by_option, given)} {more}", None
    arguments = {by_option[name].argument: value for name, value in given.items() if value is not False}
    return _written(help_, by_option, given), Command(help_.tool, arguments) if help_.tool else None


async def completions(interaction: Interaction, desk: Desk, commands: Sequence[CommandHelp]) -> list[dict[str, str]]:
    """Values of the option that is being typed."""
    data: dict[str, Any] = dict(interaction.data or {})
    chosen = (data.get("options") or [{}])[0]
    typed = next((option for option in chosen.get("options") or [] if option.get("focused")), None)
    help_ = next((each for each in commands if each.name == chosen.get("name")), None)
    flag = (
        next((each for each in help_.flags if typed and _option_name(each) == typed["name"]), None) if help_ else None
    )
    if typed is None or flag is None:
        return []
    begun = str(typed.get("value", ""))
    found = flag.choices or await desk.complete(flag.argument, begun)
    found = tuple(value for value in found if value.lower().startswith(begun.lower()))
    return [{"name": value[:MAX_CHOICE], "value": value[:MAX_CHOICE]} for value in found[:MAX_CHOICES]]


def _subcommand(command: CommandHelp) -> dict[str, Any]:
    ordered = sorted((flag for flag in command.flags if not flag.rare), key=lambda flag: not flag.required)
    more = [_MORE_FLAGS] if len(ordered) < len(command.flags) else []
    return {
        "name": command.name,
        "description": command.summary[:MAX_DESCRIPTION],
        "type": discord.AppCommandOptionType.subcommand.value,
        "options": [*map(_option, ordered), *more],
    }


_MORE_FLAGS: dict[str, Any] = {
    "name": MORE,
    "description": "more flags: /netspy help tells which",
    "type": discord.AppCommandOptionType.string.value,
}


def _option(flag: FlagHelp) -> dict[str, Any]:
    option: dict[str, Any] = {
        "name": _option_name(flag),
        "description": flag.meaning[:MAX_DESCRIPTION],
        "type": _TYPES[flag.kind].value,
    }
    if flag.required:
        option["required"] = True
    if flag.kind == "integer":
        bounds = {"min_value": flag.minimum, "max_value": flag.maximum}
        option |= {name: value for name, value in bounds.items() if value is not None}
    if flag.argument == "process_name" or flag.choices:
        option["autocomplete"] = True
    return option


def _option_name(flag: FlagHelp) -> str:
    """The flag without its dashes: Discord takes no others."""
    return _flag(flag).removeprefix("--").replace("-", "_")


def _written(command: CommandHelp, by_option: Mapping[str, FlagHelp], given: Mapping[str, Json]) -> str:
    """As it is typed."""
    words = [command.name]
    for name, value in given.items():
        flag = by_option[name]
        if flag.kind != "switch":
            words.append(f"{_flag(flag)} {shlex.quote(str(value))}")
        elif value:
            words.append(_flag(flag))
    return " ".join(words)


def _flag(flag: FlagHelp) -> str:
    return flag.written.split()[0]


def _holds(theirs: Any, ours: Any) -> bool:
    """Whether everything in `ours` stands in `theirs`."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(_holds(theirs.get(name), value) for name, value in ours.items())
    if isinstance(ours, list):
        theirs = theirs or []
        return len(ours) == len(theirs) and all(_holds(*pair) for pair in zip(theirs, ours, strict=True))
    return bool(theirs == ours)
