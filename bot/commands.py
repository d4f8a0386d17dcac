"""The grammar of commands that need no language model, the same on every platform.

It knows tools as `Tool` values, which it is given; it never runs one. The manager parses text with it, the command line
its flags; platforms with structured options hand those over instead.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

from bot.domain.errors import InvalidArguments, UnknownCommand
from bot.domain.json_types import Json
from bot.domain.message import Command

ArgumentKind: TypeAlias = Literal["integer", "text", "choice", "switch"]

_FLAG = re.compile(r"-\S|[\u2013\u2014][a-z]")
"""How flags begin. Phones and chat programs make one long dash of two short ones."""
_LONG_DASH = re.compile(r"^[\u2013\u2014](?=[a-z])")
_QUOTED = r"""(?:(?<![^\s=])|(?<=["'”]))(?:"([^"]*)"|'([^']*)'|“([^“”]*)”)"""
"""A quote opens where a word or a value begins, or behind another quote. An apostrophe inside a word is a letter."""
_WORD = re.compile(rf"(?:{_QUOTED}|\S)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a tool. `name` is what models and MCP clients write, `flag` what people write."""

    name: str
    flag: str
    kind: ArgumentKind
    help: str
    metavar: str = ""
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    default: int | str | bool | None = None
    required: bool = False
    free_text: bool = False
    """Words behind the command that belong to no flag fill this argument."""
    one_word: bool = False
    """Free text of a single word, or of what stands in quotes: more of them are a sentence, and so no command."""
    choices: tuple[str, ...] = ()
    """All values of a choice."""
    rare: bool = False
    """Seldom needed: where there is little room, it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool as people and models call it."""

    name: str
    command: str
    summary: str
    """One line, for help."""
    description: str
    """When to use it and what comes back, for models."""
    arguments: tuple[Argument, ...]
    example: str = ""
    """A line that shows its use; empty where the command alone is that."""
    is_question: bool = False
    """It is answered by the loop, which runs other tools."""
    group: str = ""
    """As in `CommandHelp`."""

    @property
    def text_argument(self) -> Argument | None:
        """The argument that words without a flag fill, where there is one."""
        return next((argument for argument in self.arguments if argument.free_text), None)


def parse(line: str, tools: Sequence[Tool]) -> Command | None:
    """The command that `line` is, or None when it is a question.

    A line is a command when its first word is one and all that follows are flags (or the command takes free text).
    Raises: UnknownCommand for a word that is close to a command, or has flags behind it; InvalidArguments.
    """
    first, rest = (*line.split(maxsplit=1), "", "")[:2]
    tool = next((tool for tool in tools if first.lower() == tool.command), None)
    if tool is None:
        _refuse_near_command(first, rest, tools)
        return None
    words = split(rest)
    takes = tool.text_argument
    if takes is None and rest and not _FLAG.match(rest):
        return None
    if takes is not None and not rest:
        missing = f"the {takes.metavar.lower()} is missing"
        raise InvalidArguments(tool.command, missing, f"write {tool.command} {takes.metavar}")
    if takes is not None and takes.one_word and not any(map(_FLAG.match, words[:2])) and len(words) > 1:
        return None
    return Command(tool.name, parse_flags(words, tool))


def split(text: str) -> list[str]:
    """Words; quotes group several into one and go away. Nothing else is special."""
    return [re.sub(_QUOTED, _unquoted, word[0]) for word in _WORD.finditer(text)]


def parse_flags(words: Sequence[str], tool: Tool) -> dict[str, Json]:
    """Flags and their values as raw arguments of `tool`; what a value may be is the tool's to say.

    Raises: InvalidArguments that name the flags the tool takes.
    """
    by_flag = {argument.flag: argument for argument in tool.arguments}
    given: dict[str, Json] = {}
    free: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        flag, equals, value = _LONG_DASH.sub("--", word).partition("=")
        argument = by_flag.get(flag)
        if argument is None and word.startswith("--") and word != "--":
            raise _unknown_flag(flag, tool)
        if argument is None:
            free.append(word)
        elif equals:
            given[argument.name] = value
        elif argument.kind == "switch":
            given[argument.name] = True
        else:
            given[argument.name] = _value_behind(argument, rest, tool)
    if free:
        _take_free(free, given, tool)
    return given


def line_for(tool: Tool, arguments: Mapping[str, Json]) -> str:
    """The command line that makes this call; the inverse of `parse`."""
    words = [tool.command]
    for argument in tool.arguments:
        value = arguments.get(argument.name)
        if value is None or value is False or value == "":
            continue
        if argument.kind == "switch":
            words.append(argument.flag)
        elif str(value).startswith(("-", "\u2013", "\u2014")):
            words.append(f"{argument.flag}={shlex.quote(str(value))}")
        else:
            words += [argument.flag, shlex.quote(str(value))]
    return " ".join(words)


def nearest(word: str, known: Sequence[str]) -> str:
    """`did you mean X?`, or an empty string when nothing known is near."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower()[:60], names, n=1, cutoff=0.6)
    return f"did you mean {names[near[0]]}?" if near else ""


def _refuse_near_command(first: str, rest: str, tools: Sequence[Tool]) -> None:
    commands = [tool.command for tool in tools]
    alone = not rest and get_close_matches(first.lower()[:60], commands, n=1, cutoff=0.75)
    if alone or re.match("--[a-z]", rest):
        hint = nearest(first, commands)
        raise UnknownCommand(f"{first[:40]!r}", "there is no such command", hint or f"commands: {', '.join(commands)}")


def _unquoted(quoted: re.Match[str]) -> str:
    return next((inside for inside in quoted.groups() if inside is not None), "")


def _value_behind(argument: Argument, rest: list[str], tool: Tool) -> str:
    """Takes the flag's value from the words behind it."""
    flags = {each.flag for each in tool.arguments}
    if not rest or rest[0].partition("=")[0] in flags:
        remedy = f"write {argument.flag} {argument.metavar}"
        raise InvalidArguments(f"{tool.command} {argument.flag}", "no value follows", remedy)
    return rest.pop(0)


def _take_free(words: Sequence[str], given: dict[str, Json], tool: Tool) -> None:
    argument = tool.text_argument
    text = " ".join(words)
    if argument is None:
        raise InvalidArguments(f"{tool.command} {_shown(text)}", "it takes only flags", _flags_of(tool))
    if argument.one_word and len(words) > 1:
        raise InvalidArguments(f"{tool.command} {_shown(text)}", "that is more than one word", "put quotes around it")
    if argument.name in given:
        remedy = f"write the {argument.metavar.lower()} once"
        raise InvalidArguments(f"{tool.command} {_shown(text)}", f"there is {argument.flag} as well", remedy)
    given[argument.name] = text


def _unknown_flag(flag: str, tool: Tool) -> InvalidArguments:
    hint = nearest(flag, [argument.flag for argument in tool.arguments])
    remedy = f"{hint} {_flags_of(tool)}".strip()
    return InvalidArguments(f"{tool.command} {_shown(flag)}", f"{tool.name} does not take {_shown(flag)}", remedy)


def _shown(text: str) -> str:
    """The beginning of what was typed, with nothing in it that a terminal might obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:60])


def _flags_of(tool: Tool) -> str:
    return f"{tool.command} takes {', '.join(argument.flag for argument in tool.arguments)}"
