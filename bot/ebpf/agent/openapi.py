"""The description of the agent's HTTP API (OpenAPI 3.1), made of its own tables. Pure."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from bot.domain.counters import CounterDeltas
from bot.domain.json_types import Json, JsonObject
from bot.domain.query import Events, Groups
from bot.domain.sockets import OpenSockets
from bot.domain.source_status import SourceStatus
from bot.ebpf.agent.access import OPEN_PATH
from bot.ebpf.agent.endpoints import ENDPOINTS, NDJSON, Endpoint
from bot.ebpf.agent.given import AnyParameter

_ANSWERS: dict[str, TypeAdapter[object]] = {
    "Events": TypeAdapter(Events),
    "Groups": TypeAdapter(Groups),
    "OpenSockets": TypeAdapter(OpenSockets),
    "CounterDeltas": TypeAdapter(CounterDeltas),
    "SourceStatus": TypeAdapter(SourceStatus),
}
_REFERENCE = "#/components/schemas/{model}"
_TEXT: JsonObject = {"text/plain": {"schema": {"type": "string"}}}
_PROBLEM: JsonObject = {"application/problem+json": {"schema": {"type": "object"}}}


def document(version: str) -> dict[str, Json]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "netspy collector", "version": version, "description": _ABOUT},
        "security": [{}, {"token": []}],
        "paths": {endpoint.path: _path(endpoint) for endpoint in ENDPOINTS},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_ABOUT = (
    "What the kernel of one machine says about connections, and about what goes wrong with them. Paths below /api/v1 "
    "are netspy's own; the others are those of ebpf-server, which take any method."
)


def _schemas() -> dict[str, Json]:
    inputs = [(name, "serialization", adapter) for name, adapter in _ANSWERS.items()]
    _, schemas = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE)  # type: ignore[arg-type]  # its names are literals
    found: dict[str, Json] = schemas["$defs"]
    return found


def _path(endpoint: Endpoint) -> dict[str, Json]:
    asked: dict[str, Json] = {"get": {**_operation(endpoint), "parameters": _parameters(endpoint.parameters)}}
    if endpoint.by_body:
        asked["post"] = {**_operation(endpoint), "requestBody": _body(endpoint.parameters)}
    return asked


def _operation(endpoint: Endpoint) -> dict[str, Json]:
    refused: JsonObject = _PROBLEM if endpoint.is_own else _TEXT
    responses: dict[str, Json] = {"200": {"description": endpoint.summary, "content": _content(endpoint)}}
    if endpoint.parameters:
        responses["400"] = {"description": "a parameter that is not allowed, and what is", "content": refused}
    if endpoint.path != OPEN_PATH:
        responses["401"] = {"description": "without the token that this collector wants", "content": refused}
        responses["403"] = {"description": "by another name than localhost, without a token", "content": refused}
    if endpoint.is_own:
        responses["501"] = {"description": "what this collector cannot tell, and what would", "content": refused}
    return {"summary": endpoint.summary, "responses": responses, **_security(endpoint)}


def _security(endpoint: Endpoint) -> dict[str, Json]:
    return {"security": []} if endpoint.path == OPEN_PATH else {}


def _content(endpoint: Endpoint) -> dict[str, Json]:
    schema: JsonObject = {"$ref": _REFERENCE.format(model=endpoint.answer)} if endpoint.answer else {"type": "object"}
    lines: dict[str, Json] = {NDJSON: {"schema": {"type": "object"}}} if endpoint.as_lines else {}
    return {"application/json": {"schema": schema}, **lines}


def _parameters(parameters: Iterable[AnyParameter]) -> list[Json]:
    return [
        {
            "name": each.name,
            "in": "query",
            "description": f"{each.meaning}. Allowed: {each.kind.allowed}.",
            "schema": _schema(each),
            **({"explode": not each.separator} if each.several else {}),
        }
        for each in parameters
    ]


def _body(parameters: Iterable[AnyParameter]) -> dict[str, Json]:
    properties: dict[str, Json] = {each.name: {**_schema(each), "description": each.meaning} for each in parameters}
    return {"required": True, "content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}


def _schema(parameter: AnyParameter) -> dict[str, Json]:
    if parameter.several:
        return {"type": "array", "items": parameter.kind.schema}
    default: dict[str, Json] = {"default": parameter.told} if parameter.told is not None else {}
    return {**parameter.kind.schema, **default}
