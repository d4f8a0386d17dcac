"""All that is particular to SQLite: its file, its settings, its transactions. Called when a store opens."""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.failures import sqlite_code

log = logging.getLogger("netspy.storage")

_COMPANIONS = ("-wal", "-shm")
_SMALLEST_BYTES = 512
"""SQLite's smallest page: it takes a shorter file for an empty one, and would write over it."""
_SEARCHED_BYTES = 256 * 1024 * 1024
"""Larger files are not searched for damage at a start: this much takes 0.1 s from memory, and more from a disk."""


def prepare_file(file: Path) -> str | None:
    """Make sure that a sound database or an empty file is there, for this user alone.

    A damaged file is moved aside; returns what people should be told about it.
    """
    _make_folders(file.parent)
    if not file.exists():
        file.touch(mode=0o600)
    if not _is_damaged(file):
        return None
    with _only_one_process_in(file.parent):
        # Another process may have moved it while this one waited: its fresh file must stay.
        return _move_aside(file) if _is_damaged(file) else None


def configure(engine: AsyncEngine) -> None:
    """Settings of every connection."""

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # With a write-ahead log NORMAL cannot damage the file. A crash of netspy loses nothing; only a power failure
        # can take the last moments. FULL would wait for the disk in every turn to save those.
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()


async def use_write_ahead_log(engine: AsyncEngine) -> None:
    """Readers and the writer stop waiting for each other. The file remembers it."""
    async with engine.connect() as connection:
        try:
            await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            if sqlite_code(error) != sqlite3.SQLITE_BUSY:
                raise
            # SQLite does not wait here: another process is changing it, or will at its next start.
            log.debug("storage.wal_left_to_another_process")


async def begin_alone(connection: AsyncConnection) -> None:
    """Begin a transaction that waits until no other process writes; the driver would begin none before DDL."""
    await connection.exec_driver_sql("BEGIN IMMEDIATE")


def _make_folders(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def _is_damaged(file: Path) -> bool:
    """Whether SQLite cannot read the file, or finds damage in it. Changes nothing."""
    if not file.is_file():
        return False
    size_bytes = file.stat().st_size
    if 0 < size_bytes < _SMALLEST_BYTES:
        return True
    look = "PRAGMA quick_check(1)" if size_bytes <= _SEARCHED_BYTES else "SELECT 'ok' FROM sqlite_master"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
            return connection.execute(look).fetchone() not in {None, ("ok",)}
    except sqlite3.DatabaseError as error:
        return sqlite_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def _only_one_process_in(folder: Path) -> Iterator[None]:
    """A lock on the folder itself leaves no lock file behind, and ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _move_aside(file: Path) -> str:
    aside = _free_name(f"{file}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    # The file itself goes last: after a crash in between, it is still the one that is found damaged.
    for suffix in (*_COMPANIONS, ""):
        if os.path.exists(f"{file}{suffix}"):  # noqa: PTH110 (a suffix behind the whole name, not a path's part)
            os.rename(f"{file}{suffix}", f"{aside}{suffix}")  # noqa: PTH104 (the same)
    file.touch(mode=0o600)
    log.info("storage.moved_aside", extra={"file": str(file), "aside": aside})
    return (
        f"The database {file} was damaged and moved to {aside}. A new one was started, without earlier conversations."
    )


def _free_name(name: str) -> str:
    candidates = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(candidate for candidate in candidates if not os.path.exists(candidate))  # noqa: PTH110 (names, as above)
