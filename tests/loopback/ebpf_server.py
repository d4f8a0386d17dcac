"""An ebpf-server on 127.0.0.1: the same bytes and the same quirks, over events that a test puts in.

`python -m tests.loopback.ebpf_server --events 10000` runs it as a process and prints its URL.
"""

import argparse
import signal
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeAlias

from tests.loopback import ebpf_storage as storage
from tests.loopback.ebpf_events import (
    ZERO_TIME_NS,
    connection_event,
    drop_event,
    go_json,
    parse_rfc3339,
    rfc3339,
    to_ns,
)
from tests.loopback.ebpf_storage import Query, Storage
from tests.loopback.http_peer import Answer, HttpPeer, Request

LISTED = 100
"""The lists hold this many events and never more; it is also the default `limit` of /api/events."""
SUMMARY_S = 60
PROGRAMS = (("connection", "active"), ("packet_drop", "active"))

Route: TypeAlias = Callable[[Request], Answer]


class EbpfServer(HttpPeer):
    """Fill it with `add_connection`, `add_drop` or `add`. Summaries look back from `now`, its clock."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        programs: Iterable[tuple[str, str]] = PROGRAMS,
        port: int = 0,
    ) -> None:
        super().__init__(self._respond_as_go, port=port)
        self.storage = Storage()
        self.initialized = True
        self._now = now
        self._programs_given = tuple(programs)
        self._by_path = self._routes()

    def add_connection(self, process: str = "curl", to: str = "10.2.0.14:5432", **more: Any) -> None:
        """A connect `ago_s` seconds ago (or `at`); see `connection_event` for `to`. `more` also takes raw fields."""
        self.add(connection_event(process, to, **self._dated(more)))

    def add_drop(self, process: str = "curl", **more: Any) -> None:
        self.add(drop_event(process, **self._dated(more)))

    def add(self, raw: Mapping[str, Any]) -> None:
        """Store an event as it is, however wrong."""
        self.storage.add(raw)

    def _dated(self, more: dict[str, Any]) -> dict[str, Any]:
        ago = timedelta(seconds=more.pop("ago_s", 1.0))
        return {"serial": len(self.storage.events), "at": self._now() - ago, **more}

    def _respond_as_go(self, request: Request) -> Answer:
        route = self._by_path.get(request.path)
        if route is None:
            return error(404, "404 page not found")
        return route(request) if self.initialized else error(503, "System not initialized")

    def _routes(self) -> dict[str, Route]:
        return {
            "/": lambda _: ok({"service": "eBPF Network Monitor", "version": "v1.0.0"}),
            "/health": lambda _: self._health(),
            "/api/programs": lambda _: self._programs(),
            "/api/events": self._events,
            "/api/connection-summary": lambda request: self._summary(request, "connection"),
            "/api/packet-drop-summary": lambda request: self._summary(request, "packet_drop"),
            "/api/list-connections": lambda _: self._list("connection"),
            "/api/list-packet-drops": lambda _: self._list("packet_drop"),
        }

    def _health(self) -> Answer:
        return ok({"status": "healthy", "component": "eBPF Monitor API", "uptime": "active", "version": "1.0.0"})

    def _programs(self) -> Answer:
        programs = [
            {"name": name, "type": "eBPF", "status": status, "id": int(sha256(name.encode()).hexdigest()[:8], 16)}
            for name, status in self._programs_given
        ]
        return ok({"programs": programs or None, "total_count": len(programs), "query_time": self._query_time()})

    def _events(self, request: Request) -> Answer:
        given = request.query
        query = Query(
            type=given.get("type", ""),
            pid=storage.uint32(given.get("pid", "")),
            command=given.get("command", ""),
            since_ns=parse_rfc3339(given.get("since")),
            until_ns=parse_rfc3339(given.get("until")),
            limit=max(0, storage.integer(given.get("limit", ""))) or LISTED,
        )
        events, total = self.storage.select(query)
        counts = f'"count":{len(events)},"total_count":{total}'
        rest = f'"query_time":"{self._query_time()}","filters":{_echo(query)}'
        return as_json(f'{{"events":{storage.json_list(events)},{counts},{rest}}}')

    def _summary(self, request: Request, kind: str) -> Answer:
        asked = self._summarized(request, kind)
        if asked is None:
            return error(400, "Invalid JSON")
        query, duration_s = asked
        count = {"command": query.command, "count": self.storage.select(query)[1], "duration_seconds": duration_s}
        return ok({**count, "pid": query.pid, "query_time": self._query_time()})

    def _list(self, kind: str) -> Answer:
        events = self._listed(kind)
        pids, groups = storage.by_pid(events)
        totals = f'"query_time":"{self._query_time()}","total_events":{len(events)},"total_pids":{pids}'
        return as_json(f'{{"events_by_pid":{groups},{totals}}}')

    def _summarized(self, request: Request, kind: str) -> tuple[Query, int] | None:
        """What a summary counts, and its seconds; None is a body that Go cannot decode."""
        if request.method == "POST":
            asked = storage.posted_summary(request.body)
        else:
            given = request.query
            seconds = storage.integer(given.get("duration_seconds", ""))
            asked = storage.uint32(given.get("pid", "")), given.get("command", ""), seconds
        if asked is None:
            return None
        pid, command, duration_s = asked
        since_ns = self._ago_ns(duration_s or SUMMARY_S)
        return Query(type=kind, pid=pid, command=command, since_ns=since_ns), duration_s or SUMMARY_S

    def _listed(self, kind: str) -> list[storage.Stored]:
        return self.storage.select(Query(type=kind, since_ns=self._ago_ns(3600), limit=LISTED))[0]

    def _ago_ns(self, seconds: int) -> int:
        return to_ns(self._now()) - seconds * 10**9

    def _query_time(self) -> str:
        return rfc3339(to_ns(self._now()))


def ok(value: Any) -> Answer:
    return as_json(go_json(value))


def as_json(text: str) -> Answer:
    return Answer(text.encode("utf-8", "replace") + b"\n")


def error(status: int, text: str) -> Answer:
    plain = "text/plain; charset=utf-8"
    return Answer(text.encode() + b"\n", status, plain, {"X-Content-Type-Options": "nosniff"})


def _echo(query: Query) -> str:
    """The filters as they were understood; Go leaves out what is empty."""
    times = {"since": query.since_ns, "until": query.until_ns}
    filters = {
        "type": query.type,
        "pid": query.pid,
        "command": query.command,
        **{name: rfc3339(ns) for name, ns in times.items() if ns != ZERO_TIME_NS},
        "limit": query.limit,
    }
    return go_json({name: value for name, value in filters.items() if value})


def main() -> None:
    parser = argparse.ArgumentParser(description="A loopback ebpf-server with made-up events of the last hour.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--events", type=int, default=100, help="connections; every tenth comes with a drop")
    arguments = parser.parse_args()
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    with EbpfServer(port=arguments.port) as server:
        for number in range(arguments.events):
            ago_s = 1 + 3500 * number / arguments.events
            server.add_connection(f"app-{number % 7}", f"10.0.{number % 3}.{number % 50 + 1}:443", ago_s=ago_s)
            if number % 10 == 0:
                server.add_drop(f"app-{number % 7}", ago_s=ago_s)
        print(server.url, flush=True)
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
