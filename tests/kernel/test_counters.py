"""Counters of network namespaces that the kernel raises when tests bring losses about."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from bot.domain.counters import CounterDelta
from bot.domain.network import Window
from bot.ebpf.machine.counter_history import CounterHistory
from bot.ebpf.store.clock import Clock
from tests.kernel.namespaces import Namespace, Pair
from tests.kernel.test_sockets import BIND_UDP, CONNECT_MANY, LISTEN, PATIENCE_S, namespaces_of_own_threads


@contextmanager
def observed() -> Iterator[CounterHistory]:
    """A history that has seen the present state, before and after something happens."""
    before = namespaces_of_own_threads()
    history = CounterHistory()
    history.sample()
    yield history
    assert namespaces_of_own_threads() == before


def awaited(history: CounterHistory, namespace: Namespace, counter: str) -> CounterDelta:
    """What was counted so far, as soon as this counter has grown."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        history.sample()
        for delta in history.deltas(Window.last(60, datetime.now(UTC)), Clock.now()):
            if delta.namespace == namespace.number and getattr(delta.counters, counter):
                return delta
        time.sleep(0.02)
    raise AssertionError(f"{counter} did not grow")


def test_a_full_accept_queue_counts_overflows_where_the_listener_is(pair: Pair) -> None:
    with ExitStack() as stack:
        stack.enter_context(pair.server.serving(LISTEN, 2))
        stack.enter_context(pair.client.serving("print('ready', flush=True); sys.stdin.read()"))
        history = stack.enter_context(observed())
        stack.enter_context(pair.client.serving(CONNECT_MANY, pair.server.address))
        found = awaited(history, pair.server, "listen_overflows")
        resent = awaited(history, pair.client, "syn_retransmits")
    assert (found.counters.listen_drops or 0) >= (found.counters.listen_overflows or 0) > 0
    assert resent.counters.listen_overflows == 0
    assert (resent.counters.active_opens, resent.counters.udp_in_errors) == (8, 0)


def test_datagrams_that_find_no_room_are_counted(pair: Pair) -> None:
    flood = """
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], 9000))
for _ in range(50): client.send(bytes(1000))
"""
    with pair.server.serving(BIND_UDP), observed() as history:
        pair.client.run(flood, pair.server.address)
        found = awaited(history, pair.server, "udp_receive_buffer_errors")
    lost = found.counters.udp_receive_buffer_errors or 0
    assert (found.counters.udp_in_errors, found.counters.udp_send_buffer_errors) == (lost, 0)
    assert 0 < lost < 50


def test_ipv6_datagrams_for_a_closed_port_are_counted_with_their_icmp_messages(pair: Pair) -> None:
    send = "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], 9))"
    with pair.server.serving(BIND_UDP), observed() as history:
        pair.client.run(send, pair.server.address6)
        found = awaited(history, pair.server, "udp_no_ports")
    assert (found.counters.udp_no_ports, found.counters.icmp_out_unreachable) == (1, 1)


def test_what_the_reverse_path_filter_drops_is_counted(pair: Pair) -> None:
    spoof = """
client = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
address = [socket.inet_aton(each) for each in ("192.0.2.1", sys.argv[1])]
client.sendto(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, *address) + bytes(8), (sys.argv[1], 0))
"""
    pair.server.run("open('/proc/sys/net/ipv4/conf/all/rp_filter', 'w').write('1')")
    with pair.server.serving(BIND_UDP), observed() as history:
        pair.client.run(spoof, pair.server.address)
        assert awaited(history, pair.server, "reverse_path_filtered").counters.reverse_path_filtered == 1


def test_entries_of_connection_tracking_are_those_of_the_namespace(pair: Pair) -> None:
    pair.server.nft("input", "ct state established accept")
    with (
        pair.server.serving(LISTEN, 9),
        observed() as history,
        pair.client.serving(CONNECT_MANY, pair.server.address),
    ):
        tracked = awaited(history, pair.server, "passive_opens").levels.conntrack_entries
    assert tracked
    assert tracked <= 8
