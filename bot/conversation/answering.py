"""What one turn does: a command runs its tool, everything else is a question for the tool loop."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Protocol, TypeAlias

from bot.commands import Tool, parse
from bot.conversation import builtin
from bot.conversation.channel_node import NodeHost
from bot.conversation.loop import ToolLoop
from bot.conversation.prompt import INSTRUCTIONS
from bot.conversation.transcript import Transcript
from bot.conversation.window import fit
from bot.domain.errors import UnusableMessage
from bot.domain.message import Command, Message, Notice
from bot.domain.turn import ModelRequest, ToolCall, Turn
from bot.tables.text import as_sentence, control_in

MAX_ROWS_OF_A_COMMAND = 1000
"""Whoever asks for so many rows gets them."""
MAX_MESSAGE = 20_000
"""Characters of one message."""


History: TypeAlias = Callable[[], Awaitable[Sequence[Turn]]]
"""Reads the thread's earlier turns, oldest first; called only when they are needed."""


class QuestionOf(Protocol):
    """The question that a command stands for; None for commands that run a data tool. Raises: InvalidArguments."""

    def __call__(self, command: Command, /) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Answers turns. `tools` is the grammar of commands; what models may call comes from the loop's host.

    `nodes`: the node that a channel is about, by the channel's id; others ask all nodes.
    """

    loop: ToolLoop
    tools: Sequence[Tool]
    question_of: QuestionOf
    nodes: Mapping[str, str] = field(default_factory=dict)

    async def work(self, turn: Turn, history: History, transcript: Transcript, *, deadline: float = inf) -> None:
        """Answer into `transcript`, which keeps what came before a failure. Raises: NetspyError.

        `deadline` is that of `ModelRequest`. The turn has results when an earlier attempt at it was cut off.
        """
        text = usable(turn.message)
        if (known := builtin.answer(text, self.tools)) is not None:
            await transcript.prose(known)
            return
        command = turn.message.command or parse(text, self.tools)
        question = self.question_of(command) if command else text
        if question is not None:
            request = self._request(question, turn, await history(), deadline)
            await self._loop_of(turn).run(request, transcript, known=turn.results)
        elif command is not None:
            await self._run(command, turn, transcript)

    async def _run(self, command: Command, turn: Turn, transcript: Transcript) -> None:
        call = ToolCall("command", command.tool, command.arguments)
        await transcript.running(call)
        result = await self._loop_of(turn).host.call(call, now=turn.started_at)
        await transcript.ended(replace(result, summary=""))
        if result.failed:
            await transcript.notice(Notice("error", result.summary))
        else:
            await transcript.prose(as_sentence(result.summary))
        await transcript.result(result, max_rows=MAX_ROWS_OF_A_COMMAND)

    def _loop_of(self, turn: Turn) -> ToolLoop:
        node = self.nodes.get(turn.message.key.channel)
        return replace(self.loop, host=NodeHost(self.loop.host, node)) if node else self.loop

    def _request(self, question: str, turn: Turn, history: Sequence[Turn], deadline: float) -> ModelRequest:
        return ModelRequest(
            thread=turn.message.key,
            instructions=INSTRUCTIONS,
            history=fit(history),
            question=question,
            now=turn.started_at,
            deadline=deadline,
        )


def usable(message: Message) -> str:
    """The message's text without blanks around it. Raises: UnusableMessage."""
    text = message.text.strip()
    if not text and message.command is None:
        raise UnusableMessage("an empty message", "there is nothing to answer", "ask a question, or type help")
    if len(text) > MAX_MESSAGE:
        got = f"it has {len(text):,} characters, {MAX_MESSAGE:,} are the most"
        raise UnusableMessage("this message", got, "send the part that matters")
    if bad := control_in(text, allowed="\n\t\r"):
        raise UnusableMessage("this message", f"it holds the control character {bad!a}", "send plain text")
    return text
