"""The groups among rows of one chunk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bot.domain.query import Aggregate, GroupKey, NumberField
from bot.ebpf import evaluate
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.fields import Keys
from bot.ebpf.store.log import Chunk, Column
from bot.ebpf.store.reading import Reading
from bot.ebpf.store.row import NS_PER_US

_FEW_CODES = 1 << 18
"""So many numbers are counted in a table sooner than they are sorted."""
_US_PER_S = 1_000_000

Key: TypeAlias = tuple[GroupKey, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What one chunk has of each group, in the order of `keys`.

    `numbers`, by field, are those of all its rows, and `owners` the places of the rows' groups in `keys`.
    """

    keys: list[Key]
    sizes: Column
    firsts: Column
    lasts: Column
    owners: Column
    numbers: Mapping[NumberField, Column]


def grouped(reading: Reading, chunk: Chunk, places: Column, query: Aggregate, clock: Clock) -> Parts:
    """The groups among these rows."""
    owners, keys = _owners(reading, chunk, places, query, clock)
    times = chunk["time"][places]
    firsts, lasts = np.full(len(keys), np.iinfo(np.int64).max), np.zeros(len(keys), np.int64)
    np.minimum.at(firsts, owners, times)
    np.maximum.at(lasts, owners, times)
    fields = dict.fromkeys(measure.field for measure in evaluate.measured(query))
    return Parts(
        keys=keys,
        sizes=np.bincount(owners, minlength=len(keys)),
        firsts=firsts,
        lasts=lasts,
        owners=owners if fields else owners[:0],
        numbers={name: reading.numbers_of(chunk, name)[places] for name in fields},
    )


def _owners(reading: Reading, chunk: Chunk, places: Column, query: Aggregate, clock: Clock) -> tuple[Column, list[Key]]:
    """For each row the place of its group's key among the keys."""
    owners = np.zeros(len(places), np.int64)
    keys: list[Key] = [()] if len(places) else []
    for name in query.group_by:
        own, values = _slots(chunk, query, clock) if name == "slot" else reading.keys(chunk, name)
        distinct, owners = _renumbered(owners * len(values) + own[places], len(keys) * len(values))
        keys = [(*keys[code // len(values)], values[code % len(values)]) for code in distinct.tolist()]
    return owners, keys


def _renumbered(codes: Column, bound: int) -> tuple[Column, Column]:
    """The distinct ones of codes below `bound`, and for each the place of its own."""
    if bound > _FEW_CODES:
        distinct, places = np.unique(codes, return_inverse=True)
        return distinct, places
    distinct = np.flatnonzero(np.bincount(codes, minlength=1))
    number = np.empty(bound, np.int64)
    number[distinct] = np.arange(len(distinct))
    return distinct, number[codes]


def _slots(chunk: Chunk, query: Aggregate, clock: Clock) -> Keys:
    """As `evaluate.slot_of` numbers them, of times that are told in microseconds. Raises: ValueError without slots."""
    if not query.slot_s:
        raise ValueError("slots need a length")
    since_us = (clock.span(query.window).since + clock.offset_ns) // NS_PER_US
    slots = ((chunk["time"] + clock.offset_ns) // NS_PER_US - since_us) // (query.slot_s * _US_PER_S)
    distinct, places = np.unique(slots, return_inverse=True)
    return places, distinct.tolist()
