"""What databases and file systems say when they fail, in netspy's errors. Knows error codes, no SQL."""

import errno
import os
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.domain.errors import StorageCorrupt, StorageError, StorageFull, StorageLocked
from bot.storage import postgresql

_Kind: TypeAlias = tuple[type[StorageError], str, str, str]
"""The error, what came back, the remedy, and what machines call the case."""

_ELSEWHERE = "or put the database elsewhere with NETSPY_DATABASE_URL"
_LOCKED: _Kind = (
    StorageLocked,
    "another process keeps it locked",
    "end the program that holds it (fuser names it) and try again",
    "database-locked",
)
_CORRUPT: _Kind = (
    StorageCorrupt,
    "the file is damaged",
    "restart netspy: it moves the damaged file aside; if it does not, move it yourself",
    "database-damaged",
)
_FULL: _Kind = (StorageFull, "the disk is full", f"free some space, {_ELSEWHERE}", "disk-full")
_READ_ONLY: _Kind = (
    StorageFull,
    "it is read-only",
    f"make the file and its folder writable, {_ELSEWHERE}",
    "read-only",
)
_READ_ONLY_SYSTEM: _Kind = (
    StorageFull,
    "the file system is read-only",
    f"mount it for writing, {_ELSEWHERE}",
    "read-only",
)
_FOLDER: _Kind = (
    StorageError,
    "it is a folder, not a file",
    "name a file in that folder with NETSPY_DATABASE_URL",
    "no-file",
)
_DENIED: _Kind = (
    StorageError,
    "this user may not open it",
    f"give this user the right to write the file and its folder, {_ELSEWHERE}",
    "permission-denied",
)
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _CORRUPT,
    sqlite3.SQLITE_NOTADB: _CORRUPT,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _DENIED,
    sqlite3.SQLITE_PERM: _DENIED,
}
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY_SYSTEM,
    errno.EISDIR: _FOLDER,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
}
_START_IT = "start PostgreSQL there, or correct NETSPY_DATABASE_URL"
_AWAY: _Kind = (StorageError, "the server is starting or shutting down", "wait a moment and try again", "database-away")
_CUT: _Kind = (
    StorageError,
    "the connection broke",
    "see whether PostgreSQL still runs there, and try again",
    "database-away",
)
_BY_SQLSTATE: dict[str, _Kind] = {
    "25006": (
        StorageFull,
        "the server takes no writes",
        "name the primary server in NETSPY_DATABASE_URL",
        "read-only",
    ),
    "28000": (
        StorageError,
        "the server does not let this user in",
        "see that the user exists there, and that pg_hba.conf lets it in, or correct NETSPY_DATABASE_URL",
        "login-refused",
    ),
    "28P01": (
        StorageError,
        "the server refuses the user or the password",
        "correct the user and the password in NETSPY_DATABASE_URL",
        "login-refused",
    ),
    "3D000": (
        StorageError,
        "there is no such database on that server",
        "create it there (createdb), or correct NETSPY_DATABASE_URL",
        "no-such-database",
    ),
    "42501": (
        StorageError,
        "this user may not make or use netspy's tables",
        "make the user the owner of the database (ALTER DATABASE ... OWNER TO ...)",
        "permission-denied",
    ),
    "53100": (StorageFull, "the server's disk is full", f"free some space there, {_ELSEWHERE}", "disk-full"),
    "53300": (
        StorageError,
        "the server has no connection left",
        "raise max_connections there, or end some of its clients",
        "database-crowded",
    ),
    "57P01": _AWAY,
    "57P02": _AWAY,
    "57P03": _AWAY,
}
"""PostgreSQL's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_VAGUE = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
"""SQLite's codes behind which the file system knows more."""
_PRIMARY_CODE = 0xFF  # the rest of a SQLite code is detail


@contextmanager
def translated(doing: str, place: str) -> Iterator[None]:
    """Errors of the database inside become `StorageError`s: "`doing` `place`: what happened. What to do"."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, sqlite3.Error, OSError) as error:
        raise _named(error, doing, place) from error


def sqlite_code(error: BaseException | None) -> int | None:
    """SQLite's primary result code, where SQLite raised `error`."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY_CODE


def _named(error: Exception, doing: str, place: str) -> StorageError:
    kind, got, remedy, finding = _kind_of(error, place)
    return kind(f"{doing} {place}", got, remedy, finding=finding)


def _kind_of(error: Exception, place: str) -> _Kind:
    return _kind_on_server(error, place) if "://" in place else _kind_in_file(error, place)


def _kind_on_server(error: Exception, place: str) -> _Kind:
    """Its driver gives failures to connect as the system's errors, and a timeout of any kind as Python's."""
    server = postgresql.server_of(make_url(place))
    if isinstance(error, (TimeoutError, PoolTimeoutError)):
        return StorageError, f"{server} does not answer in time", f"see what keeps it, {_ELSEWHERE}", "no-answer"
    if isinstance(error, socket.gaierror):
        return (
            StorageError,
            f"no address is known for {server}",
            "correct the host in NETSPY_DATABASE_URL",
            "name-unknown",
        )
    if isinstance(error, DBAPIError):
        known = _BY_SQLSTATE.get(getattr(error.orig, "sqlstate", None) or "")
        return known or (_CUT if error.connection_invalidated else _unknown(error))
    if isinstance(error, (BrokenPipeError, ConnectionResetError)):
        return _CUT
    # What is left of these: a server without TLS, which is named so, and one with another certificate.
    answered = isinstance(error, ssl.SSLError) or type(error) is ConnectionError
    return _unknown(error) if answered else (StorageError, f"nothing answers at {server}", _START_IT, "database-away")


def _kind_in_file(error: Exception, place: str) -> _Kind:
    if isinstance(error, PoolTimeoutError):
        return _LOCKED
    code = sqlite_code(error)
    known = _BY_ERRNO.get(error.errno or 0) if isinstance(error, OSError) else _BY_SQLITE_CODE.get(code or 0)
    if code in _VAGUE or isinstance(error, NotADirectoryError):
        with suppress(OSError):  # where it can't be looked at, SQLite's own words have to do
            known = _seen_on_disk(Path(place)) or known
    if known:
        return known
    if code == sqlite3.SQLITE_IOERR:
        remedy = f"see what the system's log says about the disk, {_ELSEWHERE}"
        return StorageError, _first_line(error), remedy, "disk-failed"
    return _unknown(error)


def _unknown(error: Exception) -> _Kind:
    remedy = "see that NETSPY_DATABASE_URL names a database that can be used"
    return StorageError, _first_line(error), remedy, "storage-failed"


def _seen_on_disk(file: Path) -> _Kind | None:
    """What keeps a database from being used in this place, where that can be seen."""
    if file.is_dir():
        return _FOLDER
    nearest = next(folder for folder in file.parents if folder.exists())
    if not nearest.is_dir():
        return StorageError, f"{nearest} is a file, not a folder", f"move that file away, {_ELSEWHERE}", "no-file"
    state = os.statvfs(nearest)
    if state.f_flag & os.ST_RDONLY:
        return _READ_ONLY_SYSTEM
    return None if state.f_bavail else _FULL


def _first_line(error: Exception) -> str:
    """The driver's own words: SQLAlchemy's would add the statement and its parameters, which are people's messages."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    return said.partition("\n")[0][:200] or type(error).__name__
