"""The command line as values: which tool, which flags, which mode. Light enough that `--help` answers at once."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

from bot import record_usage
from bot.commands import Argument, Tool, nearest
from bot.domain.errors import InvalidArguments
from bot.domain.json_types import Json
from bot.domain.message import Command
from bot.record_usage import RecordUsage
from bot.tools.registry import TOOLS, find_tool

if TYPE_CHECKING:
    from bot.tools.workflows.workflow import Workflows

DEFAULT_SERVER = "http://localhost:8080"
ONE_SHOT_MAX_EVENTS = 100
"""Rows that `--tool` shows unless told otherwise: ten times what a tool shows in a chat."""

_FLAGS = {argument.flag: argument for tool in TOOLS for argument in tool.arguments}


Mode: TypeAlias = Literal["chat", "serve", "mcp", "collect", "doctor", "privacy", "record"]
MODES: dict[Mode, str] = {
    "serve": "answer in the chat platforms whose credentials are set, until it is stopped",
    "mcp": "offer the tools to an MCP client on stdin and stdout, or by --http to many",
    "collect": "listen to this machine's kernel (as root) and answer about it over HTTP, until it is stopped",
    "doctor": "check every configured part, and say what is wrong and how to mend it",
    "privacy": "say in plain words what leaves this machine under the present settings",
    "record": "record this machine's kernel events into a file, until Ctrl-C or for --duration seconds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the command line asks for. `command` is set by `--tool`; without one, `mode` is what to do."""

    command: Command | None
    is_question: bool = False
    """The command is answered by the loop, which runs other tools."""
    mode: Mode = "chat"
    server: str | None
    verbose: bool
    json: bool
    new: bool
    record: RecordUsage | None = None
    listen: str | None = None
    http: str | None = None


def read(words: Sequence[str], workflows: "Callable[[], Workflows] | None" = None) -> Usage:
    """`workflows` reads them: it is called where the words name none of the tools, since it costs time.

    Raises: InvalidArguments, UnknownTool; SystemExit(0) after `--help` and `--version` have printed.
    """
    if words and words[0] == "record":
        return _read_record(words[1:])
    if words and words[0] in MODES:
        return _read_mode(words[0], words[1:])
    named = _named(words)
    more = workflows() if workflows and _is_no_tool(words, named) else None
    known = (*TOOLS, *(more.tools if more else ()))
    spoken = next((tool for tool in known if words and words[0] == tool.command), None)
    tool = spoken or next((tool for tool in known if tool.name == named), None)
    given, strangers = _parser(_flags_of(tool)).parse_known_args(words[1:] if spoken else words)
    if spoken and named is not None:
        raise InvalidArguments(f"{spoken.command} --tool", "a command is a tool already", "leave --tool out")
    if tool is None and more:
        _refuse_unread(named or words[0], more)
    tool = find_tool(named, known) if named is not None else spoken
    strangers = _take_free_text(strangers, spoken, given)
    if strangers:
        word = next((word for word in strangers if word.startswith("-")), strangers[0])
        raise _unknown(word, tool, known)
    if tool is None:
        _refuse_without_tool(given)
    return Usage(
        command=_command(tool, given, rows=None if spoken else ONE_SHOT_MAX_EVENTS) if tool else None,
        is_question=tool is not None and tool.is_question,
        server=given.server,
        verbose=given.verbose,
        json=given.json,
        new=given.new,
    )


