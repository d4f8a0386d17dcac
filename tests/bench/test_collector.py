"""A storm of real kernel events: what a netspy that listens spends on each, and whether one is lost."""

import asyncio
import sys
import time

import pytest

from bot.domain.query import EventQuery
from bot.ebpf.collecting import Collector, open_collector
from bot.ebpf.collector.preflight import preflight
from tests.bench.test_event_store import resident_mb
from tests.kernel.test_outcomes import minutes_around_now

STORM = """
import socket, sys
for _ in range(int(sys.argv[1])):
    client = socket.socket()
    try: client.connect(("127.0.0.1", 9))
    except OSError: pass
    client.close()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[1])): sender.sendto(b"x", ("127.0.0.1", 9))
"""
"""Seven events a round: connect, handshake, two resets, two drops, an ICMP message."""
EVENTS_OF_A_ROUND = 7


@pytest.mark.skipif(preflight() is not None, reason="eBPF programs cannot run here")
async def test_a_storm_of_events(pytestconfig: pytest.Config) -> None:
    rounds = 75_000 if pytestconfig.getoption("--bench-rounds") > 1 else 3000
    async with open_collector() as collector:
        used_s, took_s = time.process_time(), time.perf_counter()
        storm = await asyncio.create_subprocess_exec(sys.executable, "-c", STORM, str(rounds))
        await storm.wait()
        took_s = time.perf_counter() - took_s
        stored = await stored_of(collector, rounds)
        used_s = time.process_time() - used_s
        lost = sum(collector.listening().lost.values())
        events = EVENTS_OF_A_ROUND * rounds
        print(f"\n{events:,} kernel events in {took_s:.1f} s, {lost:,} lost")
        print(f"  {1e6 * used_s / events:.2f} us of CPU an event (aim 2), {resident_mb():.0f} MB resident")
    assert stored + lost >= rounds


async def stored_of(collector: Collector, rounds: int) -> int:
    """How many attempts are in the store, once all that were not lost are."""
    asked = EventQuery(kind="connection", window=minutes_around_now(), limit=1)
    while True:
        found = await collector.source.events(asked)
        if found.coverage.matched + (found.coverage.lost or 0) >= rounds:
            return found.coverage.matched
        await asyncio.sleep(0.05)
