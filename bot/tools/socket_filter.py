"""Whether an open socket is among those that were asked for. Pure."""

from collections.abc import Iterator

from bot.domain.query import Filter, Target
from bot.domain.sockets import OpenSocket
from bot.targets import is_at, is_of

_ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - what sockets say, nothing is bound


def matches(socket: OpenSocket, wanted: Filter) -> bool:
    """A target is either end. A socket that is open to all addresses is at every one."""
    return all(_conditions(socket, wanted))


def _conditions(socket: OpenSocket, wanted: Filter) -> Iterator[bool]:
    yield from is_of(socket, wanted)
    yield wanted.target is None or _is_at(socket, wanted.target)
    yield wanted.protocol is None or socket.protocol.upper() == wanted.protocol


def _is_at(socket: OpenSocket, target: Target) -> bool:
    if is_at(socket.remote, target) or is_at(socket.local, target):
        return True
    is_open_to_all = socket.local.address in _ALL_ADDRESSES and target.name is None
    return is_open_to_all and target.port in (None, socket.local.port)
