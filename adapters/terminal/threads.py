"""Which thread a terminal talks in, so that two terminals never share one.

Each thread is an empty file; who is in it holds its lock (`flock`), which the kernel gives back however a process ends.
The file's time says when something was last said in it. It knows files only; the adapter calls it.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

SUFFIX = ".thread"
_NEVER = (0, 0)
"""The times of a file whose thread nothing was said in."""

log = logging.getLogger("netspy.terminal")


@dataclass(frozen=True, slots=True)
class ClaimedThread:
    """`last_used` is None where nothing was said yet; `lock` is the file's descriptor while it is held."""

    name: str
    last_used: datetime | None = None
    lock: int | None = None

    def used(self) -> None:
        """Something is said: this thread is the one to come back to."""
        try:
            if self.lock is not None:
                os.utime(self.lock)
        except OSError as error:
            log.warning("thread.use_not_kept", extra={"name_of_thread": self.name, "cause": str(error)})


def new_thread() -> ClaimedThread:
    """A thread that nobody can come back to."""
    return ClaimedThread(uuid4().hex)


@contextmanager
def claimed_thread(folder: Path, *, new: bool) -> Iterator[ClaimedThread]:
    """A thread that is nobody else's until the block ends: the last one used that is free, or another one if `new`.

    Raises: OSError when the folder cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, lock = (None if new else _resumed(folder)) or _begun(folder)
    try:
        yield ClaimedThread(path.stem, _last_used(lock), lock)
    finally:
        os.close(lock)


def _resumed(folder: Path) -> tuple[Path, int] | None:
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        if (lock := _locked(path)) is not None:
            return path, lock
    return None


def _begun(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f"{new_thread().name}{SUFFIX}"
        if (lock := _locked(path)) is not None:  # another terminal may have resumed the new file already
            os.utime(lock, _NEVER)
            return path, lock


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock, or None when another one does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _last_used(lock: int) -> datetime | None:
    modified_s = os.stat(lock).st_mtime
    return datetime.fromtimestamp(modified_s, UTC) if modified_s else None
