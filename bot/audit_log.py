"""The audit log: a file of JSON lines that is written at once, and the database, which is written beside the work.

Answers do not wait for the database. Whatever cannot be written there goes to the log, so that it stands somewhere.
"""

import asyncio
import io
import json
import logging
import os
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from errno import ENOSPC
from itertools import islice
from pathlib import Path

from bot.codec import compact, encode
from bot.domain.audit import AuditEntry
from bot.domain.errors import InvalidSettings, StorageError
from bot.domain.stores import AuditStore

log = logging.getLogger("netspy.audit")

VARIABLE = "NETSPY_AUDIT_FILE"
BATCH = 500
MAX_WAITING = 10_000
"""Entries that wait for a database that is away; then the oldest go to the log."""
WAIT_S = 0.2
"""How long entries are gathered for one transaction."""
AGAIN_S = 5.0
"""Until a database that failed is tried again."""


class AuditFile:
    """A file that lines are appended to, each in one piece: several processes may write to the same one."""

    def __init__(self, path: str) -> None:
        """Raises: InvalidSettings."""
        try:
            self._file = io.FileIO(Path(path).expanduser(), "ab", opener=_private)
        except (OSError, RuntimeError) as error:
            reason = (getattr(error, "strerror", None) or "it cannot be opened").lower()
            raise InvalidSettings(VARIABLE, f"{path}: {reason}", "name a file that it may write, or unset it") from None
        self._is_torn = False

    def add(self, entry: AuditEntry) -> None:
        """Raises: OSError."""
        line = (b"\n" if self._is_torn else b"") + json.dumps(encode(entry)).encode() + b"\n"
        written = self._file.write(line)
        self._is_torn = written != len(line)
        if self._is_torn:
            raise OSError(ENOSPC, "there is no room for a whole line")

    def close(self) -> None:
        self._file.close()


class AuditLog:
    """An `Audit`. Made by `open_audit`."""

    def __init__(self, store: AuditStore, file: AuditFile | None) -> None:
        self._store = store
        self._file = file
        self._waiting: deque[AuditEntry] = deque()
        self._has_some = asyncio.Event()
        self._ending = asyncio.Event()
        self._is_away = False

    def note(self, entry: AuditEntry) -> None:
        try:
            if self._file:
                self._file.add(entry)
        except OSError as error:
            _lost(entry, f"{VARIABLE} can't be written: {error.strerror}")
        if len(self._waiting) >= MAX_WAITING:
            _lost(self._waiting.popleft(), "the database takes none, and too many wait")
        self._waiting.append(entry)
        self._has_some.set()

    async def run(self) -> None:
        """Write to the database until `stop`."""
        while not self._ending.is_set():
            await self._has_some.wait()
            await self._pause(WAIT_S)
            if not await self._record():
                await self._pause(AGAIN_S)

    def stop(self) -> None:
        self._ending.set()
        self._has_some.set()

    async def flush(self) -> None:
        """Write all that waits; what the database does not take now goes to the log."""
        while self._waiting and await self._record():
            pass
        for entry in self._waiting:
            _lost(entry, "netspy ends, and the database takes none")
        self._waiting.clear()

    async def _record(self) -> bool:
        """One batch. Returns whether the database took it."""
        batch = list(islice(self._waiting, BATCH))
        try:
            if batch:
                await self._store.record(batch)
        except StorageError as error:
            if not self._is_away:  # said once: it may be away for hours
                log.warning("audit.waiting", extra={"cause": str(error), "entries": len(self._waiting)})
            self._is_away = True
            return False
        self._is_away = False
        gone = {id(entry) for entry in batch}
        while self._waiting and id(self._waiting[0]) in gone:
            self._waiting.popleft()
        if not self._waiting:
            self._has_some.clear()
        return True

    async def _pause(self, seconds: float) -> None:
        """Until then, or until it ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()


@asynccontextmanager
async def open_audit(path: str | None, store: AuditStore) -> AsyncGenerator[AuditLog, None]:
    """Inside this block entries are taken; when it ends all are written. Raises: InvalidSettings."""
    file = AuditFile(path) if path else None
    audit = AuditLog(store, file)
    writing = asyncio.create_task(audit.run(), name="audit")
    try:
        yield audit
    finally:
        audit.stop()
        await writing
        await audit.flush()
        if file:
            file.close()


def _private(path: str, flags: int) -> int:
    """Who asked what is nobody else's business."""
    return os.open(path, flags, 0o600)


def _lost(entry: AuditEntry, why: str) -> None:
    log.error("audit.not_written", extra={"cause": why, "entry": compact(encode(entry))})
