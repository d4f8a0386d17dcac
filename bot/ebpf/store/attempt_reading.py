"""What the rows of connection attempts say: the `Reading` of `Connection`."""

from collections.abc import Callable, Iterator, Mapping
from errno import errorcode

import numpy as np

from bot.domain.network import FAILED_OUTCOMES, UNDECIDED_OUTCOMES, Connection, Endpoint
from bot.domain.query import Filter, GroupField, NumberField
from bot.domain.workload import Workload
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.collector.text import unix_path
from bot.ebpf.outcomes import UNDER_WAY
from bot.ebpf.store import attempt_steps as steps
from bot.ebpf.store.attempts import OUTCOMES, SCHEMA
from bot.ebpf.store.batch import endpoint
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.log import Chunk, Column, Log
from bot.ebpf.store.naming import LOCAL, Keys, alike, all_of, named, numbered, of_process, process_name, protocol_name

_NS = 1000


class AttemptReading:
    """`node` is the name of this machine, where it is to be told; `workload_of` tells who runs in a cgroup."""

    def __init__(self, log: Log, *, workload_of: Callable[[int], Workload | None], node: str | None = None) -> None:
        self._log = log
        self._workload_of = workload_of
        self._node = node

    @property
    def log(self) -> Log:
        return self._log

    def matching(self, chunk: Chunk, wanted: Filter) -> Column | None:
        return all_of(self._masks(chunk, wanted))

    def event(self, chunk: Chunk, place: int, clock: Clock) -> Connection:
        row = {name: int(chunk[name][place]) for name in SCHEMA.numbers}
        text = {name: chunk.text(name, place) for name in SCHEMA.texts}
        outcome = OUTCOMES[row["outcome"]]
        is_local = bool(row["facts"] & steps.LOCAL)
        return Connection(
            time=clock.moment(row["time"]),
            process=process_name(text["process"]),
            pid=row["pid"] or None,
            uid=row["uid"],
            destination=Endpoint(path=unix_path(text["path"]) or None) if is_local else endpoint(text["destination"]),
            protocol=protocol_name(LOCAL if is_local else row["protocol"]),
            outcome=outcome,
            errno=errno_name(_errno(row)),
            waited_us=None if outcome in UNDECIDED_OUTCOMES else _microseconds(row["waited_ns"]),
            duration_us=_microseconds(row["duration_ns"]),
            sent_bytes=_told(row["sent_bytes"]),
            received_bytes=_told(row["received_bytes"]),
            retransmits=_told(row["retransmits"]),
            node=self._node,
            workload=self._workload_of(row["cgroup"]),
        )

    def keys(self, chunk: Chunk, field: GroupField) -> Keys:
        if field == "node":
            return alike(chunk, self._node)
        return _KEYS[field](chunk) if field in _KEYS else alike(chunk, None)

    def numbers(self, chunk: Chunk, field: NumberField) -> Column:
        if field not in _NUMBERS:
            return np.full(chunk.count, np.nan)
        name, scale = _NUMBERS[field]
        values: Column = np.where(chunk[name] == steps.UNTOLD, np.nan, chunk[name] / scale)
        return np.where(np.isin(chunk["outcome"], _UNDECIDED), np.nan, values) if field == "waited_us" else values

    def _masks(self, chunk: Chunk, wanted: Filter) -> Iterator[Column]:
        yield from of_process(chunk, wanted)
        if wanted.outcomes is not None:
            yield np.isin(chunk["outcome"], [OUTCOMES.index(outcome) for outcome in wanted.outcomes])
        if not wanted.failed_local_lookups:
            yield (chunk["facts"] & steps.LOCAL == 0) | ~np.isin(chunk["outcome"], _FAILED)


def _protocols(chunk: Chunk) -> Keys:
    return numbered(np.where(chunk["facts"] & steps.LOCAL, LOCAL, chunk["protocol"]), protocol_name)


_KEYS: Mapping[GroupField, Callable[[Chunk], Keys]] = {
    "process": lambda chunk: named(chunk, "process", process_name),
    "destination": lambda chunk: named(chunk, "destination", lambda text: str(endpoint(text))),
    "address": lambda chunk: named(chunk, "destination", lambda text: endpoint(text).address),
    "port": lambda chunk: named(chunk, "destination", lambda text: endpoint(text).port),
    "pid": lambda chunk: numbered(chunk["pid"], lambda pid: pid or None),
    "uid": lambda chunk: numbered(chunk["uid"], int),
    "protocol": _protocols,
    "outcome": lambda chunk: (chunk["outcome"], [outcome.value for outcome in OUTCOMES]),
    "errno": lambda chunk: numbered(_errnos(chunk), errno_name),
}
_NUMBERS: Mapping[NumberField, tuple[str, int]] = {
    "waited_us": ("waited_ns", _NS),
    "duration_us": ("duration_ns", _NS),
    "sent_bytes": ("sent_bytes", 1),
    "received_bytes": ("received_bytes", 1),
}
_FAILED = [OUTCOMES.index(outcome) for outcome in FAILED_OUTCOMES]
_UNDECIDED = [OUTCOMES.index(outcome) for outcome in UNDECIDED_OUTCOMES]
_UNDER_WAY = [number for number, name in errorcode.items() if name in UNDER_WAY]


def _errno(row: Mapping[str, int]) -> int:
    """The last word on an attempt; "under way" only while that is the last word. 0 where all went well."""
    call = row["call_errno"]
    if call in _UNDER_WAY and row["facts"] & (steps.HANDSHAKEN | steps.CLOSED):
        call = 0
    return row["close_errno"] or row["handshake_errno"] or call


def _errnos(rows: Chunk) -> Column:
    """`_errno` of each row."""
    closed, handshake, call = rows["close_errno"], rows["handshake_errno"], rows["call_errno"]
    has_ended = np.bitwise_and(rows["facts"], steps.HANDSHAKEN | steps.CLOSED) > 0
    of_call = np.where(has_ended & np.isin(call, _UNDER_WAY), 0, call)
    return np.where(closed, closed, np.where(handshake, handshake, of_call))


def _microseconds(nanoseconds: int) -> float | None:
    return None if nanoseconds == steps.UNTOLD else nanoseconds / _NS


def _told(number: int) -> int | None:
    return None if number == steps.UNTOLD else number
