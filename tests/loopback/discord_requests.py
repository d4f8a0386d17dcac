"""A request of Discord's API as it came: path, query, JSON, files. Knows aiohttp, and no rule of Discord's but form."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback.discord_message import File
from tests.loopback.discord_refusals import flawed

_FILE = re.compile(r"files\[(\d+)\]")


@dataclass(slots=True)
class Given:
    """`path` by the names of the operation's path; `files` by the number in `files[n]`."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.path[name]

    def fields(self) -> dict[str, Any]:
        """The body, which has to be an object. Raises: Refused."""
        if not isinstance(self.body, dict):
            raise flawed((), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return self.body

    def limit(self, *, usual: int, most: int) -> int:
        """Raises: Refused."""
        asked = self.query.get("limit", str(usual))
        if not asked.isdigit() or not 1 <= int(asked) <= most:
            raise flawed(("limit",), "NUMBER_TYPE_MAX", f"int value should be between 1 and {most}.")
        return int(asked)


async def read(request: web.Request) -> Given:
    """Raises: Refused."""
    given = Given(dict(request.match_info), dict(request.query))
    if request.content_type == "multipart/form-data":
        await _read_form(request, given)
    elif raw := await request.read():
        if request.content_type != "application/json":
            raise flawed((), "CONTENT_TYPE_INVALID", 'Expected "Content-Type" header to be "application/json".')
        given.body = _parsed(raw.decode())
    return given


async def _read_form(request: web.Request, given: Given) -> None:
    form = await request.post()
    payload = form.get("payload_json", "{}")
    given.body = _parsed(payload.file.read().decode() if isinstance(payload, web.FileField) else str(payload))
    for name, value in form.items():
        match = _FILE.fullmatch(name)
        if match and isinstance(value, web.FileField):
            given.files[match[1]] = File(value.filename, value.file.read())
        elif name != "payload_json":
            raise flawed((name,), "FORM_FIELD_UNKNOWN", "Files come as files[n], all else in payload_json")


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise flawed((), "JSON_INVALID", "The request body contains invalid JSON.") from None
