"""`@modelcontextprotocol/server-everything`: an MCP server in another language, which nobody here wrote.

`make peers` installs it. In CI it has to be there.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.tools.foreign.servers import Place, Program, Remote
from tests.loopback.waiting import until

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / ".node/node_modules/@modelcontextprotocol/server-everything/dist/index.js"


def node() -> str:
    found = shutil.which("node")
    if found and SCRIPT.exists():
        return found
    why = "server-everything is not installed (make peers, which needs npm)"
    if os.environ.get("CI") == "true":
        raise RuntimeError(why)
    pytest.skip(why)


@asynccontextmanager
async def everything(transport: str) -> AsyncGenerator[Place, None]:
    if transport == "stdio":
        yield Program(node(), (str(SCRIPT), "stdio"))
        return
    process, port = await _begun(node())
    try:
        await until(lambda: _listens(port), lambda: f"it ended with {process.returncode}")
        yield Remote(f"http://127.0.0.1:{port}/mcp")
    finally:
        process.kill()
        await process.wait()


async def _begun(program: str) -> tuple[asyncio.subprocess.Process, int]:
    """It cannot be asked for a free port, so one is found for it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        *(program, SCRIPT, "streamableHttp"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return process, port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
