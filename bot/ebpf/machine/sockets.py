"""The sockets that are open now, in every network namespace that has a process, with who holds them.

Blocks for as long as the kernel lists: call it in a thread. The namespace of the caller never changes.
"""

import errno
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, AF_INET6, socket

from bot.domain.sockets import OpenSocket, OpenSockets, SocketState, Transport
from bot.ebpf.machine import sock_diag
from bot.ebpf.machine.holders import Holders
from bot.ebpf.machine.namespaces import PROC, Namespaces, inside, namespaces
from bot.ebpf.machine.sock_diag_reading import inode_of, mask, socket_of

MAX_SOCKETS = 20_000
ALL_STATES = frozenset(SocketState)
_TIME_WAIT = frozenset({SocketState.TIME_WAIT})
_FAMILIES = {AF_INET: "IPv4", AF_INET6: "IPv6"}


@dataclass(frozen=True, slots=True)
class _Listed:
    namespace: int
    protocol: Transport
    message: bytes


@dataclass(slots=True)
class _Listing:
    """What was listed so far: at most `limit` sockets, the others are only counted."""

    limit: int
    kept: list[_Listed] = field(default_factory=list)
    left_out: int = 0
    closed: dict[int, OSError] = field(default_factory=dict)
    """Namespaces that could not be looked into."""
    refused: dict[str, OSError] = field(default_factory=dict)
    """Protocols that could not be listed."""

    def add(self, listed: _Listed) -> None:
        if len(self.kept) < self.limit:
            self.kept.append(listed)
        else:
            self.left_out += 1


def open_sockets(
    *,
    states: Collection[SocketState] = ALL_STATES,
    limit: int = MAX_SOCKETS,
    with_holders: bool = True,
    proc: Path = PROC,
) -> OpenSockets:
    """TCP and UDP sockets in these states, with their processes. What it may not see is no error: `notes` say so."""
    time = datetime.now(UTC)
    listing = _Listing(limit)
    reachable = namespaces(proc)
    wanted = frozenset(states)
    for some in (wanted - _TIME_WAIT, wanted & _TIME_WAIT):
        if some:
            _list_everywhere(reachable, some, listing, proc)
    inodes = {inode_of(each.message) for each in listing.kept} - {0} if with_holders else frozenset[int]()
    holders = Holders(inodes, proc)
    sockets = tuple(socket_of(each.message, each.protocol, each.namespace, holders.of) for each in listing.kept)
    return OpenSockets(
        time=time,
        sockets=sockets,
        left_out=listing.left_out,
        namespaces=tuple(each.number for each in reachable.found if each.number not in listing.closed),
        notes=tuple(_notes(listing, reachable, holders, sockets)),
    )


def _list_everywhere(reachable: Namespaces, states: Collection[SocketState], listing: _Listing, proc: Path) -> None:
    for namespace in reachable.found:
        try:
            diag = inside(namespace, sock_diag.opened, proc=proc)
        except ProcessLookupError:
            continue  # it ended meanwhile, and its sockets with it
        except OSError as error:
            listing.closed[namespace.number] = error
            continue
        with diag:
            _list(diag, namespace.number, states, listing)


def _list(diag: socket, namespace: int, states: Collection[SocketState], listing: _Listing) -> None:
    for protocol in sock_diag.PROTOCOLS:
        for family, name in _FAMILIES.items():
            try:
                for message in sock_diag.dump(diag, family=family, protocol=protocol, states=mask(protocol, states)):
                    listing.add(_Listed(namespace, protocol, message))
            except OSError as error:
                listing.refused[f"{protocol.upper()} over {name}"] = error


def _notes(
    listing: _Listing, reachable: Namespaces, holders: Holders, sockets: tuple[OpenSocket, ...]
) -> Iterator[str]:
    if listing.left_out:
        yield f"{listing.left_out:,} more sockets are open; those in TIME_WAIT are left out first"
    if listing.closed:
        whys = {error.strerror or str(error) for error in listing.closed.values()}
        yield (
            f"{len(listing.closed)} of {len(reachable.found)} network namespaces could not be looked into:"
            f" {', '.join(sorted(whys))} (needs CAP_SYS_ADMIN)"
        )
    for what, error in listing.refused.items():
        missing = error.errno == errno.ENOENT
        yield f"{what} could not be listed: {'this kernel has no module for it' if missing else error}"
    if reachable.hidden or holders.hidden:
        yield (
            f"processes that could not be looked at (needs CAP_SYS_PTRACE): {max(reachable.hidden, holders.hidden):,};"
            " their sockets have no process here, and a network namespace of their own would be missing"
        )
    if holders.is_cut:
        ownerless = sum(each.inode is not None and each.pid is None for each in sockets)
        yield f"too many open files to look at all: {ownerless:,} sockets have no process"
