"""Which source of events netspy uses, and why not a better one. Opened by whoever answers: chat, one tool, `serve`.

A server that was named; else one at the default address; else, for who chats, this machine's own kernel, where it lets
netspy; else a recording. Heavy parts are imported where they are opened.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from bot.domain.errors import CannotCollect, InvalidSettings
from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.ports import EbpfSource
from bot.settings import Settings
from bot.usage import DEFAULT_SERVER

if TYPE_CHECKING:
    from bot.ebpf.remote.resolving import Opener

PROBE_S = 0.3
"""How long a server at the default address has to answer before something else is used."""
RECORDING = "recording"
"""In the place of a server: the recording that comes with netspy. The path of a file is another one."""

Without: TypeAlias = Literal["recording", "collector", "server"]
"""What is used where no server answers: the recording; this machine's kernel, or else the recording; or still a server,
which may answer later."""


@asynccontextmanager
async def open_source(
    settings: Settings,
    *,
    server: str | None = None,
    without: Without = "recording",
    observer: Observer = UNOBSERVED,
) -> AsyncGenerator[EbpfSource, None]:
    """Raises: InvalidSettings for a URL that is none, SourceMalformed for a recording that is none."""
    from bot.ebpf.chosen import ChosenSource
    from bot.ebpf.remote.probe import probe

    wanted = server or settings.ebpf_url
    async with AsyncExitStack() as stack:
        if wanted and is_recording(wanted):
            yield ChosenSource(_recording(Path(wanted) if wanted != RECORDING else None), _asked_for(by_flag=server))
            return
        kind = None if wanted or without == "server" else await probe(DEFAULT_SERVER, timeout_s=PROBE_S)
        if wanted or kind or without == "server":
            from bot.ebpf.remote.client import open_http_source

            token = settings.ebpf_token.get_secret_value() if settings.ebpf_token else None
            opener = partial(open_http_source, token=token, kind=kind or "server", observer=observer)
            source = await _server(wanted or DEFAULT_SERVER, opener, stack)
            yield ChosenSource(source, _asked_for(by_flag=server) if wanted else _by_default(found=kind is not None))
        elif without == "collector":
            yield await _collector_or_recording(stack)
        else:
            why = "one command alone does not listen to this machine's kernel"
            yield ChosenSource(_recording(), f"{_nobody()}, and {why}: this is a recording")


def recording_of(source: EbpfSource, settings: Settings, *, server: str | None = None) -> Path | None:
    """The file behind a source that was opened with these; None where it is no recording."""
    from bot.ebpf.chosen import ChosenSource
    from bot.ebpf.recording.recorded import RecordedSource, shipped_recording

    behind = source.source if isinstance(source, ChosenSource) else source
    if not isinstance(behind, RecordedSource):
        return None
    wanted = server or settings.ebpf_url
    is_named = wanted is not None and wanted != RECORDING and is_recording(wanted)
    return Path(wanted) if wanted is not None and is_named else shipped_recording()


def _asked_for(*, by_flag: str | None) -> str:
    return "--server names it" if by_flag else "NETSPY_EBPF_URL names it"


def _by_default(*, found: bool) -> str:
    if found:
        return f"it answers at {DEFAULT_SERVER}, and nothing else is named"
    return f"nothing else than {DEFAULT_SERVER} is named, and serve never listens to the kernel by itself"


async def _server(wanted: str, opener: "Opener", stack: AsyncExitStack) -> EbpfSource:
    """One server, or many nodes."""
    from bot.ebpf.remote.address import ALL, parse_address, parse_nodes
    from bot.ebpf.remote.nodes import Fixed, NodesSource
    from bot.ebpf.remote.resolving import Resolved

    nodes = parse_nodes(wanted)
    if nodes is None:
        return await stack.enter_async_context(opener(wanted))
    if ALL not in nodes:
        return NodesSource(Fixed({name: await stack.enter_async_context(opener(url)) for name, url in nodes.items()}))
    if len(nodes) > 1:
        raise InvalidSettings(
            "addresses of nodes", f"{ALL} stands beside others", f"write {ALL}=http://HOST:PORT alone"
        )
    address = parse_address(nodes[ALL])
    if address.login:
        raise InvalidSettings("addresses of nodes", f"{ALL} takes no login", "set NETSPY_EBPF_TOKEN instead")
    return NodesSource(Resolved(address, opener, stack))


async def _collector_or_recording(stack: AsyncExitStack) -> EbpfSource:
    from bot.ebpf.chosen import ChosenSource
    from bot.ebpf.collector.preflight import preflight

    if obstacle := preflight():
        return _instead_of_a_collector(obstacle.reason, obstacle.remedy)
    from bot.ebpf.collecting import open_collector

    try:
        source = (await stack.enter_async_context(open_collector())).source
    except CannotCollect as error:
        return _instead_of_a_collector(error.got, error.remedy)
    return ChosenSource(source, f"{_nobody()}, so that netspy listens to this machine's kernel by itself")


def _instead_of_a_collector(reason: str, remedy: str) -> EbpfSource:
    from bot.ebpf.chosen import ChosenSource

    why = f"{_nobody()}, and this machine's kernel cannot be listened to ({reason}): this is a recording"
    return ChosenSource(_recording(instead=(reason, remedy)), f"{why}; to do: {remedy}")


def _nobody() -> str:
    return f"nothing answers at {DEFAULT_SERVER}"


def _recording(path: Path | None = None, *, instead: tuple[str, str] | None = None) -> EbpfSource:
    from bot.ebpf.recording.recorded import open_recording

    return open_recording(path, opened_at=datetime.now(UTC), instead=instead)


def is_recording(wanted: str) -> bool:
    return wanted == RECORDING or wanted.endswith(".jsonl") or Path(wanted).is_file()
