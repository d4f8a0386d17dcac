"""Commands as help and platforms show them: names, flags and what they mean, as values. `Desk.commands` gives them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FlagHelp:
    """`written` is the flag with its value's name (`--pid PID`); `argument` is what `Command` and `Desk.complete` say.

    `free`: its value is typed without the flag. The rest is for platforms that ask for values one by one.
    """

    written: str
    meaning: str
    argument: str
    kind: Literal["integer", "text", "choice", "switch"] = "text"
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    rare: bool = False
    free: bool = False


THREAD_COMMANDS = "thread"
"""The group of commands about the thread that they are said in."""
WORKFLOW_COMMANDS = "workflow"
"""The group of commands that whoever runs netspy made."""


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """One command as help shows it. `tool` is what a `Command` of it names; empty for commands about netspy itself.

    `group`: what it belongs to on platforms that show commands in groups; nobody types it.
    """

    name: str
    usage: str
    summary: str
    flags: tuple[FlagHelp, ...] = ()
    tool: str = ""
    group: str = ""
