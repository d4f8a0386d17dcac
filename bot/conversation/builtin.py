"""Commands that need no data: help and the list of tools. Those that `house.py` answers are named here for help."""

from collections.abc import Sequence

from bot.commands import Argument, Tool, nearest
from bot.conversation import thread_commands
from bot.domain.command_help import THREAD_COMMANDS, CommandHelp, FlagHelp
from bot.domain.errors import UnknownTool

COMMANDS = (
    CommandHelp("tools", "tools", "the tools that answer questions"),
    CommandHelp("status", "status", "whether source, language model, storage and other MCP servers are well"),
    *thread_commands.COMMANDS,
    CommandHelp("quiet", "quiet", "in this thread, answer only when mentioned", group=THREAD_COMMANDS),
    CommandHelp("listen", "listen", "in this thread, answer follow-up questions again", group=THREAD_COMMANDS),
    CommandHelp("help", "help [COMMAND]", "this help, or what one command takes"),
)


def answer(text: str, tools: Sequence[Tool], commands: Sequence[CommandHelp] = COMMANDS) -> str | None:
    """The Markdown that answers `help`, `help COMMAND` and `tools`; None for any other text. Raises: UnknownTool.

    `tools` and `commands` are those that may be used.
    """
    words = text.lower().split()
    match words:
        case ["help"] | ["/help"] | ["?"] | ["help", "me"]:
            return _overview(tools, commands)
        case ["tools"]:
            return "\n".join(f"- `{tool.name}`: {tool.summary}" for tool in tools)
        case ["help", name]:
            return _details_of(name, tools, commands)
    return None


def help_of(tool: Tool) -> CommandHelp:
    flags = tuple(map(_flag, tool.arguments))
    return CommandHelp(tool.command, _usage(tool), tool.summary, flags, tool.name, tool.group)


def _overview(tools: Sequence[Tool], commands: Sequence[CommandHelp]) -> str:
    entries = (*map(help_of, tools), *commands)
    listed = "\n".join(f"- `{entry.usage}`: {entry.summary}" for entry in entries)
    example = "which processes had failed connections in the last 10 minutes?"
    return f"Ask in plain words, such as *{example}*, or:\n\n{listed}"


def _details_of(name: str, tools: Sequence[Tool], commands: Sequence[CommandHelp]) -> str:
    entry = next((entry for entry in commands if entry.name == name), None)
    return f"`{entry.usage}`: {entry.summary}" if entry else _details(_find(name, tools, commands))


def _details(tool: Tool) -> str:
    flags = "\n".join(f"- `{flag.written}`: {flag.meaning}{_one_of(flag)}" for flag in map(_flag, tool.arguments))
    example = f"For example: `{tool.example or tool.command}`"
    return f"`{tool.command}` ({tool.name}): {tool.summary}\n\n{tool.description}\n\n{flags}\n\n{example}"


def _one_of(flag: FlagHelp) -> str:
    return f"; one of {', '.join(flag.choices)}" if flag.choices else ""


def _find(name: str, tools: Sequence[Tool], commands: Sequence[CommandHelp]) -> Tool:
    found = next((tool for tool in tools if name in {tool.name, tool.command}), None)
    if found is None:
        hint = nearest(name, [*(tool.command for tool in tools), *(entry.name for entry in commands)])
        raise UnknownTool(f"help {name[:40]}", "there is no such command", hint or "type help for all of them")
    return found


def _usage(tool: Tool) -> str:
    text = tool.text_argument
    return f"{tool.command} {text.metavar if text else '[--flags]'}"


def _flag(argument: Argument) -> FlagHelp:
    default = f" (default {argument.default})" if argument.default not in (None, False) else ""
    return FlagHelp(
        f"{argument.flag} {argument.metavar}".strip(),
        f"{argument.help}{default}",
        argument.name,
        kind=argument.kind,
        minimum=argument.minimum,
        maximum=argument.maximum,
        required=argument.required,
        choices=argument.choices,
        rare=argument.rare,
    )
