"""OpenTelemetry traces of what the layers tell, by the conventions for generative AI: another `Observer`.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ - names and numbers only: no question, argument, result or answer
becomes an attribute. What servers and models call things is bounded, and holds no secret. It makes spans of a tracer
that it is given; where they are sent, `exporting.py` knows.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import assert_never

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer
from opentelemetry.util.types import AttributeValue

from bot.domain.correlation import current_parent
from bot.domain.observing import Fact, ModelWork, Progress, RequestWork, ToolWork, TurnWork, Work
from bot.telemetry.fields import visible

AGENT = "netspy"
TURN_ID = "netspy.turn.id"
"""What logs call `turn`."""
MAX_TEXT = 200
"""Characters of a name or an id that a model or a server chose."""
_FINE = frozenset({"ok", "answered", "stopped", "deleted", "cancelled", "restart", "lost"})
"""Outcomes that are nobody's error."""

Attributes = Mapping[str, AttributeValue]


class TracingObserver:
    def __init__(self, tracer: Tracer, hidden: Callable[[str], str] = str) -> None:
        """`hidden` takes secrets out of a text."""
        self._tracer = tracer
        self._hidden = hidden

    @contextmanager
    def work(self, work: Work, progress: Progress) -> Iterator[None]:
        if isinstance(work, RequestWork) and not current_parent():
            yield  # somebody asks how the source is: that is no trace
            return
        span = self._begun(work)
        progress.parent = _traceparent(span.get_span_context())
        try:
            yield
        finally:
            _fill(span, work, progress, self._told(progress.model))
            span.end()

    def note(self, fact: Fact) -> None:
        """A fact has no duration: the metrics have it."""

    def _begun(self, work: Work) -> Span:
        name, kind, attributes = _described(work)
        present = {
            key: self._told(value) if isinstance(value, str) else value
            for key, value in attributes.items()
            if value is not None and value != ""
        }
        return self._tracer.start_span(self._told(name), _context(current_parent()), kind, present)

    def _told(self, text: str) -> str:
        """Without secrets, short, and with half characters written out, which OTLP has no way to send."""
        return visible(self._hidden(text)[:MAX_TEXT])


def _described(work: Work) -> tuple[str, SpanKind, dict[str, AttributeValue | None]]:
    match work:
        case TurnWork():
            return f"invoke_agent {AGENT}", SpanKind.INTERNAL, _of_turn(work)
        case ToolWork():
            name = work.name or "other"
            return f"execute_tool {name}", SpanKind.INTERNAL, _of_tool(work, name)
        case ModelWork():
            return f"chat {work.model}", SpanKind.CLIENT, _of_model(work)
        case RequestWork():
            return work.method, SpanKind.CLIENT, _of_request(work)
    assert_never(work)


def _of_turn(work: TurnWork) -> dict[str, AttributeValue | None]:
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": AGENT,
        "gen_ai.agent.name": AGENT,
        "gen_ai.conversation.id": str(work.thread),
        TURN_ID: work.turn,
    }


def _of_tool(work: ToolWork, name: str) -> dict[str, AttributeValue | None]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": work.call,
        "gen_ai.tool.type": "function",
    }


def _of_model(work: ModelWork) -> dict[str, AttributeValue | None]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": work.provider,
        "gen_ai.request.model": work.requested,
        "gen_ai.request.stream": True,
        "server.address": work.host,
        "server.port": work.port,
    }


def _of_request(work: RequestWork) -> dict[str, AttributeValue | None]:
    return {
        "http.request.method": work.method,
        "server.address": work.host,
        "server.port": work.port,
    }


def _fill(span: Span, work: Work, progress: Progress, model: str) -> None:
    """What is known at the end; `model` is what its server calls it."""
    if progress.usage:
        span.set_attribute("gen_ai.usage.input_tokens", progress.usage.input_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", progress.usage.output_tokens)
    if model:
        span.set_attribute("gen_ai.response.model", model)
    if progress.first_s is not None:
        span.set_attribute("gen_ai.response.time_to_first_chunk", progress.first_s)
    if progress.status is not None:
        span.set_attribute("http.response.status_code", progress.status)
    if error := _error(work, progress):
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))


def _error(work: Work, progress: Progress) -> str:
    """One word of few, and empty for what went well."""
    if isinstance(work, ToolWork) and progress.outcome == "failed":
        return progress.error or "tool_error"
    if progress.status is not None and progress.status >= 400:
        return str(progress.status)
    return "" if progress.outcome in _FINE else progress.error or progress.outcome


def _context(parent: str) -> Context:
    """Of a traceparent of our own; empty for the first span of a trace."""
    if not parent:
        return Context()
    _, trace_id, span_id, flags = parent.split("-")
    own = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(trace.NonRecordingSpan(own), Context())


def _traceparent(span: SpanContext) -> str:
    if not span.is_valid:
        return ""
    return f"00-{trace.format_trace_id(span.trace_id)}-{trace.format_span_id(span.span_id)}-{span.trace_flags:02x}"
