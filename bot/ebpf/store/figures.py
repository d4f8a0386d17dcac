"""Figures of groups over rows of many chunks, as `evaluate` defines them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import numpy as np

from bot.domain.query import Measure, NumberField, Operation
from bot.ebpf.store.grouping import Parts
from bot.ebpf.store.log import Column

_SHARES: Final[Mapping[Operation, float]] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Members:
    """For each row the number of its group, below `count`, and its own numbers by field."""

    owners: Column
    numbers: Mapping[NumberField, Column]
    count: int

    @classmethod
    def of(cls, parts: Sequence[Parts], of_parts: Sequence[Column], count: int) -> "Members":
        """`of_parts`: the numbers of each part's groups."""
        owners = np.concatenate([own[part.owners] for own, part in zip(of_parts, parts, strict=True)])
        fields = parts[0].numbers
        return cls(owners, {name: np.concatenate([part.numbers[name] for part in parts]) for name in fields}, count)

    def only(self, chosen: Sequence[int]) -> "Members":
        """Those of these groups."""
        is_chosen = np.zeros(self.count, np.bool_)
        is_chosen[list(chosen)] = True
        kept = is_chosen[self.owners]
        return Members(self.owners[kept], {name: column[kept] for name, column in self.numbers.items()}, self.count)

    def figures_of(self, chosen: Sequence[int], measures: Sequence[Measure]) -> Mapping[int, tuple[float | None, ...]]:
        """By the numbers of groups."""
        columns = [self.figures(measure)[list(chosen)].tolist() for measure in measures]
        rows = zip(*columns, strict=True) if columns else [()] * len(chosen)
        return {n: tuple(map(_known, row)) for n, row in zip(chosen, rows, strict=True)}

    def figures(self, measure: Measure) -> Column:
        """Of each group; NaN where no row has the field."""
        column = self.numbers[measure.field]
        known = ~np.isnan(column)
        owners, values = self.owners[known], column[known]
        counts = np.bincount(owners, minlength=self.count)
        return np.where(counts > 0, _figures(measure.operation, owners, values, counts), np.nan)


def _known(figure: float) -> float | None:
    return None if np.isnan(figure) else figure


def _figures(operation: Operation, owners: Column, values: Column, counts: Column) -> Column:
    """What it is of groups without any values says nothing."""
    match operation:
        case "sum":
            return np.bincount(owners, values, len(counts))
        case "min":
            return _folded(np.minimum, owners, values, np.full(len(counts), np.inf))
        case "max":
            return _folded(np.maximum, owners, values, np.full(len(counts), -np.inf))
        case "p50" | "p95" | "p99":
            return _percentiles(_SHARES[operation], owners, values, counts)
    assert_never(operation)


def _folded(fold: np.ufunc, owners: Column, values: Column, figures: Column) -> Column:
    fold.at(figures, owners, values)
    return figures


def _percentiles(share: float, owners: Column, values: Column, counts: Column) -> Column:
    """Nearest rank: the smallest value that at least `share` of all do not exceed."""
    if not len(values):
        return np.zeros(len(counts))
    ordered = values[np.lexsort((values, owners))]
    ranks = np.maximum(1, np.ceil(share * counts)).astype(np.int64)
    places = np.cumsum(counts) - counts + ranks - 1
    return ordered[np.minimum(places, len(ordered) - 1)]
