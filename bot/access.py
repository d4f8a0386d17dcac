"""Who may ask an HTTP side of netspy: whoever has its token, or, where none is set, whoever is on this machine. Pure.

Without a token only requests for a loopback name are answered: a web page that lets its own name point here (DNS
rebinding) is refused.
"""

import hmac
import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_HOST = re.compile(r"(\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(:\d{1,5})?")
_BEARER = re.compile(r"bearer +(?P<token>[!-~]+) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`challenge` is what WWW-Authenticate says."""

    status: int
    reason: str
    challenge: str = ""


class Door:
    """`of` is what stands behind it, as people call it; `remedy` says how a token is set."""

    def __init__(self, token: str | None, *, of: str, remedy: str) -> None:
        """Raises: ValueError for a token that cannot be in a header: empty, or not of visible ASCII."""
        if token is not None and not re.fullmatch("[!-~]+", token):
            raise ValueError("a token has only visible ASCII characters, at least one, and no blanks")
        self._token = token.encode() if token is not None else None
        self._of = of
        self._remedy = remedy

    def refusal(self, *, host: str | None, authorization: str | None) -> Refusal | None:
        """Why a request with these headers is not answered; None when it is."""
        return self._without_token(authorization) if self._token is not None else self._from_elsewhere(host)

    def _without_token(self, authorization: str | None) -> Refusal | None:
        said = _BEARER.fullmatch(authorization or "")
        if said is None:
            return Refusal(
                401, f"this {self._of} wants its token: Authorization: Bearer TOKEN", 'Bearer realm="netspy"'
            )
        if self._token is not None and hmac.compare_digest(said["token"].encode(), self._token):
            return None
        return Refusal(
            401, f"this is not the token that the {self._of} wants", 'Bearer realm="netspy", error="invalid_token"'
        )

    def _from_elsewhere(self, host: str | None) -> Refusal | None:
        if is_loopback(host_of(host or "")):
            return None
        return Refusal(403, f"this {self._of} has no token and so answers to localhost only: {self._remedy}")


def of_another_origin(origin: str | None, *, host: str | None) -> bool:
    """Whether a browser sent this for a page that is neither of this machine nor of the host that was asked."""
    if origin is None:
        return False
    try:
        asking = urlsplit(origin).netloc.lower()
    except ValueError:
        return True
    return not is_loopback(host_of(asking)) and (not asking or asking != (host or "").lower())


def host_of(authority: str) -> str:
    """The host of `HOST` or `HOST:PORT`, in small letters and without brackets; empty where it is neither."""
    written = _HOST.fullmatch(authority.lower())
    return (written["v6"] or written["name"]) if written else ""


def is_loopback(host: str) -> bool:
    """Whether a host's name or address, without a port, is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
