"""How one kind of event is read from its log: what a filter lets through, and what a row says.

`matching.py` and `evaluate.py` say what filters and fields mean; this says the same of columns.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from operator import eq
from typing import Final, TypeAlias

import numpy as np

from bot.domain.network import Direction, Endpoint, Event
from bot.domain.query import Filter, GroupField, GroupKey, NumberField, Target
from bot.domain.workload import Workload
from bot.ebpf.store.address_names import AddressNames
from bot.ebpf.store.batch import endpoint
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.fields import UNTOLD, Alike, Field, Judge, Keys, OfNumber, OfText, process_name, text_mask, told
from bot.ebpf.store.log import Chunk, Column, Log
from bot.ebpf.store.row import NS_PER_US, Meanings, Row, end_of
from bot.ebpf.store.seeing import Fields, Seeing
from bot.targets import is_at, like

_EXACT: Final[tuple[GroupField, ...]] = (
    "pid", "process", "uid", "protocol", "direction", "errno", "reason", "node", "namespace", "pod", "container",
)  # fmt: skip
"""Fields of which a filter can name the only value to let through."""
PASSING: Final = frozenset[GroupField]({"name", "namespace", "pod", "container"})
"""Fields whose values may be others when the same is asked again."""
_ABSENT: Final = Alike(None)

Numbers: TypeAlias = Mapping[NumberField, Callable[[Chunk], Column]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How one kind of event is told. `fields` and `numbers`: what it has beside what every kind has.

    `end` tells where an event went; `direction` is that of all events of this kind, where they have one.
    `hidden`: rows to be left out unless failed look-ups of local sockets are asked for. `owned`: rows of which it is
    certain whose they are, where not all are.
    """

    event: Callable[[Row], Event]
    fields: Fields
    numbers: Numbers = field(default_factory=dict)
    end: Callable[[bytes], Endpoint | None] = endpoint
    direction: Direction | None = None
    hidden: Callable[[Chunk], Column] | None = None
    owned: Callable[[Chunk], Column] | None = None


class Reading:
    """Of one kind's log, which the store's keeper of this kind writes."""

    def __init__(self, log: Log, meanings: Meanings, telling: Telling) -> None:
        self.log = log
        self._meanings = meanings
        self._telling = telling
        direction: Fields = {"direction": Alike(telling.direction)} if telling.direction else {}
        self._fields: Fields = {**_shared_fields(meanings, telling.end), **direction, **telling.fields}
        self._seeing = Seeing(self._fields, telling.owned)

    def matching(self, chunk: Chunk, wanted: Filter) -> Column | None:
        """True for each row that the filter lets through; None when it lets all of them through."""
        masks = [each.mask(chunk, judge) for each, judge in self._conditions(wanted)]
        if wanted.target is not None:
            masks.append(self._at(chunk, wanted.target))
        if self._telling.hidden and not wanted.failed_local_lookups:
            masks.append(~self._telling.hidden(chunk))
        if not wanted.within.is_everything:
            masks.append(self._seeing.mask(chunk, wanted.within))
        return np.logical_and.reduce(masks) if masks else None

    def naming(self, addresses: AddressNames) -> "Reading":
        """The same rows with these names of addresses."""
        return Reading(self.log, replace(self._meanings, addresses=addresses), self._telling)

    def event_at(self, chunk: Chunk, place: int, clock: Clock) -> Event:
        return self._telling.event(Row(chunk, place, self._meanings, clock))

    def keys(self, chunk: Chunk, name: GroupField) -> Keys:
        return self._fields.get(name, _ABSENT).keys(chunk)

    def numbers_of(self, chunk: Chunk, name: NumberField) -> Column:
        """For each row; NaN where it has none."""
        return self._telling.numbers[name](chunk) if name in self._telling.numbers else np.full(chunk.count, np.nan)

    def _conditions(self, wanted: Filter) -> Iterator[tuple[Field, Judge]]:
        for name in _EXACT:
            value: GroupKey = getattr(wanted, name)
            if value is not None:
                yield self._fields.get(name, _ABSENT), partial(eq, value)
        if (process := wanted.process_pattern) is not None:
            yield self._fields["process"], lambda value: like(str(value), process)
        if (lookup := wanted.lookup) is not None:
            yield from self._lookup(lookup)
        if (outcomes := wanted.outcomes) is not None and "outcome" in self._fields:
            yield self._fields["outcome"], lambda value: value in outcomes
        if not wanted.harmless and "harmless" in self._fields:
            yield self._fields["harmless"], lambda value: value is not True

    def _lookup(self, pattern: str) -> Iterator[tuple[Field, Judge]]:
        if asked := self._fields.get("lookup"):
            yield asked, lambda value: value is not None and like(str(value).lower(), pattern)
        else:
            yield _ABSENT, lambda _: False

    def _at(self, chunk: Chunk, target: Target) -> Column:
        def is_there(text: bytes) -> bool:
            end = self._telling.end(text)
            return is_at(self._meanings.addresses.named(end) if end and target.name else end, target)

        return text_mask(chunk, "destination", is_there)


def _shared_fields(meanings: Meanings, end: Callable[[bytes], Endpoint | None]) -> Fields:

    def of_end(value: Callable[[Endpoint], GroupKey]) -> Field:
        return OfText("destination", lambda text: value(found) if (found := end(text)) else None)

    def of_workload(value: Callable[[Workload], GroupKey]) -> Field:
        return OfNumber("cgroup", lambda cgroup: value(found) if (found := meanings.workload_of(cgroup)) else None)

    return {
        "process": OfText("process", process_name),
        "pid": OfNumber("pid", lambda pid: pid or None),
        "uid": OfNumber("uid", told),
        "node": Alike(meanings.node),
        "destination": of_end(str),
        "address": of_end(lambda end: end.address),
        "port": of_end(lambda end: end.port),
        "name": of_end(meanings.addresses.of),
        "namespace": of_workload(lambda workload: workload.pod_namespace),
        "pod": of_workload(lambda workload: workload.pod),
        "container": of_workload(lambda workload: workload.container),
    }


def source_fields() -> Fields:
    return {
        "source": OfText("source", lambda text: end.address if (end := end_of(text)) else None),
        "source_port": OfText("source", lambda text: end.port if (end := end_of(text)) else None),
    }


def traffic_numbers() -> Numbers:
    """Of `columns.TRAFFIC`."""
    sent, received = plain_number("sent_bytes"), plain_number("received_bytes")
    return {
        "duration_us": duration_us("duration_ns"),
        "sent_bytes": sent,
        "received_bytes": received,
        "transferred_bytes": lambda chunk: sent(chunk) + received(chunk),
        "retransmits": plain_number("retransmits"),
        "rtt_us": plain_number("rtt_us"),
    }


def owned_rows(chunk: Chunk) -> Column:
    """As `columns.is_owned` said of the event."""
    owned: Column = chunk["is_owned"] > 0
    return owned


def plain_number(name: str) -> Callable[[Chunk], Column]:
    """A column of numbers, in which `UNTOLD` is none."""
    return lambda chunk: scaled(chunk[name], 1)


def duration_us(name: str) -> Callable[[Chunk], Column]:
    """A column of nanoseconds, in which `UNTOLD` is none."""
    return lambda chunk: scaled(chunk[name], NS_PER_US)


def scaled(column: Column, divisor: int) -> Column:
    return np.where(column == UNTOLD, np.nan, column / divisor)
