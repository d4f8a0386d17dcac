"""Who runs in a cgroup: a container, or a service of the machine; as a frozen value."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Runtime: TypeAlias = Literal["docker", "containerd", "cri-o", "podman", "lxc", "nspawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A field that neither the cgroup's path nor the node's files tell is None."""

    container_id: str | None = None
    """64 hexadecimal digits; LXC and nspawn have a name only."""
    runtime: Runtime | None = None
    container: str | None = None
    """The container's name; within a pod, as the pod's specification has it."""
    pod: str | None = None
    pod_namespace: str | None = None
    pod_uid: str | None = None
    unit: str | None = None
    """The systemd service, or the scope that is no container's, to which it belongs."""
    node: str | None = None
    nested: "Workload | None" = None
    """The innermost container inside this one, by its cgroup's name only: this one may have made it up."""
