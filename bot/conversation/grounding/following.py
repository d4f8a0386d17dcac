"""What follows from figures that stand in the same text, once these are held. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from bot.conversation.grounding.evidence import Evidence
from bot.conversation.grounding.quantities import Quantity
from bot.conversation.grounding.readings import Reading
from bot.conversation.grounding.relating import relate, share
from bot.conversation.grounding.telling import clock_times
from bot.conversation.grounding.units import SECOND
from bot.conversation.grounding.values import Values

_FEW = 8
"""More figures than that are no sum that a reader could follow."""
_LEAST_WHOLE = 20
"""Of fewer, every small count is a part."""


def following_from(text: str, held: Sequence[Quantity], evidence: Evidence) -> Values:
    """From figures of the text, from its clock times, and from what its counts are shares of."""
    values = Values()
    readings = [reading for quantity in held[:_FEW] for reading in quantity.readings]
    wholes = [whole for whole in evidence.wholes if whole >= _LEAST_WHOLE]
    for reading in readings:
        values.add(reading.dimension, reading.value)
        for whole in wholes if reading.dimension == "count" else ():
            share(values, [reading.value], whole)
        values.extend("percent", [100 - reading.value] if reading.dimension == "percent" else [])
    for one, other in combinations(readings, 2):
        _combine(values, one, other)
    _add_sums(values, held)
    for first, second in combinations((*clock_times(text)[:_FEW], *evidence.moments), 2):
        values.add("time", first - second)
    return values


def _combine(values: Values, one: Reading, other: Reading) -> None:
    """Two of one kind are compared; a count may be that of a span, or how often something was."""
    if one.dimension == other.dimension:
        relate(values, one.dimension, one.value, other.value)
        least, most = sorted((one.value, other.value))
        values.extend("percent", [100 * most / least] if least else [])
        return
    for count, each in ((one, other), (other, one)):
        if count.dimension == "count":
            values.add(each.dimension, count.value * each.value)
            values.extend(
                "rate", [SECOND * count.value / each.value] if each.dimension == "time" and each.value else []
            )


def _add_sums(values: Values, held: Sequence[Quantity]) -> None:
    """Of figures that stand side by side: "165 + 132 + 88"."""
    for first in range(len(held[:_FEW])):
        total = held[first].readings[-1]
        for quantity in held[first + 1 : _FEW]:
            reading = quantity.readings[-1]
            if reading.dimension != total.dimension:
                break
            total = replace(total, value=total.value + reading.value)
            values.add(total.dimension, total.value)
