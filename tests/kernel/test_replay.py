"""Real events: what a recording says of them is what the event store says of them."""

from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from bot.domain.network import EVENT_TYPES, UNNAMED, Connection, DnsLookup, Drop, Outcome
from bot.ebpf.collector import layout
from bot.ebpf.collector.btf import reason_names
from bot.ebpf.collector.loader import start
from bot.ebpf.collector.reader import Reader
from bot.ebpf.store.clock import Clock
from tests.kernel import namespaces
from tests.kernel.lab_faults import FAULTS, once, provoked, serve
from tests.kernel.lab_programs import ANSWERS
from tests.kernel.test_datagrams import NAME_SERVER, ask
from tests.replaying import Found, differences, replayed, stored


@pytest.fixture(scope="module")
def found(with_namespaces: None) -> tuple[Found, Found, Found]:
    """By a recording, and by stores that got the events one by one and many at once; of two namespaces only."""
    with namespaces.pair() as pair, ExitStack() as stack:
        faults = [once(fault) for fault in FAULTS if not fault.shell]
        for fault in faults:
            serve(fault, pair, stack)
        stack.enter_context(pair.server.serving(ANSWERS, "web", 80))
        stack.enter_context(pair.server.serving(NAME_SERVER))
        batches: list[Sequence[bytes]] = []
        with Reader(start(), lambda batch: batches.append(batch.events)):
            stack.enter_context(pair.server.serving(ANSWERS, "late", 81))
            for name in ("web.test", "missing.test", "web.test"):
                ask(pair, name)
            for client in [stack.enter_context(provoked(fault, pair)) for fault in faults]:
                client.wait()
        ours = {pair.client.number, pair.server.number}
    raws = [raw for batch in batches for raw in batch if layout.read(raw).netns in ours]
    reasons, clock = reason_names(), Clock.now()
    return (
        replayed(raws, reasons, clock),
        stored(raws, reasons, clock),
        stored(raws, reasons, clock, batch_size=1000),
    )


def test_a_recording_of_them_says_what_the_store_says(found: tuple[Found, Found, Found]) -> None:
    recorded, live, _ = found
    assert differences(recorded, live) == ""


def test_it_makes_no_difference_how_many_come_at_once(found: tuple[Found, Found, Found]) -> None:
    recorded, _, live = found
    assert differences(recorded, live) == ""


def test_every_outcome_was_among_them(found: tuple[Found, Found, Found]) -> None:
    outcomes = {each.outcome for each in found[0]["connection"] if isinstance(each, Connection)}
    absent = [each for each in found[0]["connection"] if isinstance(each, Connection) and each.process == "inventory"]
    assert {each.outcome for each in absent} <= {Outcome.UNREACHABLE, Outcome.REJECTED}, absent
    expected = set(Outcome) - {Outcome.PENDING, Outcome.UNKNOWN, Outcome.UNREACHABLE}  # its kernel tells it by ICMP too
    assert expected <= outcomes
    reasons = {each.reason for each in found[0]["drop"] if isinstance(each, Drop)}
    assert reasons >= {"NO_SOCKET", "NETFILTER_DROP", "NEIGH_FAILED", "QDISC_DROP"}


def test_every_kind_was_among_them(found: tuple[Found, Found, Found]) -> None:
    assert {kind for kind, events in found[0].items() if events} == set(EVENT_TYPES)
    lookups = [each for each in found[0]["dns"] if isinstance(each, DnsLookup)]
    assert {(each.name, each.rcode) for each in lookups} == {("web.test", "NOERROR"), ("missing.test", "NXDOMAIN")}
    assert all(each.process != UNNAMED for each in found[0]["listen"])
