"""The network namespaces of this machine's processes, and how to open something inside one of them.

Only a thread that exists for that one call ever moves: its caller, and every other thread, stays where it is.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.ebpf.collector.libbpf import move_this_thread

PROC = Path("/proc")
_MAX_PIDS = 4

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Namespace:
    """`number` is its inode, as events have it; `pids` are some of its processes, through which it can be reached."""

    number: int
    pids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """`hidden` counts processes of other users, whose namespace must not be known without more rights."""

    found: tuple[Namespace, ...]
    hidden: int


def pids(proc: Path = PROC) -> list[int]:
    """All processes, in ascending order."""
    return sorted(int(each.name) for each in proc.iterdir() if each.name.isascii() and each.name.isdigit())


def namespaces(proc: Path = PROC) -> Namespaces:
    """In ascending order of their numbers. Namespaces without a process are not found."""
    members: dict[int, list[int]] = {}
    hidden = 0
    for pid in pids(proc):
        try:
            members.setdefault(number_of(pid, proc), []).append(pid)
        except PermissionError:
            hidden += 1
        except OSError:
            continue  # it has ended
    found = (Namespace(number, tuple(some[:_MAX_PIDS])) for number, some in sorted(members.items()))
    return Namespaces(tuple(found), hidden)


def inside(namespace: Namespace, make: Callable[[], Made], *, proc: Path = PROC) -> Made:
    """What `make` returns there. Raises: OSError without the rights, or when the namespace has ended."""
    if namespace.number == (PROC / "thread-self/ns/net").stat().st_ino:
        return make()
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_entered, namespace, make, proc).result()


def _entered(namespace: Namespace, make: Callable[[], Made], proc: Path) -> Made:
    descriptor = _opened(namespace, proc)
    try:
        move_this_thread(descriptor)
    finally:
        os.close(descriptor)
    return make()


def _opened(namespace: Namespace, proc: Path) -> int:
    """A descriptor of this namespace: its pids may belong to other processes by now."""
    for pid in namespace.pids:
        try:
            descriptor = os.open(_file(proc, pid), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if os.fstat(descriptor).st_ino == namespace.number:
            return descriptor
        os.close(descriptor)
    raise ProcessLookupError("its processes have ended")


def number_of(pid: int, proc: Path = PROC) -> int:
    """Raises: OSError when the process has ended or must not be looked at."""
    return _file(proc, pid).stat().st_ino


def _file(proc: Path, pid: int) -> Path:
    return proc / str(pid) / "ns/net"
