"""A scope as text and back: for the collectors that are asked, and for tools behind MCP. Pure.

`[{"processes":["checkout*"],"networks":["10.2.0.0/16"]}]`: a list of limits, any of which lets an event through.
Reading is strict: a condition that is not understood must never be one that is left out.
"""

import json
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, Final, TypeVar

from bot.domain.json_types import Json
from bot.domain.query import Limits, Scope

MAX_CHARACTERS: Final = 8000
"""Of one scope. In a URL it is up to three times as long, and servers take 64 KB of that."""
A_SCOPE: Final = (
    'a JSON list of limits such as [{"processes":["checkout*"],"networks":["10.2.0.0/16"]}], '
    "each with any of processes, pids, nodes, namespaces, networks; "
    f"at most {MAX_CHARACTERS:,} characters"
)

Value = TypeVar("Value")


def written(scope: Scope) -> str:
    """The same text for the same scope. Raises: ValueError for everything, and for what would be too long."""
    if scope.any_of is None:
        raise ValueError("everything has no text: leave it out")
    text = json.dumps(sorted(map(_told, scope.any_of), key=json.dumps), separators=(",", ":"))
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it takes {len(text):,} characters, and {MAX_CHARACTERS:,} are the most")
    return text


@lru_cache(maxsize=256)
def read(text: str) -> Scope:
    """Raises: ValueError, which says what is wrong in it."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it has {len(text):,} characters, and {MAX_CHARACTERS:,} are the most")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise ValueError("it is no list of objects")
    return Scope(frozenset(map(_limits, said)))


def _told(limits: Limits) -> dict[str, Json]:
    every: dict[str, Collection[Any]] = {
        "processes": limits.processes,
        "pids": limits.pids,
        "nodes": limits.nodes,
        "namespaces": limits.namespaces,
        "networks": frozenset(map(str, limits.networks)),
    }
    return {name: sorted(values) for name, values in every.items() if values}


def _limits(said: Mapping[str, object]) -> Limits:
    strangers = sorted(set(said) - {"processes", "pids", "nodes", "namespaces", "networks"})
    if strangers:
        raise ValueError(f"there is no condition {strangers[0][:40]!a}")
    return Limits(
        processes=_each(said, "processes", _text),
        pids=_each(said, "pids", _pid),
        nodes=_each(said, "nodes", _text),
        namespaces=_each(said, "namespaces", _text),
        networks=_each(said, "networks", lambda value: ip_network(_text(value))),
    )


def _each(said: Mapping[str, object], name: str, read_one: Callable[[object], Value]) -> frozenset[Value]:
    """An empty list would be no condition: whoever writes one means something else."""
    if name not in said:
        return frozenset()
    values = said[name]
    if not isinstance(values, list) or not values:
        raise ValueError(f"{name}: it is no list with something in it")
    try:
        return frozenset(map(read_one, values))
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{ascii(value)[:60]} is no text")  # noqa: TRY004 - a fault of whoever wrote it
    return value


def _pid(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{ascii(value)[:60]} is no pid")
    return value
