"""One `Accepted` per connection that came in, with its process and its figures as soon as these are told. Pure."""

from dataclasses import dataclass

from bot.domain.network import Accepted
from bot.ebpf.recording.kernel_events import NOBODY, AcceptedClosed, ConnectionAccepted, Ending, OwnerSeen, Who


@dataclass(slots=True)
class _Story:
    begin: ConnectionAccepted
    who: Who = NOBODY
    ending: Ending | None = None


class AcceptedConnections:
    """In the order in which they came in."""

    def __init__(self) -> None:
        self._stories: list[_Story] = []
        self._open: dict[str, _Story] = {}
        """By their sockets, of which a later connection may have the same."""

    def begin(self, event: ConnectionAccepted) -> None:
        story = _Story(event)
        self._stories.append(story)
        if event.sock:
            self._open[event.sock] = story

    def go_on(self, event: OwnerSeen | AcceptedClosed) -> None:
        story = self._open.get(event.sock)
        if story is None:
            return
        match event:
            case OwnerSeen():
                story.who = event.who if story.who is NOBODY else story.who
            case AcceptedClosed():
                story.ending = story.ending or event.ending
                if not event.owner_may_follow:
                    del self._open[event.sock]

    def connections(self) -> tuple[Accepted, ...]:
        return tuple(map(_accepted, self._stories))


def _accepted(story: _Story) -> Accepted:
    begin, who, ending = story.begin, story.who, story.ending
    return Accepted(
        time=begin.time,
        process=who.process,
        pid=who.pid,
        uid=who.uid,
        workload=begin.workload,
        source=begin.source,
        destination=begin.destination,
        errno=ending.errno if ending else None,
        duration_us=ending.duration_us if ending else None,
        sent_bytes=ending.sent_bytes if ending else None,
        received_bytes=ending.received_bytes if ending else None,
        retransmits=ending.retransmits if ending else None,
        rtt_us=ending.rtt_us if ending else None,
    )
