"""Where a server is, as people write it. `url` has no password in it and may be shown and logged."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bot.domain.errors import InvalidSettings
from bot.ebpf.excerpt import excerpt

DEFAULT_PORTS = {"http": 80, "https": 443}
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
