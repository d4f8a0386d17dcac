"""The address on which `netspy serve` listens: whether it can be had, and who has it.

Nothing listens there for a test: a `serve` that runs does so already.
"""

import errno
import json
import os
import socket

from bot.access import is_loopback
from bot.doctor.holding import holders_of, told
from bot.domain.ports import Check
from bot.ebpf.remote.address import ServerAddress
from bot.ebpf.remote.probe import fetched
from bot.settings import Settings

READY_S = 6.0
"""A `serve` asks all its parts before it says that it is ready."""
_ANOTHER = "set NETSPY_LISTEN to another HOST:PORT"


async def check_http(settings: Settings) -> Check:
    """Raises: InvalidSettings."""
    host, port = settings.listen_address
    at = f"{host}, {f'port {port}' if port else 'any free port'}"
    match obstacle := _obstacle(host, port):
        case None:
            return Check("http", "ok", f"netspy serve listens on {at}")
        case OSError(errno=errno.EADDRINUSE):
            return await _taken(host, port)
        case socket.gaierror():
            return Check("http", "fault", f"{at}: no address is known for that name", _ANOTHER, "name-unknown")
        case OSError(errno=errno.EACCES):
            remedy = f"give netspy CAP_NET_BIND_SERVICE, or {_ANOTHER} with a port from 1024 on"
            return Check("http", "fault", f"{at}: this user may not listen there", remedy, "permission-denied")
        case OSError(errno=errno.EADDRNOTAVAIL):
            remedy = f"{_ANOTHER}; without a host it is every address of this machine"
            return Check("http", "fault", f"{at}: this machine has no such address", remedy, "no-such-address")
    said = os.strerror(obstacle.errno or 0).lower()
    return Check("http", "fault", f"{at}: {said}", _ANOTHER, "cannot-listen")


def _obstacle(host: str, port: int) -> OSError | None:
    """Why nothing could listen there. The socket takes the address and gives it back; nobody can connect to it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        return error
    return None


async def _taken(host: str, port: int) -> Check:
    if await _is_netspy(host, port):
        return Check("http", "ok", f"a netspy serve runs on {host}, port {port}")
    found = await holders_of(port)
    who = " and ".join(dict.fromkeys(map(told, found))) or "another process"
    detail = f"port {port} of {host} is held by {who}, which is no netspy serve"
    return Check("http", "fault", detail, f"end that one, or {_ANOTHER}", "port-held-by-another")


async def _is_netspy(host: str, port: int) -> bool:
    """Whether /readyz answers as `serve` does, be it ready or not."""
    asked = host if is_loopback(host) or not _is_any(host) else ("::1" if ":" in host else "127.0.0.1")
    try:
        answer = await fetched(ServerAddress("http", asked, port), "/readyz", timeout_s=READY_S)
        said = json.loads(answer.body)
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.keys() == {"ready", "parts"}


def _is_any(host: str) -> bool:
    """Whether it stands for all addresses of this machine."""
    return host.strip("0.:") == ""
