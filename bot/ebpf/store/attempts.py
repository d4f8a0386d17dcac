"""Connection attempts, one row each: begun by the first event that tells of one, completed by those that follow.

The kernel program gives every TCP attempt an identity, which all later events of its socket carry: the time of its
first SYN, with the CPU in the lowest byte; that of a datagram socket is the time at which it noted its peer. Other
attempts (unix sockets, calls that failed before a SYN) have none and are complete when their call returns.
"""

from collections import OrderedDict, deque
from functools import cache

import numpy as np

from bot.domain.network import Outcome
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.outcomes import Evidence, outcome_of
from bot.ebpf.store import attempt_steps as steps
from bot.ebpf.store.batch import Batch
from bot.ebpf.store.columns import MAX_OPEN, TRAFFIC, WHO
from bot.ebpf.store.log import Chunk, Column, Log, Places, Rows, Schema

OUTCOMES = tuple(Outcome)
"""A row holds the place of its outcome here."""
SCHEMA = Schema(
    numbers={
        **WHO,
        **TRAFFIC,
        "waited_ns": "i8",
        "attempt": "u8",
        **dict.fromkeys(("facts", "call_errno", "handshake_errno", "close_errno", "protocol"), "u2"),
        "outcome": "u1",
    },
    texts=("process", "destination", "path"),
)
_NEW = -1
_ANONYMOUS = np.uint64(1 << 63)
"""No identity is as large."""
_FAILED = (steps.CALLED | steps.HANDSHAKEN | steps.CONNECTED, steps.CALLED | steps.HANDSHAKEN)
"""Of a failed attempt: which facts are looked at, and what they are."""
_DATAGRAM = (steps.CALLED | steps.STREAM, steps.CALLED)
_MAX_LINGERING = 4096
_ERRNO_BITS = 16


class Attempts:
    """The log of attempts, and which of them more may be told about."""

    def __init__(self) -> None:
        self.log = Log(SCHEMA)
        self._open: OrderedDict[int, int] = OrderedDict()
        """Rows by the identity of their attempt, at most `MAX_OPEN`."""
        self._lingering: deque[int] = deque()
        """Attempts that failed of late, since what explains it may be told afterwards; and datagram sockets' latest."""

    def add(self, batch: Batch) -> None:
        told = batch.where(steps.tells_of_attempts(batch.events))
        if not len(told.events):
            return
        rows = self._rows(told)
        for kind, complete in steps.STEPS.items():
            (of_kind,) = np.nonzero(told.events["kind"] == kind)
            _, last = np.unique(rows[of_kind][::-1], return_index=True)  # of several it knows the most
            chosen = of_kind[::-1][last]
            for chunk, places, given in self.log.of(rows[chosen]):
                complete(chunk, places, told.events.take(chosen[given]))
        self._decide(np.unique(rows))

    @property
    def remembered(self) -> int:
        """Attempts of which more may be told: connections that are open, and a few more."""
        return len(self._open)

    def evict(self) -> int:
        """Let the oldest chunk go. Returns how many attempts that were."""
        chunk = self.log.evict()
        for attempt in chunk["attempt"].tolist():
            self._open.pop(attempt, None)
        return chunk.count

    def _rows(self, told: Batch) -> Rows:
        """The row of each event, which the first event of an attempt begins; -1 for the end of an unknown one."""
        identities: Column = told.events["attempt"]
        rows = np.array([self._open.get(each, _NEW) for each in identities.tolist()], np.int64)
        (begun,) = np.nonzero((rows == _NEW) & np.isin(told.events["kind"], steps.BEGINNINGS))
        if len(begun):
            own = np.where(identities == 0, _ANONYMOUS + np.arange(len(rows), dtype=np.uint64), identities)
            distinct, first, which = np.unique(own[begun], return_index=True, return_inverse=True)
            order = np.argsort(first)
            fresh = np.empty(len(order), np.int64)
            fresh[order] = self.log.append(steps.begun(told.where(begun[first[order]])))
            rows[begun] = fresh[which]
            named = distinct < _ANONYMOUS
            self._open.update(zip(distinct[named].tolist(), fresh[named].tolist(), strict=True))
        (later,) = np.nonzero(rows == _NEW)
        rows[later] = [self._open.get(each, _NEW) for each in identities[later].tolist()]
        return rows

    def _decide(self, rows: Rows) -> None:
        """What the attempts came to by now; of those that are over no more is expected."""
        for chunk, places, _ in self.log.of(rows):
            distinct, which = np.unique(_states(chunk, places), return_inverse=True)
            chunk["outcome"][places] = np.array([_outcome(state) for state in distinct.tolist()], np.uint8)[which]
            facts = chunk["facts"][places]
            identities = chunk["attempt"][places]
            lingers = (facts & _FAILED[0] == _FAILED[1]) | (facts & _DATAGRAM[0] == _DATAGRAM[1])
            self._lingering.extend(identities[lingers].tolist())
            for attempt in identities[facts & steps.CLOSED > 0].tolist():
                self._open.pop(attempt, None)
        while len(self._lingering) > _MAX_LINGERING:
            self._open.pop(self._lingering.popleft(), None)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)


def _states(chunk: Chunk, places: Places) -> Column:
    """All that an outcome depends on, as a number."""
    call, handshake = (chunk[name][places].astype(np.uint64) for name in ("call_errno", "handshake_errno"))
    state: Column = chunk["facts"][places] | call << _ERRNO_BITS | handshake << (2 * _ERRNO_BITS)
    return state


@cache
def _outcome(state: int) -> int:
    facts, call, handshake = (state >> shift & 0xFFFF for shift in (0, _ERRNO_BITS, 2 * _ERRNO_BITS))
    known = Evidence(
        called=bool(facts & steps.CALLED),
        call_errno=errno_name(call),
        handshaken=bool(facts & steps.HANDSHAKEN),
        handshake_errno=errno_name(handshake),
        connected=bool(facts & steps.CONNECTED),
        closed=bool(facts & steps.CLOSED),
        got_reset=bool(facts & steps.GOT_RESET),
        neighbour_failed=bool(facts & steps.NEIGHBOUR_FAILED),
        got_unreachable_message=bool(facts & steps.UNREACHABLE),
        is_local=bool(facts & steps.LOCAL),
        is_stream=bool(facts & steps.STREAM),
    )
    return OUTCOMES.index(outcome_of(known))
