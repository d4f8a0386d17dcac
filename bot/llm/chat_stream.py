"""The chunks of one streamed chat completion, put together. Pure; only `chat.py` calls it.

It trusts no server's shape: what local and foreign servers send differs from OpenAI's in the ways that `Heard` lists.
"""

from typing import Any

from bot.codec import compact
from bot.domain.turn import Usage
from bot.llm.lenient import Lenient, name_of


class _Function(Lenient):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Piece(Lenient):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(Lenient):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Piece] | None = None


class _Choice(Lenient):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Counts(Lenient):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Chunk(Lenient):
    choices: list[_Choice] | None = None
    usage: _Counts | None = None
    model: object = None


class HeardCall:
    """One function call as it grows."""

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.arguments = ""

    def add(self, piece: _Piece) -> None:
        function = piece.function or _Function()
        self.id = self.id or piece.id or ""
        self.name = self.name or function.name or ""
        if isinstance(function.arguments, dict):
            self.arguments = compact(function.arguments)
        else:
            self.arguments += function.arguments or ""


class Heard:
    """The chunks of one answer put together.

    OpenAI sends a call's id and name once, then its arguments in pieces under the same index. Others send whole calls
    without index or id, or all of them under index 0 with ids of their own, or repeat the id in every piece.
    """

    def __init__(self) -> None:
        self.text = ""
        self.refusal = ""
        self.finish: str | None = None
        self.usage: Usage | None = None
        self.model = ""
        self.calls: list[HeardCall] = []

    def add(self, chunk: Chunk) -> str:
        """The text that this chunk adds."""
        if chunk.usage:
            self.usage = Usage(chunk.usage.prompt_tokens or 0, chunk.usage.completion_tokens or 0)
        self.model = name_of(chunk.model) or self.model
        choice = chunk.choices[0] if chunk.choices else _Choice()
        delta = choice.delta or _Delta()
        self.finish = choice.finish_reason or self.finish
        self.refusal += delta.refusal or ""
        for piece in delta.tool_calls or ():
            self._call_of(piece).add(piece)
        self.text += delta.content or ""
        return delta.content or ""

    def _call_of(self, piece: _Piece) -> HeardCall:
        known = next((call for call in reversed(self.calls) if self._continues(call, piece)), None)
        if known is None:
            known = HeardCall(piece.index)
            self.calls.append(known)
        return known

    def _continues(self, call: HeardCall, piece: _Piece) -> bool:
        if piece.id and call.id:
            return piece.id == call.id
        if piece.index is not None:
            return piece.index == call.index
        return call is self.calls[-1] and not (piece.function and piece.function.name)
