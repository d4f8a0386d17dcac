"""What a node's files tell of containers: names that are not in their cgroups. Read-only; no API is asked.

Everything is untrusted: the files are read up to a limit, never followed to elsewhere, and only values that look like
the names that they should be are taken. Nothing else of them (environments, commands) is kept.
"""

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

_MAX_BYTES = 1 << 20
_MAX_ENTRIES = 10_000
_ID = re.compile(r"[0-9a-f]{64}")
_POD_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_POD_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_CONTAINER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")

_KUBELET_LOGS = "var/log/containers"
_POD_LOGS = "var/log/pods"
_PODS = "var/lib/kubelet/pods"
_DOCKER = "var/lib/docker/containers"
_CONTAINERD = "run/containerd/io.containerd.runtime.v2.task"
_STORAGES = ("run/containers/storage/overlay-containers", "var/lib/containers/storage/overlay-containers")

_KEYS = {
    "container": ("io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name"),
    "pod": ("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
    "pod_namespace": ("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
}
"""What containerd, CRI-O and Docker call the same, in annotations or labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """None is not known."""

    container: str | None = None
    pod: str | None = None
    pod_namespace: str | None = None

    @property
    def is_whole(self) -> bool:
        return None not in {self.container, self.pod, self.pod_namespace}

    def or_else(self, other: "Names") -> "Names":
        return Names(
            container=self.container or other.container,
            pod=self.pod or other.pod,
            pod_namespace=self.pod_namespace or other.pod_namespace,
        )


class ContainerFiles:
    """`root` is where the node's root is mounted."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def names(self, container_id: str | None, pod_uid: str | None) -> Names:
        """From the first files that tell, the surest first."""
        found = self._by_id(container_id) if container_id and _ID.fullmatch(container_id) else Names()
        if found.is_whole or not (pod_uid and _POD_UID.fullmatch(pod_uid)):
            return found
        by_pod = self._pod_log(pod_uid).or_else(self._kubelet_folder(pod_uid))
        if found != Names():
            by_pod = replace(by_pod, container=None)  # whoever is known without that name is the pod's sandbox
        return found.or_else(by_pod)

    def _by_id(self, container_id: str) -> Names:
        found = Names()
        for look in (self._specification, self._docker, self._kubelet_log, self._podman):
            found = found.or_else(look(container_id))
            if found.is_whole:
                break
        return found

    def _specification(self, container_id: str) -> Names:
        """The OCI runtime's `config.json`: of containerd, CRI-O and podman."""
        bundles = [space / container_id for space in _entries(self._root / _CONTAINERD)]
        bundles += [self._root / storage / container_id / "userdata" for storage in _STORAGES]
        documents = (_json(bundle / "config.json") for bundle in bundles)
        return next((_names(found["annotations"]) for found in documents if "annotations" in found), Names())

    def _docker(self, container_id: str) -> Names:
        found = _json(self._root / _DOCKER / container_id / "config.v2.json")
        written = found.get("Name")
        own = _formed(_CONTAINER_NAME, written.removeprefix("/")) if isinstance(written, str) else None
        config = found.get("Config")
        labels = _names(config.get("Labels")) if isinstance(config, dict) else Names()
        return labels.or_else(Names(container=own))

    def _kubelet_log(self, container_id: str) -> Names:
        """Links named POD_NAMESPACE_CONTAINER-ID.log."""
        end = f"-{container_id}.log"
        for link in _entries(self._root / _KUBELET_LOGS):
            if link.name.endswith(end):
                return _in_order(link.name.removesuffix(end).split("_"), ("pod", "pod_namespace", "container"))
        return Names()

    def _podman(self, container_id: str) -> Names:
        """CRI-O's are here too, with a name made up of several."""
        listed = _document(self._root / _STORAGES[1] / "containers.json")
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("id") == container_id and isinstance(each.get("names"), list):
                own = next(iter(each["names"]), None)
                return Names() if str(own).startswith("k8s_") else Names(container=_formed(_CONTAINER_NAME, own))
        return Names()

    def _pod_log(self, pod_uid: str) -> Names:
        """Folders named NAMESPACE_POD_UID, with one for each container."""
        end = f"_{pod_uid}"
        for folder in _entries(self._root / _POD_LOGS):
            if folder.name.endswith(end):
                named = _in_order(folder.name.removesuffix(end).split("_"), ("pod_namespace", "pod"))
                return named.or_else(Names(container=_only(_entries(folder))))
        return Names()

    def _kubelet_folder(self, pod_uid: str) -> Names:
        return Names(container=_only(_entries(self._root / _PODS / pod_uid / "containers")))


def _names(written: Any) -> Names:
    """From annotations or labels."""
    if not isinstance(written, dict):
        return Names()
    found = {field: next((written[key] for key in keys if key in written), None) for field, keys in _KEYS.items()}
    return _checked(found)


def _in_order(parts: Sequence[str], order: Sequence[str]) -> Names:
    return _checked(dict(zip(order, parts, strict=True))) if len(parts) == len(order) else Names()


def _checked(found: Mapping[str, object]) -> Names:
    return Names(
        container=_formed(_CONTAINER_NAME, found.get("container")),
        pod=_formed(_POD_NAME, found.get("pod")),
        pod_namespace=_formed(_LABEL, found.get("pod_namespace")),
    )


def _formed(form: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _only(entries: Iterable[Path]) -> str | None:
    """The one container of a pod; None where there are more."""
    names = [each.name for each in islice(entries, 2)]
    return _formed(_CONTAINER_NAME, names[0]) if len(names) == 1 else None


def _entries(folder: Path) -> Iterator[Path]:
    """At most so many; none of what is not there or must not be read."""
    try:
        yield from islice(folder.iterdir(), _MAX_ENTRIES)
    except OSError:
        return


def _json(file: Path) -> dict[str, Any]:
    found = _document(file)
    return found if isinstance(found, dict) else {}


def _document(file: Path) -> Any:
    """None for what is missing, too large, or no JSON."""
    try:
        return json.loads(_content(file))
    except (OSError, ValueError, RecursionError):
        return None


def _content(file: Path) -> bytes:
    """As far as the limit, which no whole document exceeds. Raises: OSError; also for a link or a pipe."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{file} is no file")
        return opened.read(_MAX_BYTES)
