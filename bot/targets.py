"""Destinations as people write them: an address, a network, a DNS name, with or without a port. Pure."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from bot.domain.query import Target

A_TARGET: Final = "an address, a CIDR such as 10.0.0.0/8, host:port, [v6]:port, :port, or a DNS name"

_BRACKETED = re.compile(r"\[(?P<host>[0-9a-fA-F:.]+)\](?::(?P<port>\d{1,5}))?", re.ASCII)
_WITH_PORT = re.compile(r"(?P<host>[^:\s\[\]/]*):(?P<port>\d{1,5})", re.ASCII)
_NAME = re.compile(r"(?=.*[a-z_])[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def read_target(text: str) -> Target:
    """Raises: ValueError for what is none of `A_TARGET`."""
    try:
        return _read(text)
    except ValueError:
        raise ValueError(f"it is not {A_TARGET}") from None


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
