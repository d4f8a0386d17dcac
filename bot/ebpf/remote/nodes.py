"""Many nodes as one `EbpfSource`: all are asked at once, each within its own time, and those that fail are named.

Events are merged by their time, never by a node's own clock since its boot. Which nodes there are, a `Nodes` says.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, NetspyError, SourceError, SourceTimeout, SourceUnreachable
from bot.domain.network import Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import EVERYTHING, Aggregate, EventQuery, Events, Groups, Scope
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.ebpf.remote import merging
from bot.ebpf.remote.nodes_status import merged_status
from bot.ebpf.scopes import Texts, is_nothing, nodes_of, on_node

NODE_DEADLINE_S = 5.0
"""A node that takes longer is left out: the others have answered by then."""
_ASKED = "asking the nodes"
_ANOTHER = "another node"
"""One whose name is outside the scope."""
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
        asked = _asked(nodes := await self._nodes.current(), query)
        answers = {name: nodes[name].events(of_it) for name, of_it in asked.items()}
        return merging.events(*await self._answers(answers, query.filter.within), query)

    async def aggregate(self, query: Aggregate) -> Groups:
        """Percentiles over several nodes are estimated from those of each, which `Coverage` says."""
        asked = _asked(nodes := await self._nodes.current(), merging.asked_of_each(query))
        answers = {name: nodes[name].aggregate(of_it) for name, of_it in asked.items()}
        return merging.groups(*await self._answers(answers, query.filter.within), query)

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        nodes = await self._nodes.current()
        scopes = _seen(nodes, query.within)
        answers = {name: nodes[name].sockets(replace(query, within=scope)) for name, scope in scopes.items()}
        return merging.sockets(*await self._answers(answers, query.within), query)

    async def counters(self, window: Window) -> CounterDeltas:
        nodes = await self._nodes.current()
        return merging.counters(*await self._answers({name: each.counters(window) for name, each in nodes.items()}))

    async def status(self) -> SourceStatus:
        """Raises: SourceError when no node is known."""
        nodes = await self._nodes.current()
        return merged_status(*await self._ask({name: source.status() for name, source in nodes.items()}))

    async def check(self) -> Check:
        try:
            nodes = await self._nodes.current()
            answers, failures = await self._answers({name: source.check() for name, source in nodes.items()})
        except SourceError as error:
            return Check.of("source", error)
        bad = {name: check.detail for name, check in answers.items() if check.state != "ok"}
        bad |= {name: error.got for name, error in failures.items()}
        findings = {check.finding for check in answers.values() if check.state != "ok"}
        findings |= {error.finding for error in failures.values()}
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
            findings.pop() if len(findings) == 1 else "nodes-ailing",
        )

    def only(self, nodes: Texts) -> "NodesSource":
        """These nodes alone; all of them where one of the names is none by which a node is asked, but in its rows."""
        return NodesSource(_Some(self._nodes, nodes), deadline_s=self._deadline_s)

    async def _answers(
        self, asked: Mapping[str, Awaitable[Answer]], within: Scope = EVERYTHING
    ) -> tuple[dict[str, Answer], dict[str, NetspyError]]:
        """Answers by node, of which there is one at least, and why the others did not give one."""
        answers, failures = await self._ask(asked)
        allowed = nodes_of(within)
        failures = {name if allowed is None or name in allowed else _ANOTHER: why for name, why in failures.items()}
        if not answers:
            raise _nobody(failures)
        return answers, failures

    async def _ask(self, asked: Mapping[str, Awaitable[Answer]]) -> tuple[dict[str, Answer], dict[str, NetspyError]]:
        said = await asyncio.gather(*map(self._one, asked.values()))
        answers: dict[str, Answer] = {}
        failures: dict[str, NetspyError] = {}
        for name, answer in zip(asked, said, strict=True):
            if isinstance(answer, NetspyError):
                failures[name] = answer
            else:
                answers[name] = answer
        return answers, failures

    async def _one(self, asked: Awaitable[Answer]) -> Answer | NetspyError:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asked
        except (SourceError, CannotAnswer) as error:
            return error
        except TimeoutError:
            return SourceTimeout(_ASKED, f"no answer within {self._deadline_s:g} s", _REMEDY)


@dataclass(frozen=True, slots=True)
class _Some:
    """A `Nodes` with those of these names."""

    nodes: Nodes
    names: Texts

    async def current(self) -> Mapping[str, EbpfSource]:
        every = await self.nodes.current()
        return every if self.names - every.keys() else {name: every[name] for name in every if name in self.names}


def _asked(nodes: Mapping[str, EbpfSource], query: Query) -> dict[str, Query]:
    """What is asked of each node that a query is about. One that may not be seen is as one that does not exist."""
    scopes = _seen(nodes, query.filter.within)
    wanted = query.filter.node
    if wanted is not None and wanted in scopes:
        scopes, wanted = {wanted: scopes[wanted]}, None
    filters = {name: replace(query.filter, node=wanted, within=scope) for name, scope in scopes.items()}
    return {name: replace(query, filter=each) for name, each in filters.items()}


def _seen(nodes: Mapping[str, EbpfSource], within: Scope) -> dict[str, Scope]:
    """The nodes of which something may be seen, and what; all of them where that is nothing at all."""
    scopes = {name: on_node(within, name, frozenset(nodes)) for name in nodes}
    return {name: scope for name, scope in scopes.items() if not is_nothing(scope)} or scopes


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
