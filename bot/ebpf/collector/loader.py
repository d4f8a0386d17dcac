"""netspy's eBPF programs in the kernel: loaded, attached one by one, and detached without a trace.

A program whose tracepoint this kernel lacks, or that its verifier refuses, is left out and reported; the others run.
"""

import errno
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bot.domain.errors import CannotCollect
from bot.ebpf.collector import layout, libbpf, tracefs
from bot.ebpf.collector.libbpf import Pointer, Refused, Ring
from bot.ebpf.collector.preflight import preflight

OBJECT: Final = Path(__file__).with_name("netspy.bpf.o")
RING_BYTES: Final = 32 << 20
"""Some 170,000 events."""
_SILENT = frozenset({"connect_enter", "accept_begin", "accept4_begin", "tcp_destroyed"})
"""Programs that only take notes for others."""
_ASKED = "starting the eBPF programs"
_NO_TRACEPOINT = "this kernel has no such tracepoint"


class Programs:
    """The running programs. `close` detaches them and frees everything; so does leaving the `with` block."""

    def __init__(self, stack: ExitStack, opened: Pointer, links: dict[str, Pointer], failed: Mapping[str, str]) -> None:
        """For `start`, which is how to get one."""
        self._stack = stack
        self._opened = opened
        self._links = links
        self._counters = [libbpf.find_map(opened, name) for name in ("seen", "lost")]
        self.attached = tuple(links)
        self.failed = failed
        """Why each of the others does not run, by its name."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ring(self, *, batch_size: int) -> Ring:
        """The events, to be read by one thread. To be closed before the programs are."""
        return Ring(libbpf.find_map(self._opened, "events"), batch_size=batch_size)

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Events seen, and those of them that were lost because the ring was full, by kind."""
        seen, lost = (libbpf.counters(found, len(layout.KINDS) + 1)[1:] for found in self._counters)
        return dict(zip(layout.KINDS, seen, strict=True)), dict(zip(layout.KINDS, lost, strict=True))

    def detach(self) -> None:
        """No event comes any more (but those under way); what is in the ring can still be read."""
        while self._links:
            libbpf.destroy_link(self._links.popitem()[1])

    def close(self) -> None:
        self.detach()
        self._stack.close()


def start(*, object_file: Path = OBJECT, ring_bytes: int = RING_BYTES) -> Programs:
    """Load the programs and attach them. `ring_bytes` is a power of two, a page or more.

    Raises: CannotCollect when nothing runs, with what is in the way.
    """
    left_out: dict[str, str] = {}
    while True:
        try:
            return _start(object_file, ring_bytes, left_out)
        except Refused as error:
            if error.program is None or error.program in left_out:
                raise _cannot_collect(error, error.log) from error
            left_out[error.program] = f"the verifier refuses it: {error.log}"
        except OSError as error:
            raise _cannot_collect(error) from error


def _start(object_file: Path, ring_bytes: int, left_out: Mapping[str, str]) -> Programs:
    with ExitStack() as stack:
        opened = libbpf.open_object(str(object_file))
        stack.callback(libbpf.close_object, opened)
        programs = libbpf.programs_of(opened)
        for name in left_out:
            libbpf.leave_out(programs.pop(name))
        libbpf.set_size(libbpf.find_map(opened, "events"), ring_bytes)
        if programs:
            libbpf.load(opened)
        links: dict[str, Pointer] = {}
        failed = dict(left_out)
        stack.callback(_destroy, links)
        tracefs.with_tracefs(lambda: _attach(programs, links, failed))
        if links.keys() <= _SILENT:
            raise CannotCollect(_ASKED, f"no program runs: {next(iter(failed.values()))}", _remedy(0))
        return Programs(stack.pop_all(), opened, links, failed)


def _attach(programs: Mapping[str, Pointer], links: dict[str, Pointer], failed: dict[str, str]) -> None:
    for name, program in programs.items():
        try:
            links[name] = libbpf.attach(program)
        except OSError as error:
            failed[name] = _why(program, error)


def _why(program: Pointer, error: OSError) -> str:
    _, category, tracepoint = libbpf.section_of(program).split("/", 2)
    why = error.strerror if tracefs.has_tracepoint(category, tracepoint) else _NO_TRACEPOINT
    return f"{category}:{tracepoint}: {why}"


def _destroy(links: dict[str, Pointer]) -> None:
    while links:
        libbpf.destroy_link(links.popitem()[1])


def _cannot_collect(error: OSError, log: str = "") -> CannotCollect:
    code = errno.errorcode.get(error.errno or 0)
    got = f"{code}, {error.strerror}" if code else f"{error.strerror}"
    return CannotCollect(_ASKED, f"{got}:\n{log}" if log else got, _remedy(error.errno or 0))


def _remedy(number: int) -> str:
    obstacle = preflight()
    if obstacle:
        return f"{obstacle.reason}: {obstacle.remedy}"
    if number == errno.EPERM:
        return "something beyond capabilities forbids it, such as a seccomp filter: allow bpf(2) and perf_event_open(2)"
    return ""
