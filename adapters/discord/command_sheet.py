"""What Discord is to hold of the commands: `/netspy` with a subcommand for each, in groups, `/ask`, a message's menu.

They are made of what the desk says of its commands, with types, ranges and completion. Pure. What there is room for is
decided in `command_room.py`, what people choose is read in `commands.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import discord

from bot.domain.command_help import THREAD_COMMANDS, WORKFLOW_COMMANDS, CommandHelp, FlagHelp

Payload: TypeAlias = dict[str, Any]

MAX_DESCRIPTION = 100
"""https://discord.com/developers/docs/interactions/application-commands#application-command-object"""
MAX_QUESTION = 4000
INVESTIGATE = "Investigate with netspy"
MORE = "more"
"""The option for flags that have none of their own."""
_MORE_FLAGS: Payload = {
    "name": MORE,
    "description": "more flags: /netspy help tells which",
    "type": discord.AppCommandOptionType.string.value,
}
_GROUPS = {
    THREAD_COMMANDS: "About the thread that you are in",
    WORKFLOW_COMMANDS: "What whoever runs netspy made for you",
}
_TYPES = {
    "integer": discord.AppCommandOptionType.integer,
    "text": discord.AppCommandOptionType.string,
    "choice": discord.AppCommandOptionType.string,
    "switch": discord.AppCommandOptionType.boolean,
}


def payloads(commands: Sequence[CommandHelp]) -> list[Payload]:
    """See above (https://discord.com/developers/docs/interactions/application-commands)."""
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
    return [netspy(commands), ask, {"name": INVESTIGATE, "type": discord.AppCommandType.message.value}]


def same(ours: Sequence[Payload], theirs: Sequence[Payload]) -> bool:
    """Whether Discord holds these commands already: what it adds by itself does not count."""
    by_name = {(each["name"], each.get("type", 1)): each for each in theirs}
    return len(ours) == len(by_name) and all(_holds(by_name.get((each["name"], each["type"])), each) for each in ours)


def option_name(flag: FlagHelp) -> str:
    """The flag without its dashes: Discord takes no others."""
    return flag_name(flag).removeprefix("--").replace("-", "_")


def flag_name(flag: FlagHelp) -> str:
    return flag.written.split()[0]


def netspy(commands: Sequence[CommandHelp]) -> Payload:
    """The one command that all others are in."""
    return {
        "name": "netspy",
        "description": "Ask what your network does, command by command",
        "type": discord.AppCommandType.chat_input.value,
        "options": list(_levels(commands)),
    }


def _levels(commands: Sequence[CommandHelp]) -> Iterator[Payload]:
    """Commands and groups in their order; a group stands where its first command does."""
    for command in commands:
        alike = [each for each in commands if each.group == command.group]
        if not command.group:
            yield subcommand(command)
        elif command is alike[0]:
            yield {
                "name": command.group,
                "description": _GROUPS.get(command.group, f"Commands of {command.group}"),
                "type": discord.AppCommandOptionType.subcommand_group.value,
                "options": list(map(subcommand, alike)),
            }


def subcommand(command: CommandHelp) -> Payload:
    ordered = sorted((flag for flag in command.flags if not flag.rare), key=lambda flag: not flag.required)
    more = [_MORE_FLAGS] if len(ordered) < len(command.flags) else []
    return {
        "name": command.name,
        "description": command.summary[:MAX_DESCRIPTION] or command.name,
        "type": discord.AppCommandOptionType.subcommand.value,
        "options": [*map(_option, ordered), *more],
    }


def _option(flag: FlagHelp) -> Payload:
    option: Payload = {
        "name": option_name(flag),
        "description": flag.meaning[:MAX_DESCRIPTION] or option_name(flag),
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


def _holds(theirs: Any, ours: Any) -> bool:
    """Whether everything in `ours` stands in `theirs`."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(_holds(theirs.get(name), value) for name, value in ours.items())
    if isinstance(ours, list):
        theirs = theirs or []
        return len(ours) == len(theirs) and all(_holds(*pair) for pair in zip(theirs, ours, strict=True))
    return bool(theirs == ours)
