"""Which commands and options Discord has room for: never so many that it would refuse them all. Pure.

What does not fit is left out in this order, each time from the last command on, until the rest fits:

1. options that are rare, or that Discord never takes: they are typed in the option `more`, as nothing to warn of;
2. other options of workflows, unless they are required: they move into `more` too;
3. workflows;
4. other options of netspy's own commands, unless they are required;
5. netspy's own commands.

All of it can still be written to netspy as a message.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from adapters.discord.command_sheet import MORE, Payload, netspy, option_name, subcommand
from bot.domain.command_help import WORKFLOW_COMMANDS, CommandHelp

MAX_CHARACTERS = 8000
"""Of names and descriptions of one command, with all in it, as the next two
(https://discord.com/developers/docs/interactions/application-commands#slash-commands)."""
MAX_OPTIONS = 25
"""Of a command, a group and a subcommand alike."""
OPTIONS_OF = "options of "
_NAME = re.compile(r"[-_'\w]{1,32}")
"""In lower case only."""


def fitting(commands: Sequence[CommandHelp]) -> tuple[list[CommandHelp], tuple[str, ...]]:
    """What is to be offered, with options that had to go marked as rare; and the names of what is left out."""
    kept = _placed([_with_options(command) for command in commands])
    options: list[str] = []
    for is_due in (_is_workflow, _is_own):
        options += _fold(kept, is_due)
        for command in _from_the_last(kept, is_due):
            if not _fits(kept):
                kept.remove(command)
    shown = {_path(command) for command in kept}
    dropped = [path for path in map(_path, commands) if path not in shown]
    return kept, (*dropped, *(f"{OPTIONS_OF}{path}" for path in options if path in shown))


def _with_options(command: CommandHelp) -> CommandHelp:
    """With as many options of its own as Discord takes beside `more`; the rest is rare."""
    room = MAX_OPTIONS - 1 - sum(flag.required for flag in command.flags)
    flags = []
    for flag in command.flags:
        is_option = flag.required or (not flag.rare and room > 0 and _is_name(option_name(flag)))
        room -= is_option and not flag.required
        flags.append(replace(flag, rare=not is_option))
    return replace(command, flags=tuple(flags))


def _placed(commands: Sequence[CommandHelp]) -> list[CommandHelp]:
    """Those that Discord takes: well named, no name twice in a level, and no level longer than it may be."""
    top: dict[str, list[CommandHelp]] = {}
    placed = []
    for command in filter(_is_takeable, commands):
        name = command.group or command.name
        beside = top.get(name, [])
        is_new = not beside and len(top) < MAX_OPTIONS
        joins = bool(beside) and bool(command.group) and beside[0].group == command.group
        if is_new or (joins and _has_room(beside, command.name)):
            top[name] = [*beside, command]
            placed.append(command)
    return placed


def _has_room(level: Sequence[CommandHelp], name: str) -> bool:
    return len(level) < MAX_OPTIONS and all(command.name != name for command in level)


def _is_takeable(command: CommandHelp) -> bool:
    options = [option_name(flag) for flag in command.flags if not flag.rare]
    are_apart = len({*options, MORE}) == len(options) + 1 <= MAX_OPTIONS
    return are_apart and all(map(_is_name, (*options, command.name, command.group or command.name)))


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name == name.lower()


def _fold(kept: list[CommandHelp], is_due: Callable[[CommandHelp], bool]) -> list[str]:
    """Let commands do with required options until all fits. Returns which."""
    folded = []
    for command in _from_the_last(kept, is_due):
        bare = replace(command, flags=tuple(replace(flag, rare=not flag.required) for flag in command.flags))
        if not _fits(kept) and _characters(subcommand(bare)) < _characters(subcommand(command)):
            kept[kept.index(command)] = bare
            folded.append(_path(command))
    return folded


def _from_the_last(commands: Sequence[CommandHelp], is_due: Callable[[CommandHelp], bool]) -> list[CommandHelp]:
    return [command for command in reversed(commands) if is_due(command)]


def _is_workflow(command: CommandHelp) -> bool:
    return command.group == WORKFLOW_COMMANDS


def _is_own(command: CommandHelp) -> bool:
    return not _is_workflow(command)


def _fits(commands: Sequence[CommandHelp]) -> bool:
    return _characters(netspy(commands)) <= MAX_CHARACTERS


def _characters(payload: Payload) -> int:
    own = len(payload["name"]) + len(payload["description"])
    return own + sum(map(_characters, payload.get("options", ())))


def _path(command: CommandHelp) -> str:
    return f"{command.group} {command.name}".strip()
