"""The loopback ebpf-server answers with the bytes that were observed of the real one."""

import http.client
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.loopback.ebpf_aggregator import EbpfAggregator
from tests.loopback.ebpf_events import BOOTED
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import HttpPeer

THEN = datetime(2026, 11, 22, 23, 8, 37, tzinfo=UTC)
CONNECTED_AT = datetime(2026, 11, 22, 23, 8, 0, 782931, tzinfo=UTC)
CONNECTION = (
    '{"address_family":2,"command":"curl","destination":"127.0.0.1:38037","destination_ip":"127.0.0.1",'
    '"destination_port":38037,"id":"7c7f6ec0b7b637db","pid":20611,"protocol":"TCP","raw_ipv4":16777343,'
    '"raw_ipv6":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"raw_protocol":6,"raw_socktype":1,"return_code":0,'
    '"socket_type":"STREAM","time":"2026-11-22T23:08:00.782931008Z","timestamp":1183782931008,"type":"connection"}'
)
DROP = (
    '{"command":"curl","drop_reason":"SKB_FREE","drop_reason_code":1,"id":"eba18abe3517f8ce","packet_size_bytes":1,'
    '"pid":20611,"skb_length":1,"time":"2026-11-22T23:08:00.783179118Z","timestamp":1183783179118,"type":"packet_drop"}'
)


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer(now=lambda: THEN) as server:
        booted = BOOTED.replace(minute=48, second=17)
        fields = {"pid": 20611, "booted": booted}
        server.add_connection("curl", "127.0.0.1:38037", at=CONNECTED_AT, serial=8, id="7c7f6ec0b7b637db", **fields)
        dropped_at = CONNECTED_AT.replace(microsecond=783179)
        server.add_drop("curl", at=dropped_at, serial=118, id="eba18abe3517f8ce", **fields)
        yield server


@pytest.fixture
def aggregator() -> Iterator[EbpfAggregator]:
    with EbpfAggregator(now=lambda: THEN) as aggregator:
        aggregator.add_connection("curl", at=CONNECTED_AT, k8s_node_name="node-a")
        yield aggregator


