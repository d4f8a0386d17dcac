"""Lines of a recording made by hand, in the order in which the kernel reports them, and what they are joined to."""

import json
from datetime import UTC, datetime
from typing import Any

from bot.domain.network import Event
from bot.ebpf.recording.joining import join
from bot.ebpf.recording.line_values import parse_object
from bot.ebpf.recording.recorded_lines import parse_fields

T = 1_795_392_170.0
"""Seconds since the epoch at which every story here begins."""
FLOW = {"family": "ipv4", "proto": "tcp", "src": "10.99.0.1", "sport": 43334, "dst": "10.99.0.2", "dport": 8000}
UNIX: dict[str, Any] = {"family": "unix", "proto": "unix", "src": None, "sport": 0, "dst": None, "dport": 0}


def line(event: str, at_us: int, **fields: object) -> str:
    owner = {"pid": 100, "tid": 100, "uid": 0, "comm": "curl", "cgroup": "/", "netns": 1}
    identity = {"sock": "a1", "attempt": None, "attempt_us": None}
    return json.dumps({"ts": T + at_us / 1e6, "event": event, **owner, **FLOW, **identity, **fields})


def of_attempt(event: str, at_us: int, **fields: object) -> str:
    """An event of an attempt that began at 40 us before zero, inside a call that returns at zero."""
    return line(event, at_us, **{"attempt": "1", "attempt_us": at_us + 40.0, **fields})


def call(at_us: int, errno: str | None = None, **fields: object) -> str:
    """A connect(2) that returns at `at_us` without having sent anything."""
    return line("connect", at_us, **{"type": "stream", "ret": 0, "errno": errno, "call_us": 50.0, **fields})


def begun(at_us: int, errno: str | None = None, **fields: object) -> str:
    """A connect(2) that sent a SYN before it returns."""
    return call(at_us, errno, **{"attempt": "1", "attempt_us": 40.0, **fields})


def opened(at_us: int, to: str = "ESTABLISHED", errno: str | None = None, **fields: object) -> str:
    shape = {"from": "SYN_SENT", "to": to, "errno": errno, "handshake_us": at_us + 40.0, "retransmits": 0, "rtt_us": 0}
    return of_attempt("tcp_open", at_us, **{**shape, "evidence": [], **fields})


def closed(at_us: int, errno: str | None = None, **fields: object) -> str:
    shape = {"from": "FIN_WAIT2", "to": "CLOSE", "errno": errno, "duration_us": 900.0}
    return of_attempt(
        "tcp_close", at_us, **{**shape, "tx_bytes": 5, "rx_bytes": 10, "retransmits": 1, "rtt_us": 19, **fields}
    )


def reset(at_us: int, state: str) -> str:
    return of_attempt("tcp_reset_received", at_us, state=state, owner="socket")


def drop(at_us: int, reason: str | None = "NO_SOCKET", **fields: object) -> str:
    shape: dict[str, Any] = {"reason": reason, "location": "tcp_v4_rcv+0x1", "benign": False, "owner": "current"}
    return line("drop", at_us, **{**shape, "sock": None, "if": "vA", "len": 60, **fields})


def told(*lines: str) -> tuple[Event, ...]:
    return join(event for text in lines for event in parse_fields(parse_object(text))[1])


def after(us: int) -> datetime:
    return datetime.fromtimestamp(T + us / 1e6, UTC)
