"""Which process holds which socket: one walk over the open files of all processes, through /proc."""

import os
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bot.ebpf.collector.text import decoded
from bot.ebpf.machine.namespaces import PROC, pids

MAX_FILES = 200_000
_SOCKET = "socket:["


@dataclass(frozen=True, slots=True)
class Holder:
    """The process with the smallest number of those `count` that share a socket."""

    pid: int
    process: str
    count: int = 1


class Holders:
    """`of` is by the sockets' inodes. `hidden` counts processes whose files this one has no right to see.

    `is_cut`: more files are open than were looked at.
    """

    def __init__(self, inodes: AbstractSet[int], proc: Path = PROC, *, max_files: int = MAX_FILES) -> None:
        self.of: dict[int, Holder] = {}
        self.hidden = 0
        self._proc = proc
        self._left = max_files
        for pid in pids(proc) if inodes else ():
            if not self.is_cut:
                self._look_at(pid, inodes)

    @property
    def is_cut(self) -> bool:
        return self._left < 0

    def _look_at(self, pid: int, inodes: AbstractSet[int]) -> None:
        """A process that ends meanwhile holds nothing any more."""
        try:
            held = self._sockets(pid) & inodes
            process = _name(self._proc, pid) if held else ""
        except PermissionError:
            self.hidden += 1
        except OSError:
            return
        else:
            for inode in held:
                first = self.of.get(inode)
                self.of[inode] = replace(first, count=first.count + 1) if first else Holder(pid, process)

    def _sockets(self, pid: int) -> set[int]:
        found = set()
        with os.scandir(self._proc / str(pid) / "fd") as files:
            for file in islice(files, self._left + 1):
                self._left -= 1
                inode = _socket_of(file.path)
                if inode is not None and self._left >= 0:
                    found.add(inode)
        return found


def _socket_of(file: str) -> int | None:
    """The inode behind a descriptor, which may have been closed meanwhile."""
    try:
        target = os.readlink(file)  # noqa: PTH115 - a Path for each file would take longer than the walk
    except FileNotFoundError:
        return None
    return int(target[len(_SOCKET) : -1]) if target.startswith(_SOCKET) else None


def _name(proc: Path, pid: int) -> str:
    return decoded((proc / str(pid) / "comm").read_bytes().removesuffix(b"\n"))
