"""What is said about errors that only a broken disk, a full one or a strange mount would bring."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.domain.errors import StorageError, StorageFull, StorageLocked
from bot.storage.failures import translated


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "netspy.db"


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN])
@pytest.mark.parametrize(("free_blocks", "flags", "got"), [(0, 0, "the disk is full"), (9, os.ST_RDONLY, "read-only")])
def test_what_sqlite_cannot_say_the_file_system_does(
    code: int, free_blocks: int, flags: int, got: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = os.statvfs_result((4096, 4096, 100, free_blocks, free_blocks, 10, 10, 10, flags, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: state)
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorcode = code
    with pytest.raises(StorageFull, match=got), translated("opening", str(file)):
        raise failed


def test_a_disk_with_room_that_fails_is_not_called_full(file: Path) -> None:
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorcode = sqlite3.SQLITE_IOERR
    with pytest.raises(StorageError) as raised, translated("opening", str(file)):
        raise failed
    assert raised.value.got == "disk I/O error"
    assert raised.value.remedy.startswith("see what the system's log says about the disk")


@pytest.mark.parametrize(
    ("error", "kind", "got"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StorageFull, "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), StorageFull, "the file system is read-only"),
        (OSError(errno.EIO, "Input/output error"), StorageError, "[Errno 5] Input/output error"),
        (PoolTimeoutError("no connection became free"), StorageLocked, "another process keeps it locked"),
    ],
)
def test_a_failure_of_the_system_is_named(error: Exception, kind: type[StorageError], got: str) -> None:
    with pytest.raises(kind) as raised, translated("opening", "/a/netspy.db"):
        raise error
    assert type(raised.value) is kind
    assert (raised.value.asked, raised.value.got) == ("opening /a/netspy.db", got)


def test_a_mistake_of_ours_is_not_called_a_failure_of_the_database() -> None:
    with pytest.raises(KeyError), translated("opening", "/a/netspy.db"):
        raise KeyError
