"""Many nodes as one `EbpfSource`: all are asked at once, each within its own time, and those that fail are named.

Events are merged by their time, never by a node's own clock since its boot. Which nodes there are, a `Nodes` says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol, TypeVar

from bot.domain.errors import SourceError, SourceUnreachable
from bot.domain.network import Coverage, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Group, GroupKey, Groups, Measure
from bot.ebpf import evaluate

NODE_DEADLINE_S = 5.0
"""A node that takes longer is left out: the others have answered by then."""
MAX_GROUPS = 10_000
"""Of one node, so that the largest of all are among them."""
_ESTIMATED = frozenset({"p50", "p95", "p99"})
_ASKED = "asking the nodes"
_REMEDY = "see whether their collectors run, and NETSPY_EBPF_URL"

Answer = TypeVar("Answer", Events, Groups, Check)


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
    """An `EbpfSource`. Rows that do not name their node are given the name by which it was asked."""

    def __init__(self, nodes: Nodes, *, deadline_s: float = NODE_DEADLINE_S) -> None:
        self._nodes = nodes
        self._deadline_s = deadline_s

    async def events(self, query: EventQuery) -> Events:
        """Raises: SourceError when no node answers."""
        answers, failures = await self._ask(lambda source: source.events(query))
        named = (replace(event, node=event.node or name) for name, answer in answers.items() for event in answer.events)
        coverages = {name: answer.coverage for name, answer in answers.items()}
        return Events(tuple(evaluate.newest(named)[: query.limit]), _merged(coverages, failures, query.window))

    async def aggregate(self, query: Aggregate) -> Groups:
        """Percentiles over several nodes are estimated from those of each, which `Coverage` says.

        Raises: SourceError when no node answers.
        """
        of_each = replace(query, top=MAX_GROUPS)
        answers, failures = await self._ask(lambda source: source.aggregate(of_each))
        groups = _regrouped(answers, query)
        notes = _group_notes(answers, query)
        coverages = {name: answer.coverage for name, answer in answers.items()}
        return Groups(tuple(groups[: query.top]), len(groups), _merged(coverages, failures, query.window, notes))

    async def check(self) -> Check:
        try:
            answers, failures = await self._ask(lambda source: source.check())
        except SourceError as error:
            return Check("source", "fault", f"{error.asked}: {error.got}", error.remedy)
        bad = {name: check.detail for name, check in answers.items() if check.state != "ok"} | failures
        total = len(answers) + len(failures)
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

    async def _ask(self, ask: Callable[[EbpfSource], Awaitable[Answer]]) -> tuple[dict[str, Answer], dict[str, str]]:
        """Answers by node, and why the others did not give one."""
        nodes = await self._nodes.current()
        said = await asyncio.gather(*(self._one(ask, source) for source in nodes.values()))
        answers: dict[str, Answer] = {}
        failures: dict[str, str] = {}
        for name, answer in zip(nodes, said, strict=True):
            if isinstance(answer, str):
                failures[name] = answer
            else:
                answers[name] = answer
        if not answers:
            told = "; ".join(f"{name}: {why}" for name, why in failures.items())
            raise SourceUnreachable(_ASKED, f"none of {len(nodes)} answers ({told})", _REMEDY)
        return answers, failures

    async def _one(self, ask: Callable[[EbpfSource], Awaitable[Answer]], source: EbpfSource) -> Answer | str:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await ask(source)
        except SourceError as error:
            return error.got
        except TimeoutError:
            return f"no answer within {self._deadline_s:g} s"


def _regrouped(answers: Mapping[str, Groups], query: Aggregate) -> list[Group]:
    of_key: dict[tuple[GroupKey, ...], list[Group]] = {}
    for name, answer in answers.items():
        for group in answer.groups:
            of_key.setdefault(_named(group.key, query, name), []).append(group)
    groups = [_together(key, parts, query.measures) for key, parts in of_key.items()]
    return sorted(groups, key=evaluate.group_order)


def _named(key: tuple[GroupKey, ...], query: Aggregate, name: str) -> tuple[GroupKey, ...]:
    fields = zip(query.group_by, key, strict=True)
    return tuple(value or name if field == "node" else value for field, value in fields)


def _together(key: tuple[GroupKey, ...], parts: Sequence[Group], measures: Sequence[Measure]) -> Group:
    return Group(
        key,
        sum(part.count for part in parts),
        min(part.first for part in parts),
        max(part.last for part in parts),
        tuple(_figure(measure, place, parts) for place, measure in enumerate(measures)),
    )


def _figure(measure: Measure, place: int, parts: Sequence[Group]) -> float | None:
    known = [(value, part.count) for part in parts if (value := part.values[place]) is not None]
    if not known:
        return None
    match measure.operation:
        case "sum":
            return sum(value for value, _ in known)
        case "min":
            return min(value for value, _ in known)
        case "max":
            return max(value for value, _ in known)
    return sum(value * count for value, count in known) / sum(count for _, count in known)


def _group_notes(answers: Mapping[str, Groups], query: Aggregate) -> tuple[str, ...]:
    notes = []
    estimated = sorted({measure.operation for measure in query.measures} & _ESTIMATED)
    if estimated and len(answers) > 1:
        notes.append(f"{', '.join(estimated)} of several nodes are estimated from those of each")
    cut = [name for name, answer in answers.items() if answer.total > len(answer.groups)]
    if cut:
        notes.append(f"only the largest {MAX_GROUPS:,} groups of {', '.join(cut)} were read")
    return tuple(notes)


def _merged(
    coverages: Mapping[str, Coverage], failures: Mapping[str, str], window: Window, more: Sequence[str] = ()
) -> Coverage:
    every = list(coverages.values())
    kinds = {coverage.kind for coverage in every}
    silent = [f"no answer of {name}: {why}" for name, why in failures.items()]
    return Coverage(
        source=f"{len(coverages)} of {len(coverages) + len(failures)} nodes",
        kind=every[0].kind if len(kinds) == 1 else "server",
        window=window,
        seen=_sum(coverage.seen for coverage in every),
        matched=sum(coverage.matched for coverage in every),
        lost=_sum(coverage.lost for coverage in every),
        nodes=tuple(sorted(set(chain.from_iterable(each.nodes or (name,) for name, each in coverages.items())))),
        unknown=tuple(dict.fromkeys(chain.from_iterable(coverage.unknown for coverage in every))),
        notes=(*silent, *more, *_notes(coverages)),
    )


def _notes(coverages: Mapping[str, Coverage]) -> list[str]:
    """What all say once, what some say with their names."""
    by_note: dict[str, list[str]] = {}
    for name, coverage in coverages.items():
        for note in coverage.notes:
            by_note.setdefault(note, []).append(name)
    return [note if len(names) == len(coverages) else f"{', '.join(names)}: {note}" for note, names in by_note.items()]


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(count or 0 for count in known)
