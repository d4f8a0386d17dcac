"""The filters that all tools share: who, to where, when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from bot.domain.errors import InvalidArguments
from bot.domain.json_types import Json
from bot.domain.network import Connection, Event, Window
from bot.domain.query import Target
from bot.domain.turn import ToolCall, ToolResult
from bot.domain.workload import Workload
from bot.moments import moment
from bot.targets import read_target
from bot.tools.data_arguments import data_arguments
from bot.tools.network import run_tool
from bot.tools.registry import find_tool
from tests.fakes import NOW, FakeEbpf, connection

LIST = find_tool("list_connections")
STORED: Sequence[Event] = (
    connection("curl", "10.2.0.14:5432", ago_s=1),
    connection("curl", "10.3.0.1:443", ago_s=2),
    connection("cupsd", "[fd00::1]:443", ago_s=90),
)


async def run(name: str, stored: Sequence[Event], **arguments: Json) -> ToolResult:
    return await run_tool(ToolCall("c1", name, arguments), source=FakeEbpf(stored), now=NOW)


async def found(**arguments: Json) -> list[str]:
    """Destinations that are listed."""
    result = await run("list_connections", STORED, **arguments)
    assert not result.failed, result.summary
    return [str(row[1]) for table in result.tables for row in table.rows]


@pytest.mark.parametrize(
    ("arguments", "destinations"),
    [
        ({"destination": "10.2.0.14"}, ["10.2.0.14:5432"]),
        ({"destination": "10.0.0.0/8"}, ["10.2.0.14:5432", "10.3.0.1:443"]),
        ({"destination": "10.3.0.1:443"}, ["10.3.0.1:443"]),
        ({"destination": "[fd00::1]:443"}, ["[fd00::1]:443"]),
        ({"destination": ":443"}, ["10.3.0.1:443", "[fd00::1]:443"]),
        ({"destination": "10.0.0.0/8", "port": 443}, ["10.3.0.1:443"]),
        ({"port": "443", "process_name": "curl"}, ["10.3.0.1:443"]),
        ({"process_name": "cu*"}, ["10.2.0.14:5432", "10.3.0.1:443", "[fd00::1]:443"]),
        ({"process_name": "cur?"}, ["10.2.0.14:5432", "10.3.0.1:443"]),
        ({"since": "1m"}, ["10.2.0.14:5432", "10.3.0.1:443"]),
        ({"until": "1m"}, ["[fd00::1]:443"]),
        ({"since": "2026-11-23T14:05:00Z", "until": "2026-11-23T16:06:00+02:00"}, ["[fd00::1]:443"]),
        ({"protocol": "tcp", "process_name": "cupsd"}, ["[fd00::1]:443"]),
    ],
    ids=str,
)
async def test_only_what_was_asked_for_is_listed(arguments: dict[str, Json], destinations: list[str]) -> None:
    assert await found(**arguments) == destinations


async def test_user_pod_and_names_are_conditions_too() -> None:
    first = STORED[0]
    assert isinstance(first, Connection)
    named = replace(
        first,
        uid=33,
        node="node-a",
        workload=Workload(pod="web-0", pod_namespace="shop", container="nginx"),
        destination=replace(first.destination, name="db.internal"),
    )
    stored = (named, *STORED[1:])
    for given in ({"uid": 33}, {"pod": "web-0", "namespace": "shop"}, {"container": "nginx"}, {"node": "node-a"}):
        result = await run("list_connections", stored, **given)
        assert [table.total_rows for table in result.tables] == [1]
    by_name = await run("list_connections", stored, destination="DB.internal.:5432")
    assert by_name.summary == "1 connection attempt to db.internal:5432 in the last hour"
    assert by_name.tables[0].columns[-1].name == "name"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"destination": "10.0.0.0/40"}, "--destination: |'10.0.0.0/40'|a CIDR such as"),
        ({"destination": "10.0.0.1/8"}, "'10.0.0.1/8'|a CIDR such as"),
        ({"destination": "db:99999"}, "'db:99999'|host:port"),
        ({"destination": "a b"}, "'a b'|DNS name"),
        ({"destination": "10.0.0.1:80", "port": 81}, "--port|names port 80"),
        ({"port": 0}, "--port|a whole number from 1 to 65535"),
        ({"since": "yesterday"}, "--since|'yesterday'|RFC 3339"),
        ({"since": "0s"}, "--since|how long ago"),
        ({"since": "5m", "until": "10m"}, "--since|2026-11-23 14:02:00|14:07:00|earlier"),
        ({"since": "5m", "duration": 60}, "--duration|together with --since"),
        ({"until": "99999999d"}, "--until"),
        ({"direction": "sideways"}, "--direction|one of: out, in"),
        ({"destination": "x" * 1_000_000}, "--destination|1000000 characters"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_with_its_name_and_a_remedy(arguments: dict[str, Json], told: str) -> None:
    result = await run("list_connections", STORED, **arguments)
    assert result.failed
    for part in told.replace("14:07:00", "13:57:00").split("|") if "until" in arguments else told.split("|"):
        assert part in result.summary, result.summary
    assert len(result.summary) < 600


async def test_pattern_that_nothing_fits_names_what_is_near() -> None:
    result = await run("list_connections", STORED, process_name="kurl*")
    assert "no connection attempts by processes like 'kurl*' in the last hour" in result.summary
    assert "Did you mean `list --process curl --duration 3600`?" in result.summary


async def test_destination_that_nothing_went_to_names_those_that_were() -> None:
    result = await run("list_connections", STORED, destination="192.0.2.1")
    assert "no connection attempts to 192.0.2.1 in the last hour" in result.summary
    assert "3 connection attempts otherwise were seen: 10.2.0.14:5432" in result.summary


async def test_window_with_both_ends_is_told_and_written_into_the_command() -> None:
    result = await run("list_connections", STORED, since="2m", until="1m")
    assert result.summary == "1 connection attempt from 2026-11-23 14:05:00 to 14:06:00 UTC"
    assert result.coverage is not None
    assert result.coverage.window == Window(NOW - timedelta(minutes=2), NOW - timedelta(minutes=1))
    assert result.coverage.command == "list --since 2026-11-23T14:05:00Z --until 2026-11-23T14:06:00Z"


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.1.2.3", "::/0", "fd00::1"])
def test_networks_and_addresses_are_networks(text: str) -> None:
    assert read_target(text) == Target(network=ip_network(text))


@pytest.mark.parametrize("text", ["", "[", "[::1]:0", ":", "10.0.0.1:", "a/b", "-", "..", "1.2.3", "::1/129", "ü"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an address, a CIDR"):
        read_target(text)


def test_a_moment_is_a_time_or_how_long_ago() -> None:
    assert moment("90s") == timedelta(seconds=90)
    assert moment("2026-11-23T14:07:00.5+00:00") == NOW + timedelta(seconds=0.5)


def test_a_process_name_without_wildcards_is_exact() -> None:
    assert not data_arguments(LIST, {"process_name": "[kworker]"}).is_pattern
    with pytest.raises(InvalidArguments):
        data_arguments(LIST, {"process_name": "a\nb"})
