"""Starting and ending the kernel programs, also when something is in the way; counting what is lost."""

import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from bot.domain.errors import CannotCollect
from bot.ebpf.collector import layout, loader
from bot.ebpf.collector.reader import Batch, Reader
from tests.elf import places
from tests.kernel.watching import watching

pytestmark = pytest.mark.usefixtures("kernel")
ROOT = Path(__file__).parent.parent.parent
_KIND_AT = 111


def kinds(batches: list[Batch]) -> Counter[str]:
    return Counter(layout.KINDS[layout.read(raw).kind - 1] for batch in batches for raw in batch.events)


def held() -> list[str]:
    """What this process holds of the kernel's eBPF: programs, maps, links, attachments."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except OSError:
            continue  # that of the listing itself
    return sorted(link for link in links if "bpf" in link or "perf_event" in link)


def refuse(port: int) -> None:
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", port))


def patched(tmp_path: Path, old: bytes, new: bytes) -> Path:
    assert len(old) == len(new)
    data = loader.OBJECT.read_bytes()
    assert old in data
    changed = tmp_path / "patched.o"
    changed.write_bytes(data.replace(old, new))
    return changed


def with_broken_program(tmp_path: Path, section: str) -> Path:
    """The object with an instruction that does not exist at the begin of one program."""
    at, _ = places(loader.OBJECT)[section]
    data = bytearray(loader.OBJECT.read_bytes())
    data[at] = 0xFF
    changed = tmp_path / "broken.o"
    changed.write_bytes(data)
    return changed


def test_all_programs_are_attached_and_nothing_is_left_behind() -> None:
    before = held()
    with loader.start() as programs:
        assert (programs.failed, len(programs.attached)) == ({}, 17)
        assert len(held()) > len(before)
    assert held() == before
    programs.close()  # a second time is no harm


def test_a_program_without_its_tracepoint_is_left_out_and_reported(tmp_path: Path) -> None:
    unknown = patched(tmp_path, b"tp/icmp/icmp_send", b"tp/icmp/icmp_sent")
    before = held()
    with loader.start(object_file=unknown) as programs:
        assert programs.failed == {"icmp_sent": "icmp:icmp_sent: this kernel has no such tracepoint"}
        assert len(programs.attached) == 16
    assert held() == before


def test_a_program_that_the_verifier_refuses_is_left_out_and_reported(tmp_path: Path) -> None:
    before = held()
    with watching(with_broken_program(tmp_path, "tp/tcp/tcp_receive_reset")) as watch:
        refuse(9)
        watch.one("tcp_open", pid=os.getpid(), dport=9)
        assert watch.all("tcp_reset_received", pid=os.getpid()) == []
    with loader.start(object_file=with_broken_program(tmp_path, "tp/tcp/tcp_receive_reset")) as programs:
        (why,) = programs.failed.items()
    assert why[0] == "tcp_reset_received"
    assert "ff" in why[1]
    assert held() == before


def test_what_no_program_survives_is_an_error_with_the_verifiers_last_lines(tmp_path: Path) -> None:
    before = held()
    with pytest.raises(CannotCollect) as refused:
        loader.start(object_file=patched(tmp_path, b"Dual MIT/GPL", b"Dual MIT/XXX"))
    assert "GPL" in refused.value.got
    assert held() == before


def test_a_file_that_is_no_object_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.o").write_bytes(b"nothing")
    with pytest.raises(CannotCollect, match="object format invalid"):
        loader.start(object_file=tmp_path / "empty.o")


def test_received_and_lost_make_up_what_was_seen_exactly_in_a_burst_through_a_tiny_ring() -> None:
    batches: list[Batch] = []
    reader = Reader(loader.start(ring_bytes=4096), batches.append, interval_s=60)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(500):
            sender.sendto(b"", ("127.0.0.1", 9))
            with socket.socket(socket.AF_UNIX) as client:
                client.connect_ex("/nobody/listens/here")
    reader.close()
    received, counts = kinds(batches), reader.counts()
    assert {kind: received[kind] + each.lost for kind, each in counts.items()} == {
        kind: each.seen for kind, each in counts.items()
    }
    assert min(counts["drop"].lost, counts["connect"].lost) > 400
    assert received["drop"] > 0
    assert set(counts) == set(layout.KINDS)


def test_the_last_events_before_the_end_are_delivered() -> None:
    batches: list[Batch] = []
    reader = Reader(loader.start(), batches.append, interval_s=60)
    refuse(9)
    assert batches == []
    reader.close()
    assert kinds(batches)["tcp_open"] >= 1
    assert all(each.lost == 0 for each in reader.counts().values())


def test_events_are_delivered_in_batches_that_are_not_larger_than_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ebpf.collector.reader.BATCH_SIZE", 10)
    batches: list[Batch] = []
    reader = Reader(loader.start(), batches.append, interval_s=60)
    for _ in range(10):
        refuse(9)
    reader.close()
    assert max(len(batch.events) for batch in batches) == 10
    assert sum(kinds(batches).values()) == sum(each.seen for each in reader.counts().values())


def test_what_the_receiver_raises_ends_the_reading_and_reaches_its_owner() -> None:
    before = held()
    failure = ValueError("no room")
    told: list[BaseException] = []
    came = threading.Event()

    def deliver(_: Batch) -> None:
        raise failure

    def failed(error: BaseException) -> None:
        told.append(error)
        came.set()

    reader = Reader(loader.start(), deliver, failed=failed, interval_s=0.01)
    refuse(9)
    assert came.wait(20)
    assert told == [failure]
    seen = reader.counts()
    refuse(9)
    assert reader.counts() == seen, "its programs still run"
    with pytest.raises(ValueError, match="no room"):
        reader.close()
    assert held() == before


def test_a_reader_that_cannot_begin_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    before = held()
    monkeypatch.setattr(loader, "Ring", no_memory)
    with pytest.raises(OSError, match="allocate"):
        Reader(loader.start(), lambda _: None)
    assert held() == before


def test_two_collectors_do_not_disturb_each_other() -> None:
    with watching() as one:
        with watching() as other:
            refuse(9)
            pid = os.getpid()
            assert one.one("connect", pid=pid, dport=9)["errno"] == other.one("connect", pid=pid, dport=9)["errno"]
        refuse(10)
        assert one.one("connect", pid=pid, dport=10)["errno"] == "ECONNREFUSED"
        assert other.all("connect", dport=10) == []


def test_events_carry_the_wall_clock() -> None:
    import time

    with watching() as watch:
        before = time.time()
        refuse(9)
        after = time.time()
        assert before - 0.01 <= watch.one("connect", pid=os.getpid())["ts"] <= after + 0.01


def run(code: str, *command: str) -> str:
    """A Python program in a process of its own, begun by `command`."""
    program = [*command, sys.executable, "-c", code]
    done = subprocess.run(program, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_tracefs_it_is_mounted_for_the_attaching_thread_only() -> None:
    code = """
import subprocess
subprocess.run("umount -q /sys/kernel/tracing; umount -q /sys/kernel/debug/tracing", shell=True)
from bot.ebpf.collector import loader, tracefs
assert not tracefs.is_mounted()
with loader.start() as programs:
    print(len(programs.attached), programs.failed, tracefs.is_mounted())
"""
    assert run(code, "unshare", "--mount") == "17 {} False\n"


def test_without_rights_it_says_which_are_missing() -> None:
    code = """
import os
from bot.domain.errors import CannotCollect
from bot.ebpf.collector import loader, preflight
os.setuid(65534)
print(preflight.preflight().reason)
try: loader.start()
except CannotCollect as error: print(error)
"""
    reason, error = run(code).splitlines()
    assert reason == "loading eBPF programs needs CAP_BPF and CAP_PERFMON"
    assert "EPERM" in error
    assert "as root" in error
