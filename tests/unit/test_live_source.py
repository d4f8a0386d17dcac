"""What a live source says of itself: since when it listens, what is missing, that it has stopped."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.network import EVENT_TYPES, Endpoint, Window
from bot.domain.query import EventQuery
from bot.domain.sockets import SocketQuery
from bot.domain.source_status import KindStatus
from bot.ebpf.collector import layout
from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests.fakes import NOW
from tests.raw_events import BOOT, CLOCK, raw

WELL = Listening(BOOT, {"connection": 7}, ("connect_exit", "skb_dropped"), {})
HOUR = EventQuery(kind="connection", window=Window.last(3600, NOW))


def source(listening: Listening = WELL, *, max_age_s: float = 10**6) -> LiveSource:
    store = EventStore(KernelNames(lambda _: None, lambda _: None), max_age_s=max_age_s)
    store.add([raw(layout.CONNECT, 10**9, to=Endpoint("10.2.0.14", 443))], now_ns=10**9)
    store.add([], now_ns=10**9 + 3600 * 10**9)
    return LiveSource(store, listening=lambda: listening, node="node-a", clock=lambda: CLOCK)


async def notes(live: LiveSource, query: EventQuery = HOUR) -> tuple[str, ...]:
    return (await live.events(query)).coverage.notes


async def test_losses_and_the_node_are_told_with_every_answer() -> None:
    coverage = (await source().events(HOUR)).coverage
    assert (coverage.lost, coverage.nodes, coverage.kind, coverage.notes) == (7, ("node-a",), "live", ())


async def test_a_window_that_begins_before_it_listened_says_so() -> None:
    late = replace(WELL, since=NOW - timedelta(minutes=10))
    assert [note[:15] for note in await notes(source(late))] == ["listening since"]


async def test_a_window_of_which_events_are_gone_says_how_many() -> None:
    all_day = replace(HOUR, window=Window.last(2 * 86_400, NOW))
    told = await notes(source(replace(WELL, since=BOOT - timedelta(days=9)), max_age_s=60), all_day)
    assert told[0].startswith("events before ")
    assert "are gone (1: memory is bounded)" in told[0]


async def test_a_collector_that_stopped_says_so_in_its_check_and_with_every_answer() -> None:
    broken = source(replace(WELL, broken="ValueError"))
    check = await broken.check()
    assert (check.state, "ValueError" in check.detail) == ("fault", True)
    assert "the collector has stopped (ValueError)" in (await notes(broken))[0]


async def test_status_tells_what_runs_and_what_is_kept_of_every_kind() -> None:
    told = await source(replace(WELL, missing={"dns_query": "refused"}, broken="ValueError"), max_age_s=60).status()
    assert (told.source, told.kind, told.since) == ("this machine", "live", BOOT)
    assert (told.programs, told.missing, told.broken) == (WELL.programs, {"dns_query": "refused"}, "ValueError")
    assert list(told.kinds) == list(EVENT_TYPES)
    kept = told.kinds["connection"]
    assert (kept.seen, kept.stored, kept.evicted, kept.lost) == (1, 0, 1, 7)
    assert kept.complete_since is not None
    assert told.kinds["dns"] == KindStatus(seen=0, lost=0, stored=0, evicted=0, size_bytes=0)


async def test_without_its_machine_it_tells_of_events_only() -> None:
    for asked in (source().sockets(SocketQuery()), source().counters(HOUR.window)):
        with pytest.raises(CannotAnswer, match=r"only its events are known here\. Run netspy collect"):
            await asked


@pytest.mark.parametrize(("missing", "state"), [({}, "ok"), ({"dns_query": "no such tracepoint"}, "warning")])
async def test_programs_that_do_not_run_are_a_warning(missing: dict[str, str], state: str) -> None:
    check = await source(replace(WELL, missing=missing)).check()
    assert check.state == state
    assert f"{2} of {2 + len(missing)} programs" in check.detail
    assert all(f"{name}: {why}" in check.detail for name, why in missing.items())
