"""What one turn does: a command runs its tool, everything else is a question for the tool loop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Protocol

from bot.commands import Tool, parse
from bot.conversation import builtin, thread_commands
from bot.conversation.about_thread import AboutItself
from bot.conversation.attachments import read_all, unread
from bot.conversation.calling import timed
from bot.conversation.channel_node import NodeHost
from bot.conversation.command_names import ALWAYS
from bot.conversation.loop import ToolLoop
from bot.conversation.permitted import PermittedHost
from bot.conversation.prompt import INSTRUCTIONS
from bot.conversation.remembering import Remembering
from bot.conversation.retracing import made_again, refusals
from bot.conversation.thread import Thread
from bot.conversation.thread_tools import ThreadTools
from bot.conversation.transcript import Transcript
from bot.conversation.visit import Visit
from bot.domain.errors import InvalidArguments, UnusableMessage
from bot.domain.message import Command, Message, Notice
from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.ports import ChatModel, Files, ToolHost
from bot.domain.query import Scope
from bot.domain.turn import ABOUT_FILES, ATTACHED_FILE, ModelRequest, Question, ToolCall, Turn, author_of
from bot.policy.permit import Permit
from bot.tables.text import as_sentence, control_in
from bot.telemetry.wrapping import ObservedHost

MAX_ROWS_OF_A_COMMAND = 1000
"""Whoever asks for so many rows gets them."""
MAX_MESSAGE = 20_000
"""Characters of one message."""


class QuestionOf(Protocol):
    """What a command stands for; None for commands that run a data tool. Raises: InvalidArguments."""

    def __call__(self, command: Command, /) -> Question | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Answers turns. `tools` is the grammar of commands; what models may call comes from the loop's host.

    `hosts` has the loop's tools over what may be seen within a scope: the loop's own host within everything.
    `planner` summarises where the loop's model cannot. `nodes`: the node that a channel is about, by the channel's id;
    others ask all nodes. `hosts` gives all tools, over what a scope lets through.
    """

    loop: ToolLoop
    hosts: Callable[[Scope], ToolHost]
    planner: ChatModel
    tools: Sequence[Tool]
    question_of: QuestionOf
    observer: Observer = UNOBSERVED
    nodes: Mapping[str, str] = field(default_factory=dict)

    async def work(
        self,
        turn: Turn,
        thread: Thread,
        transcript: Transcript,
        *,
        visit: Visit,
        files: Files | None = None,
        deadline: float = inf,
    ) -> None:
        """Answer into `transcript`, which keeps what came before a failure. Raises: NetspyError.

        `files` reads what is attached. `deadline` is that of `ModelRequest`. The turn has results when an earlier
        attempt at it was cut off.
        """
        text = usable(turn.message)
        if (known := _about_netspy(text, self.tools, visit.permit)) is not None:
            await _tell(unread(turn.message.files), transcript)
            await transcript.prose(known)
            return
        loop = replace(self.loop, host=ObservedHost(ThreadTools(self._host(turn, visit), thread), self.observer))
        await _Work(self, loop, turn, thread, transcript, visit, files, deadline).do(text)

    def _host(self, turn: Turn, visit: Visit) -> ToolHost:
        """The turn's tools: all that it calls, whoever makes the call, passes the policy."""
        questions = frozenset(tool.name for tool in self.tools if tool.is_question)
        host = PermittedHost(self.hosts, visit, questions)
        node = self.nodes.get(turn.message.key.channel)
        return NodeHost(host, node) if node else host


def _about_netspy(text: str, tools: Sequence[Tool], permit: Permit) -> str | None:
    """What `help` and `tools` answer: they tell of what is permitted only. Raises: UnknownTool."""
    permitted = [tool for tool in tools if permit.brought_by(tool.name)]
    commands = [each for each in builtin.COMMANDS if each.name in ALWAYS or permit.command(each.name)]
    return builtin.answer(text, permitted, commands)


