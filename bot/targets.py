"""Destinations and names as people write them, and what fits them: an address, a CIDR, a DNS name, a pattern. Pure."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Protocol

from bot.domain.network import Endpoint
from bot.domain.query import Filter, Target
from bot.domain.workload import Workload

A_TARGET: Final = "an address, a CIDR such as 10.0.0.0/8, host:port, [v6]:port, :port, or a DNS name"

_BRACKETED = re.compile(r"\[(?P<host>[0-9a-fA-F:.]+)\](?::(?P<port>\d{1,5}))?", re.ASCII)
_WITH_PORT = re.compile(r"(?P<host>[^:\s\[\]/]*):(?P<port>\d{1,5})", re.ASCII)
_NAME = re.compile(r"(?=.*[a-z_])[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


_WILD: Final = {"*": ".*", "?": "."}


def read_target(text: str) -> Target:
    """Raises: ValueError for what is none of `A_TARGET`."""
    try:
        return _read(text)
    except ValueError:
        raise ValueError(f"it is not {A_TARGET}") from None


def with_port(found: Target | None, port: int | None) -> Target | None:
    """A target that was written in two parts. Raises: ValueError when the first names another port."""
    if found is None or port is None:
        return found or (Target(port=port) if port is not None else None)
    if found.port not in (None, port):
        raise ValueError(f"{port} beside {found.port}")
    return replace(found, port=port)


def is_at(end: Endpoint | None, target: Target) -> bool:
    if end is None or (target.port is not None and end.port != target.port):
        return False
    if target.name is not None and (end.name is None or end.name.lower().rstrip(".") != target.name):
        return False
    address = _address(end.address)
    return target.network is None or (address is not None and address in target.network)


def is_pattern(text: str) -> bool:
    """Whether `like` would take any of its letters for others."""
    return any(each in text for each in _WILD)


class Somebodys(Protocol):
    """What belongs to a process: an event, an open socket."""

    @property
    def pid(self) -> int | None: ...
    @property
    def process(self) -> str | None: ...
    @property
    def uid(self) -> int | None: ...
    @property
    def node(self) -> str | None: ...
    @property
    def workload(self) -> Workload | None: ...


def is_of(owned: Somebodys, wanted: Filter) -> Iterator[bool]:
    """The conditions on whose it is, and where that runs."""
    workload = owned.workload
    yield wanted.pid is None or owned.pid == wanted.pid
    yield wanted.process is None or owned.process == wanted.process
    yield wanted.process_pattern is None or like(owned.process, wanted.process_pattern)
    yield wanted.uid is None or owned.uid == wanted.uid
    yield wanted.node is None or owned.node == wanted.node
    yield wanted.namespace is None or (workload is not None and workload.pod_namespace == wanted.namespace)
    yield wanted.pod is None or (workload is not None and workload.pod == wanted.pod)
    yield wanted.container is None or (workload is not None and workload.container == wanted.container)


def like(text: str | None, pattern: str) -> bool:
    """Whether a text is of this pattern, in which `*` is any characters and `?` one."""
    return text is not None and _expression(pattern).fullmatch(text) is not None


def _read(text: str) -> Target:
    if found := _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text):
        port = _port(found["port"]) if found["port"] else None
        return _host(found["host"], port) if found["host"] else Target(port=port)
    return _host(text, None)


def _host(text: str, port: int | None) -> Target:
    network = _network(text)
    if network:
        return Target(network=network, port=port)
    name = text.lower().rstrip(".")
    if not _NAME.fullmatch(name):
        raise ValueError
    return Target(name=name, port=port)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """None for what looks like no address. Raises: ValueError for a network with host bits, or a wrong length."""
    address, slash, _ = text.partition("/")
    try:
        ip_address(address)
    except ValueError:
        if slash:
            raise
        return None
    return ip_network(text)


def _port(text: str) -> int:
    if not 0 < int(text) < 65536:
        raise ValueError
    return int(text)


@lru_cache(maxsize=4096)
def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    """None also for what some servers tell in its place: the name of another family."""
    try:
        return ip_address(text or "")
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_WILD.get(each) or re.escape(each) for each in pattern), re.DOTALL)
