"""All that is particular to PostgreSQL's URLs and its driver, asyncpg. Called when a store opens."""

from typing import Any

from sqlalchemy import URL

from bot.domain.errors import InvalidSettings

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 15.0
"""Longer than another replica's migration takes, which a start waits for."""
_DRIVER = "asyncpg"
_PARAMETERS = ("host", "port", "ssl", "sslmode", "passfile", "prepared_statement_cache_size")
"""What may follow a URL's question mark; the last is SQLAlchemy's, and PgBouncer needs it to be 0."""


def usable(url: URL) -> URL:
    """The URL as the driver takes it: libpq's `sslmode`, which providers hand out, is `ssl` there.

    Raises: InvalidSettings for what the driver would fail on with an error of its own, without the URL.
    """
    if "@" in (url.host or ""):
        raise _unusable("its password has an @ in it", "write that @ as %40")
    if not _is_address(url):
        raise _unusable("its host or its port cannot be one", "correct them")
    if url.get_driver_name() != _DRIVER:
        return url
    if not set(_PARAMETERS).issuperset(url.query):
        raise _unusable("it has a parameter that is not supported", f"only {', '.join(_PARAMETERS)} may be there")
    return url.set(query={"ssl" if name == "sslmode" else name: value for name, value in url.query.items()})


def connect_args(url: URL) -> dict[str, Any]:
    """Without these the driver waits a minute for a connection, and for ever for a statement."""
    if url.get_driver_name() != _DRIVER:
        return {}
    return {"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S}


def server_of(url: URL) -> str:
    """HOST:PORT for people. Without a host the driver looks for a local server."""
    named = url.query.get("host", url.host or "localhost")
    host = named if isinstance(named, str) else ", ".join(named)
    address = f"[{host}]" if ":" in host and host == url.host else host
    return address if "host" in url.query else f"{address}:{url.port or 5432}"


def _is_address(url: URL) -> bool:
    try:
        (url.host or "").encode("idna")
    except UnicodeError:
        return False
    return url.port is None or 0 < url.port < 2**16


def _unusable(got: str, remedy: str) -> InvalidSettings:
    return InvalidSettings("NETSPY_DATABASE_URL", got, remedy)