def _named(words: Sequence[str]) -> str | None:
    """The tool behind `--tool`."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--tool")
    name: str | None = parser.parse_known_args(words)[0].tool
    return name


def _is_no_tool(words: Sequence[str], named: str | None) -> bool:
    if named is not None:
        return all(named != tool.name for tool in TOOLS)
    return bool(words) and not words[0].startswith("-") and all(words[0] != tool.command for tool in TOOLS)


def _flags_of(tool: Tool | None) -> dict[str, Argument]:
    """Those of all tools, and in the place of some those of a workflow."""
    return {**_FLAGS, **{argument.flag: argument for argument in (tool.arguments if tool else ())}}


def _read_record(words: Sequence[str]) -> Usage:
    asked = record_usage.read(words, _Parser(prog="netspy record", description=record_usage.WHAT, allow_abbrev=False))
    return Usage(
        command=None, mode="record", server=None, verbose=asked.verbose, json=asked.json, new=False, record=asked
    )


def _read_mode(mode: Mode, words: Sequence[str]) -> Usage:
    parser = _Parser(prog=f"netspy {mode}", description=MODES[mode].capitalize() + ".", allow_abbrev=False)
    if mode == "collect":
        parser.add_argument(
            "--listen", metavar="HOST:PORT", help="default: 127.0.0.1:8080; elsewhere a token is needed"
        )
    else:
        about = f"ebpf-server, its aggregator or a netspy collector (default: {DEFAULT_SERVER})"
        parser.add_argument("--server", metavar="URL", help=about)
    parser.add_argument("--verbose", action="store_true", help="debug log on stderr")
    if mode == "mcp":
        where = "by HTTP on /mcp of this address; port 0 is any that is free; off this machine a token is needed"
        parser.add_argument("--http", metavar="HOST:PORT", help=where)
    if mode in ("doctor", "privacy"):
        parser.add_argument("--json", action="store_true", help="print it as JSON")
    given, strangers = parser.parse_known_args(words)
    if strangers:
        takes = ", ".join(f"--{name}" for name in vars(given))
        raise InvalidArguments(f"netspy {mode}", f"it does not take {strangers[0][:60]!a}", f"it takes {takes}")
    return Usage(**{"command": None, "mode": mode, "server": None, "json": False, "new": False, **vars(given)})


def _take_free_text(strangers: list[str], spoken: Tool | None, given: argparse.Namespace) -> list[str]:
    """The words behind a command such as `contextual` are its text. Returns those that are not."""
    argument = spoken.text_argument if spoken else None
    if argument is None or any(word.startswith("-") for word in strangers):
        return strangers
    if argument.one_word and len(strangers) > 1:
        asked = f"{spoken.command if spoken else ''} {' '.join(strangers)[:60]!a}"
        raise InvalidArguments(asked, "that is more than one word", "put quotes around it")
    if strangers:
        setattr(given, argument.flag, " ".join(strangers))
    return []


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArguments("command line", message, "see netspy --help")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: the package metadata is slow to read."""

    def __call__(self, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"netspy {version('netspy')}")
        raise SystemExit(0)


