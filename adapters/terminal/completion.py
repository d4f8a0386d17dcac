"""What the Tab key offers: commands, their flags, and values that the desk knows, such as process names seen lately.

It knows the shape of a command line and `CommandHelp`; the desk it only asks. The prompt calls it.
"""

import shlex
from collections.abc import AsyncGenerator, Iterable, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bot.domain.command_help import CommandHelp, FlagHelp
from bot.domain.message import Author, Channel
from bot.domain.ports import Desk
from bot.tables.text import plain

LEAVING = ("quit", "exit")


class CommandCompleter(Completer):
    """Completes the last word before the cursor. `by` types it in `channel`."""

    def __init__(self, desk: Desk, *, by: Author, channel: Channel) -> None:
        self._desk = desk
        self._by = by
        self._channel = channel

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002 - prompt_toolkit's signature
        """Nothing: the prompt is asynchronous, and so is the desk."""
        return ()

    async def get_completions_async(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - prompt_toolkit's signature
    ) -> AsyncGenerator[Completion, None]:
        before, word = _last_word(document.text_before_cursor)
        for value in await self._values(before, word):
            yield Completion(f"{value} ", start_position=-len(word), display=value)

    async def _values(self, before: list[str], word: str) -> tuple[str, ...]:
        commands = await self._desk.commands()
        if argument := _argument_of(before, commands):
            return tuple(shlex.quote(value) for value in await self._known(argument, word))
        if _is_in_question(before, word, commands):
            return await self._known("process_name", word)
        return words_for(before, word, commands)

    async def _known(self, argument: str, word: str) -> tuple[str, ...]:
        found = await self._desk.complete(argument, word, by=self._by, channel=self._channel)
        return tuple(value for value in found if plain(value) == value)


def words_for(before: Sequence[str], word: str, commands: Sequence[CommandHelp]) -> tuple[str, ...]:
    """Commands and flags that begin with `word` and may follow the words `before` it."""
    if not before or before == ["help"]:
        names = [command.name for command in commands] + ([] if before else list(LEAVING))
        return tuple(name for name in names if name.startswith(word.lower()))
    flags = _flags_of(before[0], commands)
    return tuple(flag for flag in flags if flag.startswith(word) and flag not in before)


def _is_in_question(before: Sequence[str], word: str, commands: Sequence[CommandHelp]) -> bool:
    """Whether `word` is begun, is not the first one, and the first one is no command."""
    names = {command.name for command in commands}
    return bool(before) and before[0].lower() not in names and word != "" and not word.startswith("-")


def _argument_of(before: Sequence[str], commands: Sequence[CommandHelp]) -> str:
    """The argument whose value comes next; empty where no flag that takes one stands last."""
    flag = _flags_of(before[0], commands).get(before[-1]) if len(before) > 1 else None
    return flag.argument if flag and " " in flag.written else ""


def _flags_of(name: str, commands: Sequence[CommandHelp]) -> dict[str, FlagHelp]:
    command = next((command for command in commands if command.name == name.lower()), None)
    return {flag.written.partition(" ")[0]: flag for flag in command.flags} if command else {}


def _last_word(text: str) -> tuple[list[str], str]:
    before, _, word = text.rpartition(" ")
    return before.split(), word
