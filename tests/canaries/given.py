"""Secrets of their own kinds, each with a value that stands nowhere else; and where they must never be found."""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

SLACK_BOT = "xoxb-11111-cnry0slackbot"
SLACK_APP = "xapp-1-A1-cnry1slackapp"
CANARIES = {
    "OPENAI_API_KEY": "sk-cnry2openai",
    "NETSPY_EBPF_TOKEN": "cnry3ebpftoken",
    "NETSPY_MCP_TOKEN": "cnry4mcptoken",
    "SLACK_BOT_TOKEN": SLACK_BOT,
    "SLACK_APP_TOKEN": SLACK_APP,
    "SLACK_SIGNING_SECRET": "cnry5signing",
    "DISCORD_TOKEN": "MTAw.cnry6discord.Zm9v",
    "NETSPY_ALERTS_TOKEN": "cnry7alerts",
    "SKY_MODEL_KEY": "sk-cnry8skymodel",
    "SKY_TOKEN": "cnry9skytoken",
    "SKY_ENV": "cnry10skyenv",
    "ebpf password": "cnry11:ebpf/pw",
    "database password": "cnry12@database",
    "otlp": "cnry13otlp",
}
"""By the variable that holds it, or in words where it is a part of one."""


def environment(peer: str, folder: Path) -> dict[str, str]:
    """Everything set at once, all at one peer. (Models at URLs with a password are refused: `test_malformed`.)"""
    login = quote(CANARIES["ebpf password"], safe="")
    servers = {
        "sky": {"url": f"{peer}/mcp?key=${{SKY_TOKEN}}", "headers": {"Authorization": "Bearer ${SKY_TOKEN}"}},
        "talker": {"command": "sh", "args": ["-c", "echo $SECRET >&2"], "env": {"SECRET": "${SKY_ENV}"}},
    }
    config = folder / "mcp.json"
    config.write_text(json.dumps({"mcpServers": servers}))
    own = {name: value for name, value in CANARIES.items() if name.isupper()}
    return own | {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "OPENAI_BASE_URL": f"{peer}/v1",
        "NETSPY_MODELS": f"one,two@{peer}/sky/v1",
        "NETSPY_MODEL_KEYS": json.dumps({f"{peer}/sky/v1": "SKY_MODEL_KEY"}),
        "NETSPY_EBPF_URL": peer.replace("://", f"://netspy:{login}@"),
        "NETSPY_DATABASE_URL": f"postgresql://netspy:{quote(CANARIES['database password'])}@127.0.0.1:9/netspy",
        "NETSPY_MCP_CONFIG": str(config),
        "SLACK_API_URL": f"{peer}/slack/api/",
        "DISCORD_API_URL": f"{peer}/discord/v10",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={CANARIES['otlp']}",
        "NO_PROXY": "*",
    }


def found_in(*texts: str | bytes) -> set[str]:
    """The secrets that can be read there, also percent-encoded, escaped in JSON or as a header has them."""
    whole = "\n".join(text if isinstance(text, str) else text.decode("utf-8", "replace") for text in texts)
    read = "\n".join([whole, *_decoded(whole)])
    return {name for name, value in CANARIES.items() if any(form in read for form in _forms(value))}


def _forms(value: str) -> Iterable[str]:
    return {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1]}


def _decoded(text: str) -> Iterator[str]:
    """What may stand there in base64, in the headers that peers echo."""
    for word in text.replace('"', " ").replace("'", " ").split():
        if len(word) >= 12:
            try:
                yield b64decode(word + "=" * (-len(word) % 4), validate=True).decode()
            except ValueError:
                continue
