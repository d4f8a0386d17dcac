"""What the path of a cgroup says of whoever runs in it. Pure.

A container names the cgroups below its own as it likes, and so does a user below their own service. So the outermost
container is the one that the machine vouches for, and not even that one below `user@UID.service`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.domain.workload import Runtime, Workload

_ID = "[0-9a-f]{64}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
_CONTAINER = re.compile(rf"(?:([a-z-]+)[-:])?({_ID})(?:\.scope)?")
_POD = re.compile(
    r"(?:[a-z-]+-)?pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?"
)
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|scope)")
_USERS_OWN = re.compile(r"user@\d+\.service")
_LXC = re.compile(rf"lxc\.payload\.({_NAME})")
_NSPAWN = re.compile(rf"(?:systemd-nspawn@({_NAME})\.service|machine-(?!qemu)({_NAME})\.scope)")
_LXC_PARENTS = ("lxc", "lxc.payload")
_RUNTIMES: dict[str, Runtime] = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
    "libpod-payload": "podman",
}
"""By what stands before a container's id."""
_PARENTS: dict[str, Runtime] = {
    "docker": "docker",
    "default": "containerd",
    "k8s.io": "containerd",
    "moby": "docker",
    "libpod_parent": "podman",
}
"""By the cgroup around a bare id."""
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Boundary:
    """A container, as a cgroup's name tells it; `name` where there is no id."""

    runtime: Runtime | None
    id: str | None = None
    name: str | None = None
    pod_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """All containers around a cgroup, the outermost first, and the outermost service or scope that is none of them."""

    containers: tuple[Boundary, ...] = ()
    unit: str | None = None

    @property
    def vouched(self) -> Boundary | None:
        """The container that this machine runs. A user without rights may have made up what is in their own service."""
        is_users_own = self.unit and _USERS_OWN.fullmatch(self.unit)
        return self.containers[0] if self.containers and not is_users_own else None

    @property
    def claimed(self) -> Boundary | None:
        """The innermost one, if that is another."""
        innermost = self.containers[-1] if self.containers else None
        return innermost if innermost is not self.vouched else None


@dataclass(slots=True)
class _Walk:
    containers: list[Boundary] = field(default_factory=list)
    unit: str | None = None
    pod_uid: str | None = None
    parent: str = ""

    def enter(self, name: str) -> None:
        outer, _, inner = name.rpartition(".slice:")
        if pod := _POD.fullmatch(outer or name):
            self.pod_uid = pod[1].replace("_", "-")
        if found := _container(inner or name, self.parent, self.pod_uid):
            self.containers.append(found)
            self.pod_uid = None
        elif not self.unit and not self.containers and _UNIT.fullmatch(name):
            self.unit = name
        self.parent = name


def place_of(path: str) -> Place:
    """Of a path below the root of the cgroups, of version 1 or 2, with any way to lay out pods and containers."""
    walk = _Walk()
    for name in path.removesuffix(_DELETED).split("/"):
        walk.enter(name)
    return Place(tuple(walk.containers), walk.unit)


@lru_cache(maxsize=4096)
def workload_at(path: str) -> Workload | None:
    """Who runs there as far as the path alone tells it; None where nobody in particular does, as in the root."""
    place = place_of(path)
    if not place.containers and not place.unit:
        return None
    claimed = _workload(place.claimed) if place.claimed else None
    return replace(_workload(place.vouched), unit=place.unit, nested=claimed)


def path_of(text: str) -> str:
    """The most telling of the paths in `/proc/PID/cgroup`: one with a container, or that of version 2."""
    paths = [path for line in text.splitlines() for path in line.split(":", 2)[2:]]
    ordered = [*_of_controllers(text, ""), *_of_controllers(text, "name=systemd"), *paths, "/"]
    with_container = (path for path in ordered if place_of(path).containers)
    with_unit = (path for path in ordered if place_of(path).unit)
    return next(with_container, None) or next(with_unit, None) or ordered[0]


def _workload(found: Boundary | None) -> Workload:
    if found is None:
        return Workload()
    return Workload(container_id=found.id, runtime=found.runtime, container=found.name, pod_uid=found.pod_uid)


def _of_controllers(text: str, controllers: str) -> Iterator[str]:
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        named, _, path = rest.partition(":")
        if named == controllers and path:
            yield path


def _container(name: str, parent: str, pod_uid: str | None) -> Boundary | None:
    if found := _CONTAINER.fullmatch(name):
        before, identity = found.groups()
        if before is not None and before not in _RUNTIMES:
            return None  # a container's monitor and the like
        runtime = _RUNTIMES[before] if before else _PARENTS.get(parent)
        return Boundary(runtime, id=identity, pod_uid=pod_uid)
    if found := _LXC.fullmatch(name):
        return Boundary("lxc", name=found[1])
    if parent in _LXC_PARENTS and re.fullmatch(_NAME, name):
        return Boundary("lxc", name=name)
    if found := _NSPAWN.fullmatch(name.replace(r"\x2d", "-")):
        return Boundary("nspawn", name=found[1] or found[2])
    return None
