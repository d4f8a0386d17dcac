"""The aggregator of ebpf-server on 127.0.0.1: many nodes' events, stricter about methods, blind to since and until."""

from typing import Any

from tests.loopback import ebpf_storage as storage
from tests.loopback.ebpf_events import go_json
from tests.loopback.ebpf_server import EbpfServer, Route, as_json, error, ok
from tests.loopback.ebpf_storage import Query
from tests.loopback.http_peer import Answer, Request

SAMPLE = 1000
"""Nodes are counted in at most so many events."""
CACHED = {"Cache-Control": "max-age=120"}


class EbpfAggregator(EbpfServer):
    """Give events a node with `k8s_node_name="node-a"`, and nodes different boots with `booted=...`."""

    def _routes(self) -> dict[str, Route]:
        return {
            "/health": _only("GET", lambda _: self._health()),
            "/api/programs": _only("GET", lambda _: self._programs()),
            "/api/stats": _only("GET", lambda _: self._stats()),
            "/api/events": _only("GET", self._events),
            "/api/events/ingest": _only("POST", self._ingest),
            "/api/connection-summary": lambda request: self._summary(request, "connection"),
            "/api/packet-drop-summary": lambda request: self._summary(request, "packet_drop"),
            "/api/list-connections": _only("GET", lambda _: self._list("connection")),
            "/api/list-packet-drops": _only("GET", lambda _: self._list("packet_drop")),
        }

    def _health(self) -> Answer:
        stats = {"total_events": len(self.storage.events)}
        return ok({"status": "healthy", "component": "aggregator", "uptime": "13.6s", "stats": stats})

    def _programs(self) -> Answer:
        """It runs none; it infers them from what the agents sent in the last ten minutes."""
        events, _ = self.storage.select(Query(since_ns=self._ago_ns(600), limit=SAMPLE))
        agents = [self._agent(node, events) for node in storage.by_node(events)]
        programs = [program for agent in agents for program in agent["programs"]]
        answer = {
            "connected_agents": agents or None,
            "all_programs": programs or None,
            "total_agents": len(agents),
            "total_programs": len(programs),
            "query_time": self._query_time(),
        }
        return Answer(go_json(answer).encode() + b"\n", headers=CACHED)

    def _agent(self, node: str, events: list[storage.Stored]) -> dict[str, Any]:
        own = [event.raw for event in events if event.raw.get("k8s_node_name") == node]
        programs = [
            {"name": f"{kind}_tracer", "type": kind, "status": "active", "node": node, "event_count": len(own)}
            for kind in sorted({str(raw.get("type")) for raw in own})
        ]
        last_seen = max(str(raw.get("time")) for raw in own)[:19] + "Z"
        seen = {"last_seen": last_seen, "event_count": len(own)}
        return {"node_name": node, **seen, "programs": programs, "status": "active"}

    def _stats(self) -> Answer:
        events = self.storage.events
        kinds = sorted({str(event.raw.get("type")) for event in events})
        answer = {
            "current_events_last_hour": self.storage.select(Query(since_ns=self._ago_ns(3600)))[1],
            "events_by_node": storage.by_node(events),
            "events_by_type": {kind: self.storage.select(Query(type=kind))[1] for kind in kinds},
            "last_event_time": self._query_time(),
            "start_time": self._query_time(),
            "total_events": len(events),
            "total_events_in_storage": len(events),
        }
        return ok(answer)

    def _events(self, request: Request) -> Answer:
        """Without a default limit, and without a word about since, until and node."""
        given = request.query
        query = Query(
            type=given.get("type", ""),
            pid=storage.uint32(given.get("pid", "")),
            command=given.get("command", ""),
            limit=storage.integer(given.get("limit", "")),
        )
        events, _ = self.storage.select(query)
        return as_json(f'{{"count":{len(events)},"events":{storage.json_list(events)}}}')

    def _ingest(self, request: Request) -> Answer:
        body = storage.read_json(request.body)
        if not isinstance(body, dict) or not isinstance(events := body.get("events") or [], list):
            return error(400, "Bad request")
        readable = [event for event in events if isinstance(event, dict)]
        for event in readable:
            self.add(event)
        return ok({"processed": len(readable), "status": "success", "total": len(events)})

    def _summary(self, request: Request, kind: str) -> Answer:
        asked = self._summarized(request, kind)
        if asked is None:
            return error(400, "Invalid JSON")
        query, duration_s = asked
        events, _ = self.storage.select(query)
        nodes = storage.by_node(events[:SAMPLE])
        filters = {name: value for name, value in {"pid": query.pid, "command": query.command}.items() if value}
        totals = {"duration_seconds": duration_s, "total_nodes": len(nodes), "query_time": self._query_time()}
        return ok({"count": len(events), "count_by_node": nodes, **filters, **totals})

    def _list(self, kind: str) -> Answer:
        events = self._listed(kind)
        pids, groups = storage.by_pid(events)
        nodes = storage.by_node(events)
        totals = f'"total_pids":{pids},"total_events":{len(events)},"total_nodes":{len(nodes)}'
        rest = f'"events_by_node":{go_json(nodes)},"query_time":"{self._query_time()}"'
        return as_json(f'{{{totals},"events_by_pid":{groups},{rest}}}')


def _only(method: str, route: Route) -> Route:
    return lambda request: route(request) if request.method == method else error(405, "Method not allowed")
