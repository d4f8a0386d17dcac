"""Files fetched over HTTP from peers that lie, pack, forward and hang."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.downloads import Answer, Downloads, Hosts
from bot.domain.errors import FileTooLarge, PlatformError, UnusableFile
from bot.domain.message import FileRef

SECRET = "xoxb-hush"
MAX_BYTES = 1000
PACKED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


class RawPeer:
    """Sends `head` and then `body`, over and over where it is `endless`; it notes what it was asked."""

    def __init__(self, head: str, body: bytes = b"", *, endless: bool = False, hangs: bool = False) -> None:
        self.head, self.body, self.endless, self.hangs = head, body, endless, hangs
        self.asked: list[str] = []
        self.left = asyncio.Event()
        """Somebody hung up on an endless body."""
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if self.hangs:
                await reader.read()
            writer.write(f"HTTP/1.1 {self.head}\nConnection: close\n\n".replace("\n", "\r\n").encode())
            writer.write(self.body)
            await writer.drain()
            while self.endless:
                writer.write(self.body)
                await writer.drain()
        except ConnectionError:
            self.left.set()
        finally:
            writer.close()


@asynccontextmanager
async def running(peer: RawPeer) -> AsyncGenerator[RawPeer, None]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        server.close()
        await server.wait_closed()


def no_objection(file: FileRef, answer: Answer) -> UnusableFile | None:
    return None


def downloads(peer: RawPeer, *, deadline_s: float = 60.0) -> Downloads:
    headers = {"Authorization": f"Bearer {SECRET}"}
    return Downloads(hosts=Hosts((), peer.url), objection=no_objection, headers=headers, deadline_s=deadline_s)


async def read(peer: RawPeer, *, max_bytes: int = MAX_BYTES, deadline_s: float = 60.0) -> bytes:
    file = FileRef(f"{peer.url}/a.csv", "a.csv", 3)
    return await downloads(peer, deadline_s=deadline_s).read(file, max_bytes=max_bytes)


async def test_a_file_comes_as_it_is_and_unpacked_is_asked_for() -> None:
    async with running(RawPeer("200 OK\nContent-Length: 3", b"a,b")) as peer:
        assert await read(peer) == b"a,b"
        assert f"Authorization: Bearer {SECRET}" in peer.asked[0]
        assert "Accept-Encoding: identity" in peer.asked[0]


async def test_a_file_of_exactly_the_limit_is_read() -> None:
    async with running(RawPeer("200 OK", b"x" * MAX_BYTES)) as peer:
        assert len(await read(peer)) == MAX_BYTES


async def test_a_length_that_is_told_is_believed_before_anything_is_read() -> None:
    async with running(RawPeer("200 OK\nContent-Length: 1001", b"")) as peer:
        with pytest.raises(FileTooLarge, match=r"the file a\.csv: it holds more than 1000 B\. Attach the part"):
            await read(peer)


async def test_a_body_without_a_length_is_not_read_to_its_end() -> None:
    async with running(RawPeer("200 OK", b"x" * 65536, endless=True)) as peer:
        with pytest.raises(FileTooLarge):
            await read(peer)
        await peer.left.wait()


async def test_a_body_that_is_shorter_than_was_told_is_no_file() -> None:
    async with running(RawPeer("200 OK\nContent-Length: 900", b"a,b")) as peer:
        with pytest.raises(PlatformError, match="it did not arrive"):
            await read(peer)


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_file_that_comes_packed_all_the_same_is_unpacked(encoding: str) -> None:
    body = PACKED[encoding](b"x" * MAX_BYTES)
    async with running(RawPeer(f"200 OK\nContent-Encoding: {encoding}", body)) as peer:
        assert await read(peer) == b"x" * MAX_BYTES


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_bomb_is_never_held(encoding: str) -> None:
    bomb = PACKED[encoding](bytes(64 * 1024 * 1024))
    async with running(RawPeer(f"200 OK\nContent-Encoding: {encoding}\nContent-Length: {len(bomb)}", bomb)) as peer:
        tracemalloc.start()
        try:
            with pytest.raises(FileTooLarge):
                await read(peer, max_bytes=len(bomb))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"a,b" * 99)[:-9], gzip.compress(b"a") * 2, b"a,b", b""],
    ids=["cut", "twice", "not packed", "empty"],
)
async def test_what_is_packed_badly_is_no_file(body: bytes) -> None:
    async with running(RawPeer("200 OK\nContent-Encoding: gzip", body)) as peer:
        with pytest.raises(PlatformError, match=r"it did not arrive|it came packed badly"):
            await read(peer)


async def test_what_follows_the_end_of_a_packed_file_is_not_read() -> None:
    async with running(RawPeer("200 OK\nContent-Encoding: gzip", gzip.compress(b"a"), endless=True)) as peer:
        with pytest.raises(PlatformError, match="it came packed badly"):
            await read(peer)
        await peer.left.wait()


async def test_a_packing_that_nobody_asked_for_is_named() -> None:
    async with running(RawPeer("200 OK\nContent-Encoding: br", b"a,b")) as peer:
        with pytest.raises(PlatformError, match="it comes packed as br"):
            await read(peer)


async def test_nothing_is_sent_where_a_file_is_forwarded_to_another_place() -> None:
    async with running(RawPeer("200 OK", b"a,b")) as other:
        async with running(RawPeer(f"302 Found\nLocation: {other.url}/a.csv")) as peer:
            with pytest.raises(PlatformError, match="it is forwarded to another place"):
                await read(peer)
        assert other.asked == []


async def test_a_file_that_is_forwarded_within_the_platform_is_followed() -> None:
    async with running(RawPeer("302 Found\nLocation: /elsewhere")) as peer:
        with pytest.raises(PlatformError, match="it is forwarded more than 3 times"):
            await read(peer)
    assert ["GET /elsewhere" in asked for asked in peer.asked] == [False, True, True, True]


@pytest.mark.parametrize("location", ["http://[", "//evil.example/a", "https://127.0.0.1.evil.example/", "file:///etc"])
async def test_odd_places_are_not_followed(location: str) -> None:
    async with running(RawPeer(f"302 Found\nLocation: {location}")) as peer:
        with pytest.raises(PlatformError):
            await read(peer)
    assert len(peer.asked) == 1


async def test_a_server_that_never_answers_is_left() -> None:
    async with running(RawPeer("200 OK", hangs=True)) as peer:
        with pytest.raises(PlatformError, match=r"it was not there within 0\.05 s"):
            await read(peer, deadline_s=0.05)


async def test_nobody_there_is_an_error_of_the_platform() -> None:
    async with running(RawPeer("200 OK")) as peer:
        pass
    with pytest.raises(PlatformError, match="it did not arrive"):
        await read(peer)


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        ("404 Not Found", UnusableFile, "it was deleted. Attach it again"),
        ("410 Gone", UnusableFile, "it was deleted. Attach it again"),
        ("500 Oops", PlatformError, "the answer was HTTP status 500"),
        ("429 Slow down", PlatformError, "the answer was HTTP status 429"),
        ("206 Partial Content", PlatformError, "the answer was HTTP status 206"),
    ],
)
async def test_other_statuses_are_told(status: str, kind: type[Exception], told: str) -> None:
    async with running(RawPeer(f"{status}\nContent-Length: 0")) as peer:
        with pytest.raises(kind, match=told):
            await read(peer)


@pytest.mark.parametrize("url", ["https://evil.example/a.csv", "", "a.csv", "file:///etc/passwd", "//host/a"])
async def test_a_file_that_is_kept_elsewhere_is_not_asked_for(url: str) -> None:
    async with running(RawPeer("200 OK", b"a,b")) as peer:
        with pytest.raises(UnusableFile, match="it is kept elsewhere"):
            await downloads(peer).read(FileRef(url, "a.csv"), max_bytes=MAX_BYTES)
    assert peer.asked == []


async def test_a_name_cannot_hide_anything_in_an_error() -> None:
    async with running(RawPeer("404 Not Found\nContent-Length: 0")) as peer:
        with pytest.raises(UnusableFile) as raised:
            await downloads(peer).read(FileRef(f"{peer.url}/a", "\x1b[31m"), max_bytes=1)
    assert r"the file \x1b[31m" in str(raised.value)


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(downloads(RawPeer("")))
