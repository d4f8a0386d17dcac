"""Open sockets without a kernel: messages of sock_diag made by hand, and a /proc of a test's own."""

import errno
import struct
from collections.abc import Iterator
from pathlib import Path
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, inet_pton, socket, socketpair

import pytest

from bot.domain.network import Endpoint
from bot.domain.sockets import OpenSocket, SocketState, Transport
from bot.ebpf.machine.holders import Holder, Holders, _socket_of
from bot.ebpf.machine.namespaces import Namespace, Namespaces, inside, namespaces
from bot.ebpf.machine.sock_diag import dump, messages
from bot.ebpf.machine.sock_diag_reading import inode_of, mask, socket_of
from bot.ebpf.machine.sockets import ALL_STATES, _list, _list_everywhere, _Listing, _notes, open_sockets

ESTABLISHED, SYN_RECV, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN = 1, 3, 6, 7, 8, 9, 10
TCP_INFO, SKMEMINFO, CGROUP = 2, 7, 21


def attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def message(
    state: int,
    *attributes: bytes,
    family: int = AF_INET,
    local: str = "10.0.0.1",
    remote: str = "10.0.0.2",
    timer: tuple[int, int] = (0, 0),
    queues: tuple[int, int] = (0, 0),
    inode: int = 77,
) -> bytes:  # fmt: skip
    head = struct.pack("=BBBB", family, state, *timer) + struct.pack(">HH", 8000, 9000)
    ends = b"".join(inet_pton(family, end).ljust(16, b"\0") for end in (local, remote))
    return head + ends + struct.pack("=IQIIIII", 0, 5, 0, *queues, 1000, inode) + b"".join(attributes)


def tcp_info(**values: int) -> bytes:
    """`struct tcp_info` of Linux 5.4: all zeros but these, by the place of their first byte."""
    raw = bytearray(232)
    for place, value in values.items():
        _, at, size = place.rsplit("_", 2)
        raw[int(at) : int(at) + int(size)] = value.to_bytes(int(size), "little")
    return bytes(raw)


def read(raw: bytes, protocol: Transport = "tcp", holders: dict[int, Holder] | None = None) -> OpenSocket:
    return socket_of(raw, protocol, 4026531840, holders or {})


def test_a_connection_is_read_with_its_holder() -> None:
    memory = struct.pack("=IIIIIIIII", 1, 131072, 2, 16384, 0, 3, 0, 0, 4)
    raw = message(
        ESTABLISHED, attribute(SKMEMINFO, memory), attribute(CGROUP, struct.pack("=Q", 1 << 40)), queues=(5, 6)
    )
    found = read(raw, holders={77: Holder(12, "nginx", 4)})
    assert (found.local, found.remote) == (Endpoint("10.0.0.1", 8000), Endpoint("10.0.0.2", 9000))
    assert (found.state, found.namespace, found.uid, found.inode) == (SocketState.ESTABLISHED, 4026531840, 1000, 77)
    assert (found.pid, found.process, found.holders, found.cgroup) == (12, "nginx", 4, 1 << 40)
    assert (found.receive_queue_bytes, found.send_queue_bytes, found.backlog) == (5, 6, None)
    assert found.buffers is not None
    assert (found.buffers.receive_used_bytes, found.buffers.receive_limit_bytes) == (1, 131072)
    assert (found.buffers.send_used_bytes, found.buffers.send_limit_bytes, found.buffers.drops) == (3, 16384, 4)
    assert inode_of(raw) == 77


