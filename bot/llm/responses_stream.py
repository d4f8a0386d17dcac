"""The events of one streamed response, put together. Pure; only `responses.py` calls it."""

from typing import Any

from bot.llm.lenient import Lenient

READ = frozenset(
    {
        "response.output_text.delta", "response.output_item.done", "response.completed", "response.incomplete",
        "response.failed", "error",
    }
)  # fmt: skip
"""Events of other types are progress that nobody asked for."""


class _Counts(Lenient):
    input_tokens: int | None = None
    output_tokens: int | None = None


class Failure(Lenient):
    code: str | None = None
    message: str | None = None


class Incomplete(Lenient):
    reason: str | None = None


class Response(Lenient):
    output: list[dict[str, Any]] | None = None
    usage: _Counts | None = None
    model: object = None
    error: Failure | None = None
    incomplete_details: Incomplete | None = None


class Event(Lenient):
    type: str
    delta: str | None = None
    output_index: int | None = None
    item: dict[str, Any] | None = None
    response: Response | None = None
    code: str | None = None
    message: str | None = None


class _Part(Lenient):
    text: str | None = None
    refusal: str | None = None


class Item(Lenient):
    """One output item, as far as netspy reads it."""

    type: str = ""
    content: list[_Part] | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class Heard:
    """The events of one answer put together."""

    def __init__(self) -> None:
        self.text = ""
        self.end: Event | None = None
        self._done: dict[int, dict[str, Any]] = {}
        self._speaking: int | None = None

    def add(self, event: Event) -> str:
        """The text that this event adds. Messages of one answer become paragraphs."""
        if event.type == "response.output_text.delta":
            parted = self.text and event.output_index != self._speaking
            self._speaking = event.output_index
            said = ("\n\n" if parted else "") + (event.delta or "")
            self.text += said
            return said
        if event.type == "response.output_item.done":
            self._done[event.output_index or 0] = event.item or {}
        else:
            self.end = event
        return ""

    @property
    def response(self) -> Response:
        return (self.end and self.end.response) or Response()

    @property
    def output(self) -> list[dict[str, Any]]:
        """The finished items: those of item events, whose reasoning is complete, else those of the last event."""
        items = [self._done[index] for index in sorted(self._done)] or self.response.output or []
        return [{key: value for key, value in item.items() if value is not None} for item in items]
