"""What ebpf-server and its aggregator do not record, so that a question about it has no true answer there. Pure.

An empty answer would read as "there was none". Outcomes are no part of it: "not recorded" is one, and coverage says so.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final, NoReturn

from bot.domain.errors import CannotAnswer
from bot.domain.network import EventKind
from bot.domain.query import Aggregate, EventQuery, Filter, Limits, Scope
from bot.ebpf.scopes import nodes_of

COLLECT: Final = "run netspy collect there and ask that"
RECORDED: Final[tuple[EventKind, ...]] = ("connection", "drop")
_NEVER: Final[Mapping[str, str]] = {
    "uid": "it records no user ids",
    "namespace": "the pod in its events is the server's own",
    "pod": "the pod in its events is the server's own",
    "container": "it records no containers",
    "protocol": "its protocols are guesses from port numbers",
}
_NAMELESS: Final = "its events name no node"
_OF_KIND: Final[Mapping[EventKind, Mapping[str, str]]] = {
    "connection": {"errno": "it takes the return code as the call begins, before there is one"},
    "drop": {
        "target": "its drops have no addresses",
        "direction": "its drops have no direction",
        "reason": "its drops all have the same reason, whatever happened",
    },
}


def refuse(query: EventQuery | Aggregate, name: str) -> None:
    """Raises: CannotAnswer for what `name`, a server, has no true answer to."""
    if query.kind not in RECORDED:
        raise _refused(f"events of the kind {query.kind}", name, "it records connections and drops only")
    for condition, why in _unknown(query.filter, query.kind):
        raise _refused(f"a filter by {condition}", name, why)
    for condition, why in _unseen(query.filter.within, query.kind):
        raise _refused(f"a scope by {condition}", name, why)


def refuse_machine(what: str, name: str) -> NoReturn:
    """Raises: CannotAnswer."""
    raise _refused(what, name, "it records connections and drops only")


def refuse_nameless(wanted: Filter, name: str) -> None:
    """Raises: CannotAnswer where the node of events counts, which none of them names."""
    allowed = nodes_of(wanted.within)
    if allowed:
        raise _refused(f"a scope by the node {', '.join(sorted(allowed))}", name, _NAMELESS)
    if wanted.node is not None:
        raise _refused(f"a filter by the node {wanted.node}", name, _NAMELESS)


def _unknown(wanted: Filter, kind: EventKind) -> Iterator[tuple[str, str]]:
    for condition, why in {**_NEVER, **_OF_KIND[kind]}.items():
        if getattr(wanted, condition) is not None:
            yield condition if condition != "target" else "destination", why
    if wanted.target is not None and wanted.target.name is not None:
        yield "the name of a destination", "it records no names of addresses"


def _unseen(scope: Scope, kind: EventKind) -> Iterator[tuple[str, str]]:
    """Conditions that no event meets here, where all limits have one."""
    every = [list(_hidden(limits, kind)) for limits in scope.any_of or ()]
    if every and all(every):
        yield min(chain.from_iterable(every))


def _hidden(limits: Limits, kind: EventKind) -> Iterator[tuple[str, str]]:
    if limits.namespaces:
        yield "the namespace of pods", _NEVER["namespace"]
    if kind == "drop" and (limits.processes or limits.pids):
        yield "processes", "the process in its drops is whoever ran just then"
    if kind == "drop" and limits.networks:
        yield "networks", _OF_KIND["drop"]["target"]


def _refused(what: str, name: str, why: str) -> CannotAnswer:
    return CannotAnswer(what, f"{name} cannot tell: {why}", COLLECT)
