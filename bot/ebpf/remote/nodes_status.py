"""How many nodes do, as one `SourceStatus` with that of each in it. Pure; `nodes` asks for them."""

from collections.abc import Collection, Iterable, Mapping

from bot.domain.errors import NetspyError
from bot.domain.network import EVENT_TYPES, EventKind, added
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.ebpf.remote import merging


def merged_status(answers: Mapping[str, SourceStatus], failures: Mapping[str, NetspyError]) -> SourceStatus:
    """`since` is from when on all have events; `programs` are those that run on every node that answers."""
    every = answers.values()
    kinds = {status.kind for status in every}
    told = [NodeStatus(name=name, status=status) for name, status in answers.items()]
    silent = [NodeStatus(name=name, failure=why.got) for name, why in failures.items()]
    return SourceStatus(
        source=f"{len(answers)} of {len(answers) + len(failures)} nodes",
        kind=kinds.pop() if len(kinds) == 1 else "server",
        since=max((status.since for status in every if status.since), default=None),
        programs=_on_all(every),
        missing=_by_program(answers),
        broken=_with_names({name: status.broken for name, status in answers.items() if status.broken}),
        kinds=_kinds(every),
        nodes=tuple(sorted((*told, *silent), key=lambda node: node.name)),
        notes=merging.silent(failures),
    )


def _on_all(every: Collection[SourceStatus]) -> tuple[str, ...]:
    names = dict.fromkeys(program for status in every for program in status.programs)
    return tuple(name for name in names if all(name in status.programs for status in every))


def _by_program(answers: Mapping[str, SourceStatus]) -> dict[str, str]:
    missing: dict[str, dict[str, str]] = {}
    for name, status in answers.items():
        for program, why in status.missing.items():
            missing.setdefault(program, {})[name] = why
    return {program: _with_names(whys) for program, whys in missing.items()}


def _with_names(whys: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in whys.items())


def _kinds(every: Collection[SourceStatus]) -> dict[EventKind, KindStatus]:
    """Those that any node tells of."""
    told = {kind: [status.kinds[kind] for status in every if kind in status.kinds] for kind in EVENT_TYPES}
    return {kind: _together(parts) for kind, parts in told.items() if parts}


def _together(parts: Iterable[KindStatus]) -> KindStatus:
    listed = list(parts)
    return KindStatus(
        seen=added(part.seen for part in listed),
        lost=added(part.lost for part in listed),
        stored=added(part.stored for part in listed),
        evicted=added(part.evicted for part in listed),
        size_bytes=added(part.size_bytes for part in listed),
        complete_since=max((part.complete_since for part in listed if part.complete_since), default=None),
    )
