"""mcp.json, in the `mcpServers` form that other MCP clients read too, as values. Pure.

Who calls it reads file and environment.
Keys that only others know are passed over, unless they look like one of netspy's own misspelt.
"""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.errors import InvalidSettings
from bot.domain.json_types import Json
from bot.tools.foreign.servers import TIMEOUT_S, ForeignServer, Place, Program, Remote

MAX_SERVERS = 32
MAX_TIMEOUT_S = 600.0
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@:-]{0,59}")
_SAME_ELSEWHERE = {
    "includetools": "allow", "enabledtools": "allow", "allowed": "allow",
    "excludetools": "deny", "disabledtools": "deny", "denied": "deny",
}  # fmt: skip
"""What limits the tools in other clients' files: to pass over it would offer what somebody meant to keep away."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class _Entry(BaseModel):
    """One server as it is written. `type` says what the other keys say anyway."""

    model_config = ConfigDict(extra="allow", strict=True)

    command: str | None = Field(None, min_length=1)
    args: list[str] = []
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = {}
    allow: list[str] = []
    deny: list[str] = []
    timeout_s: float = Field(TIMEOUT_S, gt=0, le=MAX_TIMEOUT_S, allow_inf_nan=False)
    prefix: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,24}$")
    disabled: bool = False
    type: Literal["stdio", "http", "streamable-http", "streamableHttp", "streamable_http"] | None = None


def read_servers(text: str, *, file: str, environment: Mapping[str, str]) -> tuple[ForeignServer, ...]:
    """The servers in the order of the file, without those that are disabled.

    `${NAME}` in any text is that variable, `${NAME:-default}` has another value without it. Raises: InvalidSettings,
    which names file, server and variable, but never a value.
    """
    servers = tuple(
        _server(name, entry, file=file, environment=environment) for name, entry in _entries(text, file).items()
    )
    return tuple(server for server in servers if server is not None)


def _entries(text: str, file: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidSettings(file, f"it is no JSON{where}", "correct it") from None
    entries = data.get("mcpServers") if isinstance(data, dict) else None
    if not isinstance(entries, dict):
        remedy = 'write {"mcpServers": {"NAME": {"command": ...}}}'
        raise InvalidSettings(file, "it holds no object called mcpServers", remedy)
    if len(entries) > MAX_SERVERS:
        raise InvalidSettings(file, f"it names {len(entries)} servers, {MAX_SERVERS} are the most", "name fewer")
    return entries


def _server(name: str, written: Json, *, file: str, environment: Mapping[str, str]) -> ForeignServer | None:
    asked = f"{file}, server {name[:60]!a}"
    if not _NAME.fullmatch(name):
        raise InvalidSettings(asked, "that is no name", "use up to 60 letters, digits, and . _ - / @ : inside")
    secrets: dict[str, str] = {}
    entry = _entry(asked, _expanded(written, asked, environment, secrets))
    if entry.disabled:
        return None
    return ForeignServer(
        name=name,
        place=_place(asked, entry),
        prefix=entry.prefix or re.sub(r"[^A-Za-z0-9_-]", "_", name)[:24],
        allow=tuple(entry.allow),
        deny=tuple(entry.deny),
        timeout_s=entry.timeout_s,
        secrets=secrets,
    )


def _entry(asked: str, data: Json) -> _Entry:
    try:
        entry = _Entry.model_validate(data)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        raise InvalidSettings(f"{asked}: {where}" if where else asked, wrong["msg"].lower(), "correct it") from None
    for stranger in entry.model_extra or ():
        if meant := _meant(stranger):
            raise InvalidSettings(f"{asked}: {stranger[:40]!a}", "there is no such key", f"did you mean {meant}?")
    return entry


def _meant(stranger: str) -> str:
    near = get_close_matches(stranger.lower(), list(_Entry.model_fields), n=1, cutoff=0.75)
    return _SAME_ELSEWHERE.get(stranger.lower()) or next(iter(near), "")


def _place(asked: str, entry: _Entry) -> Place:
    if (entry.command is None) == (entry.url is None):
        raise InvalidSettings(asked, "it needs either a command or a url", "write one of them")
    if entry.command is not None:
        _without_nul(asked, entry.command, *entry.args, *entry.env, *entry.env.values())
        return Program(entry.command, tuple(entry.args), entry.env, entry.cwd)
    for header, value in entry.headers.items():
        if not _HEADER.fullmatch(header) or not value.isascii() or not value.isprintable():
            raise InvalidSettings(f"{asked}: headers", f"{header[:40]!a} can't be sent", "use visible ASCII")
    return Remote(_url(asked, str(entry.url)), entry.headers)


def _without_nul(asked: str, *texts: str) -> None:
    if any("\0" in text for text in texts):
        raise InvalidSettings(asked, "a command can't hold a NUL character", "remove it")


def _url(asked: str, text: str) -> str:
    """The URL itself may hold a secret, and is not told."""
    try:
        parts = urlsplit(text.strip())
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise InvalidSettings(f"{asked}: url", "it is no URL of an HTTP server", "write http:// or https:// before it")
    return text.strip()


def _expanded(data: Json, asked: str, environment: Mapping[str, str], used: dict[str, str]) -> Json:
    """`data` with the values of its variables, which are noted in `used`."""
    if isinstance(data, str):
        return _VARIABLE.sub(lambda match: _value(match, asked, environment, used), data)
    if isinstance(data, list):
        return [_expanded(part, asked, environment, used) for part in data]
    if isinstance(data, Mapping):
        return {key: _expanded(part, asked, environment, used) for key, part in data.items()}
    return data


def _value(match: re.Match[str], asked: str, environment: Mapping[str, str], used: dict[str, str]) -> str:
    name = match["name"]
    if value := environment.get(name):
        used[name] = value
        return value
    if match["default"] is not None:
        return match["default"]
    raise InvalidSettings(asked, f"the variable {name} is not set", f"set {name} in the environment, or in .env")