def test_the_transfer_is_read_from_the_places_that_the_kernel_documents() -> None:
    raw = tcp_info(
        flags_7_1=0b111, mss_16_4=1448, unacked_24_4=3, last_sent_44_4=20, last_received_52_4=30, rtt_68_4=1500,
        rttvar_72_4=250, cwnd_80_4=10, total_retrans_100_4=7, received_128_8=9000, min_rtt_148_4=900, segs_in_152_4=1,
        segs_out_156_4=1, rate_160_8=1 << 33, busy_168_8=1000, rwnd_176_8=600, sndbuf_184_8=100, sent_200_8=5000,
        again_208_8=500, window_228_4=65535,
    )  # fmt: skip
    found = read(message(ESTABLISHED, attribute(TCP_INFO, raw))).transfer
    assert found is not None
    assert (found.sent_bytes, found.retransmitted_bytes, found.received_bytes) == (4500, 500, 9000)
    assert (found.retransmits, found.unanswered_segments, found.congestion_window_segments) == (7, 3, 10)
    assert (found.rtt_us, found.rtt_deviation_us, found.min_rtt_us) == (1500, 250, 900)
    assert (found.segment_size_bytes, found.peer_window_bytes, found.delivery_bytes_per_s) == (1448, 65535, 1 << 33)
    assert (found.busy_us, found.receiver_limited_share, found.send_buffer_limited_share) == (1000, 0.6, 0.1)
    assert (found.since_sent_ms, found.since_received_ms, found.is_application_limited) == (20, 30, True)


def test_what_was_never_measured_is_not_told_as_zero() -> None:
    found = read(message(ESTABLISHED, attribute(TCP_INFO, tcp_info(last_sent_44_4=99, flags_7_1=0b110)))).transfer
    assert found is not None
    assert (found.rtt_us, found.rtt_deviation_us, found.min_rtt_us, found.delivery_bytes_per_s) == (None,) * 4
    assert (found.since_sent_ms, found.since_received_ms, found.receiver_limited_share) == (None, None, None)
    assert not found.is_application_limited


def test_a_listeners_queues_are_its_backlog() -> None:
    found = read(message(LISTEN, attribute(TCP_INFO, tcp_info()), queues=(129, 128)))
    assert (found.backlog, found.backlog_limit, found.is_backlog_full, found.remote) == (129, 128, True, None)
    assert (found.receive_queue_bytes, found.send_queue_bytes, found.transfer) == (None, None, None)
    assert not read(message(LISTEN, queues=(128, 128))).is_backlog_full


@pytest.mark.parametrize(
    ("state", "received", "sent"), [(ESTABLISHED, 1, 1), (CLOSE_WAIT, 0, 1), (LAST_ACK, 0, 0), (2, 1, 0)]
)
def test_a_syn_or_fin_is_no_byte_in_a_queue(state: int, received: int, sent: int) -> None:
    found = read(message(state, queues=(1, 1)))
    assert (found.receive_queue_bytes, found.send_queue_bytes) == (received, sent)
    assert read(message(state)).receive_queue_bytes == 0


@pytest.mark.parametrize(("timer", "retransmits", "probes"), [((1, 3), 3, 0), ((4, 2), 0, 2), ((2, 9), 0, 0)])
def test_what_is_tried_again_is_told_by_its_timer(timer: tuple[int, int], retransmits: int, probes: int) -> None:
    found = read(message(ESTABLISHED, timer=timer))
    assert (found.retransmits_now, found.window_probes_now) == (retransmits, probes)


def test_udp_knows_connected_or_not_and_nothing_of_retransmits() -> None:
    found = read(message(CLOSE), "udp")
    assert (found.state, found.remote, found.retransmits_now) == (SocketState.UNCONN, None, None)
    assert read(message(ESTABLISHED), "udp").remote == Endpoint("10.0.0.2", 9000)


def test_a_udp_socket_sends_from_memory_that_its_packets_hold() -> None:
    memory = struct.pack("=IIIIIIIII", 0, 0, 2, 0, 0, 3, 0, 0, 0)
    found = read(message(CLOSE, attribute(SKMEMINFO, memory)), "udp").buffers
    assert found is not None
    assert found.send_used_bytes == 2


def test_ipv4_in_an_ipv6_socket_is_told_as_ipv4() -> None:
    found = read(message(ESTABLISHED, family=AF_INET6, local="::ffff:10.0.0.1", remote="fd00::1"))
    assert (found.local.address, found.remote) == ("10.0.0.1", Endpoint("fd00::1", 9000))


