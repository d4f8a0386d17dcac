"""Many nodes as one `EbpfSource`: all are asked at once, each within its own time, and those that fail are named.

Events are merged by their time, never by a node's own clock since its boot. Which nodes there are, a `Nodes` says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, NetspyError, SourceError, SourceTimeout, SourceUnreachable
from bot.domain.network import Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.ebpf.remote import merging
from bot.ebpf.remote.nodes_status import merged_status

NODE_DEADLINE_S = 5.0
"""A node that takes longer is left out: the others have answered by then."""
_ASKED = "asking the nodes"
_REMEDY = "see whether their collectors run, and NETSPY_EBPF_URL"

Query = TypeVar("Query", EventQuery, Aggregate)
Answer = TypeVar("Answer", Events, Groups, Check, OpenSockets, CounterDeltas, SourceStatus)


class Nodes(Protocol):
    async def current(self) -> Mapping[str, EbpfSource]:
        """Nodes by name, as they are just now. Raises: SourceError when none is known."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """A `Nodes` that never changes."""

    nodes: Mapping[str, EbpfSource]

    async def current(self) -> Mapping[str, EbpfSource]:
        return self.nodes


class NodesSource:
    """An `EbpfSource`. Rows that do not name their node are given the name by which it was asked.

    A filter by that name is a question to that node alone, whatever its rows are called. All but `status` and `check`
    raise SourceError when no node answers, CannotAnswer when all say that they cannot.
    """

    def __init__(self, nodes: Nodes, *, deadline_s: float = NODE_DEADLINE_S) -> None:
        self._nodes = nodes
        self._deadline_s = deadline_s

    async def events(self, query: EventQuery) -> Events:
        nodes, of_each = _meant(await self._nodes.current(), query)
        return merging.events(*await self._answers(nodes, lambda source: source.events(of_each)), query)

    async def aggregate(self, query: Aggregate) -> Groups:
        """Percentiles over several nodes are estimated from those of each, which `Coverage` says."""
        nodes, of_each = _meant(await self._nodes.current(), merging.asked_of_each(query))
        return merging.groups(*await self._answers(nodes, lambda source: source.aggregate(of_each)), query)

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        nodes = await self._nodes.current()
        return merging.sockets(*await self._answers(nodes, lambda source: source.sockets(query)), query)

    async def counters(self, window: Window) -> CounterDeltas:
        nodes = await self._nodes.current()
        return merging.counters(*await self._answers(nodes, lambda source: source.counters(window)))

    async def status(self) -> SourceStatus:
        """Raises: SourceError when no node is known."""
        return merged_status(*await self._ask(await self._nodes.current(), lambda source: source.status()))

    async def check(self) -> Check:
        try:
            nodes = await self._nodes.current()
            answers, failures = await self._answers(nodes, lambda source: source.check())
        except SourceError as error:
            return Check("source", "fault", f"{error.asked}: {error.got}", error.remedy)
        bad = {name: check.detail for name, check in answers.items() if check.state != "ok"}
        bad |= {name: error.got for name, error in failures.items()}
        total = len(nodes)
        if not bad:
            return Check("source", "ok", f"{total} nodes: {', '.join(answers)}")
        told = "; ".join(f"{name}: {detail}" for name, detail in bad.items())
        is_dead = len(bad) == total and all(check.state == "fault" for check in answers.values())
        return Check(
            "source",
            "fault" if is_dead else "warning",
            f"{total - len(bad)} of {total} nodes are well; {told}",
            _REMEDY,
        )

    async def _answers(
        self, nodes: Mapping[str, EbpfSource], ask: Callable[[EbpfSource], Awaitable[Answer]]
    ) -> tuple[dict[str, Answer], dict[str, NetspyError]]:
        """Answers by node, of which there is one at least, and why the others did not give one."""
        answers, failures = await self._ask(nodes, ask)
        if not answers:
            raise _nobody(failures)
        return answers, failures

    async def _ask(
        self, nodes: Mapping[str, EbpfSource], ask: Callable[[EbpfSource], Awaitable[Answer]]
    ) -> tuple[dict[str, Answer], dict[str, NetspyError]]:
        said = await asyncio.gather(*(self._one(ask, source) for source in nodes.values()))
        answers: dict[str, Answer] = {}
        failures: dict[str, NetspyError] = {}
        for name, answer in zip(nodes, said, strict=True):
            if isinstance(answer, NetspyError):
                failures[name] = answer
            else:
                answers[name] = answer
        return answers, failures

    async def _one(self, ask: Callable[[EbpfSource], Awaitable[Answer]], source: EbpfSource) -> Answer | NetspyError:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await ask(source)
        except (SourceError, CannotAnswer) as error:
            return error
        except TimeoutError:
            return SourceTimeout(_ASKED, f"no answer within {self._deadline_s:g} s", _REMEDY)


def _meant(nodes: Mapping[str, EbpfSource], query: Query) -> tuple[Mapping[str, EbpfSource], Query]:
    """The nodes that a query is about, and what to ask them."""
    name = query.filter.node
    if name is None or name not in nodes:
        return nodes, query
    return {name: nodes[name]}, replace(query, filter=replace(query.filter, node=None))


def _nobody(failures: Mapping[str, NetspyError]) -> NetspyError:
    refusals = [error for error in failures.values() if isinstance(error, CannotAnswer)]
    if refusals and len(refusals) == len(failures):
        return refusals[0] if len({error.got for error in refusals}) == 1 else _all_refuse(failures)
    told = "; ".join(f"{name}: {why.got}" for name, why in failures.items())
    return SourceUnreachable(_ASKED, f"none of {len(failures)} answers ({told})", _REMEDY)


def _all_refuse(failures: Mapping[str, NetspyError]) -> CannotAnswer:
    first = next(iter(failures.values()))
    told = "; ".join(f"{name}: {why.got}" for name, why in failures.items())
    return CannotAnswer(first.asked, f"no node can answer ({told})", first.remedy)
