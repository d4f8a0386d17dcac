"""What the kernel programs report, as frozen values: the steps of stories that `joining` puts together.

Nobody outside this package sees them. `sock` tells sockets apart while they live; the kernel reuses it afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.domain.network import Drop, Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectReturned:
    """The end of a connect(2) call. One that does not wait returns EINPROGRESS; only the socket knows the rest."""

    began_at: datetime
    returned_at: datetime
    process: str
    pid: int | None
    uid: int | None
    destination: Endpoint
    protocol: str | None
    is_stream: bool
    sock: str | None
    errno: str | None
    call_us: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeEnded:
    """A TCP socket left SYN_SENT, for ESTABLISHED or for CLOSE. A connect(2) that waits for it returns afterwards."""

    began_at: datetime
    ended_at: datetime
    process: str
    pid: int | None
    uid: int | None
    destination: Endpoint
    sock: str
    is_connected: bool
    errno: str | None
    handshake_us: float | None
    retransmits: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed:
    """An established TCP socket is over."""

    sock: str
    errno: str | None
    duration_us: float | None
    sent_bytes: int | None
    received_bytes: int | None
    retransmits: int | None


@dataclass(frozen=True, slots=True)
class ResetReceived:
    """The peer of this socket sent an RST: as its answer to the SYN, or later."""

    sock: str
    in_handshake: bool


@dataclass(frozen=True, slots=True)
class SocketServes:
    """This socket now listens, or was accepted: what an earlier socket of that name did is over."""

    sock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkbDropped:
    """A drop, with what it proves about the socket that it belonged to."""

    drop: Drop
    sock: str | None
    is_unreachable_message: bool


KernelEvent: TypeAlias = ConnectReturned | HandshakeEnded | ConnectionClosed | ResetReceived | SocketServes | SkbDropped
