"""A scripted, strict stand-in for OpenAI's HTTP API (Responses and Chat Completions, streamed) on loopback.

In tests: `async with OpenAIPeer([Say(calls=(Call("find_failures"),)), Say(text="Done.")]) as peer: ... peer.base_url`.
Leaving fails on requests that break a rule, on requests beyond the script and on script that nobody asked for.
By hand: `python -m tests.loopback.openai_peer [--port N]` plays `default_script` for ever.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias

from tests.loopback.openai_rules import broken_rules
from tests.loopback.openai_script import Call, Ending, Fail, Say, Step, Stream, chat_events, responses_events

KEY = "sk-peer-0123456789"
"""Any key is let in; tests use this one, to find it where it must not be."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Script: TypeAlias = Sequence[Step] | Callable[[Request], Step]


class OpenAIPeer:
    """`requests` holds the rounds asked for; `abandoned` is set when a client hangs up on an answer that hangs."""

    def __init__(self, script: Script, *, models: Sequence[str] = ("gpt-6-luna",), port: int = 0) -> None:
        self.requests: list[Request] = []
        self.faults: list[str] = []
        self.asked = asyncio.Event()
        self.abandoned = asyncio.Event()
        self._script = script if callable(script) else None
        self._steps = [] if callable(script) else list(script)
        self._models = models
        self._port = port
        self._hidden: set[str] = set()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._closing = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, limit=2**20)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        if error is None:
            assert not self.faults, f"the peer was asked in a wrong way: {self.faults}"
            assert not self._steps, f"{len(self._steps)} steps of the script were never asked for: {self._steps}"

    async def serve_forever(self) -> None:
        await self._server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        task.add_done_callback(self._ended)
        with closing(writer), suppress(ConnectionError):
            while (request := await _read(reader)) and await self._respond(request, reader, writer):
                pass

    def _ended(self, connection: asyncio.Task[None]) -> None:
        del self._connections[connection]
        if not connection.cancelled() and (error := connection.exception()):
            self.faults.append(f"the peer could not answer: {error!r}")

    async def _respond(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request. False: the connection is to be closed."""
        if request.method == "GET" and request.path == "/v1/models":
            listed = [{"id": name, "object": "model", "created": 1, "owned_by": "peer"} for name in self._models]
            await _send_json(writer, 200, {"object": "list", "data": listed})
            return True
        self.requests.append(request)
        self.asked.set()
        if faults := self._faults(request):
            self.faults += faults
            await _send_json(writer, 400, {"error": {"message": f"the peer's rules: {faults}", "code": "broken_rule"}})
            return True
        step = self._script(request) if self._script else self._steps.pop(0)
        match step:
            case Fail():
                await _send_failure(writer, step)
                return True
            case Stream(events, then):
                return await self._stream(events, then, 0, reader, writer)
            case Say():
                return await self._say(step, request, reader, writer)

    def _faults(self, request: Request) -> list[str]:
        if request.method != "POST" or request.path not in {"/v1/responses", "/v1/chat/completions"}:
            return [f"{request.method} {request.path} is not known here"]
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return ["there is no key"]
        if not (self._script or self._steps):
            return [f"round {len(self.requests)} is one more than scripted"]
        starts_turn = request.path.endswith("/responses") and not _goes_on(request)
        if starts_turn:
            self._hidden.clear()
        return broken_rules(request.path, request.body, self._hidden)

    async def _say(
        self, say: Say, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if say.fault == "silent":
            await self._wait_for_hangup(reader)
            return False
        number = len(self.requests)
        if request.path.endswith("/responses"):
            events: list[Any] = list(responses_events(say, number))
            self._hidden |= {f"hidden-{number}"} if say.thinks else set()
        else:
            events = list(chat_events(say, number, usage="stream_options" in request.body))
        if say.fault is None:
            return await self._stream(events, "end", say.pace_s, reader, writer)
        cut = [*events[: say.after], *(['{"cut'] if say.fault == "corrupt" else [])]
        then: Ending = say.fault if say.fault in {"disconnect", "hang"} else "end"
        return await self._stream(cut, then, say.pace_s, reader, writer)

    async def _stream(
        self,
        events: Iterable[Any],
        then: Ending,
        pace_s: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for event in events:
            data = event if isinstance(event, str) else json.dumps(event)
            line = f"data: {data}\n\n".encode()
            writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            await writer.drain()
            await asyncio.sleep(pace_s)
        if then == "hang":
            await self._wait_for_hangup(reader)
        if then == "end":
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        return then == "end"

    async def _wait_for_hangup(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            await reader.read()
        if not self._closing:
            self.abandoned.set()


def default_script(request: Request) -> Step:
    """Two calls for a question, and a sentence for their results."""
    if _ends_with_result(request) or not request.body.get("tools"):
        return Say(text="Some connection attempts failed; the table [T1] says which, and where they went.")
    span = {"pid": None, "duration": 600}
    return Say(calls=(Call("find_failures", span), Call("get_network_summary", span)))


def _ends_with_result(request: Request) -> bool:
    last = (request.body.get("input") or request.body.get("messages") or [{}])[-1]
    return isinstance(last, dict) and (last.get("type") == "function_call_output" or last.get("role") == "tool")


def _goes_on(request: Request) -> bool:
    """Whether a turn that this peer has answered a round of goes on: it has items of its answer, or a call's result."""
    items = [item for item in request.body.get("input") or () if isinstance(item, dict)]
    is_answered = _ends_with_result(request) and str(items[-1].get("call_id")).startswith("call_")
    return is_answered or any("id" in item for item in items)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request, or None when the client has hung up, be it in the middle of one."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except asyncio.IncompleteReadError:
        return None
    return Request(method, target, headers, json.loads(body) if body else {})


async def _send_failure(writer: asyncio.StreamWriter, fail: Fail) -> None:
    error = {"message": fail.message, "code": fail.code, "type": fail.code, "param": fail.param}
    if fail.page:
        await _send(writer, fail.status, "text/html", fail.page.encode(), fail.headers)
    else:
        await _send_json(writer, fail.status, {"error": error}, fail.headers)


async def _send_json(writer: asyncio.StreamWriter, status: int, value: Any, headers: Any = None) -> None:
    await _send(writer, status, "application/json", json.dumps(value).encode(), headers or {})


async def _send(writer: asyncio.StreamWriter, status: int, kind: str, body: bytes, headers: Any) -> None:
    lines = [
        f"{name}: {value}" for name, value in {"content-type": kind, "content-length": len(body), **headers}.items()
    ]
    writer.write("\r\n".join([f"HTTP/1.1 {status} Scripted", *lines, "", ""]).encode() + body)
    await writer.drain()


async def _main() -> None:
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    async with OpenAIPeer(default_script, port=parser.parse_args().port) as peer:
        print(f"export OPENAI_BASE_URL={peer.base_url} OPENAI_API_KEY={KEY}", flush=True)
        await peer.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
