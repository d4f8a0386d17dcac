"""Cgroups by their number, as paths; a container's id is in its path. The kernel reports those of cgroup v2 only.

A cgroup is looked for when it is first asked for: one that is gone by then has no path, unless it was seen before.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.ebpf.collector.text import decoded

_ROOTS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
_MAX_KNOWN = 65536
_MAX_DEPTH = 64
"""Users may make cgroups below their own, as deep as they like."""


class Cgroups:
    """Paths below the root, which is `/`. A number is the inode of the cgroup's folder, and never used again.

    For one that is not known all are looked at again, at most once in `pause_s`: meanwhile it has no path. Any thread
    may ask.
    """

    def __init__(
        self,
        roots: tuple[Path, ...] = _ROOTS,
        *,
        pause_s: float = 0.0,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = next((str(root) for root in roots if (root / "cgroup.controllers").exists()), None)
        self._pause_s = pause_s
        self._now_s = now_s
        self._rests_until_s = now_s()
        self._known: dict[int, str | None] = {}
        self._one_at_a_time = threading.Lock()

    def __call__(self, number: int) -> str | None:
        if number not in self._known and self._now_s() >= self._rests_until_s:
            self.look_around()
            self._known.setdefault(number, None)
        return self._known.get(number)

    def look_around(self) -> tuple[str, ...]:
        """The paths of all that there are now. They stay known when they are gone."""
        found = self._walk()
        with self._one_at_a_time:
            self._known = {**self._kept(), **found}
            self._rests_until_s = self._now_s() + self._pause_s
        return tuple(found.values())

    def _kept(self) -> dict[int, str | None]:
        return self._known if len(self._known) < _MAX_KNOWN else {}

    def _walk(self) -> dict[int, str]:
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
        if below.count(b"/") < _MAX_DEPTH:
            yield from _folders(root, below)
