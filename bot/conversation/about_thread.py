"""What `diff`, `why` and `forget` do: answers about the thread itself, in which no language model takes part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.commands import Tool
from bot.conversation import thread_commands
from bot.conversation.changes import Comparison
from bot.conversation.explaining import explained, remembered
from bot.conversation.retracing import DIFF, calls_of, compared, looked_back
from bot.conversation.thread import Thread, is_asked
from bot.conversation.thread_commands import AboutThread
from bot.conversation.transcript import Transcript
from bot.conversation.visible import HIDDEN, is_hidden
from bot.domain.errors import InvalidArguments
from bot.domain.network import Coverage
from bot.domain.ports import ToolHost
from bot.domain.turn import ToolCall, Turn
from bot.tables.noise import RULE
from bot.tables.text import as_sentence

MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class AboutItself:
    """`host` makes calls again. Raises: InvalidArguments, StorageError."""

    thread: Thread
    host: ToolHost
    transcript: Transcript
    tools: Sequence[Tool]

    async def answer(self, about: AboutThread, *, now: datetime) -> None:
        match about.verb:
            case "forget":
                await self.transcript.prose(_forgotten(await self.thread.forget()))
            case "why":
                await self._why(about)
            case "diff":
                await self._diff(await self.named(about), about, now=now)

    async def named(self, about: AboutThread) -> Turn:
        """The turn that a command is about. Where it names none: the last question, for `diff` the last calls."""
        asked = about.verb if about.turn is None else f"{about.verb} {about.turn}"
        if about.turn is None:
            if found := await (self.thread.last_called() if about.verb == "diff" else self.thread.last_asked()):
                return found
            nothing = "no tool was called" if about.verb == "diff" else "nothing was asked"
            raise InvalidArguments(asked, f"{nothing} in this thread before", "ask a question first")
        if found := await self.thread.numbered(about.turn):
            return found
        newest = await self.thread.last_asked()
        has = f"the last question is {newest.number}" if newest and newest.number else "none is stored"
        remedy = f"type {about.verb} without a number for the last {'calls' if about.verb == 'diff' else 'one'}"
        raise InvalidArguments(asked, f"this thread has no question of that number with an answer; {has}", remedy)

    async def original(self, turn: Turn) -> Turn:
        """The turn that a turn asked anew, however often."""
        while (about := thread_commands.read(turn.message)) and about.verb == "again":
            number = about.turn or 0
            found = await (self.thread.numbered(number) if number else self.thread.last_asked(before=turn.number))
            if found is None or (turn.number and found.number >= turn.number):
                raise InvalidArguments(f"again {turn.number}", "what it asked again is stored no longer", "ask it anew")
            turn = found
        if not is_asked(turn) and about is None:
            raise InvalidArguments(f"again {turn.number}", "that was a command which asks no tool", "type it once more")
        return turn

    async def repeat(self, turn: Turn, about: AboutThread, *, now: datetime) -> None:
        """Do once more what a command about the thread did in an earlier turn."""
        if about.verb == "forget":
            raise InvalidArguments(f"again {turn.number}", "forgetting is not done again by itself", "type forget")
        await self.answer(replace(about, turn=looked_back(turn) or about.turn), now=now)

    async def _why(self, about: AboutThread) -> None:
        memory = await self.thread.memory()
        turn = await self.named(about)
        for block in explained(turn, memory, self.tools, recalls=about.turn is not None):
            await self.transcript.block(block)
        if about.turn is None and (summary := remembered(memory)):
            await self.transcript.block(summary)

    async def _diff(self, turn: Turn, about: AboutThread, *, now: datetime) -> None:
        turn = await self._looked_back_from(turn)
        chosen = calls_of(turn, about.named, self.tools)
        if not chosen:
            raise _nothing_called(turn, about.named)
        for result in chosen:
            await self.transcript.running(result.call)
        found = await compared(chosen, self.host, now=now)
        for each in found:
            await self.transcript.ended(replace(each.result, summary=""))
        await self.transcript.prose(_told(found))
        for each in found:
            call = ToolCall(each.result.call.id, DIFF, {"turn": turn.number} if turn.number else {})
            result = replace(each.result, call=call, coverage=_without_doubts(each))
            await self.transcript.result(result, max_rows=MAX_ROWS)

    async def _looked_back_from(self, turn: Turn) -> Turn:
        """The turn whose calls are compared: of one that compared those of another, that one."""
        while not calls_of(turn) and (number := looked_back(turn)) is not None:
            found = await (self.thread.numbered(number) if number else self.thread.last_called(before=turn.number))
            if found is None or (turn.number and found.number >= turn.number):
                return turn
            turn = found
        return turn


def _nothing_called(turn: Turn, named: str) -> InvalidArguments:
    asked = f"diff {turn.number or ''} {named}".replace("  ", " ").strip()
    if is_hidden(turn):
        return InvalidArguments(asked, HIDDEN.rstrip("."), "ask the question anew")
    if not named:
        return InvalidArguments(asked, "that turn called no tool", "type diff without a number for the last calls")
    labels = (table.label for result in calls_of(turn) for table in result.tables)
    names = dict.fromkeys([*labels, *(result.call.name for result in calls_of(turn))])
    has = ", ".join(filter(None, names)) or "none"
    return InvalidArguments(asked, f"question {turn.number} has no table or tool of that name", f"it has {has}")


def _without_doubts(found: Comparison) -> Coverage | None:
    """What makes the comparison doubtful stands above all tables; below each of them it would be noise."""
    coverage = found.result.coverage
    if coverage is None:
        return None
    return replace(coverage, notes=tuple(note for note in coverage.notes if note not in found.doubts))


def _told(found: Sequence[Comparison]) -> str:
    """What is different, what makes that doubtful, and by which rule; each said once, whatever the number of calls."""
    sentences = [_written(sentence, each) for each in found for sentence in each.sentences or (each.said,)]
    doubts = list(dict.fromkeys(doubt for each in found for doubt in each.doubts))
    parts = ["\n".join(f"- {sentence}." for sentence in sentences)]
    if doubts:
        parts.append(f"Compare with care: {'; '.join(doubts)}.")
    if any(RULE in each.result.summary for each in found):
        parts.append(f"{as_sentence(RULE)}.")
    return "\n\n".join(parts)


def _written(sentence: str, found: Comparison) -> str:
    """A tool's name begins with no capital letter."""
    name = found.result.call.name
    return f"`{name}`{sentence[len(name) :]}" if sentence.startswith(f"{name} ") else as_sentence(sentence)


def _forgotten(count: int) -> str:
    if not count:
        return "There is nothing to forget: no question before this one is stored here."
    questions = "1 question" if count == 1 else f"{count:,} questions"
    told = f"Forgotten: {questions} of this thread, with answers, tables and summary. Nobody can bring them back."
    return f"{told} What was posted in the chat stays there until somebody deletes it there."
