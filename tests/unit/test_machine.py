"""What a collector knows of its machine beside events: who runs in a cgroup, and samples that go on."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.network import Window
from bot.domain.sockets import OpenSockets, SocketQuery, SocketState
from bot.domain.workload import Workload
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.machine.container_files import ContainerFiles
from bot.ebpf.machine.containers import Containers
from bot.ebpf.machine.counter_history import CounterHistory
from bot.ebpf.machine.counters import Reading
from bot.ebpf.machine.state import Machine
from tests.agent_stage import PATIENT_S, FakeCounters, listener
from tests.fakes import NOW
from tests.raw_events import CLOCK

ID = "a" * 64


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Of cgroups, with a container and a service."""
    folder = tmp_path / "cgroup"
    for path in (f"docker-{ID}.scope", "system.slice/nginx.service"):
        (folder / path).mkdir(parents=True)
    (folder / "cgroup.controllers").touch()
    return folder


def a_machine(root: Path, *, history: CounterHistory | None = None) -> Machine:
    containers = Containers(ContainerFiles(root / "no files"), node="node-a")
    return Machine(containers, cgroups=Cgroups((root,)), history=history or CounterHistory(lambda: ()))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENT_S):
        while not condition():
            await asyncio.sleep(0.001)


def test_a_cgroups_number_leads_to_who_runs_in_it(root: Path) -> None:
    machine = a_machine(root)
    scope, service = root / f"docker-{ID}.scope", root / "system.slice/nginx.service"
    assert machine.workload_of(scope.stat().st_ino) == Workload(container_id=ID, runtime="docker", node="node-a")
    assert machine.workload_of(service.stat().st_ino) == Workload(unit="nginx.service", node="node-a")
    assert (machine.workload_of(root.stat().st_ino), machine.workload_of(0)) == (None, None)


def numbers_of(*cgroups: Path) -> list[int]:
    return [cgroup.stat().st_ino for cgroup in cgroups]


async def test_open_sockets_say_who_runs_in_their_cgroup_and_on_which_node(root: Path) -> None:
    cgroups = (*numbers_of(root / f"docker-{ID}.scope", root), None)
    told = tuple(replace(listener(80), cgroup=each) for each in cgroups)

    def listed(*, states: Collection[SocketState], limit: int, with_holders: bool = True) -> OpenSockets:
        assert (states, limit) == (frozenset({SocketState.LISTEN}), 7)
        return OpenSockets(time=NOW, sockets=told, left_out=0, namespaces=(7,))

    containers = Containers(ContainerFiles(root / "no files"), node="node-a")
    machine = Machine(containers, cgroups=Cgroups((root,)), list_sockets=listed, node="node-a")
    found = await machine.open_sockets(SocketQuery(states=frozenset({SocketState.LISTEN}), limit=7))
    container = Workload(container_id=ID, runtime="docker", node="node-a")
    assert [each.workload for each in found.sockets] == [container, None, None]
    assert [replace(each, workload=None, node=None) for each in found.sockets] == list(told)
    assert {each.node for each in found.sockets} == {"node-a"}


async def test_counters_say_on_which_node(root: Path) -> None:
    history = CounterHistory(FakeCounters(NOW - timedelta(seconds=1)))
    history.sample()
    history.sample()
    machine = Machine(Containers(ContainerFiles(root)), history=history, node="node-a")
    (delta,) = (await machine.counters(Window.last(60, NOW + timedelta(seconds=1)), CLOCK)).deltas
    assert (delta.node, delta.counters.listen_overflows) == ("node-a", 10)


@dataclass
class Unsteady:
    """Readings, of which the first one fails."""

    whole: FakeCounters = field(default_factory=lambda: FakeCounters(NOW - timedelta(seconds=30)))
    asked: int = 0

    def __call__(self) -> tuple[Reading, ...]:
        self.asked += 1
        if self.asked == 1:
            raise OSError("no such file")
        return self.whole()


async def test_a_sample_that_fails_is_logged_and_the_next_one_is_taken(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    readings = Unsteady()
    machine = a_machine(root, history=CounterHistory(readings))
    async with machine.sampled(every_s=0):
        await until(lambda: readings.asked > 3)
    found = await machine.counters(Window.last(60, NOW), CLOCK)
    assert [each.namespace for each in found.deltas] == [7]
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == ["counters.broke"]


async def test_sampling_ends_with_what_it_was_opened_for(root: Path) -> None:
    before = asyncio.all_tasks()
    async with a_machine(root).sampled():
        assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before


async def test_a_container_that_ended_after_a_sample_is_still_known(root: Path) -> None:
    machine, folder = a_machine(root), root / f"docker-{ID}.scope"
    number = folder.stat().st_ino
    async with machine.sampled():
        await until(lambda: number in machine._cgroups._known)
    folder.rmdir()
    found = machine.workload_of(number)
    assert found is not None
    assert found.container_id == ID


async def test_what_was_counted_is_told_with_how_many_namespaces_there_was_no_room_for(root: Path) -> None:
    def two() -> tuple[Reading, ...]:
        (one,) = counters()
        return one, Reading(8, one.time_ns, one.counters, one.levels)

    counters = FakeCounters(NOW)
    history = CounterHistory(two, max_namespaces=1)
    history.sample()
    history.sample()
    found = await a_machine(root, history=history).counters(Window.last(60, NOW), CLOCK)
    assert found.left_out == 1


def test_cgroups_are_looked_at_again_only_after_a_pause(root: Path) -> None:
    now_s = 0.0
    path = Cgroups((root,), pause_s=1, now_s=lambda: now_s)
    assert path(root.stat().st_ino) == "/"
    later = root / "later"
    later.mkdir()
    assert path(later.stat().st_ino) is None
    now_s = 1.0
    assert path(later.stat().st_ino) == "/later"


def test_cgroups_are_not_followed_as_deep_as_somebody_likes(root: Path) -> None:
    folders = [root.joinpath(*"d" * depth) for depth in range(1, 101)]
    for folder in folders:
        folder.mkdir()
    path = Cgroups((root,))
    assert path(folders[1].stat().st_ino) == "/d/d"
    assert path(folders[-1].stat().st_ino) is None
