"""The distribution's libbpf, and three calls of libc: everything that is ctypes is in here. `loader.py` and
`reader.py` use the library; nobody else should.

A failure of libbpf is an `OSError` with the kernel's errno; `Refused` adds the verifier's last lines. Pointers live as
long as their object: who closes an object must not use its programs, maps and links any more.
"""

import ctypes
import errno
import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, Final, NewType

from bot.domain.errors import CannotCollect

Pointer = NewType("Pointer", int)
"""Of something that libbpf owns."""

BATCH_IS_FULL: Final = -errno.ECANCELED
_NAMES = ("libbpf.so.1", "libbpf.so.0")
_ASKED = "loading libbpf"
_INSTALL = "install it: apt-get install libbpf1 (Fedora: dnf install libbpf)"
_LOG_SIZE_BYTES = 1 << 18
_LAST_LINES = 6
_CLONE_NEWNET = 0x40000000
_CLONE_NEWNS, _MS_REC, _MS_PRIVATE = 0x00020000, 0x4000, 1 << 18
_ON_SAMPLE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

_pointer, _text, _int, _u32, _size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32, ctypes.c_size_t
_SIGNATURES: dict[str, tuple[Any, Sequence[Any]]] = {
    "libbpf_major_version": (_u32, ()),
    "libbpf_version_string": (_text, ()),
    "libbpf_strerror": (_int, (_int, _text, _size)),
    "libbpf_set_print": (_pointer, (_pointer,)),
    "libbpf_num_possible_cpus": (_int, ()),
    "bpf_object__open_file": (_pointer, (_text, _pointer)),
    "bpf_object__load": (_int, (_pointer,)),
    "bpf_object__close": (None, (_pointer,)),
    "bpf_object__next_program": (_pointer, (_pointer, _pointer)),
    "bpf_object__find_map_by_name": (_pointer, (_pointer, _text)),
    "bpf_program__name": (_text, (_pointer,)),
    "bpf_program__section_name": (_text, (_pointer,)),
    "bpf_program__set_autoload": (_int, (_pointer, ctypes.c_bool)),
    "bpf_program__set_log_buf": (_int, (_pointer, _pointer, _size)),
    "bpf_program__attach": (_pointer, (_pointer,)),
    "bpf_link__destroy": (_int, (_pointer,)),
    "bpf_map__fd": (_int, (_pointer,)),
    "bpf_map__set_max_entries": (_int, (_pointer, _u32)),
    "bpf_map_lookup_elem": (_int, (_int, _pointer, _pointer)),
    "ring_buffer__new": (_pointer, (_int, _ON_SAMPLE, _pointer, _pointer)),
    "ring_buffer__free": (None, (_pointer,)),
    "ring_buffer__consume": (_int, (_pointer,)),
}


class Refused(OSError):
    """The kernel did not take the object. `program` is the one that its verifier refused, if it was that."""

    def __init__(self, number: int, *, program: str | None, log: str) -> None:
        super().__init__(number, _meaning(number))
        self.program = program
        self.log = log


@functools.cache
def library() -> Any:
    """The library with typed functions. Raises: CannotCollect when it is missing or older than 1.0."""
    found = _open(ctypes.CDLL)
    try:
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError:
        raise CannotCollect(_ASKED, "this libbpf is older than 1.0", _INSTALL) from None
    if found.libbpf_major_version() < 1:
        raise CannotCollect(_ASKED, f"libbpf {version(found)} is older than 1.0", _INSTALL)
    found.libbpf_set_print(None)  # or it writes to stderr
    return found


def version(found: Any = None) -> str:
    """As libbpf writes it: `v1.1`."""
    text: bytes = (found or library()).libbpf_version_string()
    return text.decode("ascii", "replace")


def _open(kind: Callable[..., Any]) -> Any:
    for name in _NAMES:
        try:
            return kind(name, use_errno=True)
        except OSError:
            continue
    raise CannotCollect(_ASKED, "libbpf is not installed", _INSTALL)


@functools.cache
def _consume() -> Any:
    """`ring_buffer__consume` that keeps the interpreter's lock. Given back in between, every single event would wait
    for it until whoever computes meanwhile is interrupted: 5 ms.
    """
    function = _open(ctypes.PyDLL).ring_buffer__consume
    function.restype, function.argtypes = _SIGNATURES["ring_buffer__consume"]
    return function


def open_object(path: str) -> Pointer:
    return _checked(library().bpf_object__open_file(os.fsencode(path), None))


def close_object(opened: Pointer) -> None:
    library().bpf_object__close(opened)


