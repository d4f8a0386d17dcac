"""The kernel's list of sockets (`man 7 sock_diag`), asked through a netlink socket. What is listed is that netlink
socket's network namespace, whoever reads from it. `sock_diag_reading.py` knows what the answers mean.
"""

import os
import socket
import struct
from collections.abc import Iterator

from bot.domain.sockets import Transport

PROTOCOLS: dict[Transport, int] = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_ERROR, _DONE = 2, 3
_REQUEST_AND_DUMP = 0x301
_EXTENSIONS = 1 << (2 - 1) | 1 << (7 - 1)
"""INET_DIAG_INFO and INET_DIAG_SKMEMINFO."""
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI48x")
_CODE = struct.Struct("=i")
_ANSWER_BYTES = 1 << 16
"""The kernel fills half of that at a time."""
_PATIENCE_S = 5.0


def opened() -> socket.socket:
    """A netlink socket for the namespace of the thread that calls."""
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    made.settimeout(_PATIENCE_S)
    return made


def dump(diag: socket.socket, *, family: int, protocol: Transport, states: int) -> Iterator[bytes]:
    """One message a socket, without its header. `states` has bit N for the kernel's state N.

    Raises: OSError; ENOENT when this kernel cannot list the protocol.
    """
    request = _REQUEST.pack(family, PROTOCOLS[protocol], _EXTENSIONS, 0, states)
    size = _HEADER.size + len(request)
    diag.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_AND_DUMP, 1, 0) + request)
    while True:
        for kind, body in messages(diag.recv(_ANSWER_BYTES)):
            if kind in {_ERROR, _DONE}:
                _raise_for(body)
                return
            yield body


def messages(answer: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each message. Raises: OSError for an answer that ends within one."""
    at = 0
    while at < len(answer):
        size, kind = _HEADER.unpack_from(answer, at)[:2] if len(answer) - at >= _HEADER.size else (0, 0)
        if not _HEADER.size <= size <= len(answer) - at:
            raise OSError(f"sock_diag answered with a message of {size} bytes, where {len(answer) - at} are left")
        yield kind, answer[at + _HEADER.size : at + size]
        at += size + 3 & ~3


def _raise_for(body: bytes) -> None:
    code = _CODE.unpack_from(body)[0] if len(body) >= _CODE.size else 0
    if code:
        raise OSError(-code, os.strerror(-code))
