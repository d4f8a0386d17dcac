"""No secret is told by traces, nor where a receiver of them refuses; and no name makes a span that cannot be sent."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bot.domain.observing import ModelWork, Observer, ToolWork, observed
from bot.observers import open_metrics, open_observer
from bot.redaction import redact_logs
from bot.secret_settings import secrets_of
from bot.settings import load
from bot.telemetry.traces import MAX_TEXT
from tests.canaries.given import CANARIES, environment, found_in
from tests.canaries.test_start import parrot
from tests.hostile.corpus import CORPUS
from tests.hostile.test_logs import logs
from tests.hostile.test_terminal import hidden_in
from tests.loopback.http_peer import Answer, HttpPeer, Request

PASSWORD = "cnry15endpoint"


@pytest.fixture
def receiver() -> Iterator[HttpPeer]:
    with HttpPeer(lambda _: Answer(content_type="application/x-protobuf")) as peer:
        yield peer


@pytest.fixture
def given(receiver: HttpPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = receiver.url.replace("://", f"://u:{PASSWORD}@")
    more = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/v1/traces",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{CANARIES['otlp']}",
    }
    for name, value in (environment("http://127.0.0.1:9", tmp_path) | more).items():
        monkeypatch.setenv(name, value)


def work_named(observer: Observer, text: str) -> None:
    """A model and a tool of a server, which choose what they and their calls are called."""
    with observed(observer, ModelWork("m", text, "openai")) as progress:
        progress.model = text
    with observed(observer, ToolWork(text, text, "sky")):
        pass


async def traced(*texts: str) -> None:
    settings = load()
    async with open_observer(settings, open_metrics(settings)) as observer:
        for text in texts:
            work_named(observer, text)


@pytest.mark.usefixtures("given")
async def test_what_others_call_things_holds_no_secret(receiver: HttpPeer) -> None:
    await traced(*(f"Bearer {value}" for value in CANARIES.values()))
    sent = [request.body for request in receiver.requests]
    assert b"***OPENAI_API_KEY***" in b"".join(sent)
    assert found_in(*sent) == set()


@pytest.mark.usefixtures("given")
async def test_every_name_can_be_sent_and_is_short(receiver: HttpPeer) -> None:
    with logs() as written:
        await traced(*(each.text for each in CORPUS), "\ud800", "long" * 10_000)
    assert written.getvalue() == ""
    exports = [ExportTraceServiceRequest.FromString(request.body) for request in receiver.requests]
    scopes = [scope for export in exports for each in export.resource_spans for scope in each.scope_spans]
    spans = [span for scope in scopes for span in scope.spans]
    assert len(spans) == 2 * (len(CORPUS) + 2)
    values = [attribute.value.string_value for span in spans for attribute in span.attributes]
    for text in (*values, *(span.name for span in spans)):
        assert hidden_in(text) == set(), text
        assert len(text) <= MAX_TEXT * len(r"\U0001f600")


@pytest.mark.usefixtures("given")
async def test_a_receiver_that_repeats_what_it_was_sent_tells_the_log_none(receiver: HttpPeer) -> None:
    with logs() as written:
        redact_logs(secrets_of(load()))
        receiver.fail(parrot(await one_request(receiver)))
        await traced("m")
        logging.getLogger("any").warning("at http://u:%s@x and with %s", PASSWORD, CANARIES["otlp"])
    assert "traces.not_sent" in written.getvalue()
    assert found_in(written.getvalue()) == set()
    assert PASSWORD not in written.getvalue()


async def one_request(receiver: HttpPeer) -> Request:
    await traced("m")
    return receiver.requests[0]
