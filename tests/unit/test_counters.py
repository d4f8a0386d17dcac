"""Counters of network namespaces: the kernel's files, and the history of what was counted."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.counters import CounterDelta, Counters, Levels
from bot.domain.network import Window
from bot.ebpf.machine import counters
from bot.ebpf.machine.counter_files import in_columns, in_pairs, in_phrases, of_conntrack
from bot.ebpf.machine.counter_history import CounterHistory, grown
from bot.ebpf.machine.counters import Reading, counted, levels, read_counters
from bot.ebpf.machine.namespaces import Namespace
from bot.ebpf.store.clock import Clock

NETSTAT = """TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPReqQFullDrop
TcpExt: 0 3 4 0
IpExt: InNoRoutes InTruncatedPkts
IpExt: 5 0
"""
SNMP = """Tcp: RtoAlgorithm MaxConn CurrEstab RetransSegs
Tcp: 1 -1 7 12
Udp: InErrors RcvbufErrors
Udp: 9 8
"""
SNMP6 = "Udp6InErrors                  \t1\nIp6OutNoRoutes                  \t2\n"
SOCKSTAT = "sockets: used 21\nTCP: inuse 6 orphan 1 tw 454 alloc 6 mem 110\nUDP: inuse 2 mem 3\n"
CONNTRACK = "entries  found new  insert_failed drop\n0000000a  0 0 00000001 00000010\n0000000a  0 0 00000002 00000001\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine with one process."""
    net = tmp_path / "5/net"
    (net / "stat").mkdir(parents=True)
    for name, text in {
        "netstat": NETSTAT, "snmp": SNMP, "snmp6": SNMP6, "sockstat": SOCKSTAT,
        "sockstat6": "TCP6: inuse 4\n", "stat/nf_conntrack": CONNTRACK,
    }.items():  # fmt: skip
        (net / name).write_text(text)
    (tmp_path / "5/ns").mkdir()
    (tmp_path / "5/ns/net").touch()
    (tmp_path / "sys/net/netfilter").mkdir(parents=True)
    (tmp_path / "sys/net/netfilter/nf_conntrack_max").write_text("262144\n")
    return tmp_path


def test_every_field_has_its_source() -> None:
    assert set(counters._COUNTERS) == {each.name for each in fields(Counters)}
    assert set(counters._LEVELS) == {each.name for each in fields(Levels)}


def test_both_families_are_counted_together_and_what_is_missing_is_not_zero(proc: Path) -> None:
    (reading,) = read_counters(proc)
    assert reading.namespace == (proc / "5/ns/net").stat().st_ino
    assert reading.counters == Counters(
        listen_overflows=3, listen_drops=4, request_queue_full_drops=0, syn_cookies_sent=0, retransmits=12,
        udp_in_errors=10, udp_receive_buffer_errors=8, ip_no_routes=7, conntrack_insert_failures=3, conntrack_drops=17,
    )  # fmt: skip
    assert reading.levels == Levels(
        tcp_established=7, tcp_in_use=10, tcp_time_wait=454, tcp_orphans=1, tcp_memory_pages=110, udp_in_use=2,
        udp_memory_pages=3, conntrack_entries=10, conntrack_limit=262144,
    )  # fmt: skip


def test_a_machine_without_ipv6_and_connection_tracking_still_counts(proc: Path) -> None:
    for name in ("5/net/snmp6", "5/net/sockstat6", "5/net/stat/nf_conntrack", "sys/net/netfilter/nf_conntrack_max"):
        (proc / name).unlink()
    (reading,) = read_counters(proc)
    assert (reading.counters.udp_in_errors, reading.counters.conntrack_drops) == (9, None)
    assert reading.levels.conntrack_limit is None


def test_a_process_that_ends_meanwhile_is_left_out(proc: Path) -> None:
    (proc / "5/net/netstat").unlink()
    assert read_counters(proc) == ()


def test_a_process_that_moved_elsewhere_meanwhile_does_not_answer_for_its_namespace(proc: Path) -> None:
    assert counters._read(Namespace(12345, (5,)), proc, {}) is None


def test_a_limit_that_is_no_number_is_not_known(proc: Path) -> None:
    (proc / "sys/net/netfilter/nf_conntrack_max").write_text("nonsense")
    assert read_counters(proc)[0].levels.conntrack_limit is None


def test_another_process_of_the_namespace_answers_for_one_that_ends_meanwhile(proc: Path) -> None:
    (proc / "4/ns").mkdir(parents=True)
    (proc / "4/ns/net").hardlink_to(proc / "5/ns/net")
    (reading,) = read_counters(proc)
    assert reading.counters.listen_overflows == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("\n\nTcp:\nTcp:\n", {}),
        ("Tcp: A B C\nTcp: 1 x\n", {"Tcp.A": 1}),
        ("Tcp: A\nUdp: 1\n", {}),
        ("Tcp: A B\nTcp: -1 ²\n", {}),
        ("Tcp: A\nTcp: 1\nUdp: A\nUdp: 2", {"Tcp.A": 1, "Udp.A": 2}),
    ],
)
def test_pairs_of_lines_are_read_as_far_as_they_make_sense(text: str, expected: dict[str, int]) -> None:
    assert dict(in_pairs(text)) == expected


