"""Commands about what this thread has asked already: `again`, `diff`, `why` and `forget`. Their words, nothing else."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from bot.domain.command_help import THREAD_COMMANDS, CommandHelp, FlagHelp
from bot.domain.message import Command, Message

ThreadVerb: TypeAlias = Literal["again", "diff", "why", "forget"]

_LINE = re.compile(
    r"/?(?P<verb>again|diff|why|forget)(?:\s+(?:--turn[ =])?#?(?P<turn>[0-9]{1,9}))?(?:\s+(?P<named>[a-z_][\w.-]*))?",
    re.IGNORECASE,
)
_TURN = FlagHelp("--turn NUMBER", "which question of this thread (not given: the last one)", "turn", free=True)


def _help(name: str, usage: str, summary: str, *flags: FlagHelp) -> CommandHelp:
    return CommandHelp(name, usage, summary, flags, group=THREAD_COMMANDS)


COMMANDS = (
    _help("diff", "diff [NUMBER] [T1]", "run the last calls again, and show what is different now", _TURN),
    _help("again", "again [NUMBER]", "ask the last question again: its calls first, then the answer", _TURN),
    _help("why", "why [NUMBER]", "what was asked of which tool, and what it took", _TURN),
    _help("forget", "forget", "delete this thread for good"),
)


@dataclass(frozen=True, slots=True)
class AboutThread:
    """`turn` is the number of a turn (None: the last one); `named` a table's label or a tool of it."""

    verb: ThreadVerb
    turn: int | None = None
    named: str = ""


AGAIN = "again"


def again_command(turn: int) -> Command:
    """`again TURN` beside words that are not it: those of the question that is asked anew."""
    return Command(AGAIN, {"turn": turn})


def read(message: Message) -> AboutThread | None:
    """The command that a message is. A word behind `why`, `again` and `forget` makes it a question."""
    if message.command and message.command.tool == AGAIN:
        return AboutThread("again", cast("int", message.command.arguments["turn"]))
    found = _LINE.fullmatch(message.text.strip())
    if message.command or found is None:
        return None
    verb = cast("ThreadVerb", found["verb"].lower())
    turn, named = found["turn"], found["named"] or ""
    if (named and verb != "diff") or (turn and verb == "forget"):
        return None
    return AboutThread(verb, int(turn) if turn else None, named)
