"""Whether netspy's eBPF programs can run here, before anything is loaded: a few files are looked at, for which two
milliseconds suffice. What only the kernel can say, such as a seccomp filter, shows when the programs are loaded.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.domain.errors import CannotCollect
from bot.ebpf.collector import btf, libbpf, tracefs

_DAC_OVERRIDE, _DAC_READ_SEARCH, _SYS_ADMIN, _PERFMON, _BPF = 1, 2, 21, 38, 39
_MACHINES = ("x86_64", "aarch64")
_ALL_USERS = ["0", "0", "4294967295"]
_DENIED: Final = "permission-denied"
_AS_ROOT: Final = "run netspy as root, or give it CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH and CAP_SYSLOG"
_OUTSIDE: Final = "run netspy as the machine's own root (a container: privileged, without user namespaces)"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why no live collector can run here: a clause, what to do about it, and the name of the case."""

    reason: str
    remedy: str
    finding: str = "cannot-collect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides, as this machine has it. `load_library` raises CannotCollect."""

    system: str
    architecture: str
    has_btf: bool
    has_tracefs: bool
    is_locked_down: bool
    is_in_user_namespace: bool
    is_root: bool
    capabilities: int
    load_library: Callable[[], object] = libbpf.library


def preflight(machine: Machine | None = None) -> Obstacle | None:
    """The first thing that stands in the way on this machine, if any does."""
    given = machine or this_machine()
    return _of_kernel(given) or _of_rights(given) or _of_library(given)


def this_machine(root: Path = Path("/")) -> Machine:
    status = _read(root / "proc/self/status")
    return Machine(
        system=os.uname().sysname,
        architecture=os.uname().machine,
        has_btf=(root / btf.KERNEL.relative_to("/")).exists(),
        has_tracefs=tracefs.is_mounted(),
        is_locked_down="[confidentiality]" in _read(root / "sys/kernel/security/lockdown"),
        is_in_user_namespace=_read(root / "proc/self/uid_map").split() not in ([], _ALL_USERS),
        is_root=os.geteuid() == 0,
        capabilities=_effective_capabilities(status),
    )


def _of_kernel(machine: Machine) -> Obstacle | None:
    if machine.system != "Linux":
        return Obstacle(f"this is {machine.system or 'no Linux'}, and eBPF is part of Linux", "run netspy on Linux")
    if machine.architecture not in _MACHINES:
        return Obstacle(
            f"netspy has no eBPF programs for {machine.architecture}", f"run it on {' or '.join(_MACHINES)}"
        )
    if not machine.has_btf:
        return Obstacle(
            f"this kernel has no BTF ({btf.KERNEL})", "use a kernel with CONFIG_DEBUG_INFO_BTF=y, 5.8 or newer"
        )
    if machine.is_locked_down:
        return Obstacle("the kernel is locked down for confidentiality", "boot with lockdown=integrity or none")
    return None


def _of_rights(machine: Machine) -> Obstacle | None:
    if machine.is_in_user_namespace:
        return Obstacle("this is a user namespace, whose root has no rights over the kernel", _OUTSIDE, _DENIED)
    has_admin = _has(machine, _SYS_ADMIN)
    lacking = [name for name, bit in (("CAP_BPF", _BPF), ("CAP_PERFMON", _PERFMON)) if not _has(machine, bit)]
    if lacking and not has_admin:
        return Obstacle(f"loading eBPF programs needs {' and '.join(lacking)}", _AS_ROOT, _DENIED)
    can_look = machine.is_root or _has(machine, _DAC_OVERRIDE) or _has(machine, _DAC_READ_SEARCH)
    if not can_look:
        return Obstacle("looking up tracepoints needs CAP_DAC_READ_SEARCH", _AS_ROOT, _DENIED)
    if not machine.has_tracefs and not has_admin:
        mount = f"mount -t tracefs tracefs {tracefs.FOLDER}"
        return Obstacle("tracefs is not mounted, and mounting it needs CAP_SYS_ADMIN", mount, _DENIED)
    return None


def _of_library(machine: Machine) -> Obstacle | None:
    try:
        machine.load_library()
    except CannotCollect as error:
        return Obstacle(error.got, error.remedy)
    return None


def _has(machine: Machine, capability: int) -> bool:
    return bool(machine.capabilities >> capability & 1)


def _effective_capabilities(status: str) -> int:
    return next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
