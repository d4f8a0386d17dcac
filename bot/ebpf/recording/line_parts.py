"""What lines of several kinds say in the same way: of whom, between which ends, of which connection. Pure."""

from typing import Literal

from bot.domain.network import UNNAMED, Direction, Endpoint, Owner, Role
from bot.ebpf.machine.cgroup_paths import workload_at
from bot.ebpf.recording.kernel_events import NOBODY, Ending, FailureEvidence, Who
from bot.ebpf.recording.line_values import Fields, integer, number, text, wrong

_WITH_PORTS = ("TCP", "UDP", "SCTP", "UDPLITE")
_OWNERS: dict[str | None, Owner] = {"socket": "socket", "current": "current"}
_ROLES: dict[str | None, Role] = {"client": "client", "server": "server"}
_DIRECTIONS: dict[str | None, Direction] = {"in": "in", "out": "out"}
_ENDED_HERE = ("FIN_WAIT1", "FIN_WAIT2", "LAST_ACK", "CLOSING", "TIME_WAIT")
"""States behind the process's own close(2) or shutdown(2), at which it is noted as the owner at the latest."""


def caller(fields: Fields) -> Who:
    """Who is certain, since the event belongs to a call of theirs."""
    return Who(
        process=text(fields, "comm") or UNNAMED,
        pid=integer(fields, "pid") or None,
        uid=integer(fields, "uid"),
        workload=workload_at(text(fields, "cgroup") or ""),
    )


def owner(fields: Fields) -> Who:
    """The socket's owner; else whoever ran just then, which an event that says so may tell."""
    known = caller(fields)
    return known if is_owned(fields) else Who(process=known.process, pid=known.pid, uid=None, workload=None)


def owner_only(fields: Fields) -> Who:
    """The socket's owner, or nobody: for events that do not say how their process is known."""
    return caller(fields) if is_owned(fields) else NOBODY


def is_owned(fields: Fields) -> bool:
    """Whether its process is the socket's. Where the line does not say it, the connection's state may prove it."""
    said = text(fields, "owner")
    if said is not None:
        return said == "socket"
    state = text(fields, "from") or text(fields, "state")
    return role(fields) == "client" or (role(fields) == "server" and state in _ENDED_HERE)


def owner_kind(fields: Fields) -> Owner | None:
    return _OWNERS.get(text(fields, "owner"))


def role(fields: Fields) -> Role | None:
    return _ROLES.get(text(fields, "role"))


def direction(fields: Fields) -> Direction | None:
    return _DIRECTIONS.get(text(fields, "direction"))


def attempt_of(fields: Fields) -> str | None:
    if "attempt" not in fields:
        raise ValueError('"attempt" is missing: an older netspy recorded it')
    return text(fields, "attempt")


def protocol_of(fields: Fields) -> str | None:
    """TCP, UDP, UNIX, ICMP ...; `IP 200` for a number without a name. None for 0, which a frame without IP has."""
    proto = fields.get("proto")
    if isinstance(proto, str):
        return proto.upper()
    return f"IP {proto}" if isinstance(proto, int) and proto else None


def packet_protocol(fields: Fields) -> str | None:
    """The same of a packet, of which IPv6 begins with options where there is none."""
    begins_with_options = (text(fields, "family"), fields.get("proto")) == ("ipv6", 0)
    return "HOPOPT" if begins_with_options else protocol_of(fields)


def end_of(fields: Fields, which: Literal["src", "dst"]) -> Endpoint:
    """A socket's end; an empty one where the kernel told none."""
    port = integer(fields, "sport" if which == "src" else "dport") or None
    address = text(fields, which)
    return Endpoint(address, port) if address else Endpoint()


def packet_end(fields: Fields, which: Literal["src", "dst"], protocol: str | None) -> Endpoint | None:
    """A packet's end. Where the protocol has no ports, the recorded ones are those of some socket."""
    end = end_of(fields, which)
    if end.address is None:
        return None
    return end if protocol in _WITH_PORTS else Endpoint(end.address)


def evidence_of(fields: Fields) -> FailureEvidence:
    said = fields.get("evidence", [])
    if not isinstance(said, list):
        raise wrong("evidence", said)
    return FailureEvidence(
        got_reset="reset" in said,
        neighbour_failed="neighbour failed" in said,
        got_unreachable_message="unreachable" in said,
    )


def ending_of(fields: Fields) -> Ending:
    return Ending(
        errno=text(fields, "errno"),
        duration_us=number(fields, "duration_us"),
        sent_bytes=integer(fields, "tx_bytes"),
        received_bytes=integer(fields, "rx_bytes"),
        retransmits=integer(fields, "retransmits"),
        rtt_us=rtt_of(fields),
    )


def rtt_of(fields: Fields) -> float | None:
    """None as long as nothing has come back to measure it by."""
    return number(fields, "rtt_us") or None