def test_sockets_that_are_no_more_have_neither_owner_nor_uid() -> None:
    found = read(message(TIME_WAIT, inode=0), holders={0: Holder(1, "init")})
    assert (found.inode, found.pid, found.uid, found.buffers, found.transfer) == (None,) * 5


def test_broken_attributes_are_left_out() -> None:
    endless = struct.pack("=HH", 0, SKMEMINFO)
    short = attribute(SKMEMINFO, b"123") + attribute(CGROUP, b"1") + attribute(TCP_INFO, bytes(100))
    for broken in (endless, short, b"\x01"):
        found = read(message(ESTABLISHED, broken))
        assert (found.buffers, found.cgroup, found.transfer) == (None, None, None)
    assert read(message(99)).state is SocketState.CLOSE


def test_an_answer_is_taken_apart_into_its_messages() -> None:
    first, second = struct.pack("=IHHII", 19, 20, 2, 1, 0) + b"abc\0", struct.pack("=IHHII", 16, 3, 2, 1, 0)
    assert list(messages(first + second)) == [(20, b"abc"), (3, b"")]


@pytest.mark.parametrize("size", [0, 15, 4000])
def test_an_answer_that_makes_no_sense_is_an_error_and_no_endless_loop(size: int) -> None:
    with pytest.raises(OSError, match=f"message of {size} bytes"):
        list(messages(struct.pack("=IHHII", size, 20, 2, 1, 0)))


@pytest.fixture
def kernel() -> Iterator[tuple[socket, socket]]:
    """The end that asks, and the end that answers."""
    ours, theirs = socketpair(AF_UNIX, SOCK_DGRAM)
    with ours, theirs:
        yield ours, theirs


def done(code: int) -> bytes:
    return struct.pack("=IHHIIi", 20, 3, 2, 1, 0, code)


def test_the_kernel_is_asked_for_one_family_protocol_and_states(kernel: tuple[socket, socket]) -> None:
    ours, theirs = kernel
    theirs.send(struct.pack("=IHHII", 19, 20, 2, 1, 0) + b"abc\0")
    theirs.send(done(0))
    assert list(dump(ours, family=AF_INET6, protocol="udp", states=1 << 7)) == [b"abc"]
    asked = theirs.recv(1000)
    assert struct.unpack_from("=IHH", asked) == (len(asked), 20, 0x301)
    assert struct.unpack_from("=BBBBI", asked, 16) == (AF_INET6, 17, 1 << 1 | 1 << 6, 0, 1 << 7)


def test_a_kernel_that_cannot_list_a_protocol_is_told_apart_from_one_without_sockets(
    kernel: tuple[socket, socket],
) -> None:
    ours, theirs = kernel
    for code in (0, 0, -errno.ENOENT, -errno.EPERM):
        theirs.send(done(code))
    listing = _Listing(limit=5)
    _list(ours, 1, ALL_STATES, listing)
    assert list(_notes(listing, Namespaces((), 0), Holders(set()), ())) == [
        "UDP over IPv4 could not be listed: this kernel has no module for it",
        "UDP over IPv6 could not be listed: [Errno 1] Operation not permitted",
    ]


def test_a_namespace_that_ended_meanwhile_is_not_told_as_closed(proc: Path) -> None:
    listing = _Listing(limit=5)
    _list_everywhere(Namespaces((Namespace(12345, (1,)),), 0), ALL_STATES, listing, proc)
    assert (listing.kept, listing.closed) == ([], {})


def test_sockets_without_a_process_are_explained_where_the_walk_was_cut(proc: Path) -> None:
    owned, ownerless = read(message(ESTABLISHED), holders={77: Holder(1, "a")}), read(message(ESTABLISHED))
    cut = Holders({10}, proc, max_files=1)
    notes = _notes(_Listing(limit=5), Namespaces((), 0), cut, (owned, ownerless, read(message(TIME_WAIT, inode=0))))
    assert list(notes) == ["too many open files to look at all: 1 sockets have no process"]


