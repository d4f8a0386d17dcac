"""A chat platform on 127.0.0.1, in the place of Slack and Discord: JSON lines over TCP, strict, and faulty on demand.

It delivers an event until somebody acknowledges it, and again on every new connection until then. Posting is not
idempotent: whoever calls `post` twice has posted twice. What it holds is in `platform_records.py`.

    platform  {"event": id, "kind": message|press|edit|delete, "channel", "thread", "message", "author", "text"}
    bot       {"hello": pid}, {"ack": event id}, {"request": n, "call": name, "arguments": {...}}
    platform  {"response": n, "result": ...} or {"response": n, "error": failed|gone}
"""

import asyncio
import json
from collections.abc import Collection
from contextlib import closing, suppress
from itertools import count
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from bot.domain.message import MessageId
from tests.loopback.platform_records import Called, Event, Post, Records
from tests.loopback.waiting import PATIENCE_S, until

Kind: TypeAlias = Literal["message", "press", "edit", "delete"]
LINE_BYTES = 2**20


class Hold:
    """The next call that makes a post final is done, but its response stays here. `reached`: it came."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.message: MessageId | None = None
        self._held: list[tuple[asyncio.StreamWriter, Any]] = []

    def keep(self, post: Post, writer: asyncio.StreamWriter, response: Any) -> None:
        self.message = post.message
        self._held.append((writer, response))
        self.reached.set()

    def release(self) -> None:
        for writer, response in self._held:
            _write(writer, response)


class LoopbackPlatform(Records):
    """Any number of bots may connect. Say, press, edit and delete are what people do; the rest is what a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[MessageId] = set()
        """Messages that the platform will never again take an answer to."""
        self.faults: list[str] = []
        self._events: dict[int, Event] = {}
        self._numbers = count(1)
        self._connections: dict[asyncio.StreamWriter, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused = 0
        self._hold: Hold | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=LINE_BYTES)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.drop_connections()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        if error is None:
            assert not self.faults, f"a bot spoke in a wrong way: {self.faults}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pids(self) -> tuple[int, ...]:
        """Of those who are connected and have said hello, in that order."""
        return tuple(pid for pid in self._connections.values() if pid)

    async def say(
        self, thread: str, text: str, *, message_id: str | None = None, to: int | None = None, channel: str = "c"
    ) -> MessageId:
        """Deliver a message to all bots that are connected, or to the one with that pid."""
        message = MessageId(message_id or f"m{next(self._numbers)}")
        self._deliver("message", to=to, channel=channel, thread=thread, message=message, text=text)
        return message

    async def edit(
        self, thread: str, message: MessageId, text: str, *, to: int | None = None, channel: str = "c"
    ) -> None:
        self._deliver("edit", to=to, channel=channel, thread=thread, message=message, text=text)

    async def delete(self, thread: str, message: MessageId, *, to: int | None = None, channel: str = "c") -> None:
        self._deliver("delete", to=to, channel=channel, thread=thread, message=message)

    async def press(self, action: str, *, to: int | None = None, timeout_s: float = PATIENCE_S) -> str:
        """Press a button on one bot, the first one unless a pid is given. Returns what the person is shown."""
        event = self._deliver("press", to=to or self.pids[0], text=action)
        await until(lambda: event in self.shown, lambda: f"{action} was not answered", timeout_s=timeout_s)
        return self.shown[event]

    async def acknowledged(self, messages: Collection[MessageId], *, timeout_s: float = PATIENCE_S) -> None:
        """Returns once every delivery of these messages is acknowledged, and everything that was done to them."""
        await until(
            lambda: not [event for event in self.unacknowledged if event.message in messages],
            lambda: f"not acknowledged: {self.unacknowledged}",
            timeout_s=timeout_s,
        )

    async def answered(self, messages: Collection[MessageId], *, timeout_s: float = PATIENCE_S) -> None:
        """Returns once each of these messages has a final post."""
        await until(
            lambda: not self.unanswered(messages),
            lambda: f"no final post for {self.unanswered(messages)}; the last calls: {self.calls[-10:]}",
            timeout_s=timeout_s,
        )

    @property
    def unacknowledged(self) -> tuple[Event, ...]:
        return tuple(self._events.values())

    def hold_final(self) -> Hold:
        """From now on: do the next call that makes a post final, and do not answer it until it is released."""
        self._hold = Hold()
        return self._hold

    def fail_finals(self, times: int) -> None:
        """Refuse the next calls that would make a post final, for now."""
        self._refused = times

    def drop_connections(self) -> None:
        for writer in self._connections:
            writer.transport.abort()

    def _deliver(self, kind: Kind, *, to: int | None, **fields: str) -> int:
        given = {"channel": "", "thread": "", "message": "", "text": "", **fields}
        event = Event(next(self._numbers), kind, MessageId(given["message"]), {"author": "dana", **given})
        self._events[event.id] = event
        for writer, pid in self._connections.items():
            if pid and to in {None, pid}:
                _write(writer, event.line)
        return event.id

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        self._connections[writer] = 0
        try:
            with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    self._heard(json.loads(await reader.readuntil(b"\n")), writer)
        finally:
            del self._connections[writer]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.faults.append(f"the platform could not answer: {error!r}")

    def _heard(self, line: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        match line:
            case {"hello": int(pid)}:
                self._connections[writer] = pid
                for event in self._events.values():
                    _write(writer, event.line)
            case {"ack": int(event)}:
                self._events.pop(event, None)
            case {"request": int(number), "call": str(call), "arguments": dict(arguments)}:
                self._respond(Called(self._connections[writer], call, arguments), number, writer)
            case _:
                raise ValueError(f"a line that means nothing: {line}")

    def _respond(self, called: Called, number: int, writer: asyncio.StreamWriter) -> None:
        self.calls.append(called)
        if error := self._error(called):
            called.refused = True
            _write(writer, {"response": number, "error": error})
            return
        response = {"response": number, "result": self.done(called)}
        post = self.posts[-1] if called.name == "post" else self.posts_by_id.get(called.arguments.get("post", ""))
        if self._hold and called.is_final and post:
            self._hold.keep(post, writer, response)
            self._hold = None
        else:
            _write(writer, response)

    def _error(self, called: Called) -> Literal["", "failed", "gone"]:
        if called.name in {"post", "update"} and self.message_of(called) in self.gone:
            return "gone"
        if called.is_final and self._refused:
            self._refused -= 1
            return "failed"
        return ""


def _write(writer: asyncio.StreamWriter, line: Any) -> None:
    """Lines are short: the transport's buffer takes them, or the connection is gone and they are lost."""
    if not writer.is_closing():
        writer.write(json.dumps(line).encode() + b"\n")
