"""What of a query within a scope ebpf-server is asked: nothing that depends on what is asked for."""

from ipaddress import ip_network

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.network import EventKind, Window
from bot.domain.query import EventQuery, Filter, Limits, Scope
from bot.ebpf.remote import sending, unrecorded
from tests.fakes import NOW

NAMES, NODES = frozenset({"checkout"}), frozenset({"node-a"})


def of(*any_of: Limits) -> Scope:
    return Scope(frozenset(any_of))


@pytest.mark.parametrize(
    ("within", "sent"),
    [
        (of(Limits(processes=NAMES)), {"command": "checkout"}),
        (of(Limits(processes=NAMES, pids=frozenset({7}))), {"command": "checkout", "pid": "7"}),
        (of(Limits(processes=frozenset({"check*"}))), {}),
        (of(Limits(processes=frozenset({"a", "b"}))), {}),
        (of(Limits(processes=NAMES), Limits(pids=frozenset({7}))), {}),
        (of(), {}),
    ],
)
def test_it_is_sent_what_all_of_the_scope_has_whoever_is_asked_for(within: Scope, sent: dict[str, str]) -> None:
    for asked in (Filter(within=within), Filter(pid=1, process="hidden", within=within)):
        assert sending.sent(asked) == sent
        query = EventQuery(kind="connection", window=Window.last(60, NOW), filter=asked)
        assert not sending.is_complete(query)


@pytest.mark.parametrize(
    ("kind", "within", "said"),
    [
        ("connection", of(Limits(namespaces=frozenset({"shop"}))), "a scope by the namespace of pods"),
        ("drop", of(Limits(processes=NAMES), Limits(pids=frozenset({7}))), "a scope by processes"),
        ("drop", of(Limits(networks=frozenset({ip_network("10.0.0.0/8")}))), "a scope by networks"),
    ],
)
def test_a_scope_that_no_event_there_could_meet_is_no_answer(kind: EventKind, within: Scope, said: str) -> None:
    for more in ((), (Limits(nodes=NODES),)):
        query = EventQuery(
            kind=kind, window=Window.last(60, NOW), filter=Filter(within=of(*(within.any_of or ()), *more))
        )
        if more:
            unrecorded.refuse(query, "ebpf-server")
        else:
            with pytest.raises(CannotAnswer, match=said):
                unrecorded.refuse(query, "ebpf-server")


def test_events_without_nodes_are_no_answer_to_a_scope_that_names_nodes() -> None:
    unrecorded.refuse_nameless(Filter(within=of(Limits(processes=NAMES))), "ebpf-server")
    with pytest.raises(CannotAnswer, match="a scope by the node node-a"):
        unrecorded.refuse_nameless(Filter(node="hidden", within=of(Limits(nodes=NODES))), "ebpf-server")
