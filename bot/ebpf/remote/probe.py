"""Whether an ebpf-server or its aggregator answers at an address: one small request, without an HTTP library to load.

`app.py` and `cli.py` ask it before they choose a source; most often nothing listens there.
"""

import asyncio

from bot.ebpf.remote import wire
from bot.ebpf.remote.address import ServerAddress, parse_address

TIMEOUT_S = 0.3


async def probe(base_url: str, *, timeout_s: float = TIMEOUT_S) -> wire.ServerKind | None:
    """Which of the two answers there within `timeout_s`; None when neither does, whatever else may listen.

    Raises: InvalidSettings when `base_url` is no address.
    """
    address = parse_address(base_url)
    try:
        async with asyncio.timeout(timeout_s):
            answer = await _get_health(address)
        return wire.parse_component(wire.parse_json(answer))
    except (OSError, ValueError):
        return None


async def _get_health(address: ServerAddress) -> bytes:
    """The body of an answer with status 200. HTTP/1.0 has no chunks: the body ends with the connection."""
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.is_tls or None)
    try:
        writer.write(f"GET {address.path}/health HTTP/1.0\r\nHost: {address.authority}\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if head.split()[1:2] != [b"200"]:
        raise ValueError("the status is not 200")
    return body
