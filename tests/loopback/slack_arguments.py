"""The arguments of one call, as Slack merges them from query, form and JSON body."""

import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.loopback.slack_rules import Refused
from tests.loopback.slack_schema import fault

JSON_ENCODED = {
    "attachments": "invalid_arguments", "blocks": "invalid_blocks_format", "chunks": "invalid_chunks",
    "files": "invalid_arguments", "loading_messages": "invalid_arguments", "metadata": "invalid_metadata_format",
    "prompts": "invalid_arguments", "view": "invalid_arguments",
}  # fmt: skip
"""Arguments that a form or a query carries as JSON text, and what Slack calls text that is none."""
LARGEST_BODY = 50 * 2**20


class Arguments:
    """`values` holds what was given, with JSON text parsed. An argument given as null was not given."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.values = {name: _parsed(name, value) for name, value in given.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def text(self, name: str) -> str:
        """Empty when it is not given. Forms have only text; in JSON a number is taken for one too."""
        value = self.values.get(name, "")
        if isinstance(value, dict | list | bool):
            raise Refused("invalid_arguments", [fault("must be a string", f"/{name}")])
        return str(value)

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).lower() in {"1", "true"}

    def whole(self, name: str, default: int) -> int:
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            raise Refused("invalid_arguments", [fault("must be an integer", f"/{name}")]) from None

    def require(self, names: Iterable[str]) -> None:
        if missing := [name for name in names if name not in self or self[name] == ""]:
            raise Refused("invalid_arguments", [fault(f"missing required field: {name}", "") for name in missing])


async def read(request: web.Request) -> dict[str, Any]:
    """Whatever the request carries, unparsed JSON text included. Raises: Refused."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        given |= _json_object(await request.read())
    elif request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        given |= dict(await request.post())
    return given


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(value, dict):
        raise Refused("json_not_object")
    return value


def _parsed(name: str, value: Any) -> Any:
    if name not in JSON_ENCODED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refused(JSON_ENCODED[name]) from None
