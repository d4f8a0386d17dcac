"""Where a server is, as people write it. `url` has no password in it and may be shown and logged."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bot.domain.errors import InvalidSettings
from bot.ebpf.excerpt import excerpt

DEFAULT_PORTS = {"http": 80, "https": 443}
_NODE = re.compile(r"(?P<name>\*|[A-Za-z0-9][A-Za-z0-9._-]*)=(?P<url>\S+)")
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """`path` is the prefix before the server's own paths, without a trailing slash; `login` is user and password."""

    scheme: str
    host: str
    port: int
    path: str = ""
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"


def parse_address(text: str) -> ServerAddress:
    """`http://host:port/prefix`, also without a scheme: `localhost:8080`. Raises: InvalidSettings."""
    given = text.strip()
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _refused(given) from None
    is_clean = given.isprintable() and " " not in given and not parts.query and not parts.fragment
    if not host or not _HOST.fullmatch(host) or port == 0 or parts.scheme not in DEFAULT_PORTS or not is_clean:
        raise _refused(given)
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return ServerAddress(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"), login)


def _refused(given: str) -> InvalidSettings:
    """What stands before an @ may be a password."""
    shown = excerpt(given.rpartition("@")[2])
    return InvalidSettings(
        f"server address {shown!r}", "that is no address of an HTTP server", "write it as http://HOST:PORT"
    )


ALL = "*"
"""In the place of a node's name: every address that the URL's host has is a node."""


def parse_nodes(text: str) -> dict[str, str] | None:
    """URLs by the names of their nodes, of `node-a=http://...,node-b=http://...`; None where no node is named.

    Raises: InvalidSettings.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not any(_NODE.match(part) for part in parts):
        return None
    nodes: dict[str, str] = {}
    for part in parts:
        found = _NODE.fullmatch(part)
        if not found or found["name"] in nodes:
            got = "it names a node twice" if found else "a part of it names no node"
            raise InvalidSettings("addresses of nodes", got, "write node-a=http://HOST:PORT,node-b=http://HOST:PORT")
        parse_address(found["url"])
        nodes[found["name"]] = found["url"]
    return nodes
