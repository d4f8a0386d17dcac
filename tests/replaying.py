"""The same raw events on both ways to an answer: through a recording and its reader, and through the event store."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from typing import TypeAlias

from bot.domain.network import EVENT_TYPES, Event, EventKind, Window
from bot.domain.query import EventQuery, Filter
from bot.ebpf.collector.btf import ReasonNames
from bot.ebpf.collector.decode import Decoder
from bot.ebpf.machine.cgroup_paths import workload_at
from bot.ebpf.recording.joining import join
from bot.ebpf.recording.line_values import parse_object
from bot.ebpf.recording.recorded_lines import parse_fields
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore

Found: TypeAlias = dict[EventKind, list[Event]]
_CGROUPS = {7: "/system.slice/nginx.service", 8: "/docker/" + 64 * "a"}
_EVERYTHING = Filter(failed_local_lookups=True, harmless=True)
_AGES = timedelta(days=20_000)
_TICK = timedelta(microseconds=1)


def symbol(location: int) -> str:
    return f"at+{location:#x}"


def replayed(raws: Sequence[bytes], reasons: ReasonNames, clock: Clock) -> Found:
    """Decoded, written as lines, read again and joined."""
    decoder = Decoder(reasons, symbol_of=symbol, cgroup_of=_CGROUPS.get)
    lines = [json.dumps(fields) for fields in decoder.batch(raws, epoch_ns=clock.offset_ns)]
    told = join(event for line in lines for event in parse_fields(parse_object(line))[1])
    return {
        kind: sorted((event for event in told if isinstance(event, of_kind)), key=_order)
        for kind, of_kind in EVENT_TYPES.items()
    }


def stored(raws: Sequence[bytes], reasons: ReasonNames, clock: Clock, *, batch_size: int = 1) -> Found:
    """As a live source would tell them."""
    names = KernelNames(
        reasons.of_drop,
        symbol,
        workload_of=lambda cgroup: workload_at(_CGROUPS.get(cgroup, "")),
        reset_reason_of=reasons.of_reset,
    )
    store = EventStore(names, max_age_s=1e10)
    for begin in range(0, len(raws), batch_size):
        store.add(raws[begin : begin + batch_size], now_ns=0)
    now = clock.moment(0)
    window, limit = Window(now - _AGES, now + _AGES), max(1, len(raws))
    asked = {kind: EventQuery(kind=kind, window=window, filter=_EVERYTHING, limit=limit) for kind in EVENT_TYPES}
    return {kind: sorted(store.events(query, clock).events, key=_order) for kind, query in asked.items()}


def differences(one: Found, other: Found) -> str:
    """What is not in both, a line each; a microsecond is how exact a recorded time is."""
    pairs = [pair for kind in EVENT_TYPES for pair in zip_longest(one[kind], other[kind])]
    return "".join(f"< {ours}\n> {theirs}\n" for ours, theirs in pairs if not _is_same(ours, theirs))


def _is_same(one: Event | None, other: Event | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one.time - other.time) <= _TICK and replace(one, time=other.time) == other


def _order(event: Event) -> tuple[object, ...]:
    """Not by time alone: two may differ by less than is recorded."""
    return (str(replace(event, time=event.time.replace(microsecond=0))), event.time)
