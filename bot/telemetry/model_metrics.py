"""Prometheus metrics of language models: requests, tokens and what they cost. `metrics.py` tells it."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.domain.observing import BreakerTurned, FellBack, ModelWork, Progress
from bot.domain.turn import Usage
from bot.telemetry.labels import Bounded

MAX_TOKENS = 1_000_000_000
"""Of one request: nobody reads so many."""
MODEL_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 180)
_OUTCOMES = {
    "ModelUnreachable": "unreachable",
    "ModelSilent": "silent",
    "ModelBusy": "busy",
    "ModelRefused": "refused",
    "ImagesRefused": "refused",
    "ModelTruncated": "truncated",
}
"""Of requests to models, by their errors; others have `failed`."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens."""

    input: float
    output: float

    def of(self, usage: Usage) -> float:
        return (usage.input_tokens * self.input + usage.output_tokens * self.output) / 1_000_000


class ModelMetrics:
    def __init__(self, registry: CollectorRegistry, prices: Mapping[str, Price]) -> None:
        self._prices = prices
        self._model = Bounded()
        self._asked = Counter(
            "netspy_model_requests_total",
            "Requests to language models and the planner, by how they ended.",
            ["model", "outcome"],
            registry=registry,
        )
        self._took, self._began = (
            Histogram(f"netspy_model_{name}_seconds", told, ["model"], buckets=MODEL_BUCKETS_S, registry=registry)
            for name, told in (
                ("request_duration", "Duration of requests to models."),
                (
                    "time_to_first_token",
                    "Time from a request until the first words of its answer, where there are any.",
                ),
            )
        )
        self._tokens = Counter(
            "netspy_model_tokens_total",
            "Tokens as the models' servers count them.",
            ["model", "type"],
            registry=registry,
        )
        self._cost = Counter(
            "netspy_model_cost_dollars_total", "Cost of tokens by NETSPY_MODEL_PRICES.", ["model"], registry=registry
        )
        self._fallbacks = Counter(
            "netspy_model_fallbacks_total",
            "Failures of a model after which the next one answered.",
            ["model"],
            registry=registry,
        )
        self._open = Gauge(
            "netspy_model_breaker_open", "1 while a model is left alone after failures.", ["model"], registry=registry
        )

    def ended(self, work: ModelWork, progress: Progress, took_s: float) -> None:
        model = self._model(work.model)
        self._asked.labels(model, _OUTCOMES.get(progress.error, progress.outcome)).inc()
        self._took.labels(model).observe(took_s)
        if progress.first_s is not None:
            self._began.labels(model).observe(progress.first_s)
        if progress.usage:
            self._spent(model, work.model, progress.usage)

    def _spent(self, label: str, model: str, told: Usage) -> None:
        """A server may tell nonsense, and a counter never falls."""
        usage = Usage(_sane(told.input_tokens), _sane(told.output_tokens))
        self._tokens.labels(label, "input").inc(usage.input_tokens)
        self._tokens.labels(label, "output").inc(usage.output_tokens)
        if price := self._prices.get(model):
            self._cost.labels(label).inc(price.of(usage))

    def note(self, fact: FellBack | BreakerTurned) -> None:
        model = self._model(fact.model)
        if isinstance(fact, FellBack):
            self._fallbacks.labels(model).inc()
        else:
            self._open.labels(model).set(fact.is_open)


def _sane(tokens: int) -> int:
    return min(max(0, tokens), MAX_TOKENS)
