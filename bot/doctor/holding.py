"""Which process holds a port of this machine, in words."""

import asyncio
import pwd
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from bot.ebpf.machine.listening import Listener, listeners

_CONTAINER = (".dockerenv", "run/.containerenv", "var/run/secrets/kubernetes.io/serviceaccount")
"""What Docker, Podman and Kubernetes put into each container."""


async def holders_of(port: int) -> tuple[Listener, ...]:
    """Empty too where that cannot be seen."""
    with suppress(OSError):
        return await asyncio.to_thread(listeners, port)
    return ()


def answering_on_loopback(found: Sequence[Listener]) -> tuple[Listener, ...]:
    return tuple(each for each in found if (address := ip_address(each.address)).is_loopback or address.is_unspecified)


def told(listener: Listener) -> str:
    """`nginx (pid 12)`, or whose process it is where more is not to be seen."""
    if listener.pid is not None:
        return f"{listener.process} (pid {listener.pid})"
    return f"a process of {_user(listener.uid)}, which only root may see"


def is_in_container(root: Path = Path("/")) -> bool:
    return any((root / name).exists() for name in _CONTAINER)


def _user(uid: int | None) -> str:
    if uid is None:
        return "another user"
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"
