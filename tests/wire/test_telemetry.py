"""Metrics and traces of a whole `serve`, scraped and received over real sockets."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from bot.domain.message import ThreadKey, TurnId
from bot.domain.observing import TurnWork, observed
from bot.serve import serve_all
from bot.settings import Settings
from bot.telemetry.exporting import Said, ToldOnce, open_traces
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer, Fault, Hang, HttpPeer
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.waiting import PATIENCE_S, until
from tests.wire.serving import Model
from tests.wire.test_serve import Played, logged, message

LOOKED_UP = ("netspy_source_up 1.0", "netspy_storage_up 1.0", "netspy_turns_waiting 0.0")
TURN = TurnWork(TurnId("t1"), ThreadKey("slack", "w", "c", "1"))


@pytest.fixture
def receiver() -> Iterator[HttpPeer]:
    with HttpPeer(lambda _: Answer(content_type="application/x-protobuf")) as peer:
        yield peer


def received(receiver: HttpPeer) -> list[Span]:
    assert {(request.method, request.path) for request in receiver.requests} == {("POST", "/v1/traces")}
    exports = [ExportTraceServiceRequest.FromString(request.body) for request in receiver.requests]
    names = {
        (attribute.key, attribute.value.string_value)
        for export in exports
        for each in export.resource_spans
        for attribute in each.resource.attributes
    }
    assert ("service.name", "netspy") in names
    return [
        span
        for export in exports
        for resource in export.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


async def scrape(url: str) -> httpx.Response:
    """Until the parts were looked at, which no scrape waits for."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE_S):
        scraped = await client.get(f"{url}/metrics")
        while not all(part in scraped.text for part in LOOKED_UP):
            await asyncio.sleep(0.005)
            scraped = await client.get(f"{url}/metrics")
    return scraped


async def test_a_turn_of_a_whole_serve_is_measured_and_traced(
    tmp_path: Path, receiver: HttpPeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "netspy")
    adapter, ending = Played(), asyncio.Event()
    with EbpfServer() as ebpf:
        ebpf.add_connection("curl", "93.184.216.34:443", ago_s=1)
        async with OpenAIPeer(Model()) as peer:
            given = {
                "NETSPY_LISTEN": "127.0.0.1:0",
                "NETSPY_DATABASE_URL": str(tmp_path / "netspy.db"),
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": peer.base_url,
                "NETSPY_MODEL_PRICES": '{"gpt-6-luna": [1000000, 1000000]}',
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            }
            settings = Settings.model_validate(given)
            task = asyncio.create_task(serve_all([adapter], settings, ending=ending, server=ebpf.url))
            await until(lambda: task.done() or (logged(caplog, "serve.listening") and adapter.desk))
            assert adapter.desk, task.result()
            await adapter.desk.handle(message("what connects?"))
            await until(lambda: logged(caplog, "turn.ended"))
            turn = logged(caplog, "turn.ended")[0]["turn"]
            await until(lambda: any(outlet.replies for outlet in adapter.outlets))
            scraped = await scrape(logged(caplog, "serve.listening")[0]["url"])
            ending.set()
            await asyncio.wait_for(task, PATIENCE_S)
            asked = [request.headers for request in peer.requests]
    assert scraped.headers["content-type"].startswith("text/plain; version=0.0.4; charset=utf-8")
    for line in (
        'netspy_tool_calls_total{outcome="ok",tool="list_connections"} 1.0',
        'netspy_model_requests_total{model="gpt-6-luna",outcome="ok"} 2.0',
        'netspy_adapter_up{platform="slack"} 1.0',
    ):
        assert line in scraped.text
    assert 'netspy_model_cost_dollars_total{model="gpt-6-luna"}' in scraped.text
    spans = received(receiver)
    by_id = {span.span_id: span for span in spans}
    (root,) = [span for span in spans if span.name == "invoke_agent netspy"]
    (tool,) = [span for span in spans if span.name == "execute_tool list_connections"]
    chats = [span for span in spans if span.name == "chat gpt-6-luna"]
    inside = [span for span in spans if span.name == "GET" and span.parent_span_id]
    assert {span.trace_id for span in (tool, *chats, *inside)} == {root.trace_id}
    assert {span.parent_span_id for span in (tool, *chats)} == {root.span_id}
    assert {by_id[span.parent_span_id].name for span in inside} == {"execute_tool list_connections"}
    told = [request.headers for request in ebpf.requests if request.headers.get("x-request-id") == turn]
    assert told
    assert {headers["traceparent"].split("-")[1] for headers in told} == {root.trace_id.hex()}
    assert [headers["x-request-id"] for headers in asked] == [turn, turn]
    assert sorted(headers["traceparent"].split("-")[2] for headers in asked) == sorted(
        span.span_id.hex() for span in chats
    )


@pytest.mark.parametrize("fault", [Answer(status=400), Hang()])
async def test_a_receiver_that_fails_is_told_once_and_the_end_does_not_wait_for_it(
    fault: Fault, receiver: HttpPeer, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.fail(fault)
    url = f"{receiver.url}/v1/traces"
    async with asyncio.timeout(PATIENCE_S), open_traces(url, version="1", flush_s=0.05 if fault == Hang() else 30):
        pass
    assert receiver.requests == []
    async with open_traces(url, version="1", flush_s=0.05 if fault == Hang() else 30) as observer:
        with observed(observer, TURN):
            pass
    assert [record.getMessage() for record in caplog.records] == [
        "traces.left" if fault == Hang() else "traces.not_sent"
    ]
    assert fault == Hang() or "400" in logged(caplog, "traces.not_sent")[0]["cause"]


class Moody(SpanExporter):
    """Fails as told, one batch after another."""

    def __init__(self, *results: SpanExportResult) -> None:
        self._results = iter(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return next(self._results)


def test_a_receiver_that_is_away_for_a_while_is_told_of_twice(caplog: pytest.LogCaptureFixture) -> None:
    fine, failed = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
    exporter = ToldOnce(Moody(fine, failed, failed, fine, fine), Said())
    assert [exporter.export(()) for _ in range(5)] == [fine, failed, failed, fine, fine]
    assert [record.getMessage() for record in caplog.records] == ["traces.not_sent", "traces.sent_again"]
