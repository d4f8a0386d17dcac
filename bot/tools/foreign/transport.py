"""How a remote MCP server is reached, as a transport of the SDK; and how it is noticed that any has ended.

The SDK's client does not say when a child is gone: its next call fails, and until then all looks well.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeAlias

from mcp.client.streamable_http import streamable_http_client

from bot.tools.foreign.http import MAX_ANSWER_BYTES, Refusals, open_http
from bot.tools.foreign.servers import Remote

Streams: TypeAlias = AbstractAsyncContextManager[Any]  # the SDK names its pair of streams in a private module only


@asynccontextmanager
async def http_transport(remote: Remote, refusals: Refusals) -> AsyncGenerator[Any, None]:
    async with (
        open_http(remote, refusals) as client,
        streamable_http_client(remote.url, http_client=client, max_sse_event_size=MAX_ANSWER_BYTES) as streams,
    ):
        yield streams


@asynccontextmanager
async def watched(transport: Streams, *ended: asyncio.Event) -> AsyncGenerator[Any, None]:
    """The same transport; the events are set when nothing more will ever come from it."""
    async with transport as (reading, writing):
        yield _Watched(reading, ended), writing


class _Watched:
    """A stream that is read. The SDK asks it for `last_context` too, where it has one."""

    def __init__(self, stream: Any, ended: Sequence[asyncio.Event]) -> None:
        self._stream = stream
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except Exception:  # also the one that says that there is no more
            self._end()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._end()
        left: bool | None = await self._stream.__aexit__(kind, error, trace)
        return left

    def _end(self) -> None:
        for event in self._ended:
            event.set()
