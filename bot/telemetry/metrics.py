"""Prometheus metrics of what the layers tell: one `Observer` with a registry of its own.

Names and units are by Prometheus' conventions (https://prometheus.io/docs/practices/naming/), labels have few values:
never a person, a channel or a process. How parts are that nobody tells of, `health.py` looks up.
"""

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import assert_never

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot.domain.observing import (
    AdapterFailed,
    AlertTaken,
    BreakerTurned,
    Fact,
    FellBack,
    ModelWork,
    PlatformFailed,
    Progress,
    Refused,
    RequestWork,
    ToolWork,
    TurnWork,
    Work,
)
from bot.telemetry.labels import Bounded
from bot.telemetry.model_metrics import ModelMetrics, Price

TURN_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 120, 180)
"""From a cached table to the deadline of a turn."""
TOOL_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class PrometheusObserver:
    """Counts what it is told. `prices` are those of models by their names here; others have no costs."""

    def __init__(self, *, version: str, prices: Mapping[str, Price] | None = None) -> None:
        self.registry = CollectorRegistry()
        self._turns = _Turns(self.registry)
        self._tools = _Tools(self.registry)
        self._models = ModelMetrics(self.registry, prices or {})
        self._facts = _Facts(self.registry)
        self._requests = Histogram(
            "netspy_source_request_duration_seconds",
            "Duration of HTTP requests to the source of events, by the class of their status (or error).",
            ["status"],
            buckets=TOOL_BUCKETS_S,
            registry=self.registry,
        )
        build = Gauge(
            "netspy_build_info", "netspy and its Python; always 1.", ["version", "python"], registry=self.registry
        )
        build.labels(version, platform.python_version()).set(1)
        ProcessCollector(registry=self.registry)

    @contextmanager
    def work(self, work: Work, progress: Progress) -> Iterator[None]:
        began = perf_counter()
        if isinstance(work, TurnWork):
            self._turns.in_progress.inc()
        try:
            yield
        finally:
            self._count(work, progress, perf_counter() - began)

    def note(self, fact: Fact) -> None:
        if isinstance(fact, FellBack | BreakerTurned):
            self._models.note(fact)
        else:
            self._facts.note(fact)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics and their media type: OpenMetrics for who accepts that, else Prometheus' text format."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type

    def _count(self, work: Work, progress: Progress, took_s: float) -> None:
        match work:
            case TurnWork():
                self._turns.ended(work, progress, took_s)
            case ToolWork():
                self._tools.ended(work, progress, took_s)
            case ModelWork():
                self._models.ended(work, progress, took_s)
            case RequestWork():
                status = f"{progress.status // 100}xx" if progress.status else progress.outcome
                self._requests.labels(status).observe(took_s)
            case _:
                assert_never(work)


class _Turns:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._platform = Bounded()
        self._ended = Counter(
            "netspy_turns_total", "Turns worked on, by how they ended.", ["platform", "state"], registry=registry
        )
        self._took = Histogram(
            "netspy_turn_duration_seconds",
            "Duration of a turn from the begin of the work until its answer was sent.",
            ["platform"],
            buckets=TURN_BUCKETS_S,
            registry=registry,
        )
        self.in_progress = Gauge("netspy_turns_in_progress", "Turns that are worked on.", registry=registry)

    def ended(self, work: TurnWork, progress: Progress, took_s: float) -> None:
        platform = self._platform(work.thread.platform)
        self.in_progress.dec()
        self._ended.labels(platform, progress.outcome).inc()
        self._took.labels(platform).observe(took_s)


class _Tools:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._tool = Bounded()
        self._called = Counter(
            "netspy_tool_calls_total", "Calls of tools, by how they ended.", ["tool", "outcome"], registry=registry
        )
        self._took = Histogram(
            "netspy_tool_call_duration_seconds",
            "Duration of calls of tools.",
            ["tool"],
            buckets=TOOL_BUCKETS_S,
            registry=registry,
        )

    def ended(self, work: ToolWork, progress: Progress, took_s: float) -> None:
        """Tools of other servers are one: the server."""
        tool = self._tool(f"mcp/{work.server}" if work.server else work.name)
        self._called.labels(tool, progress.outcome).inc()
        self._took.labels(tool).observe(took_s)


class _Facts:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._label = Bounded()
        self._restarts = Counter(
            "netspy_adapter_restarts_total",
            "Failures of adapters, which then begin again.",
            ["platform"],
            registry=registry,
        )
        self._errors = Counter(
            "netspy_platform_errors_total",
            "What chat platforms did not take: an answer, a part of one, or its progress.",
            ["platform", "kind"],
            registry=registry,
        )
        self._refusals = Counter(
            "netspy_refusals_total", "Questions that were refused, by reason.", ["reason"], registry=registry
        )
        self._alerts = Counter(
            "netspy_alerts_total", "Alerts that came, by what became of them.", ["outcome"], registry=registry
        )

    def note(self, fact: AdapterFailed | PlatformFailed | Refused | AlertTaken) -> None:
        match fact:
            case AdapterFailed(platform):
                self._restarts.labels(self._label(platform)).inc()
            case PlatformFailed(platform, kind):
                self._errors.labels(self._label(platform), kind).inc()
            case Refused(reason):
                self._refusals.labels(self._label(reason)).inc()
            case AlertTaken(outcome):
                self._alerts.labels(self._label(outcome)).inc()
            case _:
                assert_never(fact)
