"""Puts the kernel's events together: those of one connection, of one question to DNS. Pure.

Events come in the order in which the kernel reported them. The event store does the same to many raw events at once.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from bot.domain.network import Event, IcmpSent, Listen, Reset, Retransmit, SocketError
from bot.ebpf.recording.accept_joining import AcceptedConnections
from bot.ebpf.recording.attempt_joining import Attempts
from bot.ebpf.recording.kernel_events import (
    AcceptedClosed,
    ConnectionAccepted,
    ConnectionClosed,
    ConnectReturned,
    ErrorLearnt,
    HandshakeEnded,
    KernelEvent,
    OwnerSeen,
    QuerySent,
    ReplyReceived,
    ResetReceived,
    SkbDropped,
    SynSentAgain,
)
from bot.ebpf.recording.lookup_joining import AddressNames, Lookups


def join(events: Iterable[KernelEvent]) -> tuple[Event, ...]:
    """All that was told, each kind in the order of its first events."""
    joiner = Joiner()
    joiner.add_all(events)
    return joiner.events()


class Joiner:
    """The joining under way: `add` every event, then read."""

    def __init__(self) -> None:
        self._attempts = Attempts()
        self._accepted = AcceptedConnections()
        self._lookups = Lookups()
        self._names = AddressNames()
        self._complete: list[Event] = []

    def add_all(self, events: Iterable[KernelEvent]) -> None:
        for event in events:
            self.add(event)

    def add(self, event: KernelEvent) -> None:
        match event:
            case ConnectReturned() | HandshakeEnded() | SynSentAgain():
                self._attempts.begin_or_go_on(event)
            case ConnectionClosed() | ResetReceived() | ErrorLearnt():
                self._attempts.go_on(event)
            case ConnectionAccepted():
                self._accepted.begin(event)
            case OwnerSeen() | AcceptedClosed():
                self._accepted.go_on(event)
            case QuerySent():
                self._lookups.ask(event)
            case ReplyReceived():
                self._names.learn(self._lookups.answer(event), event.answers)
            case SkbDropped():
                self._complete.append(event.drop)
                self._attempts.explain(event.attempt, event.evidence)
            case Retransmit() | Reset() | Listen() | SocketError() | IcmpSent():
                self._complete.append(event)
            case _:
                assert_never(event)

    def events(self, *, node: str | None = None) -> tuple[Event, ...]:
        """Of the machine `node`. Destinations have the names that DNS gave them last, whenever that was."""
        joined = (self._attempts.connections(), self._accepted.connections(), self._lookups.lookups(), self._complete)
        named = (self._names.named(event) for events in joined for event in events)
        return tuple(replace(event, node=node) if node else event for event in named)
