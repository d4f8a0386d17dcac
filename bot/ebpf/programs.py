"""How eBPF programs are told of: those that run, and what to do about those that do not."""

from collections.abc import Collection, Mapping
from typing import Final

LOAD: Final = (
    "start it as root, or with CAP_BPF and CAP_PERFMON; where its log says 'open bpf/connection.o: no such file or "
    "directory', run make build in the ebpf-server repository first, and start it there"
)
"""Of ebpf-server, which is built apart from its programs."""


def running(programs: Collection[str], missing: Mapping[str, str]) -> str:
    """`17 of 17 programs`, of those that run and those that do not."""
    return f"{len(programs)} of {len(programs) + len(missing)} programs"
