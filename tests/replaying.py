"""The same raw events on both ways to an answer: through a recording and its reader, and through the event store."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from typing import TypeAlias

from bot.domain.network import Connection, Drop, Event, Window
from bot.domain.query import EventQuery, Filter
from bot.ebpf.collector.btf import ReasonNames
from bot.ebpf.collector.decode import Decoder
from bot.ebpf.recording.joining import join
from bot.ebpf.recording.recorded_lines import parse_fields, parse_object
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore

Found: TypeAlias = tuple[list[Connection], list[Drop]]
_EVERYTHING = Filter(failed_local_lookups=True, harmless=True)
_AGES = timedelta(days=20_000)
_TICK = timedelta(microseconds=1)


def symbol(location: int) -> str:
    return f"at+{location:#x}"


def replayed(raws: Sequence[bytes], reasons: ReasonNames, clock: Clock) -> Found:
    """Decoded, written as lines, read again and joined."""
    decoder = Decoder(reasons, symbol_of=symbol, cgroup_of=lambda _: None)
    lines = [json.dumps(fields) for fields in decoder.batch(raws, epoch_ns=clock.offset_ns)]
    connections, drops = join(event for line in lines for event in [parse_fields(parse_object(line))[1]] if event)
    return sorted(connections, key=_order), sorted(drops, key=_order)


def stored(raws: Sequence[bytes], reasons: ReasonNames, clock: Clock, *, batch_size: int = 1) -> Found:
    """As a live source would tell them."""
    names = KernelNames(reasons.of_drop, symbol)
    store = EventStore(names, max_age_s=1e10)
    for begin in range(0, len(raws), batch_size):
        store.add(raws[begin : begin + batch_size], now_ns=0)
    now = clock.moment(0)
    window, limit = Window(now - _AGES, now + _AGES), max(1, len(raws))
    attempts = store.events(EventQuery(kind="connection", window=window, filter=_EVERYTHING, limit=limit), clock)
    drops = store.events(EventQuery(kind="drop", window=window, filter=_EVERYTHING, limit=limit), clock)
    return (
        sorted((each for each in attempts.events if isinstance(each, Connection)), key=_order),
        sorted((each for each in drops.events if isinstance(each, Drop)), key=_order),
    )


def differences(one: Found, other: Found) -> str:
    """What is not in both, a line each; a microsecond is how exact a recorded time is."""
    pairs: list[tuple[Event | None, Event | None]] = []
    pairs += zip_longest(one[0], other[0])
    pairs += zip_longest(one[1], other[1])
    return "".join(f"< {ours}\n> {theirs}\n" for ours, theirs in pairs if not _is_same(ours, theirs))


def _is_same(one: Event | None, other: Event | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one.time - other.time) <= _TICK and replace(one, time=other.time) == other


def _order(event: Event) -> tuple[object, ...]:
    """Not by time alone: two may differ by less than is recorded."""
    return (str(replace(event, time=event.time.replace(microsecond=0))), event.time)
