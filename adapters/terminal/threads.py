"""Which thread a terminal talks in, so that two terminals never share one.

Each thread is an empty file; who is in it holds its lock (`flock`), which the kernel gives back however a process ends.
The file's time says when somebody was last in it. It knows files only; the adapter calls it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

SUFFIX = ".thread"


def new_thread() -> str:
    """A thread that nobody can come back to."""
    return uuid4().hex


@contextmanager
def claimed_thread(folder: Path, *, new: bool) -> Iterator[str]:
    """A thread that is nobody else's until the block ends: the last one used that is free, or another one if `new`.

    Raises: OSError when the folder cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, lock = (None if new else _resumed(folder)) or _begun(folder)
    try:
        yield path.stem
    finally:
        os.close(lock)


def _resumed(folder: Path) -> tuple[Path, int] | None:
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=_last_used, reverse=True):
        if (lock := _locked(path)) is not None:
            return path, lock
    return None


def _begun(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f"{new_thread()}{SUFFIX}"
        if (lock := _locked(path)) is not None:  # another terminal may have resumed the new file already
            return path, lock


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock, or None when another one does. Taking it counts as use."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.utime(descriptor)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _last_used(path: Path) -> int:
    return path.stat().st_mtime_ns