@dataclass(frozen=True, slots=True)
class _Work:
    """One turn at work. `loop` is about its thread and its channel."""

    answering: Answering
    loop: ToolLoop
    turn: Turn
    thread: Thread
    transcript: Transcript
    visit: Visit
    files: Files | None
    deadline: float

    async def do(self, text: str) -> None:
        about = thread_commands.read(self.turn.message)
        if about is None:
            await self._answer(text, self.turn.message.command)
            return
        await _tell(unread(self.turn.message.files), self.transcript)
        itself = AboutItself(self.thread, self.loop.host, self.transcript, self.answering.tools)
        if about.verb != "again":
            await itself.answer(about, now=self.turn.started_at)
            return
        turn = await itself.original(await itself.named(about))
        if earlier := thread_commands.read(turn.message):
            self.visit.check_command(earlier.verb)
            await itself.repeat(turn, earlier, now=self.turn.started_at)
        else:
            await self._again(turn)

    async def _answer(self, text: str, command: Command | None) -> None:
        command = command or parse(text, self.answering.tools)
        question = self.answering.question_of(command) if command else Question(text)
        if question is not None:
            await self._ask(question, self.turn)
        elif command is not None:
            await _tell(unread(self.turn.message.files), self.transcript)
            await self._run(ToolCall("command", command.tool, command.arguments))

    async def _again(self, turn: Turn) -> None:
        """An earlier turn's calls, and its question about what they bring now; of a command there is no question."""
        specs, message, text = await self.loop.host.tools(), turn.message, usable(turn.message)
        calls = made_again(turn, specs)
        command = message.command or parse(text, self.answering.tools)
        question = self.answering.question_of(command) if command else Question(text)
        if question is not None:
            await self._ask(replace(question, calls=calls or question.calls), turn)
        elif command and not turn.results:
            await self._run(ToolCall("command", command.tool, command.arguments))
        elif not calls:
            raise InvalidArguments(f"again {turn.number}", refusals(turn, specs), "type the command itself")
        for call in calls if question is None else ():
            await self._run(call)

    async def _run(self, call: ToolCall) -> None:
        await self.transcript.running(call)
        result = await timed(self.loop.host, call, now=self.turn.started_at)
        await self.transcript.ended(replace(result, summary=""))
        if result.failed:
            await self.transcript.notice(Notice("error", result.summary))
        else:
            await self.transcript.prose(as_sentence(result.summary))
        await self.transcript.result(result, max_rows=MAX_ROWS_OF_A_COMMAND)

    async def _ask(self, question: Question, about: Turn) -> None:
        """`about`: the turn whose question it is, and whose files belong to it."""
        read = (*about.results, *self.turn.results)
        attached = await read_all(about.message.files, self.files, now=self.turn.started_at, known=read)
        await _tell(attached.notices, self.transcript)
        request = ModelRequest(
            thread=self.turn.message.key,
            instructions=INSTRUCTIONS,
            history=(),
            question=question.text,
            now=self.turn.started_at,
            deadline=self.deadline,
            author=author_of(self.turn.message),
            models=self.visit.permit.models,
            seen=self.visit.made,
            images=attached.images,
            tools=await self.loop.host.tools(),
        )
        remembering = Remembering(self.loop.model, self.answering.planner, self.loop.window)
        request = await remembering.recall(request, self.thread, self.transcript)
        known = tuple(result for result in self.turn.results if result.call.name != ATTACHED_FILE)
        await self.loop.run(request, self.transcript, known=known, first=question.calls, given=attached.results)


async def _tell(notices: Sequence[Notice], transcript: Transcript) -> None:
    for notice in notices:
        await transcript.notice(notice)


def usable(message: Message) -> str:
    """The message's text without blanks around it. Raises: UnusableMessage."""
    text = message.text.strip()
    if not text and message.command is None:
        if message.files:
            return ABOUT_FILES
        raise UnusableMessage("an empty message", "there is nothing to answer", "ask a question, or type help")
    if len(text) > MAX_MESSAGE:
        got = f"it has {len(text):,} characters, {MAX_MESSAGE:,} are the most"
        raise UnusableMessage("this message", got, "send the part that matters")
    if bad := control_in(text, allowed="\n\t\r"):
        raise UnusableMessage("this message", f"it holds the control character {bad!a}", "send plain text")
    return text
