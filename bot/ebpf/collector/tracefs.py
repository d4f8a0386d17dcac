"""The kernel's list of tracepoints, without which no program can be attached; it is often not mounted in containers.

Where it is missing and we have the right to mount, it is mounted for one thread only, as long as that attaches
programs: links outlive the mount, and nothing is left behind on a machine that was only to be watched.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from bot.ebpf.collector import libbpf

FOLDER: Final = Path("/sys/kernel/tracing")
_DEBUG_FOLDER = Path("/sys/kernel/debug/tracing")

_Result = TypeVar("_Result")


def is_mounted() -> bool:
    """Whether libbpf will find it. Where we may not look into it, it does not help either."""
    return any(_has_events(folder) for folder in (FOLDER, _DEBUG_FOLDER))


def has_tracepoint(category: str, name: str) -> bool:
    return any((folder / "events" / category / name / "id").exists() for folder in (FOLDER, _DEBUG_FOLDER))


def with_tracefs(work: Callable[[], _Result]) -> _Result:
    """What `work` returns or raises. Raises: OSError when tracefs can neither be found nor mounted."""
    return work() if is_mounted() else _in_a_thread_that_mounts(work)


def _in_a_thread_that_mounts(work: Callable[[], _Result]) -> _Result:
    results: list[_Result] = []
    errors: list[BaseException] = []

    def mount_and_work() -> None:
        try:
            libbpf.mount_for_this_thread("tracefs", str(FOLDER))
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that asked
            errors.append(error)

    thread = threading.Thread(target=mount_and_work, name="netspy-attach")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _has_events(folder: Path) -> bool:
    try:
        return (folder / "events").is_dir()
    except OSError:
        return False
