"""Files that people attached, fetched from where their platform keeps them: nothing else is asked, and nothing held
beyond what may be read.

It knows HTTP and no platform. What is fetched is not looked into here.
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from bot.domain.errors import FileTooLarge, PlatformError, UnusableFile
from bot.domain.message import FileRef
from bot.tables.text import short
from bot.tables.units import human_bytes

DEADLINE_S = 30.0
"""Of one file, from the first byte asked to the last one read."""
CHUNK_BYTES = 64 * 1024
MAX_REDIRECTS = 3
MAX_SHOWN = 100
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
AGAIN = "ask again later, or paste what matters into the message"
SMALLER = "attach the part that matters"
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a platform keeps files: by HTTPS at these names (`.x` is every host below x), or at the server of `own`."""

    names: tuple[str, ...]
    own: str = ""

    def hold(self, url: URL) -> bool:
        """Whether a URL leads there."""
        if not (url.scheme and url.host) or url.user or url.password:
            return False
        if self.own and url.origin() == URL(self.own).origin():
            return True
        host = url.host or ""
        is_named = any(host.endswith(name) if name.startswith(".") else host == name for name in self.names)
        return (url.scheme, url.port) == ("https", 443) and is_named


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an answer before its content: `moved` when it comes from another URL than the file's own."""

    status: int
    media_type: str
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """`headers` go to `hosts` only. `objection`: why an answer is not the file, if only its platform can tell."""

    hosts: Hosts
    objection: Callable[[FileRef, Answer], UnusableFile | None]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = None
    deadline_s: float = DEADLINE_S

    async def read(self, file: FileRef, *, max_bytes: int) -> bytes:
        """The content of a file. Raises: PlatformError, FileTooLarge, UnusableFile."""
        asked = asked_of(file)
        try:
            url = URL(file.id)
            if not self.hosts.hold(url):
                raise UnusableFile(asked, f"it is kept elsewhere ({_host(url)})", "attach the file itself")
            async with asyncio.timeout(self.deadline_s):
                return await self._fetch(file, url, max_bytes)
        except TimeoutError:
            got = f"it was not there within {self.deadline_s:g} s"
            raise PlatformError(asked, got, AGAIN) from None
        except (aiohttp.ClientError, OSError, zlib.error, ValueError) as error:
            raise PlatformError(asked, f"it did not arrive ({type(error).__name__})", AGAIN) from error

    async def _fetch(self, file: FileRef, url: URL, max_bytes: int) -> bytes:
        headers = {**self.headers, "Accept-Encoding": "identity"}
        limit = aiohttp.ClientTimeout(total=None)  # the deadline holds for all of it
        async with aiohttp.ClientSession(auto_decompress=False, timeout=limit) as session:
            for moves in range(MAX_REDIRECTS + 1):
                asking = session.get(url, headers=headers, allow_redirects=False, proxy=self.proxy)
                async with asking as response:
                    if response.status not in REDIRECTS:
                        self._check(file, Answer(response.status, response.content_type, moves > 0))
                        return await _content(response, asked_of(file), max_bytes)
                    url = self._moved(file, url, response.headers.get("Location", ""))
        raise PlatformError(asked_of(file), f"it is forwarded more than {MAX_REDIRECTS} times", AGAIN)

    def _moved(self, file: FileRef, url: URL, location: str) -> URL:
        target = url.join(URL(location))
        if not self.hosts.hold(target):
            raise PlatformError(asked_of(file), f"it is forwarded to another place ({_host(target)})", AGAIN)
        return target

    def _check(self, file: FileRef, answer: Answer) -> None:
        if objection := self.objection(file, answer):
            raise objection
        if answer.status in GONE:
            raise UnusableFile(asked_of(file), "it was deleted", "attach it again")
        if answer.status != 200:
            raise PlatformError(asked_of(file), f"the answer was HTTP status {answer.status}", AGAIN)


def asked_of(file: FileRef) -> str:
    return f"the file {short(file.name, MAX_SHOWN)}"


async def _content(response: aiohttp.ClientResponse, asked: str, max_bytes: int) -> bytes:
    """Never holds more than `max_bytes` and one chunk, whatever length is told and however it comes packed."""
    if (response.content_length or 0) > max_bytes:
        raise _too_large(asked, max_bytes)
    content = bytearray()
    unpacker = _unpacker(response, asked)
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        content += unpacker.decompress(chunk, max_bytes - len(content) + 1) if unpacker else chunk
        if len(content) > max_bytes:
            raise _too_large(asked, max_bytes)
        if unpacker and unpacker.unused_data:
            break  # what follows the end would pile up there
    if unpacker and (unpacker.unused_data or not unpacker.eof):
        raise PlatformError(asked, "it came packed badly", AGAIN)
    return bytes(content)


def _unpacker(response: aiohttp.ClientResponse, asked: str) -> "zlib._Decompress | None":
    """For servers that pack although they were asked not to."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in _PACKED:
        return zlib.decompressobj(_GZIP_OR_ZLIB)
    if encoding not in {"", "identity"}:
        raise PlatformError(asked, f"it comes packed as {short(encoding, MAX_SHOWN)}", AGAIN)
    return None


def _too_large(asked: str, max_bytes: int) -> FileTooLarge:
    return FileTooLarge(asked, f"it holds more than {human_bytes(max_bytes)}", SMALLER)


def _host(url: URL) -> str:
    return short(url.host or "nowhere", MAX_SHOWN)
