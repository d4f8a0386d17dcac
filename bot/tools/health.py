"""How TCP does: what was sent again, what was reset, what namespaces counted. (EbpfSource, Asked) -> Found."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from dataclasses import field as has

from bot.domain.counters import CounterDelta, CounterDeltas
from bot.domain.errors import CannotAnswer
from bot.domain.network import Endpoint, EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import GroupField, GroupKey, Groups
from bot.domain.table import Table
from bot.tables.text import plain
from bot.tables.units import human_count, human_percent
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate
from bot.tools.kinds import of_each, together
from bot.tools.nothing import is_narrowed, nothing
from bot.tools.seen_here import SeenHere, seen_here
from bot.tools.wording import behind, counted, when

_FIELDS: Mapping[EventKind, tuple[GroupField, ...]] = {
    "retransmit": ("process", "address", "port", "role", "state"),
    "reset": ("process", "address", "port", "role", "direction", "reason", "state"),
    "connection": ("process", "address", "port"),
    "accept": ("process", "source"),
}
"""Who with whom comes first. A client's port says nothing: of those who ask us, all ports are one."""
_TELLING = (
    "listen_overflows", "listen_drops", "request_queue_full_drops", "syn_cookies_sent", "backlog_drops",
    "receive_queue_drops", "zero_window_drops", "pruned_segments", "zero_windows_advertised", "timeouts",
    "failed_retransmits", "tcp_in_errors", "tcp_checksum_errors", "aborts_on_timeout", "aborts_on_memory",
    "memory_pressures", "time_wait_overflows", "stale_timestamp_drops", "udp_no_ports", "udp_in_errors",
    "udp_receive_buffer_errors", "udp_send_buffer_errors", "udp_checksum_errors", "udp_memory_errors",
    "icmp_in_unreachable", "icmp_out_unreachable", "icmp_in_time_exceeded", "icmp_out_time_exceeded",
    "icmp_out_rate_limited", "ip_in_header_errors", "ip_in_address_errors", "ip_in_discards", "ip_out_discards",
    "ip_no_routes", "ip_failed_reassemblies", "ip_failed_fragmentations", "reverse_path_filtered",
    "conntrack_insert_failures", "conntrack_drops", "conntrack_early_drops", "conntrack_invalid",
)  # fmt: skip
"""Counters that stand still where all is well."""

_NOBODY_LISTENS = "NO_SOCKET"
_CONNECTING = "SYN_SENT"

_Pair = tuple[GroupKey, str | None]


@dataclass(slots=True)
class Trouble:
    """Between one process and one other end."""

    process: str | None
    end: str | None
    """Where it connects to; a host where it is asked, or nobody knows."""
    states: Counter[str] = has(default_factory=Counter)
    """Of connections whose segments were sent again."""
    sent: Counter[str] = has(default_factory=Counter)
    """RSTs by their reason."""
    received: int = 0
    connections: int = 0
    refusals: int = 0
    """RSTs that answered a SYN: no connection broke."""

    @property
    def total(self) -> int:
        return self.states.total() + self.sent.total() + self.received

    @property
    def weight(self) -> int:
        return self.total - self.refusals


async def tcp_health(source: EbpfSource, asked: Asked) -> Found:
    """Pairs of a process and a peer by retransmits and resets, the most first; then counters. Refusals come last.

    Raises: CannotAnswer.
    """
    wanted = replace(asked.filter, protocol="TCP")

    async def groups_of(kind: EventKind) -> Groups:
        return await source.aggregate(asked.aggregate(kind, *_FIELDS[kind], wanted=wanted))

    answers, refusals = await of_each(_FIELDS, groups_of)
    if not {"retransmit", "reset"} & answers.keys():
        raise refusals[0]
    coverage = together([answer.coverage for answer in answers.values()], refusals)
    rows = sorted(_troubles(answers), key=lambda row: (-row.weight, -row.total, str(row.process), str(row.end)))
    counters, notes = await _counters(source, asked)
    counted_here = _counter_table(counters, max_rows=asked.arguments.max_events)
    if not coverage.matched and not counted_here:
        return await nothing(source, asked, coverage, "connection")
    tables = tabulate(
        "Retransmits and resets",
        _fields(await seen_here(source, asked)),
        rows[: asked.arguments.max_events],
        total_rows=len(rows),
    )
    return Found(_sentence(asked, rows, counters), (*tables, *counted_here), noted(coverage, *notes))


