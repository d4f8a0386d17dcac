"""Carries the MCP server over stdin and stdout, one JSON object a line, until stdin ends.

Not the SDK's own transport: its reader holds the process until another line comes, whatever signal asks it to end. And
what was asked before stdin ended is answered here: `printf ... | netspy mcp` works. `outside` says what is served.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from bot.tools.serving.descriptors import Writer, lines_from

log = logging.getLogger("netspy.mcp")

MAX_LINE_BYTES = 4 << 20
"""As over HTTP."""
LAST_ANSWERS_S = 10.0
"""So long what was asked before stdin ended may take."""
CANCELLED = "notifications/cancelled"


async def mcp_over_stdio(server: Server[Any], *, stdin: int, stdout: int) -> None:
    """Serve on two descriptors, of which nobody else reads or writes, until either end is gone."""
    into, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, out_of = anyio.create_memory_object_stream[SessionMessage](0)
    wire = _Wire(Writer(stdout))
    try:
        async with aclosing(lines_from(stdin, most_bytes=MAX_LINE_BYTES)) as lines, asyncio.TaskGroup() as tasks:
            tasks.create_task(wire.bring(lines, into))
            tasks.create_task(wire.carry(out_of))
            await server.run(read, write, server.create_initialization_options())
    except* BrokenPipeError:
        log.info("mcp.client_gone")


class _Wire:
    """Knows which requests are open, so that the end of stdin cuts none of them off."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._open = set[RequestId]()
        self._all_answered = asyncio.Event()

    async def bring(
        self, lines: AsyncIterator[bytes | None], into: MemoryObjectSendStream[SessionMessage | Exception]
    ) -> None:
        """From the client to the server."""
        async with into:
            async for line in lines:
                message = _read(line)
                if isinstance(message, ErrorData):
                    await self._send(JSONRPCError(jsonrpc="2.0", id=None, error=message))
                elif message is not None:
                    self._note(message)
                    await into.send(SessionMessage(message))
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_ANSWERS_S):
                    await self._answered()

    async def carry(self, out_of: MemoryObjectReceiveStream[SessionMessage]) -> None:
        """From the server to the client. Raises: BrokenPipeError when the client is gone."""
        async with out_of:
            async for sent in out_of:
                await self._send(sent.message)
                self._note_answer(sent.message)

    async def _send(self, message: JSONRPCMessage) -> None:
        await self._writer.write(message.model_dump_json(by_alias=True, exclude_unset=True).encode())

    def _note(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCRequest):
            self._open.add(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == CANCELLED:
            self._close((message.params or {}).get("requestId"))

    def _note_answer(self, message: JSONRPCMessage) -> None:
        if not isinstance(message, JSONRPCRequest | JSONRPCNotification):
            self._close(message.id)

    def _close(self, request: RequestId | None) -> None:
        self._open -= {request}
        self._all_answered.set()

    async def _answered(self) -> None:
        while self._open:
            self._all_answered.clear()
            await self._all_answered.wait()


def _read(line: bytes | None) -> JSONRPCMessage | ErrorData | None:
    """A message, what is wrong with the line, or None for an empty one."""
    if line is None:
        return ErrorData(code=INVALID_REQUEST, message=f"a line of more than {MAX_LINE_BYTES} bytes")
    if not line.strip():
        return None
    try:
        return jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError as error:
        is_json = error.errors(include_input=False)[0]["type"] != "json_invalid"
        why = "not a single JSON-RPC message" if is_json else "not JSON"
        return ErrorData(code=INVALID_REQUEST if is_json else PARSE_ERROR, message=why)
