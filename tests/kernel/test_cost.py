"""What reading costs: in CPU time and in events, not in wall time."""

import subprocess
import sys
import time

import pytest

from bot.ebpf.collector import loader
from bot.ebpf.collector.reader import Batch, Reader
from tests.kernel.watching import Watch

pytestmark = pytest.mark.usefixtures("kernel")
FLOOD = """
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(int(sys.argv[1])):
    sender.sendto(b"", ("127.0.0.1", 9))
    if number % 75 == 0: time.sleep(0.001)
"""


def flood(datagrams: int) -> "subprocess.Popen[bytes]":
    """Two events each, a drop and an ICMP message; 150,000 a second at most, of which the ring holds 87,000."""
    return subprocess.Popen([sys.executable, "-c", FLOOD, str(datagrams)])


def test_keeping_an_event_costs_a_fraction_of_decoding_it() -> None:
    batches: list[Batch] = []
    watch = Watch()
    with Reader(loader.start(), batches.append) as reader:
        before = time.process_time()
        flood(30_000).wait()
        reader.close()
        kept = (time.process_time() - before) / sum(len(batch.events) for batch in batches)
    before = time.process_time()
    for batch in batches:
        watch.deliver(batch)
    decoded = (time.process_time() - before) / sum(len(batch.events) for batch in batches)
    print(f"CPU per event: {kept * 1e6:.2f} us to keep it, {decoded * 1e6:.2f} us to decode it")
    assert kept < decoded / 2


def test_a_main_thread_that_computes_all_the_time_hardly_costs_events() -> None:
    with Reader(loader.start(), lambda _: None) as reader:
        sender = flood(100_000)
        while sender.poll() is None:
            for _ in range(1000):
                sum(range(1000))  # keeps the interpreter's lock, which `poll` gives back
        counts = reader.counts()
    seen, lost = (sum(getattr(each, name) for each in counts.values()) for name in ("seen", "lost"))
    assert seen >= 200_000
    assert lost < seen / 5
