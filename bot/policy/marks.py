"""Marks: short names of limits, by which what was made under them is told from what was not. Pure.

A scope's limits come from a file that changes; what was made under them stays stored. It may be shown to whoever may
now see all that it rests on, which is so if its marks are among theirs.
"""

from functools import lru_cache
from hashlib import sha256

from bot.domain.query import Limits, Scope
from bot.domain.turn import Made

_LENGTH = 16
"""Hexadecimal digits: two limits of one mark are out of reach."""


def marks_of(scope: Scope) -> Made:
    return None if scope.any_of is None else frozenset(map(mark_of, scope.any_of))


def may_be_shown(made: Made, seen: Made) -> bool:
    """Whether what was made under `made` shows nothing that is hidden under `seen`."""
    return seen is None or (made is not None and made <= seen)


@lru_cache(maxsize=1024)
def mark_of(limits: Limits) -> str:
    """The same for equal limits, in every process."""
    parts = (
        ("processes", limits.processes),
        ("pids", limits.pids),
        ("nodes", limits.nodes),
        ("namespaces", limits.namespaces),
        ("networks", limits.networks),
    )
    written = repr([(name, sorted(map(str, values))) for name, values in parts])
    return sha256(written.encode(errors="backslashreplace")).hexdigest()[:_LENGTH]
