"""Who runs in a cgroup: the container, its pod, or the service; with names from the node's files where these tell.

Looks at files, so call it in a thread; any thread will do.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain.workload import Workload
from bot.ebpf.collector.text import decoded
from bot.ebpf.machine.cgroup_paths import Boundary, path_of, place_of, workload_at
from bot.ebpf.machine.container_files import ContainerFiles, Names
from bot.ebpf.machine.namespaces import PROC

MAX_KNOWN = 4096
_KEPT_S = 300.0
_RETRIED_S = 5.0
"""A container's first packet may come before the file that names it."""
_MAX_PATH = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    workload: Workload | None
    until_s: float


class Containers:
    """`node` is the machine's name, if it has one. What was found is forgotten again, and so is what was not."""

    def __init__(
        self,
        files: ContainerFiles | None = None,
        *,
        node: str | None = None,
        proc: Path = PROC,
        now_s: Callable[[], float] = time.monotonic,
        max_known: int = MAX_KNOWN,
    ) -> None:
        self._files = files or ContainerFiles()
        self._node = node
        self._proc = proc
        self._now_s = now_s
        self._max_known = max_known
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def of_path(self, path: str) -> Workload | None:
        """Of a cgroup's path; None where nobody in particular runs, as in the root."""
        if len(path) > _MAX_PATH:
            return None
        with self._one_at_a_time:
            known = self._known.pop(path, None)
            if known is None or known.until_s <= self._now_s():
                known = self._look_up(path)
            self._known[path] = known
            if len(self._known) > self._max_known:
                self._known.popitem(last=False)
        return known.workload

    def of_process(self, pid: int) -> Workload | None:
        """Where events have no path: of version 1 the kernel reports none. None also for one that has ended."""
        try:
            return self.of_path(path_of(decoded((self._proc / str(pid) / "cgroup").read_bytes())))
        except OSError:
            return None

    def _look_up(self, path: str) -> _Known:
        by_path, vouched = workload_at(path), place_of(path).vouched
        if by_path is None:
            return _Known(None, self._now_s() + _KEPT_S)
        names = self._names(vouched) if vouched else Names()
        is_final = vouched is None or names.container is not None
        workload = replace(
            by_path,
            container=names.container,
            pod=names.pod,
            pod_namespace=names.pod_namespace,
            node=self._node,
        )
        return _Known(workload, self._now_s() + (_KEPT_S if is_final else _RETRIED_S))

    def _names(self, vouched: Boundary) -> Names:
        return self._files.names(vouched.id, vouched.pod_uid) if vouched.id else Names(container=vouched.name)
