"""What databases and file systems say when they fail, in netspy's errors. Knows error codes, no SQL."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.domain.errors import StorageCorrupt, StorageError, StorageFull, StorageLocked

_Kind: TypeAlias = tuple[type[StorageError], str, str]
"""The error, what came back, the remedy."""

_ELSEWHERE = "set NETSPY_DATABASE_URL to another place"
_LOCKED: _Kind = (
    StorageLocked,
    "another process keeps it locked",
    "end the program that holds it (fuser names it) and try again",
)
_CORRUPT: _Kind = (
    StorageCorrupt,
    "the file is damaged",
    "restart netspy: it moves the damaged file aside; if it does not, move it yourself",
)
_FULL: _Kind = (StorageFull, "the disk is full", f"free some space, or {_ELSEWHERE}")
_READ_ONLY: _Kind = (StorageFull, "it is read-only", f"make the file and its folder writable, or {_ELSEWHERE}")
_DENIED: _Kind = (
    StorageError,
    "this user may not open it",
    f"give this user the right to write the file and its folder, or {_ELSEWHERE}",
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
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
}
_PRIMARY_CODE = 0xFF  # the rest of a SQLite code is detail


@contextmanager
def translated(doing: str, place: str) -> Iterator[None]:
    """Errors of the database inside become `StorageError`s: "`doing` `place`: what happened. What to do"."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, sqlite3.Error, OSError) as error:
        raise _named(error, f"{doing} {place}") from error


def sqlite_code(error: BaseException | None) -> int | None:
    """SQLite's primary result code, where SQLite raised `error`."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY_CODE


def _named(error: Exception, asked: str) -> StorageError:
    known: _Kind | None
    if isinstance(error, PoolTimeoutError):
        known = _LOCKED
    elif isinstance(error, OSError):
        known = _BY_ERRNO.get(error.errno or 0)
    else:
        known = _BY_SQLITE_CODE.get(sqlite_code(error) or 0)
    if known is None:
        return StorageError(asked, _first_line(error), "see that NETSPY_DATABASE_URL names a database that can be used")
    kind, got, remedy = known
    return kind(asked, got, remedy)


def _first_line(error: Exception) -> str:
    """The driver's own words: SQLAlchemy's would add the statement and its parameters, which are people's messages."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    return said.partition("\n")[0][:200] or type(error).__name__
