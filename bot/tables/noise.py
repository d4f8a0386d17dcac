"""How far two measurements of the same thing may be apart and still be the same. Pure.

Counts of events come and go by chance: of n in both windows together the difference is about the square root of n
(Poisson), so that twice that is seldom exceeded by chance. Times have no such law, and those of a few events scatter:
half as much again is a change, but nobody waits for a millisecond. Of sizes it is a fifth.
"""

from math import sqrt
from typing import Final

from bot.domain.table import Column

RULE: Final = (
    "as before is what differs by no more than 10% or twice the square root of both counts together; "
    "times by no more than half or 1 ms, sizes by no more than 20% or 1 KiB, shares by no more than 5 points"
)
_FEW_US, _FEW_S, _FEW_BYTES = 1000.0, 0.001, 1024.0


def beyond(column: Column, before: float, after: float) -> float:
    """How many times the difference is what noise may give: above 1 it is a change."""
    if before == after:
        return 0.0
    allowed = _allowed(column, before, after)
    return abs(after - before) / allowed if allowed else 0.0


def _allowed(column: Column, before: float, after: float) -> float:
    larger = max(abs(before), abs(after))
    match column.unit:
        case "us":
            return max(larger / 3, _FEW_US)
        case "s":
            return max(larger / 3, _FEW_S)
        case "bytes":
            return max(0.2 * larger, _FEW_BYTES)
        case "percent":
            return 5.0
        case None if column.kind == "integer":
            return max(0.1 * larger, 2 * sqrt(abs(before) + abs(after)))
        case None:
            return 0.2 * larger
