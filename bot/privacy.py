"""`netspy privacy`: what leaves this machine under the present settings, in plain words; and the same in one line.

It reads settings and asks nobody. Hosts are named, never a key, a path of a URL or a password. What it says of a part
is what that part does: who changes one changes the other.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from itertools import groupby
from urllib.parse import urlsplit

from adapters.terminal.render import Look, fold
from bot.domain.errors import InvalidSettings
from bot.ebpf.remote.address import parse_address, parse_nodes
from bot.event_source import is_recording
from bot.mcp_json import servers_of
from bot.settings import Settings, data_dir
from bot.tools.foreign.servers import ForeignServer, Program
from bot.usage import DEFAULT_SERVER

_THREAD = "questions, the thread, results of tools (50 rows a table at most)"
_PLACEHOLDERS = "with placeholders for addresses, DNS names, and names of nodes, processes, pods, containers and people"
_TIMES = "times, ports, outcomes and counts as they are; pictures not at all"


@dataclass(frozen=True, slots=True)
class Flow:
    """Something that goes somewhere. `short` is what stands for it in `summary`, where it is told to `who` it goes."""

    to: str
    what: str
    short: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """`leaves`: to other machines. `stays`: to programs and files of this one. `never`: sentences."""

    leaves: tuple[Flow, ...]
    stays: tuple[Flow, ...]
    comes_in: tuple[Flow, ...]
    never: tuple[str, ...]


def disclosure(settings: Settings, *, server: str | None = None) -> Disclosure:
    """Raises: InvalidSettings."""
    flows = [
        *_models(settings), *_chats(settings), *_servers(settings), *_source(settings, server), *_database(settings),
        *_traces(settings),
    ]  # fmt: skip
    leaves = tuple(flow for host, flow in flows if not _is_here(host))
    stays = tuple(flow for host, flow in flows if _is_here(host))
    return Disclosure(leaves, (*stays, *_files(settings)), tuple(_comes_in(settings)), tuple(_never(settings)))


def summary(settings: Settings, *, server: str | None = None) -> str:
    """One line for the start of `serve`. Raises: InvalidSettings."""
    told = [flow for flow in disclosure(settings, server=server).leaves if flow.short]
    by_what = groupby(told, key=lambda flow: flow.short)
    said = "; ".join(f"{what} to {_listed([flow.who for flow in flows])}" for what, flows in by_what)
    return f"leaves this machine: {said or 'nothing'}{_without_model(settings)}"


def report(found: Disclosure, look: Look) -> str:
    """Each in its paragraph, folded to the width of the terminal."""
    parts: Mapping[str, Sequence[Flow]] = {
        "leaves this machine": found.leaves,
        "stays on this machine": found.stays,
        "comes in, or is asked for here": found.comes_in,
    }
    lines = [line for title, flows in parts.items() for line in _paragraph(title, flows, look.width)]
    lines += ["never leaves", *(line for told in found.never for line in fold(f"  {told}", look.width, indent="  "))]
    return "\n".join(lines) + "\n"


def as_json(found: Disclosure) -> str:
    return json.dumps(asdict(found), indent=2) + "\n"


def _paragraph(title: str, flows: Sequence[Flow], width: int) -> Iterator[str]:
    yield title
    for flow in flows:
        yield from fold(f"  {flow.to}: {flow.what}", width, indent="    ")
    if not flows:
        yield "  nothing"
    yield ""


def _models(settings: Settings) -> Iterator[tuple[str, Flow]]:
    if not settings.asks_model:
        return
    names: dict[str, list[str]] = {}
    for placed in settings.language_models:
        names.setdefault(_host(placed.base_url, placed.url_setting), []).append(placed.model)
    is_masked = settings.model_data == "masked"
    what = f"{_THREAD} and attached files, {_PLACEHOLDERS}; {_TIMES}" if is_masked else _all_of_it()
    short = "questions and results, masked," if is_masked else "questions, results and attached files"
    for host, models in names.items():
        yield host, Flow(_called(f"language model {_listed(models)}", host), what, short, host)


def _all_of_it() -> str:
    return f"{_THREAD} and attached files with their pictures, all with real addresses and names"


def _without_model(settings: Settings) -> str:
    """Why nothing goes to a language model, where it does not."""
    if settings.asks_model:
        return ""
    return f"; no language model is asked ({_why_none(settings)})"


def _why_none(settings: Settings) -> str:
    if settings.wants_model:
        return "NETSPY_MODEL_DATA is none"
    unused = ", so that NETSPY_MODEL_DATA changes nothing" if settings.model_data != "full" else ""
    return f"none is set{unused}"


def _chats(settings: Settings) -> Iterator[tuple[str, Flow]]:
    where = "where somebody asked, and what alerts lead to" if _takes_alerts(settings) else "where somebody asked"
    what = f"answers with their tables, charts and files, {where}; what people write and attach is read there"
    if settings.slack_bot_token:
        host = _host(settings.slack_url, "SLACK_API_URL")
        yield host, Flow(_called("Slack", host), what, "answers", "Slack")
    if settings.discord_token:
        host = _host(settings.discord_api_url or "https://discord.com", "DISCORD_API_URL")
        yield host, Flow(_called("Discord", host), what, "answers", "Discord")


def _servers(settings: Settings) -> Iterator[tuple[str, Flow]]:
    asked = "arguments of the calls that a language model makes, with real addresses and names"
    what = asked if settings.asks_model else f"nothing: only a language model calls it ({_why_none(settings)})"
    short = "arguments of calls" if settings.asks_model else ""
    for server in servers_of(settings):
        host = _host_of(server)
        yield host, Flow(_called(f"MCP server {server.name}", host), what, short, host)


def _host_of(server: ForeignServer) -> str:
    """A program runs here; where it goes on to, nobody but it knows."""
    return "" if isinstance(server.place, Program) else _host(server.place.url, f"MCP server {server.name}")


def _source(settings: Settings, server: str | None) -> Iterator[tuple[str, Flow]]:
    wanted = server or settings.ebpf_url
    if wanted and is_recording(wanted):
        yield "", Flow("recording", "it is read from a file")
        return
    what = "what is asked of events: processes, addresses, windows of time; events come back"
    for host in _hosts(wanted or DEFAULT_SERVER):
        yield host, Flow(_called("source of events", host), what, "what is asked of events", host)


def _hosts(wanted: str) -> list[str]:
    """Of one server, or of many nodes. Raises: InvalidSettings."""
    nodes = parse_nodes(wanted)
    urls = [wanted] if nodes is None else list(nodes.values())
    return list(dict.fromkeys(parse_address(url).host for url in urls))


def _database(settings: Settings) -> Iterator[tuple[str, Flow]]:
    what = "whole threads: who asked what and when, answers, tables"
    kept = f"{_until_forget(settings)}; the audit log: who asked what where, and what was decided{_audited(settings)}"
    url = settings.database_url or str(data_dir() / "netspy.db")
    if "://" not in url or url.startswith("sqlite"):
        path = urlsplit(url).path.removeprefix("/") if "://" in url else url
        yield "", Flow(f"database {path or 'in memory'}", f"{what}, {kept}")
        return
    host = _host(url, "NETSPY_DATABASE_URL")
    yield host, Flow(_called("database", host), f"{what}, {kept}", "threads", host)


def _until_forget(settings: Settings) -> str:
    return f"until `forget`, or for {settings.retention_days} days" if settings.retention_days else "until `forget`"


def _audited(settings: Settings) -> str:
    """`forget` does not reach it."""
    return f", for {settings.retention_days} days" if settings.retention_days else ", for good"


def _takes_alerts(settings: Settings) -> bool:
    return bool(settings.alerts_token and settings.alert_channels)


def _traces(settings: Settings) -> Iterator[tuple[str, Flow]]:
    if settings.otlp_endpoint:
        host = _host(settings.otlp_endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT")
        what = "which steps an answer took and how long, by ids; no questions, no answers, no rows"
        yield host, Flow(_called("traces", host), what, "traces", host)


def _files(settings: Settings) -> Iterator[Flow]:
    if settings.audit_file:
        yield Flow(settings.audit_file, "the audit log too; netspy deletes nothing there")
    yield Flow("standard error", "logs: what netspy does, with ids, never a secret")


def _comes_in(settings: Settings) -> Iterator[Flow]:
    host, port = settings.listen_address
    if _takes_alerts(settings):
        yield Flow(f"alerts on {host}:{port}", "whoever has the token posts them; they are questions like any others")
    yield Flow(f"health and metrics on {host}:{port}, while `netspy serve` runs", "states and counts for whoever asks")
    yield Flow(
        "clients of `netspy mcp`, while it runs", "they are given results of tools with real addresses and names"
    )


def _never(settings: Settings) -> Iterator[str]:
    yield "what packets carry: netspy reads headers, sockets and DNS questions, and no content"
    yield "keys and tokens, but each to the server that it is for"
    if not settings.asks_model:
        yield f"anything to a language model: none is asked ({_why_none(settings)}), the planner answers here"
    elif settings.model_data == "masked":
        yield "the key of the placeholders: only this process can tell what stands behind them"


def _called(what: str, host: str) -> str:
    return f"{what} at {host}" if host else what


def _host(url: str, setting: str) -> str:
    """Raises: InvalidSettings, without the URL: it may hold a secret."""
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        raise InvalidSettings(setting, "it is no URL", "write it like http://HOST:PORT") from None


def _is_here(host: str) -> bool:
    try:
        return not host or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