def _troubles(answers: Mapping[EventKind, Groups]) -> Iterable[Trouble]:
    """Pairs that have any."""
    pairs: dict[_Pair, Trouble] = {}
    for kind, found in answers.items():
        for group in found.groups:
            process, end, rest = _with_whom(kind, group.key)
            row = pairs.setdefault((process, end), Trouble(_text(process), end))
            match kind:
                case "retransmit":
                    row.states[_text(rest[0]) or "(unknown)"] += group.count
                case "reset" if rest[0] == "out":
                    row.sent[_text(rest[1]) or "(no reason told)"] += group.count
                    row.refusals += group.count if rest[1] == _NOBODY_LISTENS else 0
                case "reset":
                    row.received += group.count
                    row.refusals += group.count if rest[2] == _CONNECTING else 0
                case _:
                    row.connections += group.count
    return (row for row in pairs.values() if row.total)


def _with_whom(kind: EventKind, key: tuple[GroupKey, ...]) -> tuple[GroupKey, str | None, tuple[GroupKey, ...]]:
    """The process, the other end, and what else the key says."""
    if kind == "accept":
        return key[0], _text(key[1]), ()
    process, host, port, *rest = key
    is_asked = kind != "connection" and rest[0] != "client"
    if host is None or port is None or is_asked:
        return process, _text(host), tuple(rest[1:])
    return process, str(Endpoint(str(host), int(port))), tuple(rest[1:])


def _fields(seen: SeenHere) -> Sequence[Field[Trouble]]:
    return (
        field("process", lambda row: row.process),
        field("destination", lambda row: row.end, kind="address"),
        field("retrans", lambda row: row.states.total(), kind="integer"),
        field("in state", lambda row: _first(row.states), remark=True),
        field("RST out", lambda row: row.sent.total(), kind="integer"),
        field("reason", lambda row: _first(row.sent), remark=True),
        field("RST in", lambda row: row.received, kind="integer"),
        field("conns", lambda row: row.connections, kind="integer", spare=True),
        field(
            "seen here",
            lambda row: seen.at(row.end, was_reset=row.received > 0) or seen.with_host(row.end),
            remark=True,
        ),
    )


async def _counters(source: EbpfSource, asked: Asked) -> tuple[CounterDeltas | None, tuple[str, ...]]:
    """Namespaces count for everybody: where one process or destination is asked for, they say nothing of it."""
    if is_narrowed(replace(asked.filter, node=None)):
        return None, ()
    try:
        found = await source.counters(asked.window)
    except CannotAnswer as refusal:
        return None, (refusal.got,)
    return found, found.notes


def _counter_table(found: CounterDeltas | None, *, max_rows: int) -> tuple[Table, ...]:
    rows = [(name, delta, count) for delta in (found.deltas if found else ()) for name, count in _told(delta)]
    rows.sort(key=lambda row: (_TELLING.index(row[0]), -row[2], row[1].namespace))
    return tabulate("What namespaces counted", _COUNTER, rows[:max_rows], total_rows=len(rows))


def _told(delta: CounterDelta) -> Iterable[tuple[str, int]]:
    counts = asdict(delta.counters)
    return ((name, counts[name]) for name in _TELLING if counts[name])


_COUNTER: tuple[Field[tuple[str, CounterDelta, int]], ...] = (
    field("counter", lambda row: row[0].replace("_", " ")),
    field("count", lambda row: row[2], kind="integer"),
    field("namespace", lambda row: row[1].namespace, kind="id"),
    field("node", lambda row: row[1].node),
)


def _sentence(asked: Asked, rows: Sequence[Trouble], counters: CounterDeltas | None) -> str:
    retransmits = sum(row.states.total() for row in rows)
    resets = sum(row.sent.total() + row.received for row in rows)
    said = f"{counted(retransmits, 'retransmit')} and {counted(resets, 'reset')}{behind('of', asked.arguments)}"
    sent = sum(delta.counters.segments_sent or 0 for delta in counters.deltas) if counters else 0
    again = sum(delta.counters.retransmits or 0 for delta in counters.deltas) if counters else 0
    share = f"; {human_percent(100 * again / sent)} of {human_count(sent)} segments were sent again" if sent else ""
    worst = f"; most: {plain(f'{rows[0].process} with {rows[0].end}')}" if rows else ""
    return f"{said} {when(asked)}{worst}{share}"


def _first(counts: Counter[str]) -> str | None:
    return counts.most_common(1)[0][0] if counts else None


def _text(part: GroupKey) -> str | None:
    return None if part is None else str(part)
