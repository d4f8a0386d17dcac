"""What a list of events costs over HTTP, whatever the collector holds."""

import httpx
import pytest

from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.store.store import EventStore
from tests.agent_stage import a_store, agent, asking, parts_over
from tests.bench.pairs import measure_async
from tests.fakes import connection
from tests.raw_events import BOOT, CLOCK, of

LARGE, SMALL = 100_000, 1_000
LISTED = "/api/events?type=connection&limit=100"


def holding(count: int) -> EventStore:
    """Attempts of the last hour, in the order of their times."""
    store = a_store()
    for begin in range(0, count, 1000):
        attempts = (
            connection(f"app-{place % 7}", f"10.0.{place % 3}.{place % 50 + 1}:443", ago_s=3500 * (1 - place / count))
            for place in range(begin, begin + 1000)
        )
        store.add([raw for attempt in attempts for raw in of(attempt)], now_ns=0)
    return store


def source(count: int) -> LiveSource:
    listening = Listening(BOOT, {}, ("connect",), {})
    return LiveSource(holding(count), listening=lambda: listening, clock=lambda: CLOCK)


async def listed(client: httpx.AsyncClient) -> int:
    answer = await client.get(LISTED)
    assert answer.status_code == 200
    return len(answer.json()["events"])


async def test_a_list_over_many_events_against_one_over_few(pytestconfig: pytest.Config) -> None:
    async with (
        agent(parts_over(source(LARGE))) as large,
        agent(parts_over(source(SMALL))) as small,
        asking(large) as over_many,
        asking(small) as over_few,
    ):
        assert await listed(over_many) == await listed(over_few) == 100
        ratio = await measure_async(
            lambda: listed(over_many), lambda: listed(over_few), rounds=pytestconfig.getoption("--bench-rounds")
        )
    print("\n" + ratio.line(f"{LISTED} over {LARGE:,} events : over {SMALL:,}", 1.2))
