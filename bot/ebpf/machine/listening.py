"""Who listens on a TCP port of this process's own network namespace."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.sockets import OpenSocket, SocketState
from bot.ebpf.machine import sock_diag
from bot.ebpf.machine.holders import Holders
from bot.ebpf.machine.sock_diag_reading import inode_of, mask, socket_of

_LISTENING = mask("tcp", {SocketState.LISTEN})


@dataclass(frozen=True, slots=True)
class Listener:
    """`pid` and `process` are None where the process is not this one's to see; `uid` is its user, where known."""

    address: str
    uid: int | None = None
    pid: int | None = None
    process: str | None = None


def listeners(port: int) -> tuple[Listener, ...]:
    """Empty too where this system cannot say. Raises: OSError."""
    if not hasattr(socket, "AF_NETLINK"):
        return ()
    with sock_diag.opened() as diag:
        found = [message for message in _messages(diag) if socket_of(message, "tcp", 0, {}).local.port == port]
    holders = Holders({inode_of(message) for message in found})
    return tuple(_listener(socket_of(message, "tcp", 0, holders.of)) for message in found)


def _messages(diag: socket.socket) -> Iterator[bytes]:
    for family in (socket.AF_INET, socket.AF_INET6):
        yield from sock_diag.dump(diag, family=family, protocol="tcp", states=_LISTENING)


def _listener(found: OpenSocket) -> Listener:
    return Listener(found.local.address or "", found.uid, found.pid, found.process)
