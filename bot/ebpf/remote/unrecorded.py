"""What ebpf-server and its aggregator do not record, so that a question about it has no true answer there. Pure.

An empty answer would read as "there was none". Outcomes are no part of it: "not recorded" is one, and coverage says so.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

from bot.domain.errors import CannotAnswer
from bot.domain.network import EventKind
from bot.domain.query import Aggregate, EventQuery, Filter

COLLECT: Final = "run netspy collect there and ask that"
RECORDED: Final[tuple[EventKind, ...]] = ("connection", "drop")
_NEVER: Final[Mapping[str, str]] = {
    "uid": "it records no user ids",
    "namespace": "the pod in its events is the server's own",
    "pod": "the pod in its events is the server's own",
    "container": "it records no containers",
    "protocol": "its protocols are guesses from port numbers",
}
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


def refuse_machine(what: str, name: str) -> NoReturn:
    """Raises: CannotAnswer."""
    raise _refused(what, name, "it records connections and drops only")


def refuse_nameless(node: str, name: str) -> NoReturn:
    """Raises: CannotAnswer."""
    raise _refused(f"a filter by the node {node}", name, "its events name no node")


def _unknown(wanted: Filter, kind: EventKind) -> Iterator[tuple[str, str]]:
    for condition, why in {**_NEVER, **_OF_KIND[kind]}.items():
        if getattr(wanted, condition) is not None:
            yield condition if condition != "target" else "destination", why
    if wanted.target is not None and wanted.target.name is not None:
        yield "the name of a destination", "it records no names of addresses"


def _refused(what: str, name: str, why: str) -> CannotAnswer:
    return CannotAnswer(what, f"{name} cannot tell: {why}", COLLECT)
