"""Where a recording is written: a file, or stdout. Errors of the disk become sentences with the name of the file."""

import errno
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from bot.domain.errors import CannotRecord

STDOUT: Final = Path("-")
_KEPT = "; what was written before can be read"
_REMEDIES = {
    errno.EEXIST: "name another file, or overwrite it with --force",
    errno.ENOSPC: f"free some space, or record to another disk{_KEPT}",
    errno.EDQUOT: f"raise the quota, or record to another disk{_KEPT}",
    errno.EFBIG: f"record for a shorter time, or to another disk{_KEPT}",
    errno.EROFS: "name a file on another disk",
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "name a file in a folder",
    errno.EISDIR: "name a file in it",
    errno.EACCES: "name a file where you may write",
}


class Sink:
    """Whole lines only reach the file at once, so that who reads along sees no half ones."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self.size_bytes = 0

    def write(self, lines: Iterable[str]) -> None:
        """Raises: CannotRecord; BrokenPipeError when the reader of stdout has gone."""
        data = "".join(f"{line}\n" for line in lines).encode()
        with _told(self._path):
            self._stream.write(data)
            self._stream.flush()
        self.size_bytes += len(data)

    def close(self) -> None:
        """Raises: CannotRecord: some disks say only now that they are full."""
        if self._path != STDOUT:
            with _told(self._path):
                self._stream.close()


@contextmanager
def open_sink(path: Path, *, overwrite: bool = False) -> Iterator[Sink]:
    """`-` is stdout. Raises: CannotRecord, also when the file exists and is not to be overwritten."""
    with _told(path):
        sink = Sink(path, _opened(path, overwrite=overwrite))
    try:
        yield sink
    except BaseException:
        with suppress(CannotRecord):  # the first error is the one to be told
            sink.close()
        raise
    sink.close()


def _opened(path: Path, *, overwrite: bool) -> BinaryIO:
    if path != STDOUT:
        return path.open("wb" if overwrite else "xb")
    if sys.stdout is None:
        raise OSError(errno.EBADF, "stdout is closed")
    return sys.stdout.buffer


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "stdout" if path == STDOUT else str(path)
        got = error.strerror or type(error).__name__
        remedy = _REMEDIES.get(error.errno or 0, "name another file")
        raise CannotRecord(f"writing the recording to {name}", got[0].lower() + got[1:], remedy) from error
