"""Whether a call asks for what its scope hides: then it is refused, whether or not that exists. Pure.

Patterns and destinations are let through: what fits them is partly hidden at the most, and a connection has two ends,
of which one may be inside. The source leaves out what is hidden.
"""

from collections.abc import Collection, Iterator, Mapping

from bot.domain.json_types import JsonObject
from bot.domain.query import Limits, Scope
from bot.targets import is_pattern, like

_ASKED_FOR = ("process_name", "pid", "node", "namespace")


def outside(arguments: JsonObject, scope: Scope) -> str:
    """Why the call is refused, as a clause; empty where it is not."""
    asked = {name: str(value) for name in _ASKED_FOR if (value := arguments.get(name)) not in (None, "", 0, "0", "*")}
    if not asked or scope.any_of is None or any(_is_inside(asked, limits) for limits in scope.any_of):
        return ""
    what = " and ".join(f"{name.removesuffix('_name')} {value[:80]}" for name, value in asked.items())
    return f"{what} is not in the part of the network that may be seen here, or there is no such thing"


def _is_inside(asked: Mapping[str, str], limits: Limits) -> bool:
    return all(_conditions(asked, limits))


def _conditions(asked: Mapping[str, str], limits: Limits) -> Iterator[bool]:
    yield _may_be(asked.get("process_name"), limits.processes)
    yield _may_be(asked.get("namespace"), limits.namespaces)
    pid, node = asked.get("pid", ""), asked.get("node")
    yield not limits.pids or not pid.isdecimal() or int(pid) in limits.pids
    yield not limits.nodes or node is None or node in limits.nodes


def _may_be(name: str | None, patterns: Collection[str]) -> bool:
    if not patterns or name is None or is_pattern(name):
        return True
    return any(like(name, pattern) for pattern in patterns)
