"""Names that are masked before any result has named them: who is asked for them, how often and how long."""

import asyncio
from dataclasses import dataclass, field, replace

from bot.domain.errors import SourceUnreachable
from bot.domain.network import DnsLookup, Endpoint
from bot.domain.query import Aggregate, Groups
from bot.domain.workload import Workload
from bot.llm.masking.known import KEPT_S, KnownNames
from tests.fakes import NOW, FakeEbpf, connection
from tests.unit.llm_models import FakeClock

POD = Workload(pod="checkout-7d9f", pod_namespace="payments", container="app")
CONNECTION = replace(
    connection("checkout"), node="node-a", workload=POD, destination=Endpoint("10.2.0.14", 5432, name="db.internal")
)
LOOKUP = DnsLookup(
    time=CONNECTION.time, process="dig", pid=7, destination=Endpoint("10.2.0.53", 53), name="cache.internal", type="A"
)


async def test_names_of_the_last_hour_are_known_with_what_they_are() -> None:
    known = set(await KnownNames(FakeEbpf([CONNECTION, LOOKUP]), now=lambda: NOW)())
    assert known == {
        ("checkout", "process"),
        ("dig", "process"),
        ("db.internal", "host"),
        ("cache.internal", "host"),
        ("node-a", "node"),
        ("checkout-7d9f", "pod"),
        ("payments", "namespace"),
        ("app", "container"),
    }


async def test_the_source_is_asked_once_a_minute() -> None:
    source, clock = FakeEbpf([CONNECTION]), FakeClock()
    known = KnownNames(source, now=lambda: NOW, clock=clock)
    await asyncio.gather(known(), known())
    asked = len(source.queries)
    clock.now += KEPT_S - 1
    await known()
    assert len(source.queries) == asked
    clock.now += 1
    await known()
    assert len(source.queries) == 2 * asked


async def test_a_source_that_fails_costs_its_names_only_and_those_of_before_stay() -> None:
    source, clock = FakeEbpf([CONNECTION]), FakeClock()
    known = KnownNames(source, now=lambda: NOW, clock=clock)
    before = set(await known())
    source.error = SourceUnreachable("GET http://h", "connection refused")
    clock.now += KEPT_S
    assert set(await known()) == before
    assert set(await KnownNames(source, now=lambda: NOW)()) == set()


@dataclass
class HangsOnDrops(FakeEbpf):
    ended: list[str] = field(default_factory=list)

    async def aggregate(self, query: Aggregate) -> Groups:
        if query.kind == "drop":
            try:
                await asyncio.Event().wait()
            finally:
                self.ended.append(query.kind)
        return await super().aggregate(query)


async def test_what_has_not_come_in_time_is_given_up() -> None:
    source = HangsOnDrops([CONNECTION])
    assert ("checkout", "process") in set(await KnownNames(source, now=lambda: NOW, deadline_s=0.01)())
    assert source.ended == ["drop"]
