"""Whether an ebpf-server or its aggregator answers at an address: one small request, without an HTTP library to load.

It is asked before a source is chosen; most often nothing listens there.
"""

import asyncio
from dataclasses import dataclass

from bot.ebpf.remote import wire
from bot.ebpf.remote.address import ServerAddress, parse_address

TIMEOUT_S = 0.3
MAX_BYTES = 1 << 20
"""Of an answer."""


async def probe(base_url: str, *, timeout_s: float = TIMEOUT_S) -> wire.ServerKind | None:
    """Which of the two answers there within `timeout_s`; None when neither does, whatever else may listen.

    Raises: InvalidSettings when `base_url` is no address.
    """
    address = parse_address(base_url)
    try:
        answer = await fetched(address, "/health", timeout_s=timeout_s)
        return wire.parse_component(wire.parse_json(answer.body)) if answer.is_ok else None
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_ok`: its status is 200."""

    is_ok: bool
    body: bytes


async def fetched(address: ServerAddress, path: str, *, timeout_s: float) -> Answer:
    """HTTP/1.0 has no chunks: the body ends with the connection. Raises: OSError, of which TimeoutError is one."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.is_tls or None)
        try:
            writer.write(f"GET {address.path}{path} HTTP/1.0\r\nHost: {address.authority}\r\n\r\n".encode())
            head, _, body = (await _read(reader)).partition(b"\r\n\r\n")
        finally:
            writer.close()
    return Answer(head.split()[1:2] == [b"200"], body)


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Whatever answers there may never end."""
    answer = b""
    while len(answer) < MAX_BYTES and (piece := await reader.read(MAX_BYTES)):
        answer += piece
    return answer
