"""Application commands: what may be registered, and what a person's choice of one becomes. Pure.

https://docs.discord.com/developers/interactions/application-commands
"""

import re
from collections.abc import Iterator
from typing import Any

from tests.loopback.discord_forms import Shape, anything, flag, kinds, many, one_of, text
from tests.loopback.discord_refusals import Flaw, Path

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUB_COMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER = 1, 2, 3, 4, 5, 10
NAME, DESCRIPTION, OPTIONS, CHOICES, VALUE = 32, 100, 25, 25, 6000
COMMANDS, MENUS = 100, 5
"""https://docs.discord.com/developers/interactions/application-commands#registering-a-command"""
TOGETHER = 8000
"""Characters of names, descriptions and values of one command."""
_NAME = re.compile(r"[-_'\w]{1,32}")


def _name(value: Any, path: Path) -> Iterator[Flaw]:
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value != value.lower():
        yield Flaw(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _required_first(value: Any, path: Path) -> Iterator[Flaw]:
    options = value.get("options") or []
    needed = [bool(one.get("required")) for one in options]
    if needed != sorted(needed, reverse=True):
        said = "Required options must be placed before non-required options"
        yield Flaw((*path, "options"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", said)
    names = [one["name"] for one in options]
    if len(set(names)) != len(names):
        yield Flaw((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "Option name is used twice")


def _choices_or_completion(value: Any, path: Path) -> Iterator[Flaw]:
    if value.get("choices") and value.get("autocomplete"):
        said = "Choices and autocomplete are mutually exclusive"
        yield Flaw((*path, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_INVALID", said)


def _unmixed(value: Any, path: Path) -> Iterator[Flaw]:
    """A command has subcommands or other options, never both."""
    found = {one["type"] in {SUB_COMMAND, GROUP} for one in value.get("options") or ()}
    if len(found) > 1:
        said = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        yield Flaw((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", said)


def _not_too_much(value: Any, path: Path) -> Iterator[Flaw]:
    if _weight(value) > TOGETHER:
        said = f"Command exceeds maximum size ({TOGETHER})"
        yield Flaw(path, "APPLICATION_COMMAND_TOO_LARGE", said)


_NAMED = {"name": _name, "description": text(DESCRIPTION, 1)}
_CHOICE = Shape({"name": text(100, 1), "value": anything})
_OPTION = Shape(
    _NAMED,
    {"required": flag, "choices": many(_CHOICE, CHOICES), "autocomplete": flag, "min_value": anything,
     "max_value": anything, "min_length": anything, "max_length": anything},
    (_choices_or_completion,),
)  # fmt: skip
_VALUES = dict.fromkeys((STRING, INTEGER, BOOLEAN, 6, 7, 8, 9, NUMBER, 11), _OPTION)
_SUB_COMMAND = Shape(_NAMED, {"options": many(kinds(_VALUES), OPTIONS)}, (_required_first,))
_GROUP = Shape(_NAMED, {"options": many(kinds({SUB_COMMAND: _SUB_COMMAND}), OPTIONS)})
_SLASH_OPTION = kinds({**_VALUES, SUB_COMMAND: _SUB_COMMAND, GROUP: _GROUP})
_SLASH = Shape(_NAMED, {"options": many(_SLASH_OPTION, OPTIONS)}, (_required_first, _unmixed, _not_too_much))
_MENU = Shape({"name": text(NAME, 1)}, {"description": text(0), "options": many(anything, 0)})
_BY_KIND = {CHAT_INPUT: _SLASH, USER_MENU: _MENU, MESSAGE_MENU: _MENU}


def check_one(value: Any, path: Path) -> Iterator[Flaw]:
    kind = value.get("type", CHAT_INPUT) if isinstance(value, dict) else CHAT_INPUT
    yield from one_of(*_BY_KIND)(kind, (*path, "type"))
    yield from _BY_KIND.get(kind, _SLASH)(value, path)


def check_all(value: Any) -> Iterator[Flaw]:
    found = [*many(check_one, COMMANDS + 2 * MENUS)(value, ())]
    yield from found
    if found:
        return
    kinds_and_names = [(one.get("type", CHAT_INPUT), one["name"]) for one in value]
    if len(set(kinds_and_names)) != len(kinds_and_names):
        said = "Application command names must be unique"
        yield Flaw((), "APPLICATION_COMMANDS_DUPLICATE_NAME", said)
    for kind, most in ((CHAT_INPUT, COMMANDS), (USER_MENU, MENUS), (MESSAGE_MENU, MENUS)):
        if sum(one == kind for one, _ in kinds_and_names) > most:
            yield Flaw((), "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def find(commands: list[dict[str, Any]], kind: int, name: str) -> dict[str, Any]:
    """A person can only choose what is registered. Raises: AssertionError."""
    found = [one for one in commands if one["type"] == kind and one["name"] == name]
    assert found, f"no command {name!r} among {[one['name'] for one in commands]}"
    return found[0]


def chosen(command: dict[str, Any], names: list[str], typed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options of an interaction: what was typed, within the subcommands that lead to it."""
    if not names:
        return typed
    inner = _within(command, names[0])
    return [{"type": inner["type"], "name": inner["name"], "options": chosen(inner, names[1:], typed)}]


def leaf(command: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """The declared options of what the names lead to. Raises: AssertionError where a group is no command."""
    for name in names:
        command = _within(command, name)
    declared: list[dict[str, Any]] = command.get("options") or []
    assert all(one["type"] not in {SUB_COMMAND, GROUP} for one in declared), f"{command['name']} has subcommands"
    return declared


def typed(declared: list[dict[str, Any]], given: dict[str, Any]) -> list[dict[str, Any]]:
    """What a client lets a person type. Raises: AssertionError for anything else."""
    known = {one["name"]: one for one in declared}
    assert not (unknown := {*given} - {*known}), f"no options {unknown} among {[*known]}"
    missing = [one["name"] for one in declared if one.get("required") and one["name"] not in given]
    assert not missing, f"required options are missing: {missing}"
    for name, value in given.items():
        _assert_fits(known[name], value)
    return [{"type": known[name]["type"], "name": name, "value": value} for name, value in given.items()]


def _assert_fits(option: dict[str, Any], value: Any) -> None:
    types: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
    assert option["type"] in types, f"this loopback's people type no option of type {option['type']}"
    fits = isinstance(value, types[option["type"]]) and isinstance(value, bool) == (option["type"] == BOOLEAN)
    assert fits, f"{value!r} is no value for {option}"
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    assert option.get(least) is None or size >= option[least], f"{value!r} is below {option}"
    assert option.get(most) is None or size <= option[most], f"{value!r} is above {option}"
    if choices := option.get("choices"):
        assert value in [one["value"] for one in choices], f"{value!r} is no choice of {option}"


def _within(command: dict[str, Any], name: str) -> dict[str, Any]:
    inner: dict[str, Any] | None = next((one for one in command.get("options", ()) if one["name"] == name), None)
    assert inner, f"no subcommand {name!r} of {command['name']!r}"
    assert inner["type"] in {SUB_COMMAND, GROUP}, f"{name!r} is no subcommand of {command['name']!r}"
    return inner


def _weight(value: dict[str, Any]) -> int:
    own = len(value["name"]) + len(value.get("description") or "")
    choices = sum(len(one["name"]) + len(str(one["value"])) for one in value.get("choices") or ())
    return own + choices + sum(_weight(one) for one in value.get("options") or ())
