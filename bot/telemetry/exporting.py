"""Where traces are sent: by OTLP over HTTP, in batches, by a thread of the SDK's. Opened by `bot/observers.py`.

A receiver that is away costs traces, never answers. Headers, timeouts, sampling and the like are the SDK's own
variables (OTEL_...), and it warns by itself of those that it cannot use.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from bot.telemetry.traces import TracingObserver

log = logging.getLogger("netspy.telemetry")

FLUSH_S = 3.0
"""How long the end waits for the last traces to be sent."""


@asynccontextmanager
async def open_traces(
    endpoint: str, *, version: str, flush_s: float = FLUSH_S, hidden: Callable[[str], str] = str
) -> AsyncGenerator[TracingObserver, None]:
    """Send the spans of what is told to this URL, such as `http://127.0.0.1:4318/v1/traces`.

    `hidden` takes secrets out of a text.
    """
    resource = Resource.create({SERVICE_VERSION: version})
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "netspy"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = ToldOnce(OTLPSpanExporter(endpoint), _what_is_said())
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield TracingObserver(provider.get_tracer("netspy", version), hidden)
    finally:
        if not await _ended(provider, within_s=flush_s):
            log.warning("traces.left", extra={"seconds": flush_s})
            exporter.shutdown()


class Said(logging.Handler):
    """Keeps what was said last: the SDK's exporter tells its log why it failed, and nobody else."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


def _what_is_said() -> Said:
    """From now on the SDK's exporter speaks to this alone: it has a line for every try."""
    sender, said = logging.getLogger(OTLPSpanExporter.__module__), Said()
    sender.handlers[:], sender.propagate = [said], False
    return said


class ToldOnce(SpanExporter):
    """`exporter`, whose failure is logged when it begins, and again when it is over."""

    def __init__(self, exporter: SpanExporter, said: Said) -> None:
        self._exporter = exporter
        self._said = said
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        fails = result is not SpanExportResult.SUCCESS
        if fails != self._fails:
            self._fails = fails
            told = {"cause": self._said.last} if fails else {}
            log.warning("traces.not_sent" if fails else "traces.sent_again", extra={"spans": len(spans), **told})
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


async def _ended(provider: TracerProvider, *, within_s: float) -> bool:
    """Whether all that was left is sent within that time: the SDK itself would wait for half a minute."""
    done, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(done.set)

    Thread(target=end, name="last traces", daemon=True).start()
    try:
        async with asyncio.timeout(within_s):
            return await done.wait()
    except TimeoutError:
        return False