def test_states_are_asked_for_by_the_kernels_bits() -> None:
    assert mask("tcp", {SocketState.LISTEN, SocketState.ESTABLISHED}) == 1 << 10 | 1 << 1
    assert mask("tcp", {SocketState.CLOSE}) == 1 << 7 | 1 << 13
    assert mask("udp", {SocketState.UNCONN, SocketState.LISTEN}) == 1 << 7
    assert (mask("udp", {SocketState.LISTEN}), mask("tcp", {SocketState.UNCONN})) == (0, 0)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Three processes, of which the last two share a socket; the first has a name that nobody should trust."""
    for pid, name, targets in (
        (1, b"\xff\x1b[31m\n<!all> ", ["/dev/null", "socket:[10]", "socket:[10]"]),
        (20, b"nginx", ["socket:[30]", "pipe:[31]"]),
        (3, b"nginx", ["socket:[30]", "socket:[32]"]),
    ):
        files = tmp_path / str(pid) / "fd"
        files.mkdir(parents=True)
        (tmp_path / str(pid) / "comm").write_bytes(name + b"\n")
        for number, target in enumerate(targets):
            (files / str(number)).symlink_to(target)
        (tmp_path / str(pid) / "ns").mkdir()
        (tmp_path / str(pid) / "ns/net").touch()
    (tmp_path / "self").mkdir()
    return tmp_path


def test_sockets_are_found_with_the_first_of_their_holders(proc: Path) -> None:
    found = Holders({10, 30, 99}, proc)
    assert found.of == {10: Holder(1, "\\xff\x1b[31m\n<!all> "), 30: Holder(3, "nginx", 2)}
    assert (found.hidden, found.is_cut) == (0, False)


def test_processes_and_files_that_end_meanwhile_are_left_out(proc: Path) -> None:
    (proc / "4").mkdir()
    (proc / "3/comm").unlink()
    assert Holders({30, 32}, proc).of == {30: Holder(20, "nginx")}
    assert _socket_of(str(proc / "1/fd/99")) is None


def test_no_more_files_are_looked_at_than_allowed(proc: Path) -> None:
    found = Holders({10, 30, 32}, proc, max_files=4)
    assert found.is_cut
    assert 10 in found.of
    assert len(found.of) < 3
    assert Holders({10}, proc, max_files=1)._left == -1, "one more is enough to know that there are more"
    assert not Holders({10, 30, 32}, proc, max_files=7).is_cut


def test_nothing_is_walked_for_no_socket(proc: Path) -> None:
    assert Holders(set(), proc / "missing").of == {}


def test_namespaces_are_found_with_some_of_their_processes(proc: Path) -> None:
    (proc / "1/ns/net").unlink()
    (proc / "1/ns/net").hardlink_to(proc / "3/ns/net")
    (proc / "4").mkdir()
    shared = Namespace((proc / "1/ns/net").stat().st_ino, (1, 3))
    alone = Namespace((proc / "20/ns/net").stat().st_ino, (20,))
    assert namespaces(proc).found == tuple(sorted([shared, alone], key=lambda each: each.number))


def open_files() -> list[Path]:
    return sorted(Path("/proc/self/fd").iterdir())


def test_a_namespace_whose_number_is_another_ones_by_now_is_not_entered(proc: Path) -> None:
    before = open_files()
    with pytest.raises(ProcessLookupError):
        inside(Namespace(12345, (1, 3, 999)), lambda: pytest.fail("entered"), proc=proc)
    assert open_files() == before


def test_what_is_no_namespace_is_said_to_be_closed(proc: Path) -> None:
    found = open_sockets(proc=proc)
    assert (found.sockets, found.namespaces) == ((), ())
    assert found.notes[0].startswith("3 of 3 network namespaces could not be looked into: Invalid argument")
