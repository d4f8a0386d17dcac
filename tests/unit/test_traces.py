"""Spans: how they hang together, what they are called, and that nothing which anybody said is in them."""

import re

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as gen_ai
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from opentelemetry.trace import SpanKind

from bot.domain.correlation import current_parent, within
from bot.domain.errors import SourceUnreachable
from bot.domain.message import ThreadKey, TurnId
from bot.domain.observing import ModelWork, Observers, RequestWork, ToolWork, TurnWork, Work, observed
from bot.domain.turn import Completion, ToolCall, Usage
from bot.telemetry.traces import TURN_ID, TracingObserver
from bot.telemetry.wrapping import ObservedModel
from tests.dialog.stage import Stage, says
from tests.fakes import FakeHost, ScriptedModel, result
from tests.wire.llm_requests import REQUEST

TURN = TurnWork(TurnId("t1"), ThreadKey("slack", "w", "c", "1"))
MODEL = ModelWork("gpt@here", "gpt", "openai", "api.openai.com", 443)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CONVENTIONS = {
    value
    for module in (gen_ai, error_attributes, http_attributes, server_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
}


class Traced:
    """An observer whose spans stay in memory."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.observer = TracingObserver(provider.get_tracer("test"))

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def attributes(self, name: str) -> dict[str, object]:
        return dict(self.spans[name].attributes or {})


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def own_id(span: ReadableSpan) -> int:
    own = span.get_span_context()
    assert own
    return int(own.span_id)


async def test_tools_and_models_are_inside_of_their_turn_and_nothing_said_is_told() -> None:
    traced = Traced()
    model = ScriptedModel([says("", "list_connections"), says("Secret answer.")], name="gpt")
    stage = Stage(model, FakeHost({"list_connections": result("list_connections")}), observer=traced.observer)
    stage.model = ObservedModel(model, traced.observer, MODEL)  # type: ignore[assignment]  # a model all the same
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "Secret question?")
    spans = traced.spans
    turn = spans["invoke_agent netspy"]
    assert turn.parent is None
    assert {parent_of(spans[name]) for name in ("execute_tool list_connections", "chat gpt@here")} == {own_id(turn)}
    assert traced.attributes("invoke_agent netspy")[TURN_ID] == reply.turn
    told = str([(span.name, span.attributes, span.events, span.status.description) for span in spans.values()])
    assert not re.search(r"(?i)secret|rows? by|list_connections-", told)


def test_every_attribute_is_one_of_the_conventions() -> None:
    traced = Traced()
    for work in (TURN, ToolWork("c1", "list"), MODEL, RequestWork("GET", "localhost", 8080)):
        with within(PARENT), observed(traced.observer, work) as progress:
            progress.usage, progress.model, progress.first_s, progress.status = Usage(5, 6), "gpt-1", 0.5, 500
    used = {name for span in traced.spans for name in traced.attributes(span)} - {TURN_ID}
    assert used - CONVENTIONS == set()
    assert traced.attributes("chat gpt@here") == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "gpt-1",
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 6,
        "server.address": "api.openai.com",
        "server.port": 443,
        "http.response.status_code": 500,
        "error.type": "500",
    }
    assert (
        traced.attributes("execute_tool list").items()
        >= {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "list",
            "gen_ai.tool.call.id": "c1",
        }.items()
    )
    assert traced.attributes("invoke_agent netspy")["gen_ai.conversation.id"] == "slack/w/c/1"
    assert traced.spans["GET"].kind is SpanKind.CLIENT


@pytest.mark.parametrize(
    ("work", "outcome", "error"),
    [
        (TURN, "answered", None),
        (TURN, "stopped", None),
        (TURN, "failed", "failed"),
        (ToolWork("c", ""), "failed", "tool_error"),
        (ToolWork("c", ""), "ok", None),
    ],
)
def test_what_went_wrong_has_the_type_of_its_error(work: Work, outcome: str, error: str | None) -> None:
    traced = Traced()
    with observed(traced.observer, work) as progress:
        progress.outcome = outcome
    (span,) = traced.spans.values()
    assert (span.attributes or {}).get("error.type") == error
    assert span.status.is_ok == (error is None)


def test_an_exception_leaves_its_class_but_not_its_text() -> None:
    traced = Traced()
    with pytest.raises(SourceUnreachable), observed(traced.observer, TURN):
        raise SourceUnreachable("asking", "hush-hush")
    (span,) = traced.spans.values()
    assert (span.attributes or {})["error.type"] == "SourceUnreachable"
    assert "hush" not in span.to_json()


def test_of_several_observers_each_is_told_and_spans_still_hang_together() -> None:
    traced = Traced()
    both = Observers([Observers(), traced.observer])
    with observed(both, TURN), observed(both, ToolWork("c", "list")):
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-9a-f]", current_parent())
    assert parent_of(traced.spans["execute_tool list"]) == own_id(traced.spans["invoke_agent netspy"])
    assert current_parent() == ""


def test_requests_that_belong_to_no_turn_make_no_traces_of_their_own() -> None:
    traced = Traced()
    with observed(traced.observer, RequestWork("GET", "localhost")):
        assert current_parent() == ""
    assert traced.spans == {}


async def test_what_is_done_with_the_words_of_a_model_is_not_inside_of_its_request() -> None:
    traced = Traced()
    said = Completion("Two words.", (ToolCall("1", "x"),), "gpt")
    model = ObservedModel(ScriptedModel([said], name="gpt"), traced.observer, MODEL)
    assert {current_parent() async for _ in model.answer(REQUEST)} == {""}
    assert traced.spans.keys() == {"chat gpt@here"}
