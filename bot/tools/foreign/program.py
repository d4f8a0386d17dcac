"""A program that speaks MCP over its standard input and output, as a transport of the SDK.

The SDK's own gathers a line however long it grows, and copies it with every piece that comes: a program that never ends
its line would take all memory, and the event loop with it.
"""

import asyncio
import os
import signal
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, TextIO, TypeAlias, cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from bot.tools.foreign.http import MAX_ANSWER_BYTES
from bot.tools.foreign.servers import Program

PATIENCE_S = 2.0
"""To go by itself, and again after each signal (https://modelcontextprotocol.io/specification, lifecycle, shutdown)."""
_LOOK_S = 0.01

Heard: TypeAlias = SessionMessage | Exception


@asynccontextmanager
async def program_transport(program: Program, errors: TextIO) -> AsyncGenerator[Any, None]:
    """`errors` takes what it says beside the protocol. Raises: OSError, ValueError when it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        program.command,
        *program.args,
        stdin=PIPE,
        stdout=PIPE,
        stderr=errors,
        env=get_default_environment() | dict(program.env),
        cwd=program.folder,
        start_new_session=True,  # so that what it starts itself ends with it
        limit=MAX_ANSWER_BYTES,
    )
    output, given = cast(StreamReader, process.stdout), cast(StreamWriter, process.stdin)  # as asked for above
    hearing, heard = anyio.create_memory_object_stream[Heard](0)
    telling, told = anyio.create_memory_object_stream[SessionMessage](0)
    pumps = [asyncio.create_task(_hear(output, hearing)), asyncio.create_task(_tell(given, told, hearing))]
    try:
        with heard, telling:
            yield heard, telling
    finally:
        given.close()
        await _stop(process)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _hear(output: StreamReader, hearing: MemoryObjectSendStream[Heard]) -> None:
    """Until it closes its output, or begins a line without end. Then nobody listens any more, but it may go on."""
    with hearing, suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, ValueError):
        async for line in output:
            await hearing.send(_message(line))
    with suppress(ValueError):
        while await output.read(MAX_ANSWER_BYTES):
            pass


async def _tell(
    given: StreamWriter, told: MemoryObjectReceiveStream[SessionMessage], hearing: MemoryObjectSendStream[Heard]
) -> None:
    with told, suppress(ConnectionError):
        async for message in told:
            given.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            await given.drain()
        return
    hearing.close()  # it takes nothing more, so nobody shall wait for its answers


def _message(line: bytes) -> Heard:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _stop(process: Process) -> None:
    """Its input is closed; what does not end by that is killed, and what it began with it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if await _has_ended(process):
            break
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    await _has_ended(process)
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - a grandchild may hold its pipes open


async def _has_ended(process: Process) -> bool:
    """Not `wait`, which waits for everybody who holds its pipes as well."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while process.returncode is None:  # noqa: ASYNC110 - see above
                await asyncio.sleep(_LOOK_S)
    return process.returncode is not None
