"""Every secret that netspy was given, by the name of what holds it: for hiding, never for use.

Besides the settings that are secret as a whole: passwords inside of URLs, the keys that NETSPY_MODEL_KEYS names, and
the variables of mcp.json. A setting that cannot be read holds none: what is wrong with it, its reader says.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from pydantic import SecretStr

from bot.redaction import Secrets
from bot.settings import Settings, environment

_LOGIN = re.compile(r"//(?P<login>[^/\s@,]*:[^/\s,]*)@")
_OPTION = re.compile(r"[?&](?:password|passwd|token|key|secret)=(?P<value>[^&,\s]+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-[^}]*)?\}")
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
"""Read by OpenTelemetry's own code: `name=value`, comma-separated."""
_TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
"""A URL that is no setting of its own: it stands in the place of OTEL_EXPORTER_OTLP_ENDPOINT."""


def secrets_of(settings: Settings) -> Secrets:
    variables = environment()
    return Secrets([*_own(settings), *_named(settings, variables), *_headers(variables), *_traces(variables)])


def _own(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            yield str(field.validation_alias), value.get_secret_value().strip()
        elif isinstance(value, str):
            yield from ((str(field.validation_alias), secret) for secret in _in_urls(value))


def _in_urls(text: str) -> Iterator[str]:
    """Passwords, as they are written and as they are meant, and `user:password` as a header has it."""
    for match in _OPTION.finditer(text):
        yield from dict.fromkeys((match["value"], unquote(match["value"])))
    for match in _LOGIN.finditer(text):
        password = match["login"].partition(":")[2]
        yield from dict.fromkeys((password, unquote(password), unquote(match["login"])))


def _named(settings: Settings, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    names = _values(settings.model_keys.get_secret_value() if settings.model_keys else "")
    for name in (*names, *(match["name"] for match in _VARIABLE.finditer(_text(settings.mcp_config)))):
        if value := variables.get(name, "").strip():
            yield name, value


def _values(text: str) -> list[str]:
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return []
    return [str(value) for value in given.values()] if isinstance(given, dict) else []


def _text(path: str | None) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8", errors="replace") if path else ""
    except OSError:
        return ""


def _headers(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Whole, and without the word before a token: `Bearer TOKEN` is quoted as TOKEN too."""
    for name in _HEADERS:
        for pair in variables.get(name, "").split(","):
            if value := unquote(pair.partition("=")[2]).strip():
                yield from dict.fromkeys(((name, value), (name, value.split()[-1])))


def _traces(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((_TRACES, secret) for secret in _in_urls(variables.get(_TRACES, "")))
