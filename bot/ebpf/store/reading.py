"""How one kind of event is read from its log: what the filter lets through, and what a row says."""

from typing import Protocol

from bot.domain.network import Event
from bot.domain.query import Filter, GroupField, NumberField
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.log import Chunk, Column, Log
from bot.ebpf.store.naming import Keys


class Reading(Protocol):
    @property
    def log(self) -> Log: ...

    def matching(self, chunk: Chunk, wanted: Filter) -> Column | None:
        """True for each row that the filter lets through; None when it lets all of them through."""
        ...

    def event(self, chunk: Chunk, place: int, clock: Clock) -> Event: ...

    def keys(self, chunk: Chunk, field: GroupField) -> Keys: ...

    def numbers(self, chunk: Chunk, field: NumberField) -> Column:
        """For each row; NaN where it has none."""
        ...
