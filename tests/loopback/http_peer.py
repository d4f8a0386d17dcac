"""A plain HTTP/1.1 peer on 127.0.0.1 port 0, in threads of its own: it logs what it was asked and misbehaves on demand.

It knows HTTP only; what to answer is a function that it is given.
"""

import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from threading import Event, Lock, Thread
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

TLS_HANDSHAKE = b"\x16"
CHUNKED_ABOVE_BYTES = 2048
"""Go's server sends a longer body as one chunk, without a Content-Length."""


@dataclass(frozen=True, slots=True)
class Request:
    """`query` has the first value of each name; header names are in lower case."""

    version: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hang:
    """Takes the request and never answers."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Resets the connection instead of an answer."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """Closes the connection in the middle of the right answer's body."""


Fault: TypeAlias = Answer | Hang | Reset | Truncated


@dataclass
class _Failure:
    fault: Fault
    times: int | None
    path: str | None


class HttpPeer:
    """Use it as a context manager. `requests` holds everything that was asked, in order of arrival."""

    def __init__(self, respond: Callable[[Request], Answer], *, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.asked = Event()
        self.hung_up = Event()
        """Set when a client closes a connection on which a request hangs."""
        self.accepted = 0
        """Connections so far."""
        self._respond = respond
        self._failures: list[_Failure] = []
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._connections: set[socket.socket] = set()
        self._closing = False
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing = True
        with self._lock:
            sockets = [self._listener, *self._connections]
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def fail(self, fault: Fault, *, times: int | None = None, path: str | None = None) -> None:
        """Answer the next `times` requests (to `path`) with a fault; None is "from now on"."""
        self._failures.append(_Failure(fault, times, path))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            if stream.peek(1)[:1] == TLS_HANDSHAKE:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")
                return
            while (request := _read(stream)) is not None and self._answer(connection, request):
                pass

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Whether the connection may go on."""
        with self._lock:
            self.requests.append(request)
            fault = self._next_fault(request.path)
        self.asked.set()
        match fault:
            case Hang():
                connection.recv(1)
                if not self._closing:
                    self.hung_up.set()
                return False
            case Reset():
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case Truncated():
                head, body = _encode(request, self._respond(request))
                connection.sendall(head + body[: len(body) // 2])
                return False
            case Answer() | None:
                head, body = _encode(request, fault or self._respond(request))
                connection.sendall(head + body)
                return request.version != "HTTP/1.0" and request.headers.get("connection", "").lower() != "close"

    def _next_fault(self, path: str) -> Fault | None:
        for failure in self._failures:
            if failure.times != 0 and failure.path in {None, path}:
                failure.times = None if failure.times is None else failure.times - 1
                return failure.fault
        return None


def _read(stream: BinaryIO) -> Request | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while (header := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    target = urlsplit(line[1])
    query = dict(reversed(parse_qsl(target.query, keep_blank_values=True)))
    return Request(line[2], line[0], target.path, query, headers, body)


def _encode(request: Request, answer: Answer) -> tuple[bytes, bytes]:
    chunked = len(answer.body) > CHUNKED_ABOVE_BYTES and request.version != "HTTP/1.0"
    length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(answer.body))}
    headers = {"Content-Type": answer.content_type, **answer.headers, "Date": formatdate(usegmt=True), **length}
    head = f"{request.version} {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(answer.body), answer.body) if chunked else answer.body
    return head.encode("latin-1") + b"\r\n", b"" if request.method == "HEAD" else body
