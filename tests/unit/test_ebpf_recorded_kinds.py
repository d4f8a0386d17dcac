"""The recorded source about every kind of event: what it counts, filters, cuts into slots, and lacks."""

import json
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from bot.domain.network import Accepted, EventKind, Window
from bot.domain.query import Aggregate, EventQuery, Filter, Measure, Target
from bot.ebpf.recording.recorded import RecordedSource, open_recording
from bot.ebpf.recording.recording_frame import End
from tests.fakes import NOW

KINDS: tuple[EventKind, ...] = get_args(EventKind)
HOUR, LOOP = Window.last(3600, NOW), Window.last(53, NOW)
NAMED = Filter(target=Target(name="web.lab"), failed_local_lookups=True)


@pytest.fixture(scope="module")
def shipped() -> RecordedSource:
    return open_recording(opened_at=NOW)


async def count(source: RecordedSource, kind: EventKind, window: Window, wanted: Filter) -> int:
    return (await source.events(EventQuery(kind=kind, window=window, filter=wanted, limit=1))).coverage.matched


async def test_every_kind_is_counted_in_a_turn_and_in_an_hour(shipped: RecordedSource) -> None:
    everything = Filter(failed_local_lookups=True)
    in_a_turn = {kind: await count(shipped, kind, LOOP, everything) for kind in KINDS}
    assert in_a_turn == {
        "connection": 498,
        "accept": 142,
        "drop": 447,
        "retransmit": 57,
        "reset": 92,
        "dns": 150,
        "listen": 10,
        "error": 60,
        "icmp": 27,
    }
    for kind, counted in in_a_turn.items():
        assert 67 * counted <= await count(shipped, kind, HOUR, everything) <= 69 * counted


async def test_events_are_found_by_the_name_that_dns_gave_their_destination(shipped: RecordedSource) -> None:
    found = {kind: await count(shipped, kind, LOOP, NAMED) for kind in KINDS}
    assert {kind for kind, counted in found.items() if counted} == set(KINDS) - {"listen"}
    assert await count(shipped, "dns", LOOP, Filter(lookup="*.lab")) == 150
    assert await count(shipped, "dns", LOOP, Filter(lookup="web.*")) == 112


async def test_events_are_those_of_the_machine_that_was_recorded(shipped: RecordedSource) -> None:
    for kind in KINDS:
        assert await count(shipped, kind, LOOP, Filter(node="lab")) == await count(shipped, kind, LOOP, Filter())
        assert await count(shipped, kind, LOOP, Filter(node="other")) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slot_s", [7, 53, 60, 600, 7200])
async def test_slots_of_an_hour_hold_all_its_events_in_their_order(
    shipped: RecordedSource, kind: EventKind, slot_s: int
) -> None:
    found = await shipped.aggregate(Aggregate(kind=kind, window=HOUR, group_by=("slot",), slot_s=slot_s))
    slots = {slot: group for group in found.groups for slot in group.key if isinstance(slot, int)}
    assert sum(group.count for group in slots.values()) == found.coverage.matched
    for slot, group in slots.items():
        begin = HOUR.since + timedelta(seconds=slot * slot_s)
        assert begin <= group.first <= group.last < begin + timedelta(seconds=slot_s)


async def test_the_slowest_look_up_is_found_by_its_figure(shipped: RecordedSource) -> None:
    slowest = Measure("p95", "latency_us")
    query = Aggregate(kind="dns", window=HOUR, group_by=("lookup",), measures=(slowest,), by=slowest, top=1)
    (group,) = (await shipped.aggregate(query)).groups
    assert group.key == ("slow.lab",)
    assert (group.values[0] or 0) > 100_000


async def test_an_accepted_connection_has_no_figures_before_its_end(shipped: RecordedSource) -> None:
    wanted = Filter(process="sshd")
    (ended,) = (await shipped.events(EventQuery(kind="accept", window=LOOP, filter=wanted))).events
    assert isinstance(ended, Accepted)
    assert ended.duration_us
    before = Window(ended.time, ended.time + timedelta(seconds=1))
    (open_yet,) = (await shipped.events(EventQuery(kind="accept", window=before, filter=wanted))).events
    assert isinstance(open_yet, Accepted)
    assert (open_yet.time, open_yet.pid) == (ended.time, ended.pid)
    assert (open_yet.duration_us, open_yet.sent_bytes, open_yet.rtt_us) == (None, None, None)


async def test_what_is_lost_of_a_kernels_event_is_missing_from_every_kind_that_it_tells_of(tmp_path: Path) -> None:
    lost = {"tcp_close": 1, "tcp_accept": 2, "dns_reply": 4, "sock_error": 8, "synack_retransmit": 16, "icmp_sent": 32}
    listen = json.dumps({"ts": 1_795_392_170, "event": "tcp_listen", "comm": "nginx", "to": "LISTEN"})
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{listen}\n{End(ended=None, events=1, lost=lost).line()}\n", encoding="utf-8")
    source = open_recording(path, opened_at=NOW)
    found = {kind: (await source.events(EventQuery(kind=kind, window=HOUR))).coverage.lost for kind in KINDS}
    assert found == {
        "connection": 9,
        "accept": 3,
        "drop": 0,
        "retransmit": 16,
        "reset": 0,
        "dns": 4,
        "listen": 0,
        "error": 8,
        "icmp": 32,
    }