def ask(peer: HttpPeer, target: str, method: str = "GET", body: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=10)
    connection.request(method, target, body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_health_of_the_server(server: EbpfServer) -> None:
    healthy = '{"status":"healthy","component":"eBPF Monitor API","uptime":"active","version":"1.0.0"}\n'
    assert ask(server, "/health", "POST") == (200, healthy)


def test_programs(server: EbpfServer) -> None:
    _, text = ask(server, "/api/programs")
    assert text.startswith('{"programs":[{"name":"connection","type":"eBPF","status":"active","id":3012402454},{')
    assert text.endswith('],"total_count":2,"query_time":"2026-11-22T23:08:37Z"}\n')


def test_events_with_their_counts_and_filters(server: EbpfServer) -> None:
    _, text = ask(server, "/api/events?type=connection&pid=20611&since=2026-11-22T23:00:00.5Z")
    assert text == (
        f'{{"events":[{CONNECTION}],"count":1,"total_count":1,"query_time":"2026-11-22T23:08:37Z",'
        '"filters":{"type":"connection","pid":20611,"since":"2026-11-22T23:00:00Z","limit":100}}\n'
    )


def test_events_are_newest_first_and_total_ignores_limit(server: EbpfServer) -> None:
    _, text = ask(server, "/api/events?limit=1")
    assert text.startswith(f'{{"events":[{DROP}],"count":1,"total_count":2,')


def test_no_event_is_null(server: EbpfServer) -> None:
    assert '{"events":null,"count":0,"total_count":0,' in ask(server, "/api/events?command=nobody")[1]


def test_bad_query_values_are_ignored(server: EbpfServer) -> None:
    _, text = ask(server, "/api/events?pid=abc&since=yesterday&until=&limit=-3")
    assert json.loads(text)["filters"] == {"limit": 100}
    assert json.loads(text)["count"] == 2


def test_until_is_inclusive(server: EbpfServer) -> None:
    until = "/api/events?type=connection&until=2026-11-22T23:08:00.78293100"
    assert [json.loads(ask(server, f"{until}{last}Z")[1])["count"] for last in (7, 8)] == [0, 1]


@pytest.mark.parametrize(
    ("target", "method", "body", "count"),
    [
        ("?command=curl&duration_seconds=3600", "GET", None, 1),
        ("", "GET", None, 1),
        ("?duration_seconds=-5", "GET", None, 0),
        ("?process_name=nobody", "GET", None, 1),
        ("", "POST", '{"command":"curl","pid":20611,"duration_seconds":3600}', 1),
        ("", "POST", '{"pid":1}', 0),
    ],
)
def test_summary_counts(server: EbpfServer, target: str, method: str, body: str | None, count: int) -> None:
    _, text = ask(server, f"/api/connection-summary{target}", method, body)
    assert json.loads(text)["count"] == count
    assert list(json.loads(text)) == ["command", "count", "duration_seconds", "pid", "query_time"]


@pytest.mark.parametrize("body", ["", '{"pid":-1}', '{"pid":"12"}', '{"duration_seconds":1.5}', "["])
def test_body_that_go_cannot_decode_is_400(server: EbpfServer, body: str) -> None:
    assert ask(server, "/api/packet-drop-summary", "POST", body) == (400, "Invalid JSON\n")


def test_list_ignores_all_input_and_holds_a_hundred(server: EbpfServer) -> None:
    for number in range(150):
        server.add_connection("curl", at=CONNECTED_AT, pid=number % 3)
    _, text = ask(server, "/api/list-connections?pid=1", "POST", "nonsense")
    answer = json.loads(text)
    assert (answer["total_events"], answer["total_pids"]) == (100, 3)
    assert list(answer) == ["events_by_pid", "query_time", "total_events", "total_pids"]


def test_unknown_path_is_404_and_a_server_that_is_not_ready_503(server: EbpfServer) -> None:
    assert ask(server, "/api/nothing") == (404, "404 page not found\n")
    server.initialized = False
    assert ask(server, "/health") == (503, "System not initialized\n")


def test_json_is_spelled_as_go_spells_it(server: EbpfServer) -> None:
    server.add_connection("<a&b>é", at=CONNECTED_AT)
    assert '"command":"\\u003ca\\u0026b\\u003eé"' in ask(server, "/api/events")[1]


def test_aggregator_refuses_post_for_lists(aggregator: EbpfAggregator) -> None:
    assert ask(aggregator, "/api/list-connections", "POST", "{}") == (405, "Method not allowed\n")
    assert ask(aggregator, "/", "GET") == (404, "404 page not found\n")


def test_aggregator_health(aggregator: EbpfAggregator) -> None:
    healthy = '{"status":"healthy","component":"aggregator","uptime":"13.6s","stats":{"total_events":1}}\n'
    assert ask(aggregator, "/health") == (200, healthy)


def test_aggregator_ignores_times_and_does_not_count(aggregator: EbpfAggregator) -> None:
    _, text = ask(aggregator, "/api/events?since=2030-01-01T00:00:00Z&node=node-b")
    assert text.startswith('{"count":1,"events":[{"address_family":2,')
    assert ask(aggregator, "/api/events?pid=7")[1] == '{"count":0,"events":null}\n'


def test_aggregator_counts_by_node(aggregator: EbpfAggregator) -> None:
    _, text = ask(aggregator, "/api/connection-summary", "POST", "{}")
    assert text.startswith('{"count":1,"count_by_node":{"node-a":1},"duration_seconds":60,"total_nodes":1,')
    _, text = ask(aggregator, "/api/list-connections")
    assert '"events_by_node":{"node-a":1}' in text


def test_aggregator_takes_in_events(aggregator: EbpfAggregator) -> None:
    taken = '{"processed":1,"status":"success","total":1}\n'
    assert ask(aggregator, "/api/events/ingest", "POST", f'{{"events":[{DROP}]}}') == (200, taken)
    assert DROP in ask(aggregator, "/api/events?type=packet_drop")[1]


def test_it_runs_as_a_process_and_prints_its_url() -> None:
    command = [sys.executable, "-m", "tests.loopback.ebpf_server", "--events", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/api/events?type=packet_drop", timeout=30) as answer:
            assert json.load(answer)["total_count"] == 2
        process.terminate()
        assert process.wait(30) == 0
