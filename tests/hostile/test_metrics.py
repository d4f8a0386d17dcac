"""Hostile names as labels of metrics: whatever there are of them, a scrape is bounded and can be read."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.message import ThreadKey, TurnId
from bot.domain.observing import (
    AdapterFailed,
    AlertTaken,
    BreakerTurned,
    FellBack,
    ModelWork,
    PlatformFailed,
    Refused,
    ToolWork,
    TurnWork,
    observed,
)
from bot.telemetry.labels import LONGEST, MOST
from bot.telemetry.metrics import PrometheusObserver
from tests.hostile.corpus import CORPUS

NAMES = 10_000
SERIES_OF_A_NAME = 80
"""At most: two histograms of models, one of tools, one of turns, and their counters."""
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def told_of(observer: PrometheusObserver, text: str) -> None:
    """Every kind of work and fact that has a name which is not netspy's own."""
    works = (
        TurnWork(TurnId(text), ThreadKey(text, text, text, text)),
        ToolWork(text, text),
        ToolWork(text, text, text),
        ModelWork(text, text, text, text),
    )
    for work in works:
        with observed(observer, work) as progress:
            progress.error, progress.model = text, text
    facts = (FellBack(text), BreakerTurned(text, is_open=True), AdapterFailed(text), PlatformFailed(text, "failed"))
    for fact in (*facts, Refused(text), AlertTaken(text)):
        observer.note(fact)


def test_ten_thousand_names_begin_a_bounded_number_of_series() -> None:
    observer = PrometheusObserver(version="1")
    few = PrometheusObserver(version="1")
    for number in range(NAMES):
        told_of(observer, f"{CORPUS[number % len(CORPUS)].text}{number}")
    told_of(few, "a")
    series = observer.exposition()[0].count(b"\n")
    assert series > few.exposition()[0].count(b"\n")
    assert series < (MOST + 1) * SERIES_OF_A_NAME
    assert observer.registry.get_sample_value("netspy_refusals_total", {"reason": "other"}) == NAMES - MOST


def test_a_scrape_can_be_read_whatever_stands_in_a_label() -> None:
    for each in CORPUS:
        observer = PrometheusObserver(version="1")
        told_of(observer, each.text)
        for accept, read in (("", text_string_to_metric_families), (OPEN_METRICS, openmetrics_families)):
            text = observer.exposition(accept)[0].decode()
            (refusals,) = [family for family in read(text) if family.name == "netspy_refusals"]
            labels = {sample.labels["reason"] for sample in refusals.samples if sample.name.endswith("_total")}
            assert len(labels) == 1, each
            assert all(0 < len(label) <= LONGEST for label in labels), each
