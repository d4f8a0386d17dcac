"""The event store with many events and with ten times as many: what a question costs must hang on its answer."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.domain.network import Window
from bot.domain.query import Aggregate, EventQuery, Filter
from bot.ebpf.collector import layout
from bot.ebpf.store.batch import EVENT
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests.bench.pairs import measure
from tests.raw_events import CLOCK

EVERY_NS = 1_000_000
BEGAN_NS = 10**12
BATCH = 4096
PROCESSES, DESTINATIONS = 200, 3000


def filled(count: int) -> tuple[EventStore, float]:
    """A store with so many attempts, one a millisecond, and the CPU seconds that storing them took."""
    store = EventStore(KernelNames(lambda _: None, lambda _: None), max_age_s=10**9)
    random = np.random.default_rng(7)
    used_s = 0.0
    for begin in range(0, count, BATCH):
        raw = a_batch(random, begin, min(BATCH, count - begin))
        before = time.process_time()
        store.add(raw, now_ns=BEGAN_NS)
        used_s += time.process_time() - before
    return store, used_s


def a_batch(random: np.random.Generator, begin: int, count: int) -> list[bytes]:
    """Few processes and destinations have most of the traffic, as everywhere."""
    events: np.ndarray[Any, Any] = np.zeros(count, EVENT)
    processes, destinations = random.zipf(1.5, count) % PROCESSES, random.zipf(1.3, count) % DESTINATIONS
    events["ts"] = BEGAN_NS + (begin + np.arange(count)) * EVERY_NS
    events["kind"], events["family"], events["socktype"], events["proto"] = layout.CONNECT, 2, 1, 6
    events["pid"], events["comm"] = processes + 100, [b"process-%d" % each for each in processes]
    events["daddr"] = [bytes([10, each // 250, each % 250, 1]) for each in destinations]
    events["dport"], events["elapsed_ns"] = 443, 1000
    events["ret"] = np.where(random.random(count) < 0.1, -101, 0)
    return [events[place : place + 1].tobytes() for place in range(count)]


def window(count: int, *, last_s: float | None = None) -> Window:
    until = CLOCK.moment(BEGAN_NS + count * EVERY_NS)
    return Window(until - timedelta(seconds=last_s or count * EVERY_NS / 1e9 + 1), until)


def questions(store: EventStore, count: int) -> Mapping[str, Callable[[], object]]:
    whole, minute = window(count), window(count, last_s=10)
    by = {"summary": ("process", "outcome"), "top 10 destinations": ("destination",)}
    groups = {
        f"{name}, {told}": Aggregate(kind="connection", window=span, group_by=fields, top=10)  # type: ignore[arg-type]
        for name, fields in by.items()
        for told, span in (("all", whole), ("last 10 s", minute))
    }
    newest = EventQuery(kind="connection", window=whole, filter=Filter(process="process-7"), limit=100)
    return {
        "newest 100 of a process": lambda: store.events(newest, CLOCK),
        **{name: partial(store.aggregate, asked, CLOCK) for name, asked in groups.items()},
    }


def test_questions_to_ten_times_as_many_events(pytestconfig: pytest.Config) -> None:
    rounds = pytestconfig.getoption("--bench-rounds")
    some, many = (100_000, 1_000_000) if rounds > 1 else (10_000, 100_000)
    before = resident_mb()
    large, used_s = filled(many)
    small, _ = filled(some)
    print(f"\n{many:,} attempts stored: {1e6 * used_s / many:.2f} us of CPU each")
    print(f"  {resident_mb() - before:.0f} MB more are resident, with another {some:,}")
    few = questions(small, some)
    for name, ask in questions(large, many).items():
        aim = 1.5 if name.startswith("newest") else 10
        print("  " + measure(ask, few[name], rounds=rounds).line(name, aim))
    assert small.kept("connection", CLOCK).stored == some
    assert large.kept("connection", CLOCK).stored == many


def resident_mb() -> float:
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 / 1e6 if status.exists() else 0.0
