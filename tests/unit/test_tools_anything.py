"""Whatever is asked of a tool, and whatever a server or a file says: a result or a refusal, and nothing unhandled."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import Argument, Tool
from bot.domain.network import Event
from bot.domain.turn import ToolCall
from bot.ebpf.recording.line_values import parse_object
from bot.ebpf.recording.recorded_lines import parse_fields
from bot.ebpf.remote import wire
from bot.tools.network import BODIES, DATA_TOOLS, run_tool
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import STATUS, accepted, listener, lookup, open_sockets, reset, retransmit

CASES = 2500
"""Of each of the four: ten thousand in all."""
STORED: Sequence[Event] = (
    connection(),
    connection("web", ""),
    accepted(),
    drop(),
    retransmit(),
    reset(),
    lookup("a.b"),
)
SOURCE = FakeEbpf(STORED, open=open_sockets(listener()), state=STATUS)
_ODD = st.sampled_from(
    [
        "",
        "*",
        "?",
        "[",
        "10.0.0.0/8",
        "::1/200",
        ":0",
        "a:1",
        "10m",
        "0s",
        "9" * 400,
        "\x00",
        "\ud800",
        "ü",
        "1e9",
        "NaN",
    ]
)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | _ODD | st.text(max_size=20)
_JSON = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_ODD, inner, max_size=2))


def _value(argument: Argument) -> st.SearchStrategy[Any]:
    likely = st.sampled_from(argument.choices) if argument.choices else _SCALARS
    return likely | _JSON


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    tool: Tool = draw(st.sampled_from(DATA_TOOLS))
    chosen = draw(st.lists(st.sampled_from(tool.arguments), max_size=4, unique=True)) if tool.arguments else []
    return tool.name, {argument.name: draw(_value(argument)) for argument in chosen}


@settings(max_examples=2 * CASES, deadline=None)
@given(calls())
def test_any_call_is_a_result_with_tables_or_a_refusal_in_one_line(asked: tuple[str, dict[str, Any]]) -> None:
    name, arguments = asked
    assert name in BODIES
    result = asyncio.run(run_tool(ToolCall("c1", name, arguments), source=SOURCE, now=NOW))
    assert result.summary
    if result.failed:
        assert result.tables == ()
        assert result.summary.isprintable()
        assert len(result.summary) < 700


_EVENT_FIELDS = (
    *("type", "time", "command", "pid", "destination_ip", "destination_port", "protocol", "address_family"),
    *("drop_reason", "drop_reason_code", "skb_length", "k8s_node_name", "return_code"),
)


@settings(max_examples=CASES, deadline=None)
@given(st.dictionaries(st.sampled_from(_EVENT_FIELDS), _JSON), st.sampled_from(["connection", "drop"]))
def test_any_event_of_a_server_is_read_or_named_as_wrong(event: dict[str, Any], kind: Any) -> None:
    said = _refusal(lambda: wire.parse_page({"events": [event], "total_count": 1}, kind))
    assert said is None or said.startswith("events[0].")


_LINE_FIELDS = (
    *("ts", "event", "pid", "uid", "comm", "family", "proto", "src", "sport", "dst", "dport", "sock", "attempt"),
    *("attempt_us", "netns", "evidence", "errno", "reason", "benign", "qname", "qtype", "id", "rcode", "answers"),
    *("state", "role", "to", "from", "len", "icmp", "type", "path", "owner", "direction", "cgroup"),
)
_KINDS = (
    *("connect", "tcp_open", "tcp_accept", "tcp_close", "tcp_listen", "tcp_retransmit", "tcp_reset_sent", "drop"),
    *("tcp_reset_received", "dns_query", "dns_reply", "accept_failed", "sock_error", "icmp_sent", "synack_retransmit"),
)


@settings(max_examples=CASES, deadline=None)
@given(st.dictionaries(st.sampled_from(_LINE_FIELDS), _JSON), st.sampled_from(_KINDS))
def test_any_line_of_a_recording_is_read_or_named_as_wrong(fields: dict[str, Any], kind: str) -> None:
    line = json.dumps({"ts": 1.5, "attempt": None, **fields, "event": kind})
    assert _refusal(lambda: parse_fields(parse_object(line))) != ""


def _refusal(read: Callable[[], object]) -> str | None:
    """What a ValueError says; None where nothing was wrong."""
    try:
        read()
    except ValueError as wrong:
        return str(wrong)
    return None
