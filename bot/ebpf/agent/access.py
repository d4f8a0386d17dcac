"""Who may ask the agent: whoever has the token, or, where none is set, whoever is on this machine. Pure.

Without a token only requests for a loopback name are answered: a web page that lets its own name point here (DNS
rebinding) is refused. /health is open to all: it tells nothing, and probers have no token.
"""

import hmac
import re
from dataclasses import dataclass
from ipaddress import ip_address

OPEN_PATH = "/health"
_HOST = re.compile(r"(\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(:\d{1,5})?")
_BEARER = re.compile(r"bearer +(?P<token>[!-~]+) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`challenge` is what WWW-Authenticate says."""

    status: int
    reason: str
    challenge: str = ""


class Access:
    def __init__(self, token: str | None) -> None:
        """Raises: ValueError for a token that cannot be in a header: empty, or not of visible ASCII."""
        if token is not None and not re.fullmatch("[!-~]+", token):
            raise ValueError("a token has only visible ASCII characters, at least one, and no blanks")
        self._token = token.encode() if token is not None else None

    def refusal(self, *, path: str, host: str | None, authorization: str | None) -> Refusal | None:
        """Why a request with these headers is not answered; None when it is."""
        if path == OPEN_PATH:
            return None
        return self._without_token(authorization) if self._token is not None else _from_elsewhere(host)

    def _without_token(self, authorization: str | None) -> Refusal | None:
        said = _BEARER.fullmatch(authorization or "")
        if said is None:
            return Refusal(401, "this collector wants its token: Authorization: Bearer TOKEN", 'Bearer realm="netspy"')
        if self._token is not None and hmac.compare_digest(said["token"].encode(), self._token):
            return None
        return Refusal(
            401, "this is not the token that the collector wants", 'Bearer realm="netspy", error="invalid_token"'
        )


def _from_elsewhere(host: str | None) -> Refusal | None:
    written = _HOST.fullmatch(host.lower()) if host is not None else None
    if written and is_loopback(written["v6"] or written["name"]):
        return None
    return Refusal(
        403, "this collector has no token and so answers to localhost only: set NETSPY_EBPF_TOKEN on both sides"
    )


def is_loopback(host: str) -> bool:
    """Whether a host's name or address, without a port, is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
