"""Which rows a scope lets through: what `scopes.sees` says of events, said of columns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np

from bot.domain.query import GroupField, Limits, Scope
from bot.ebpf.scopes import is_like, is_named, lies_in
from bot.ebpf.store.fields import Field, Keys
from bot.ebpf.store.log import Chunk, Column

Fields: TypeAlias = Mapping[GroupField, Field]
KeysOf: TypeAlias = Callable[[GroupField], Keys]


@dataclass(frozen=True, slots=True)
class Seeing:
    """`owned`: the rows of which it is certain whose they are; None where all are."""

    fields: Fields
    owned: Callable[[Chunk], Column] | None

    def mask(self, chunk: Chunk, scope: Scope) -> Column:
        """True for each row that the scope, which is not everything, lets through."""
        if lasts(scope):
            return chunk.recall(("scope", scope), lambda: self._any(chunk, scope))
        return self._any(chunk, scope)

    def _any(self, chunk: Chunk, scope: Scope) -> Column:
        keys = cache(lambda name: self.fields[name].keys(chunk))
        found = np.zeros(chunk.count, np.bool_)
        for limits in scope.any_of or ():
            found |= np.logical_and.reduce([np.ones(chunk.count, np.bool_), *self._conditions(chunk, limits, keys)])
        return found

    def _conditions(self, chunk: Chunk, limits: Limits, keys: KeysOf) -> Iterator[Column]:
        if self.owned and (limits.processes or limits.pids):
            yield self.owned(chunk)
        if limits.pids:
            yield np.isin(chunk["pid"], [pid for pid in limits.pids if 0 < pid < 2**32])  # 0: nobody knows
        if limits.processes:
            yield _mask(keys("process"), lambda process: is_named(process, limits.processes))
        if limits.nodes:
            yield _mask(keys("node"), limits.nodes.__contains__)
        if limits.namespaces:
            yield _mask(keys("namespace"), lambda namespace: is_like(namespace, limits.namespaces))
        if limits.networks:
            ends = [keys(name) for name in _ENDS if name in self.fields]
            yield np.logical_or.reduce([_mask(end, lambda at: lies_in(at, limits.networks)) for end in ends])


_ENDS: tuple[GroupField, ...] = ("source", "address")
"""Where it came from, and where it went."""


def lasts(scope: Scope) -> bool:
    """Whether what it lets through stays that as long as the rows do: who runs in a cgroup may be met later."""
    return not any(limits.namespaces for limits in scope.any_of or ())


def _mask(keys: Keys, judge: Callable[[str | None], bool]) -> Column:
    """For each row what the judge says of its text."""
    places, values = keys
    verdicts = [judge(value if isinstance(value, str) else None) for value in values]
    mask: Column = np.array(verdicts, np.bool_)[places]
    return mask
