"""Whether an open socket is among those that were asked for. Pure."""

from collections.abc import Iterator

from bot.domain.query import Filter, Target
from bot.domain.sockets import OpenSocket
from bot.targets import is_at, like

_ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - what sockets say, nothing is bound


def matches(socket: OpenSocket, wanted: Filter) -> bool:
    """A target is either end. A socket that is open to all addresses is at every one."""
    return all(_conditions(socket, wanted))


def _conditions(socket: OpenSocket, wanted: Filter) -> Iterator[bool]:
    workload = socket.workload
    yield wanted.pid is None or socket.pid == wanted.pid
    yield wanted.process is None or socket.process == wanted.process
    yield wanted.process_pattern is None or like(socket.process, wanted.process_pattern)
    yield wanted.uid is None or socket.uid == wanted.uid
    yield wanted.target is None or _is_at(socket, wanted.target)
    yield wanted.protocol is None or socket.protocol.upper() == wanted.protocol
    yield wanted.node is None or socket.node == wanted.node
    yield wanted.namespace is None or (workload is not None and workload.pod_namespace == wanted.namespace)
    yield wanted.pod is None or (workload is not None and workload.pod == wanted.pod)
    yield wanted.container is None or (workload is not None and workload.container == wanted.container)


def _is_at(socket: OpenSocket, target: Target) -> bool:
    if is_at(socket.remote, target) or is_at(socket.local, target):
        return True
    is_open_to_all = socket.local.address in _ALL_ADDRESSES and target.name is None
    return is_open_to_all and target.port in (None, socket.local.port)
