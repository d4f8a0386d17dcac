"""The description of the collector's API: a valid one, of what there is."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types; it comes with mcp

from bot import codec
from bot.domain.counters import CounterDelta, CounterDeltas, Counters, Levels
from bot.domain.query import Events, Group, Groups
from bot.domain.sockets import SocketState
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.domain.workload import Workload
from bot.ebpf.agent import openapi
from bot.ebpf.agent.endpoints import ENDPOINTS
from bot.ebpf.agent.given import AnyParameter
from tests.agent_stage import FakeSockets
from tests.fakes import NOW, connection, drop, result

DOCUMENT: dict[str, Any] = json.loads(json.dumps(openapi.document("1.2.3")))
PARAMETERS = [(endpoint.path, each) for endpoint in ENDPOINTS for each in endpoint.parameters]
STATUS = SourceStatus(
    source="2 of 3 nodes",
    kind="live",
    since=NOW,
    programs=("connect",),
    missing={"dns": "why"},
    kinds={"dns": KindStatus(seen=1), "drop": KindStatus(complete_since=NOW)},
    nodes=(
        NodeStatus(name="a", status=SourceStatus(source="it", kind="live")),
        NodeStatus(name="b", failure="no answer"),
    ),
    choice="--server names it",
)
COVERAGE = result("x").coverage
assert COVERAGE
WORKLOAD = Workload(container="web", nested=Workload(runtime="docker"))
DELTA = CounterDelta(namespace=7, since=NOW, until=NOW, counters=Counters(retransmits=1), levels=Levels())


def schemas(node: Any) -> Iterator[Any]:
    """Every schema in the document."""
    if isinstance(node, dict):
        yield from [node["schema"]] if "schema" in node else []
        for value in node.values():
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_it_has_what_openapi_demands() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"] == "1.2.3"
    for path, item in DOCUMENT["paths"].items():
        assert path.startswith("/")
        for method, operation in item.items():
            assert method in {"get", "post"}
            assert all(answer["description"] for answer in operation["responses"].values())
            assert "200" in operation["responses"]
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {name for each in DOCUMENT["security"] for name in each} == set(schemes)


def test_every_schema_is_one() -> None:
    found = [*schemas(DOCUMENT["paths"]), *DOCUMENT["components"]["schemas"].values()]
    assert len(found) > len(PARAMETERS)
    for schema in found:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    used = set(references(DOCUMENT))
    assert used
    assert used <= known


def test_it_describes_every_endpoint() -> None:
    assert list(DOCUMENT["paths"]) == [endpoint.path for endpoint in ENDPOINTS]


@pytest.mark.parametrize(("path", "parameter"), PARAMETERS, ids=lambda each: getattr(each, "name", each))
def test_it_describes_every_parameter_once(path: str, parameter: AnyParameter) -> None:
    (described,) = [each for each in DOCUMENT["paths"][path]["get"]["parameters"] if each["name"] == parameter.name]
    assert described["in"] == "query"
    assert parameter.kind.allowed in described["description"]


@pytest.mark.parametrize(("path", "parameter"), PARAMETERS, ids=lambda each: getattr(each, "name", each))
def test_told_defaults_are_allowed_by_their_own_schema(path: str, parameter: AnyParameter) -> None:
    (described,) = [each for each in DOCUMENT["paths"][path]["get"]["parameters"] if each["name"] == parameter.name]
    if "default" in described["schema"]:
        Draft202012Validator(described["schema"]).validate(described["schema"]["default"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Events", Events((connection(), connection(to="")), COVERAGE)),
        ("Events", Events((drop(),), COVERAGE)),
        ("Groups", Groups((Group(("a", 1, True, None), 2, NOW, NOW, (1.5, None)),), 1, COVERAGE)),
        ("Events", Events((replace(connection(), workload=WORKLOAD), replace(drop(), workload=WORKLOAD)), COVERAGE)),
        ("OpenSockets", FakeSockets(2)(states=tuple(SocketState), limit=1)),
        ("CounterDeltas", CounterDeltas(deltas=(DELTA,), left_out=1)),
        ("SourceStatus", STATUS),
    ],
)
def test_answers_are_as_described(name: str, value: object) -> None:
    schema = {**DOCUMENT, "$ref": f"#/components/schemas/{name}"}
    Draft202012Validator(schema).validate(json.loads(codec.to_json(value)))


def test_an_answer_of_another_shape_is_not_as_described() -> None:
    schema = {**DOCUMENT, "$ref": "#/components/schemas/Events"}
    assert not Draft202012Validator(schema).is_valid({"events": [{"time": 7}], "coverage": {}})
