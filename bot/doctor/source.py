"""The source of events: why it does not answer, or why it has nothing to tell."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from bot.access import is_loopback
from bot.commands import nearest
from bot.doctor.certificates import speaks_tls, with_certificate
from bot.doctor.data import with_data
from bot.doctor.holding import answering_on_loopback, holders_of, is_in_container, told
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check, EbpfSource
from bot.ebpf.collector.preflight import preflight
from bot.ebpf.machine.listening import Listener
from bot.ebpf.remote.address import ServerAddress, parse_address, parse_nodes
from bot.event_source import Without, open_source
from bot.settings import Settings
from bot.tables.text import short
from bot.usage import DEFAULT_SERVER

SAID = 100
"""Characters of what came back instead of an answer."""
NO_SERVER: Final = "which does not answer as an ebpf-server does"
REFUSED, HELD = "connection-refused", "port-held-by-another"
_NOT_ITSELF: Final = frozenset({"not-an-ebpf-server", "source-refused", "no-answer", "unreachable"})
"""How a port answers that something else holds."""
_OWN: Final = ("ebpf-", "netspy")
"""How the processes are called that may well hold it."""


async def check_source(settings: Settings, server: str | None, *, without: Without) -> tuple[Check, ...]:
    """The one that `serve` would use, or else a chat in the terminal. Raises: InvalidSettings, SourceError."""
    wanted = server or settings.ebpf_url
    async with open_source(settings, server=server, without=without) as source:
        check = await source.check()
        if check.state == "fault":
            return (await _explained(check, wanted or DEFAULT_SERVER),)
        if check.finding == "recording":
            return (check if wanted else await _instead_of_a_server(check),)
        if check.state == "ok":
            check = await with_data(check, source, wanted or DEFAULT_SERVER)
        return check, *[each async for each in _unknown_nodes(settings, source)]


async def _explained(check: Check, wanted: str) -> Check:
    """What this machine knows of it besides."""
    if parse_nodes(wanted) is not None:
        return check
    address = parse_address(wanted)
    (check,) = await with_certificate([check], address.url)
    if check.finding in _NOT_ITSELF and not address.is_tls and await speaks_tls(address.host, address.port):
        detail = f"{address.authority} speaks TLS, and was asked without it"
        return replace(check, detail=detail, remedy=f"write https://{address.authority}", finding="tls-on-plain-port")
    if check.finding in {REFUSED, *_NOT_ITSELF} and is_loopback(address.host):
        return _held(check, address, await holders_of(address.port))
    return check


def _held(check: Check, address: ServerAddress, found: Sequence[Listener]) -> Check:
    if check.finding == REFUSED:
        return _elsewhere(check, address, found[0]) if found else _nobody(check, address.port)
    strangers = [each for each in answering_on_loopback(found) if not (each.process or "").startswith(_OWN)]
    if not strangers:
        return check
    detail = f"port {address.port} is held by {told(strangers[0])}, {NO_SERVER}: {short(check.detail, SAID)}"
    return replace(check, detail=detail, remedy=_another_port(address.port), finding=HELD)


def _nobody(check: Check, port: int) -> Check:
    remedy = (
        f"start ebpf-server as root with --http --port {port}, or sudo netspy collect; "
        "or name one that runs elsewhere in NETSPY_EBPF_URL"
    )
    if is_in_container():
        remedy += "; in a container localhost is that container: name the host's address, or the service"
    return replace(check, detail=f"connection refused: nothing listens on port {port} of this machine", remedy=remedy)


def _elsewhere(check: Check, address: ServerAddress, listener: Listener) -> Check:
    detail = f"connection refused: {told(listener)} listens on port {address.port} of {listener.address} only"
    host = f"[{listener.address}]" if ":" in listener.address else listener.address
    remedy = f"set NETSPY_EBPF_URL to http://{host}:{address.port}, or let it listen on every address"
    return replace(check, detail=detail, remedy=remedy, finding="listens-elsewhere")


async def _instead_of_a_server(check: Check) -> Check:
    """Nothing is named, nothing answers at the default address, and the kernel cannot be listened to."""
    port = parse_address(DEFAULT_SERVER).port
    if found := answering_on_loopback(await holders_of(port)):
        detail = f"port {port} is held by {told(found[0])}, {NO_SERVER}; {check.detail}"
        return replace(check, detail=detail, remedy=_another_port(port), finding=HELD)
    obstacle = preflight()
    finding = obstacle.finding if obstacle else REFUSED
    return replace(check, detail=f"nothing listens on port {port}; {check.detail}", finding=finding)


def _another_port(port: int) -> str:
    return f"end that process, or start ebpf-server with --http on a port other than {port} and set NETSPY_EBPF_URL"


async def _unknown_nodes(settings: Settings, source: EbpfSource) -> AsyncIterator[Check]:
    """Nodes that channels ask for, and that a source of many nodes does not have. Raises: SourceError."""
    try:
        wanted = settings.nodes_of_channels
    except InvalidSettings:
        return  # told as a setting
    known = [node.name for node in (await source.status()).nodes] if wanted else []
    for channel, node in wanted.items():
        if known and node not in known:
            detail = f"NETSPY_CHANNEL_NODES: {channel} asks for {node}, and there is no such node"
            remedy = nearest(node, known) or f"there are {', '.join(known[:10])}"
            yield Check("settings", "warning", detail, remedy, "unknown-node")
