"""The HTTP client under a remote MCP server: its headers, deadlines, and how much one answer may be.

httpx2 is what the MCP SDK is built on; netspy's own `httpx` is another library. Nobody else imports it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2

from bot.tools.foreign.servers import Remote

CONNECT_S = 5.0
SILENCE_S = 300.0
"""An event stream may be quiet for so long; each call has a deadline of its own."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Of one message, be it JSON or an event of a stream."""
_MEANINGS = {401: "it wants other credentials", 403: "it forbids this", 404: "there is no MCP server at that URL"}


class TooLong(httpx2.StreamError):
    """An answer of more than MAX_ANSWER_BYTES."""

    def __init__(self) -> None:
        super().__init__(f"the answer has more than {MAX_ANSWER_BYTES:,} bytes")


@dataclass
class Refusals:
    """The last status that was an error: the SDK tells of an error, but not of which."""

    status: int | None = None

    @property
    def told(self) -> str:
        if self.status is None:
            return ""
        return f"HTTP {self.status}: {_MEANINGS.get(self.status, 'it refuses')}"

    async def note(self, response: httpx2.Response) -> None:
        if response.request.method == "POST":  # servers may refuse the others, and mean nothing by it
            self.status = response.status_code if response.is_error else None


def open_http(remote: Remote, refusals: Refusals) -> httpx2.AsyncClient:
    """To be entered and left by the caller."""
    return httpx2.AsyncClient(
        headers=dict(remote.headers),
        timeout=httpx2.Timeout(SILENCE_S, connect=CONNECT_S),
        event_hooks={"response": [refusals.note, _bounded]},
    )


def cause_of(error: BaseException) -> str:
    """Why a request failed, without its URL; empty for what is no error of HTTP."""
    match error:
        case httpx2.ConnectTimeout():
            return f"no connection within {CONNECT_S:g} s"
        case httpx2.ConnectError():
            return "nothing answers there"
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol():
            return "its url cannot be used"
        case httpx2.TransportError():
            return "the connection broke"
    return ""


async def _bounded(response: httpx2.Response) -> None:
    """An event stream goes on for ever, and the SDK bounds its events."""
    is_stream = response.headers.get("content-type", "").lower().startswith("text/event-stream")
    if not is_stream and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise TooLong
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
