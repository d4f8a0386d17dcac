"""Answers of many nodes as one: sums and extremes are exact, percentiles estimated. Pure; `nodes` asks for them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final, TypeVar

from bot.domain.counters import CounterDelta, CounterDeltas
from bot.domain.errors import CannotAnswer, NetspyError
from bot.domain.network import Coverage, Event, Window, added
from bot.domain.query import Aggregate, EventQuery, Events, Group, GroupKey, Groups, Measure
from bot.domain.sockets import OpenSocket, OpenSockets, SocketQuery, SocketState
from bot.ebpf import evaluate

Row = TypeVar("Row", bound=Event | OpenSocket | CounterDelta)

MAX_GROUPS: Final = 10_000
"""Of one node, so that the largest of all are among them."""
_ESTIMATED: Final = frozenset({"p50", "p95", "p99"})


def events(answers: Mapping[str, Events], failures: Mapping[str, NetspyError], query: EventQuery) -> Events:
    """Newest first, by their times. Rows that do not name their node have the name by which it was asked."""
    named = (_on(name, event) for name, answer in answers.items() for event in answer.events)
    coverages = {name: answer.coverage for name, answer in answers.items()}
    return Events(tuple(evaluate.newest(named)[: query.limit]), _coverage(coverages, failures, query.window))


def asked_of_each(query: Aggregate) -> Aggregate:
    """With the figure that groups are ordered by, which is needed once more for all together."""
    return replace(query, measures=evaluate.measured(query), top=MAX_GROUPS)


def groups(answers: Mapping[str, Groups], failures: Mapping[str, NetspyError], query: Aggregate) -> Groups:
    """Of answers to `asked_of_each`."""
    of_key: dict[tuple[GroupKey, ...], list[Group]] = {}
    for name, answer in answers.items():
        for group in answer.groups:
            of_key.setdefault(_named(group.key, query, name), []).append(group)
    measures = evaluate.measured(query)
    merged = evaluate.in_order([_together(key, parts, measures) for key, parts in of_key.items()], query)
    coverages = {name: answer.coverage for name, answer in answers.items()}
    coverage = _coverage(coverages, failures, query.window, _group_notes(answers, measures))
    return Groups(tuple(merged[: query.top]), len(merged), coverage)


def sockets(answers: Mapping[str, OpenSockets], failures: Mapping[str, NetspyError], query: SocketQuery) -> OpenSockets:
    named = [_on(name, each) for name, answer in answers.items() for each in answer.sockets]
    last = sorted(named, key=lambda each: each.state is SocketState.TIME_WAIT)
    cut = max(len(last) - query.limit, 0)
    return OpenSockets(
        time=max(answer.time for answer in answers.values()),
        sockets=tuple(last[: query.limit]),
        left_out=cut + sum(answer.left_out for answer in answers.values()),
        namespaces=tuple(chain.from_iterable(answer.namespaces for answer in answers.values())),
        notes=(*silent(failures), *_notes({name: answer.notes for name, answer in answers.items()})),
    )


def counters(answers: Mapping[str, CounterDeltas], failures: Mapping[str, NetspyError]) -> CounterDeltas:
    named = (_on(name, each) for name, answer in answers.items() for each in answer.deltas)
    return CounterDeltas(
        deltas=tuple(named),
        left_out=sum(answer.left_out for answer in answers.values()),
        notes=(*silent(failures), *_notes({name: answer.notes for name, answer in answers.items()})),
    )


def silent(failures: Mapping[str, NetspyError]) -> tuple[str, ...]:
    """Who gave no answer, and why."""
    return tuple(
        f"{name} cannot answer: {why.got}" if isinstance(why, CannotAnswer) else f"no answer of {name}: {why.got}"
        for name, why in failures.items()
    )


def _on(name: str, row: Row) -> Row:
    """Twenty thousand copies would take a fifth of a second: only of rows that do not name their node."""
    return row if row.node else replace(row, node=name)


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


def _group_notes(answers: Mapping[str, Groups], measures: Sequence[Measure]) -> tuple[str, ...]:
    notes = []
    estimated = sorted({measure.operation for measure in measures} & _ESTIMATED)
    if estimated and len(answers) > 1:
        notes.append(f"{', '.join(estimated)} of several nodes are estimated from those of each")
    cut = [name for name, answer in answers.items() if answer.total > len(answer.groups)]
    if cut:
        notes.append(f"only the largest {MAX_GROUPS:,} groups of {', '.join(cut)} were read")
    return tuple(notes)


def _coverage(
    coverages: Mapping[str, Coverage],
    failures: Mapping[str, NetspyError],
    window: Window,
    more: Sequence[str] = (),
) -> Coverage:
    every = list(coverages.values())
    kinds = {coverage.kind for coverage in every}
    return Coverage(
        source=f"{len(coverages)} of {len(coverages) + len(failures)} nodes",
        kind=every[0].kind if len(kinds) == 1 else "server",
        window=window,
        seen=added(coverage.seen for coverage in every),
        matched=sum(coverage.matched for coverage in every),
        lost=added(coverage.lost for coverage in every),
        nodes=tuple(sorted(set(chain.from_iterable(each.nodes or (name,) for name, each in coverages.items())))),
        unknown=tuple(dict.fromkeys(chain.from_iterable(coverage.unknown for coverage in every))),
        notes=(*silent(failures), *more, *_notes({name: each.notes for name, each in coverages.items()})),
    )


def _notes(of_each: Mapping[str, Sequence[str]]) -> list[str]:
    """What all say once, what some say with their names."""
    by_note: dict[str, list[str]] = {}
    for name, notes in of_each.items():
        for note in notes:
            by_note.setdefault(note, []).append(name)
    return [note if len(names) == len(of_each) else f"{', '.join(names)}: {note}" for note, names in by_note.items()]
