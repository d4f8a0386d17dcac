"""Keeps events that are complete as they come, one row each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot.ebpf.store.batch import Batch, Events
from bot.ebpf.store.log import Column, Log, Schema


class Keeper(Protocol):
    """Keeps one kind of events."""

    @property
    def log(self) -> Log: ...

    def add(self, batch: Batch) -> None: ...

    def evict(self) -> int:
        """Let the oldest chunk go, which there has to be. Returns how many events that were."""
        ...


class PlainKeeper:
    """`kinds` are those of the kernel's events."""

    def __init__(self, kinds: Sequence[int], schema: Schema, columns: Callable[[Events], Mapping[str, Column]]) -> None:
        self.log = Log(schema)
        self._kinds = kinds
        self._columns = columns

    def add(self, batch: Batch) -> None:
        told = batch.of_kinds(self._kinds)
        if len(told.events):
            self.log.append(self._columns(told.events))

    def evict(self) -> int:
        return self.log.evict().count
