"""A network in which all that one channel may not see is marked, so that a leak of any of it is found in any text.

Visible is `checkout` on node-a in namespace shop, towards 10.2.0.0/16. The rest has names with `zz`, addresses of
203.0.113.0/24, numbers that begin with 6660, and comes 473 times.
"""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.domain.counters import CounterDeltas
from bot.domain.network import Connection, Endpoint, Event, Outcome
from bot.domain.ports import Check
from bot.domain.sockets import OpenSockets
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.domain.workload import Workload
from tests import every_kind
from tests.fakes import FakeEbpf, connection

MANY: Final = 473
FEW: Final = 7
MARKS: Final = re.compile(rf"zz|203\.0\.113|6660|\b(?:{MANY}|{MANY + FEW})\b")
"""What nobody in the scoped channel may read. Names are written with capitals nowhere."""
SHOP: Final = Workload(
    container_id="a" * 64, runtime="docker", container="checkout", pod="shop-1", pod_namespace="shop"
)
OTHER: Final = Workload(container_id="b" * 64, runtime="docker", container="zzc", pod="zzpod-1", pod_namespace="zzns")
_MINE: Final[dict[str, Any]] = {
    "process": "checkout", "pid": 11, "uid": 33, "node": "node-a", "workload": SHOP,
    "source": Endpoint("10.2.0.1", 40_000), "destination": Endpoint("10.2.0.14", 5432, name="db.shop"),
}  # fmt: skip
_THEIRS: Final[dict[str, Any]] = {
    "process": "zzhidden", "pid": 66601, "uid": 66602, "node": "zznode", "workload": OTHER,
    "source": Endpoint("203.0.113.7", 66603 - 10_000), "destination": Endpoint("203.0.113.66", 6660, name="zz.example"),
}  # fmt: skip


class Telling(FakeEbpf):
    """Says how it is in words that name what is hidden."""

    async def check(self) -> Check:
        return Check("source", "ok", f"zznode: {MANY} events")


def network() -> FakeEbpf:
    """Of the last minutes, by the real clock."""
    now = datetime.now(UTC)
    events = [*_events(now, _MINE, FEW), *_events(now, _THEIRS, MANY)]
    sockets = tuple(
        replace(every_kind.SOCKET, **_known(who, every_kind.SOCKET), local=who["source"], remote=who["destination"])
        for who in (_MINE, _THEIRS)
    )
    counted = every_kind.delta(namespace=66604, ago_s=0, retransmits=MANY, listen_overflows=MANY, segments_sent=MANY)
    deltas = (replace(counted, node="zznode", since=now - timedelta(seconds=60), until=now),)
    kinds = {"connection": KindStatus(seen=MANY + FEW, lost=0, stored=MANY, evicted=0)}
    nodes = (NodeStatus(name="node-b", failure="nothing answers there"), NodeStatus(name="node-a"))
    return Telling(
        events,
        open=OpenSockets(time=now, sockets=sockets, left_out=MANY, namespaces=(7, 66604)),
        counted=CounterDeltas(deltas=deltas, left_out=0),
        state=SourceStatus(source="fake", kind="live", kinds=kinds, nodes=nodes),  # type: ignore[arg-type]  # a literal key
    )


def _events(now: datetime, who: dict[str, Any], count: int) -> list[Event]:
    """Of every kind; connections `count` times, most of them failed."""
    kinds = [_of(event, who, now - timedelta(seconds=5)) for event in every_kind.ALL]
    failed = connection(outcome=Outcome.REFUSED, errno="ECONNREFUSED")
    attempts: list[Event] = [_of(failed, who, now - timedelta(seconds=1, milliseconds=n)) for n in range(count)]
    return [*(event for event in kinds if not isinstance(event, Connection)), *attempts]


def _of(event: Event, who: dict[str, Any], at: datetime) -> Event:
    """The same as it would be of them."""
    looked_up = who["destination"].name
    changed = _known(who, event) | {"time": at}
    if hasattr(event, "answers"):
        changed |= {"name": looked_up, "answers": (who["destination"].address,)}
    if hasattr(event, "owner"):
        changed["owner"] = "socket"
    return replace(event, **changed)


def _known(who: dict[str, Any], value: Any) -> dict[str, Any]:
    names = {field.name for field in fields(value)}
    return {name: given for name, given in who.items() if name in names}
