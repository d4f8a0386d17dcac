"""Cgroups by their number, as paths; a container's id is in its path. The kernel reports those of cgroup v2 only.

A cgroup is looked for when its first event is read: one that is gone by then has no path.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from bot.ebpf.collector.text import decoded

_ROOTS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
_MAX_KNOWN = 65536


class Cgroups:
    """Paths below the root, which is `/`. A number is the inode of the cgroup's folder, and never used again."""

    def __init__(self, roots: tuple[Path, ...] = _ROOTS) -> None:
        self._root = next((str(root) for root in roots if (root / "cgroup.controllers").exists()), None)
        self._known: dict[int, str | None] = {}

    def __call__(self, number: int) -> str | None:
        if number not in self._known:
            self._known = {number: None} | self._kept() | self._walk()
        return self._known[number]

    def _kept(self) -> dict[int, str | None]:
        return self._known if len(self._known) < _MAX_KNOWN else {}

    def _walk(self) -> dict[int, str | None]:
        if self._root is None:
            return {}
        return dict(_folders(os.fsencode(self._root), b""))


def _folders(root: bytes, path: bytes) -> Iterator[tuple[int, str]]:
    """Folders that vanish meanwhile are left out."""
    try:
        if not path:
            yield Path(os.fsdecode(root)).stat().st_ino, "/"
        with os.scandir(root + path) as entries:
            found = [(each.inode(), path + b"/" + each.name) for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for inode, below in found:
        yield inode, decoded(below)
        yield from _folders(root, below)