def programs_of(opened: Pointer) -> dict[str, Pointer]:
    """Programs by their names."""
    found: dict[str, Pointer] = {}
    program = library().bpf_object__next_program(opened, None)
    while program:
        found[library().bpf_program__name(program).decode("ascii")] = Pointer(program)
        program = library().bpf_object__next_program(opened, program)
    return found


def section_of(program: Pointer) -> str:
    text: bytes = library().bpf_program__section_name(program)
    return text.decode("ascii", "replace")


def leave_out(program: Pointer) -> None:
    library().bpf_program__set_autoload(program, False)  # noqa: FBT003 - C has no keyword arguments


def load(opened: Pointer) -> None:
    """Raises: Refused."""
    programs = programs_of(opened)
    logs = {name: ctypes.create_string_buffer(_LOG_SIZE_BYTES) for name in programs}
    for name, program in programs.items():
        library().bpf_program__set_log_buf(program, logs[name], _LOG_SIZE_BYTES)
    result = library().bpf_object__load(opened)
    if result < 0:
        refused = next((name for name, log in logs.items() if log.value), None)
        log = logs[refused].value.decode("utf-8", "replace") if refused else ""
        raise Refused(-result, program=refused, log="\n".join(log.splitlines()[-_LAST_LINES:]))


def attach(program: Pointer) -> Pointer:
    """A link, to be destroyed before the object is closed. Raises: OSError."""
    return _checked(library().bpf_program__attach(program))


def destroy_link(link: Pointer) -> None:
    library().bpf_link__destroy(link)


def find_map(opened: Pointer, name: str) -> Pointer:
    return _checked(library().bpf_object__find_map_by_name(opened, name.encode()))


def set_size(found: Pointer, entries: int) -> None:
    """Before the object is loaded. Raises: OSError."""
    _checked_result(library().bpf_map__set_max_entries(found, entries))


def counters(found: Pointer, length: int) -> list[int]:
    """A per-CPU array of 64-bit counters, each summed over the CPUs."""
    of_cpus = (ctypes.c_uint64 * library().libbpf_num_possible_cpus())()
    sums = []
    for index in range(length):
        key = ctypes.c_uint32(index)
        _checked_result(library().bpf_map_lookup_elem(library().bpf_map__fd(found), ctypes.byref(key), of_cpus))
        sums.append(sum(of_cpus))
    return sums


class Ring:
    """The reading end of a ring buffer. One thread at a time may use it."""

    def __init__(self, found: Pointer, *, batch_size: int) -> None:
        self._batch_size = batch_size
        self._events: list[bytes] = []
        self._callback = _ON_SAMPLE(self._keep)  # libbpf has only its address: it must live as long as the ring
        self._ring = _checked(library().ring_buffer__new(library().bpf_map__fd(found), self._callback, None, None))

    def take(self) -> list[bytes]:
        """The oldest events, `batch_size` at most; as raw bytes."""
        result = _consume()(self._ring)
        taken, self._events = self._events, []
        if result != BATCH_IS_FULL:
            _checked_result(result)
        return taken

    def close(self) -> None:
        library().ring_buffer__free(self._ring)

    def _keep(self, _context: int, data: int, size: int) -> int:
        self._events.append(ctypes.string_at(data, size))
        return BATCH_IS_FULL if len(self._events) >= self._batch_size else 0


def mount_for_this_thread(filesystem: str, folder: str) -> None:
    """Mount in a mount namespace that only this thread has, and that ends with it. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    _checked_call(libc.unshare(_CLONE_NEWNS))
    _checked_call(libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))
    _checked_call(libc.mount(filesystem.encode(), folder.encode(), filesystem.encode(), ctypes.c_ulong(0), None))


def move_this_thread(namespace: int) -> None:
    """Into the network namespace with this descriptor. Needs no libbpf. Raises: OSError."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _checked(pointer: int | None) -> Pointer:
    if not pointer:
        raise _error(ctypes.get_errno())
    return Pointer(pointer)


def _checked_result(result: int) -> None:
    """The library's functions return the negative errno."""
    if result < 0:
        raise _error(-result)


def _checked_call(result: int) -> None:
    if result != 0:
        raise _error(ctypes.get_errno())


def _error(number: int) -> OSError:
    return OSError(number, _meaning(number))


def _meaning(number: int) -> str:
    """The library has errnos of its own, beyond the kernel's."""
    text = ctypes.create_string_buffer(128)
    library().libbpf_strerror(number, text, len(text))
    return text.value.decode("utf-8", "replace")