def test_other_files_are_read_as_far_as_they_make_sense() -> None:
    assert dict(in_columns("A 1\nB\nC 2 3\n\nD x\nE 5")) == {"A": 1, "E": 5}
    assert dict(in_phrases("TCP: inuse 6 mem\n\nUDP:\nRAW: x y")) == {"TCP.inuse": 6}
    assert dict(of_conntrack("")) == {}
    assert dict(of_conntrack("entries drop\n")) == {}
    assert dict(of_conntrack("entries drop new\nff 0x1 -1\nfe 2 g")) == {"conntrack.entries": 255, "conntrack.drop": 2}


def test_nothing_counted_is_nothing_known() -> None:
    assert (counted({}), levels({})) == (Counters(), Levels())


CLOCK = Clock(offset_ns=0)
S = 1_000_000_000


class Machine:
    """What a history is told, second by second."""

    def __init__(self, **limits: int) -> None:
        self.history = CounterHistory(lambda: self._readings, **limits)
        self._readings: list[Reading] = []

    def tells(self, at_s: float, **overflows: int) -> "Machine":
        """The namespace `n7` has the number 7."""
        self._readings = [
            Reading(int(name[1:]), int(at_s * S), Counters(listen_overflows=many), Levels(tcp_time_wait=many))
            for name, many in overflows.items()
        ]
        self.history.sample()
        return self

    def asked(self, since_s: int, until_s: int) -> list[tuple[int, int, int, int | None]]:
        """Namespace, first and last second, and overflows in between."""
        found = self.history.deltas(Window(moment(since_s), moment(until_s)), CLOCK)
        return [
            (each.namespace, second(each.since), second(each.until), each.counters.listen_overflows) for each in found
        ]


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def second(time: datetime) -> int:
    return int(time.timestamp())


def test_a_delta_covers_its_window_and_says_what_it_covers() -> None:
    machine = Machine().tells(10, n1=100).tells(20, n1=101).tells(30, n1=103).tells(40, n1=107)
    assert machine.asked(20, 30) == [(1, 20, 30, 2)]
    assert machine.asked(21, 29) == [(1, 20, 30, 2)]
    assert machine.asked(19, 31) == [(1, 10, 40, 7)]
    assert machine.asked(0, 99) == [(1, 10, 40, 7)]
    assert machine.asked(50, 60) == []
    assert machine.asked(0, 5) == []


def test_levels_are_those_of_the_end() -> None:
    machine = Machine().tells(10, n1=100).tells(20, n1=105)
    (delta,) = machine.history.deltas(Window(moment(10), moment(20)), CLOCK)
    assert delta == CounterDelta(
        namespace=1,
        since=moment(10),
        until=moment(20),
        counters=Counters(listen_overflows=5),
        levels=Levels(tcp_time_wait=105),
    )


def test_one_reading_is_no_delta() -> None:
    assert Machine().tells(10, n1=100).asked(0, 99) == []


def test_namespaces_that_begin_or_end_are_told_for_as_long_as_they_were_seen() -> None:
    machine = Machine().tells(10, n1=1).tells(20, n1=3, n2=500).tells(30, n2=505).tells(40, n2=505)
    assert machine.asked(0, 40) == [(1, 10, 20, 2), (2, 20, 40, 5)]
    assert machine.asked(30, 40) == [(2, 30, 40, 0)]


def test_counters_that_fall_belong_to_another_namespace_with_the_same_number() -> None:
    machine = Machine().tells(10, n1=100).tells(20, n1=102).tells(30, n1=5).tells(40, n1=6)
    assert machine.asked(10, 40) == [(1, 10, 20, 2), (1, 30, 40, 1)]


def test_a_namespace_without_a_process_for_a_while_goes_on_afterwards() -> None:
    machine = Machine().tells(10, n1=100).tells(20).tells(30, n1=107)
    assert machine.asked(10, 30) == [(1, 10, 30, 7)]


def test_an_hour_of_samples_stays_small_and_its_past_can_be_asked() -> None:
    machine = Machine()
    for second_ in range(0, 7200, 2):
        machine.tells(second_, n1=second_)
    (track,) = machine.history._tracks
    assert len(track) < 300
    assert machine.asked(7100, 7190) == [(1, 7100, 7190, 90)]
    for ago in (500, 3000, 3600):
        ((_, since, until, many),) = machine.asked(7198 - ago, 7198)
        assert (many, until) == (until - since, 7198)
        assert 7198 - ago - 62 <= since <= 7198 - ago
    assert machine.asked(0, 3000) == []


def test_the_last_reading_of_a_namespace_that_ended_stays() -> None:
    machine = Machine()
    for tick in range(400):
        machine.tells(tick / 2, n1=tick)
    machine.tells(400, n2=1).tells(410, n2=1)
    ((number, _, until, _), _) = machine.asked(150, 500)
    assert (number, until) == (1, 199)


def test_what_only_one_reading_has_is_not_known_in_between() -> None:
    known = Counters(listen_overflows=1)
    assert grown(Counters(), known) == grown(known, Counters()) == Counters()


def test_namespaces_that_ended_an_hour_ago_are_forgotten() -> None:
    machine = Machine().tells(10, n1=1).tells(20, n1=2).tells(3700, n2=1)
    assert [track[0].namespace for track in machine.history._tracks] == [2]


def test_no_more_namespaces_are_kept_than_allowed_and_ended_ones_go_first() -> None:
    machine = Machine(max_namespaces=2).tells(10, n1=1, n2=1).tells(20, n1=1, n2=1, n3=1)
    assert machine.history.left_out == 1
    machine.tells(30, n1=2).tells(100, n1=3, n3=1).tells(110, n1=3, n3=2)
    assert machine.history.left_out == 0
    assert machine.asked(0, 200) == [(1, 10, 110, 2), (3, 100, 110, 1)]
