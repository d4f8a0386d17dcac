"""Scopes: what one lets through, what two have in common, and what is left of one for a node."""

from dataclasses import replace
from ipaddress import ip_network
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.network import Accepted, Endpoint, Event, SocketError
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.ebpf.scopes import goes_by_nodes_only, intersection, is_like, nodes_of, on_node, sees
from tests import every_kind
from tests.every_kind import DB, HERE, WORKLOAD
from tests.fakes import NOW

EVENT = Accepted(
    time=NOW, process="nginx", pid=7, node="node-a", workload=WORKLOAD, source=HERE, destination=Endpoint("::", 80)
)


def scope(*any_of: Limits) -> Scope:
    return Scope(frozenset(any_of))


def networks(*written: str) -> Limits:
    return Limits(networks=frozenset(map(ip_network, written)))


def processes(*names: str) -> Limits:
    return Limits(processes=frozenset(names))


def test_every_condition_of_one_limit_has_to_hold_and_any_limit_will_do() -> None:
    own = Limits(
        processes=frozenset({"ng*"}),
        pids=frozenset({7, 8}),
        nodes=frozenset({"node-a"}),
        namespaces=frozenset({"sh?p"}),
        networks=frozenset({ip_network("10.0.0.0/8")}),
    )
    assert sees(EVENT, EVERYTHING)
    assert sees(EVENT, scope(Limits()))
    assert not sees(EVENT, scope())
    assert sees(EVENT, scope(own))
    for wrong in (
        {"process": "redis"},
        {"pid": 9},
        {"node": "node-b"},
        {"workload": replace(WORKLOAD, pod_namespace="shops")},
        {"source": Endpoint("11.0.0.1")},
    ):
        other = replace(EVENT, **wrong)
        assert not sees(other, scope(own)), wrong
        assert sees(other, scope(own, Limits()))


def test_what_has_no_such_field_is_not_seen() -> None:
    unknown = replace(EVENT, process="(unknown)", pid=None, node=None, workload=None, source=Endpoint(path="/run/x"))
    for limits in (
        processes("*"),
        processes("(unknown)"),
        Limits(pids=frozenset({0})),
        Limits(nodes=frozenset({""})),
        Limits(namespaces=frozenset({"*"})),
        networks("0.0.0.0/0"),
    ):
        assert not sees(unknown, scope(limits)), limits


def test_whoever_ran_just_then_is_not_whose_it_is() -> None:
    error = SocketError(
        time=NOW, process="curl", pid=100, call="icmp", errno=None, destination=DB, owner="current", workload=WORKLOAD
    )
    for limits in (processes("curl"), Limits(pids=frozenset({100}))):
        assert not sees(error, scope(limits))
        assert sees(replace(error, owner="socket"), scope(limits))


def test_either_end_may_lie_in_a_network_and_ipv4_within_ipv6_is_ipv4() -> None:
    mapped = replace(EVENT, source=Endpoint("::ffff:10.2.0.14"))
    for network in ("10.2.0.0/16", "::ffff:10.2.0.0/112"):
        assert sees(mapped, scope(networks(network)))
        assert sees(replace(EVENT, destination=DB), scope(networks(network)))
        assert not sees(EVENT, scope(networks(network)))
    assert sees(EVENT, scope(networks("::/128")))
    assert not sees(replace(EVENT, destination=DB), scope(networks("::/0")))
    assert not sees(replace(EVENT, source=Endpoint("AF_NETLINK"), destination=DB), scope(networks("::/0")))


def test_open_sockets_are_seen_by_both_their_ends() -> None:
    for network in ("10.0.0.1", "10.2.0.14"):
        assert sees(every_kind.SOCKET, scope(networks(network)))
    assert not sees(every_kind.SOCKET, scope(networks("10.0.0.2")))


names = st.sampled_from(("curl", "nginx", "c*", "*x", "n?inx", "*n*", "(unknown)"))
limits = st.builds(
    Limits,
    processes=st.frozensets(names, max_size=2),
    pids=st.frozensets(st.sampled_from((100, 7)), max_size=2),
    nodes=st.frozensets(st.sampled_from(("node-a", "node-b")), max_size=2),
    namespaces=st.frozensets(st.sampled_from(("shop", "s*", "*p")), max_size=2),
)
within = st.builds(Scope, st.one_of(st.none(), st.frozensets(limits, max_size=3)))


@given(one=within, other=within)
def test_an_intersection_lets_through_what_both_let_through(one: Scope, other: Scope) -> None:
    both = intersection(one, other)
    for event in every_kind.ALL:
        assert sees(event, both) == (sees(event, one) and sees(event, other))


def test_an_intersection_of_networks_never_widens() -> None:
    written = ("10.0.0.0/8", "10.2.0.0/16", "10.2.0.14/32", "::ffff:10.2.0.0/112", "2001:db8::/32", "0.0.0.0/0", "::/0")

    def seen(within: Scope) -> set[Event]:
        return {event for event in every_kind.ALL if sees(event, within)}

    for one, other in product(written, written):
        both = intersection(scope(networks(one)), scope(networks(other)))
        assert seen(both) <= seen(scope(networks(one))) & seen(scope(networks(other))), (one, other)
    smaller = intersection(scope(networks("10.0.0.0/8")), scope(networks("::ffff:10.2.0.0/112")))
    assert smaller == scope(networks("10.2.0.0/16"))


patterns = st.text("ab*?", max_size=5)


@given(one=patterns, other=patterns)
def test_patterns_in_common_are_of_both(one: str, other: str) -> None:
    both = intersection(scope(processes(one)), scope(processes(other))).any_of or frozenset()
    common = frozenset(name for each in both for name in each.processes)
    for length in range(5):
        for text in map("".join, product("ab", repeat=length)):
            in_both = is_like(text, frozenset({one})) and is_like(text, frozenset({other}))
            assert is_like(text, common) == in_both, (text, common)


def test_a_node_is_told_nothing_of_the_limits_of_others() -> None:
    own, other, any_node = Limits(nodes=frozenset({"a", "x"})), Limits(nodes=frozenset({"b"})), processes("curl")
    everywhere = frozenset({"a", "b", "c"})
    assert on_node(EVERYTHING, "a", everywhere) == EVERYTHING
    assert on_node(scope(own, other), "a", everywhere) == scope(Limits())
    assert on_node(scope(own, other), "c", everywhere) == scope(Limits(nodes=frozenset({"x"})))
    assert on_node(scope(other, any_node), "c", everywhere) == scope(any_node)
    assert on_node(scope(other), "c", everywhere) == scope()


def test_a_scope_names_its_nodes_where_it_leaves_no_others() -> None:
    a, b = Limits(nodes=frozenset({"a"})), Limits(nodes=frozenset({"b"}), pids=frozenset({1}))
    assert nodes_of(scope(a, b)) == frozenset({"a", "b"})
    assert nodes_of(scope(a, processes("curl"))) is None
    assert nodes_of(EVERYTHING) is None
    assert goes_by_nodes_only(scope(a))
    assert not goes_by_nodes_only(scope(a, b))
