"""Events of the kinds beyond `tests.fakes`, some seconds before NOW."""

from datetime import timedelta
from typing import Any, Literal

from bot.domain.network import Accepted, DnsLookup, Endpoint, Listen, Reset, Retransmit, SocketError
from tests.fakes import NOW

HERE = Endpoint("10.0.0.1", 40000)
DB = Endpoint("10.2.0.14", 5432, name="db.internal")


def ago(seconds: float) -> dict[str, Any]:
    return {"time": NOW - timedelta(seconds=seconds)}


def accepted(process: str = "nginx", source: str = "10.0.0.9", *, ago_s: float = 1.0, **more: Any) -> Accepted:
    ends: dict[str, Any] = {"source": Endpoint(source, 50000), "destination": Endpoint("10.0.0.1", 80)}
    return Accepted(**ago(ago_s), process=process, pid=20, **ends, **more)


def retransmit(process: str = "curl", to: Endpoint = DB, *, ago_s: float = 1.0, **more: Any) -> Retransmit:
    return Retransmit(**ago(ago_s), process=process, pid=100, source=HERE, destination=to, **more)


def reset(
    process: str = "curl", direction: Literal["in", "out"] = "in", to: Endpoint = DB, *, ago_s: float = 1.0, **more: Any
) -> Reset:
    return Reset(**ago(ago_s), process=process, pid=100, direction=direction, source=HERE, destination=to, **more)


def lookup(name: str, rcode: str | None = "NOERROR", *, ago_s: float = 1.0, ms: float | None = 2.0) -> DnsLookup:
    return DnsLookup(
        **ago(ago_s),
        process="curl",
        pid=100,
        destination=Endpoint("10.0.0.53", 53),
        name=name,
        type="A",
        rcode=rcode,
        latency_us=None if ms is None else ms * 1000,
    )


def listen(process: str = "nginx", *, began: bool = True, ago_s: float = 1.0) -> Listen:
    return Listen(**ago(ago_s), process=process, pid=20, destination=Endpoint("::", 80), began=began)


def accept_failed(process: str = "rooms", errno: str = "EMFILE", *, ago_s: float = 1.0) -> SocketError:
    to = Endpoint("0.0.0.0", 8452)
    return SocketError(**ago(ago_s), process=process, pid=20, call="accept", errno=errno, destination=to)
