"""One connection to another MCP server, over the SDK's client: what it offers, calls, and word of changes.

The client must be entered and left by one task, which the failure of any request may cancel (`link.py` is that task).
Every exception of the SDK becomes a `ToolHostError` or a `ConnectionLost` here.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from mcp import Client, ClientSession, MCPError
from mcp.client import IncomingMessage
from mcp.client.subscriptions import SubscriptionLost
from mcp_types import (
    CONNECTION_CLOSED,
    HEADER_MISMATCH,
    METHOD_NOT_FOUND,
    REQUEST_TIMEOUT,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    ListToolsResult,
    Tool,
    ToolListChangedNotification,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from bot.domain.errors import ToolHostError
from bot.domain.json_types import JsonObject
from bot.tools.foreign.http import Refusals
from bot.tools.foreign.last_words import open_last_words
from bot.tools.foreign.program import program_transport
from bot.tools.foreign.reading import answer_of, cause, offer_of
from bot.tools.foreign.results import Answer
from bot.tools.foreign.servers import ConnectionLost, ForeignServer, Offer, Program
from bot.tools.foreign.transport import http_transport, watched

log = logging.getLogger("netspy.tools")

CONNECT_S = 30.0
"""A program may have to be fetched first (npx, uvx). Nobody waits for it."""
LIST_S = 10.0
GRACE_S = 1.0
"""The SDK's own deadline of a call begins when the call is written; beyond it and this, it was never taken."""
MAX_PAGES = 20
MAX_OFFERS = 256
"""Of one server. More than any model is offered of all."""


class Session:
    """An open connection. `stirred` is set when its tools may have changed, and when nothing comes any more."""

    def __init__(self, server: ForeignServer, client: Client, *, stirred: asyncio.Event, ended: asyncio.Event) -> None:
        self._server = server
        self._client = client
        self._mcp: ClientSession = client.session
        self._ended = ended
        self.stirred = stirred

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    async def offers(self) -> tuple[Offer, ...]:
        """What it lists. Raises: whatever the SDK does."""
        found: list[Tool] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._page(cursor)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= MAX_OFFERS:
                break
        return tuple(map(offer_of, found[:MAX_OFFERS]))

    async def _page(self, cursor: str | None) -> ListToolsResult:
        try:
            return await self._client.list_tools(cursor=cursor)
        except MCPError as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            return ListToolsResult(tools=[])  # it has no tools, only prompts or resources

    async def call(self, tool: str, arguments: JsonObject) -> Answer:
        """Raises: ToolHostError."""
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=dict(arguments)))
        within_s = self._server.timeout_s
        try:
            async with asyncio.timeout(within_s + GRACE_S):
                # Not `call_tool`: that checks the answer against a schema which the server wrote, patterns and all.
                said = await self._mcp.send_request(request, CallToolResult, request_read_timeout_seconds=within_s)
        except (MCPError, ValueError, RuntimeError, OSError) as error:
            if isinstance(error, MCPError) and error.code == HEADER_MISMATCH:
                self.stirred.set()  # it has another schema by now
            raise self._translated(error) from error
        return answer_of(said)

    async def watch(self) -> bool:
        """Note changes of the list for as long as the server tells of them; whether it is worth asking for that again.

        Older protocols tell without being asked.
        """
        if self._client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            return False
        try:
            async with self._client.listen(tools_list_changed=True) as changes:
                self.stirred.set()  # what changed before it was listened for
                async for _ in changes:
                    pass  # the SDK gives each to the message handler too, as it does with those of older protocols
        except SubscriptionLost:
            self.stirred.set()  # a look at the list shows whether more than the stream is lost
        except (MCPError, TimeoutError) as error:
            log.debug("mcp.unwatched", extra={"server": self._server.name, "cause": cause(error)})
            return False
        return True

    def _translated(self, error: Exception) -> ToolHostError:
        asked = f"MCP server {self._server.name}"
        if isinstance(error, TimeoutError) or (isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT):
            got = f"no answer within {self._server.timeout_s:g} s"
            return ToolHostError(asked, got, "ask for less, or raise its timeout_s in mcp.json")
        if isinstance(error, MCPError) and error.code == CONNECTION_CLOSED:
            return ToolHostError(asked, "the connection broke during the call", "it may have been done all the same")
        if isinstance(error, MCPError):
            return ToolHostError(asked, f"it refused: {error.message}")
        return ToolHostError(asked, "it answered with something that is no result of a tool")


@asynccontextmanager
async def open_session(server: ForeignServer) -> AsyncGenerator[Session, None]:
    """Connect, and raise ConnectionLost for whatever goes wrong until the end."""
    stirred, ended, refusals = asyncio.Event(), asyncio.Event(), Refusals()

    async def listen(message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            stirred.set()

    async with open_last_words() as words:
        try:
            async with AsyncExitStack() as stack:
                place = server.place
                transport = (
                    program_transport(place, words.file)
                    if isinstance(place, Program)
                    else http_transport(place, refusals)
                )
                client = Client(
                    watched(transport, ended, stirred),
                    message_handler=listen,
                    client_info=Implementation(name="netspy", version="1"),
                    cache=None,
                    read_timeout_seconds=LIST_S,
                )
                async with asyncio.timeout(CONNECT_S):
                    await stack.enter_async_context(client)
                yield Session(server, client, stirred=stirred, ended=ended)
        except* Exception as errors:
            said = [refusals.told or cause(errors), *([f"it said: {words.line}"] if words.line else [])]
            raise ConnectionLost("; ".join(said)) from errors
