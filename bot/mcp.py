"""`netspy mcp`: the tools for MCP clients of other people, on stdin and stdout or by HTTP, until it is stopped.

What is served is `bot/tools/serving`'s; here it is opened and reached. stdout belongs to the protocol.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from bot.access import is_loopback
from bot.app import open_model
from bot.conversation.analyst import LoopAnalyst
from bot.conversation.loop import ToolLoop
from bot.domain.errors import InvalidSettings
from bot.ebpf.recording.describing import describe
from bot.ending import asked_to_end
from bot.event_source import open_source, recording_of
from bot.record_report import as_json
from bot.setting_values import bearer_token, listen_address
from bot.settings import Settings
from bot.tools.direct import DirectHost
from bot.tools.serving.descriptors import claim_stdout
from bot.tools.serving.http import PATH, REMEDY, mcp_over_http
from bot.tools.serving.limits import Limits
from bot.tools.serving.outside import OutsideServer, build_outside_server
from bot.tools.serving.resources import Read
from bot.tools.serving.stdio import mcp_over_stdio
from bot.web import serving


async def serve_mcp(settings: Settings, *, server: str | None = None, http: str | None = None) -> None:
    """By HTTP on `http` (HOST:PORT), else on stdin and stdout. Raises: InvalidSettings."""
    limits = Limits()
    with asked_to_end() as ending:
        if http is None:
            async with _opened(settings, server, limits) as offered:
                await _on_stdio(offered, ending)
            return
        host, port = listen_address(http, name="--http")
        token = _token(settings, host, http)
        async with (
            _opened(settings, server, limits) as offered,
            mcp_over_http(offered, token=token) as app,
            serving(app, host, port, chosen_by="--http") as url,
        ):
            _tell(f"MCP: {url}{PATH}{' with the token' if token else ''}")
            await ending.wait()
            limits.end()


@asynccontextmanager
async def _opened(settings: Settings, server: str | None, limits: Limits) -> AsyncGenerator[OutsideServer, None]:
    """The AI tools answer from netspy's own tools only: what is offered reads, whatever other servers can do.

    A netspy that other servers' list names would else start itself without end.
    """
    async with open_source(settings, server=server) as source, open_model(settings, source) as model:
        path = recording_of(source, settings, server=server)
        yield build_outside_server(
            source,
            LoopAnalyst(ToolLoop(model, DirectHost(source))),
            version=version("netspy"),
            limits=limits,
            recording=_described(path) if path else None,
        )


def _described(path: Path) -> Read:
    async def read() -> str:
        return await asyncio.to_thread(lambda: as_json(describe(path)))

    return read


async def _on_stdio(offered: OutsideServer, ending: asyncio.Event) -> None:
    """Raises: InvalidSettings where one of them is closed."""
    if sys.stdin is None or sys.stdout is None:
        remedy = "let an MCP client start it, or add --http"
        raise InvalidSettings("netspy mcp", "there is no stdin, or no stdout", remedy)
    if sys.stdin.isatty():
        _tell("this speaks MCP on stdin and stdout: let an MCP client start it. Ctrl-C ends it")
    carrying = asyncio.create_task(mcp_over_stdio(offered, stdin=sys.stdin.fileno(), stdout=claim_stdout()))
    asked = asyncio.create_task(ending.wait())
    await asyncio.wait({carrying, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not carrying.done():
        carrying.cancel()
        await asyncio.wait({carrying})
    elif error := carrying.exception():
        raise error


def _token(settings: Settings, host: str, written: str) -> str | None:
    """What clients have to send. Raises: InvalidSettings where anybody could ask, or no client could send it."""
    token = bearer_token("NETSPY_MCP_TOKEN", settings.mcp_token)
    if token is None and not is_loopback(host):
        got = "whoever reaches this machine could ask it, since there is no token"
        raise InvalidSettings(f"--http {written}", got, f"{REMEDY}, or listen on 127.0.0.1")
    return token


def _tell(line: str) -> None:
    sys.stderr.write(f"netspy: {line}\n")
    sys.stderr.flush()