def _parser(flags: Mapping[str, Argument]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="netspy",
        usage="netspy [--server URL] [--new]\n       netspy --tool TOOL [flags]\n       netspy COMMAND [flags]\n"
        "       netspy serve | doctor | privacy [--server URL]\n       netspy mcp [--http HOST:PORT] [--server URL]\n"
        "       netspy collect [--listen HOST:PORT]\n"
        "       netspy record FILE [--duration S] [--mask]",
        description="Answers network questions from eBPF data. Without a tool or command: chat in this terminal.",
        epilog=_tools_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    _add_general(parser.add_argument_group("general"))
    _add_flags_of_tools(parser.add_argument_group("with a tool"), flags)
    return parser


def _add_general(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--server",
        metavar="URL",
        help=f"ebpf-server, its aggregator or a recording (default: {DEFAULT_SERVER} if it answers; else this machine, "
        "in a chat as root; else the recording that comes with netspy)",
    )
    group.add_argument("--verbose", action="store_true", help="debug log, tool timings and URLs on stderr")
    group.add_argument(
        "--new", action="store_true", help="start a new thread; a terminal resumes its last one otherwise"
    )
    group.add_argument("-h", "--help", action="help", help="show this help")
    group.add_argument("--version", action=_Version, nargs=0, help="show the version")


def _add_flags_of_tools(group: argparse._ArgumentGroup, flags: Mapping[str, Argument]) -> None:
    group.add_argument("--tool", metavar="TOOL", help="run this tool and exit")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    for flag, argument in flags.items():
        if argument.kind == "switch":
            group.add_argument(flag, dest=flag, action="store_true", default=None, help=argument.help)
        else:
            told = f"{argument.help}{_range_of(argument)}"
            group.add_argument(flag, dest=flag, metavar=argument.metavar, help=told)


def _range_of(argument: Argument) -> str:
    """What may be given, and what is taken where nothing is: a default of each tool that has one."""
    same = (each for tool in TOOLS for each in tool.arguments if each.name == argument.name)
    of_tools = {each.default for each in same if isinstance(each.default, int)}
    if argument.maximum is None or not of_tools:
        return ""
    defaults = " or ".join(map(str, sorted(of_tools)))
    if argument.name == "max_events":
        defaults = f"{ONE_SHOT_MAX_EVENTS}, with a command {defaults}"
    return f" ({argument.minimum} to {argument.maximum}; default {defaults})"


def _tools_help() -> str:
    from bot.tools.workflows.shipped import summaries

    width = max(len(tool.command) for tool in TOOLS)
    modes = [f"  {mode:<{width}}  {summary}" for mode, summary in MODES.items()]
    lines = (f"  {tool.command:<{width}}  {tool.name}: {tool.summary}" for tool in TOOLS)
    workflows = [f"  {name:<{width}}  {summary}" for name, summary in summaries().items()]
    about = "workflows, and those of NETSPY_WORKFLOWS (netspy tells them by the command help):"
    return "\n".join(["commands and their tools:", *lines, "", about, *workflows, "", "instead of a chat:", *modes])


def _command(tool: Tool, given: argparse.Namespace, *, rows: int | None) -> Command:
    """The tool's call; `rows` is the one-shot default of a tool that shows rows."""
    taken = {each.name for each in tool.arguments}
    arguments: dict[str, Json] = {}
    for argument in _flags_of(tool).values():
        value = getattr(given, argument.flag)
        if value is not None and argument.name not in taken:
            raise _not_taken(tool, argument)
        if value == "":
            raise InvalidArguments(
                argument.flag, "its value is empty", f"write {argument.flag} {argument.metavar}, or leave it out"
            )
        if value is not None:
            arguments[argument.name] = value
    missing = next((each for each in tool.arguments if each.required and each.name not in arguments), None)
    if missing:
        remedy = f"add {missing.flag} {missing.metavar}"
        raise InvalidArguments(f"--tool {tool.name}", f"{missing.flag} is missing", remedy)
    if rows and "max_events" in taken:
        arguments.setdefault("max_events", rows)
    return Command(tool.name, arguments)


def _not_taken(tool: Tool, argument: Argument) -> InvalidArguments:
    taken = ", ".join(each.flag for each in tool.arguments)
    return InvalidArguments(f"--tool {tool.name}", f"it does not take {argument.flag}", f"it takes {taken}")


def _refuse_without_tool(given: argparse.Namespace) -> None:
    flags = {flag: getattr(given, flag) for flag in _FLAGS} | {"--json": given.json or None}
    if stray := next((flag for flag, value in flags.items() if value is not None), None):
        raise InvalidArguments(stray, "it belongs to a tool", "add --tool NAME; see netspy --help")


def _refuse_unread(word: str, workflows: "Workflows") -> None:
    """Raises: InvalidArguments where the word may be a workflow that could not be read, and is near to no other."""
    names = [tool.name for tool in workflows.tools]
    about = next((each for each in workflows.problems if each.asked.endswith(f"workflow {word!a}")), None)
    if about is None and not nearest(word, [*names, *(tool.command for tool in TOOLS), *MODES]):
        about = next(iter(workflows.problems), None)
    if about:
        raise InvalidArguments(f"{word[:60]!a}", "there is no such command", f"see {about}")


def _unknown(word: str, tool: Tool | None, tools: Sequence[Tool]) -> InvalidArguments:
    flags = ["--server", "--verbose", "--new", "--help", "--version", "--tool", "--json"]
    flags += [argument.flag for argument in (tool.arguments if tool else _FLAGS.values())]
    known = flags if word.startswith("-") else [*(each.command for each in tools), *MODES]
    hint = nearest(word.partition("=")[0], known)
    return InvalidArguments(repr(word[:60]), "there is no such flag or command", hint or "see netspy --help")
