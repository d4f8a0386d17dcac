"""The adapter for `LoopbackPlatform`: what those for Slack and Discord do, without anybody's SDK."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

from bot.codec import decode_action
from bot.domain.errors import PlatformError, StorageError, Undeliverable
from bot.domain.message import (
    Action,
    Address,
    Attachment,
    Author,
    Block,
    Chart,
    Delete,
    Edit,
    Footer,
    Message,
    MessageId,
    Notice,
    Press,
    Prose,
    Reply,
    Step,
    ThreadKey,
    TurnId,
    add_prose,
)
from bot.domain.ports import Check, Desk
from bot.domain.table import Table
from tests.loopback.platform import LINE_BYTES

log = logging.getLogger("netspy.loopback")

BACK_OFF_S = 0.05


class LoopbackAdapter:
    """An `Adapter`. `adopted` is set once the desk answers also for this platform's orphans."""

    name = "loopback"

    def __init__(self, address: str) -> None:
        self.adopted = asyncio.Event()
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._writer: asyncio.StreamWriter | None = None
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def run(self, desk: Desk) -> None:
        """What was delivered goes on to the desk also when its connection breaks meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                with suppress(ConnectionError, asyncio.IncompleteReadError):
                    await self._read(desk, tasks)
                await asyncio.sleep(BACK_OFF_S)

    def outlet(self, turn: TurnId, address: Address) -> "LoopbackOutlet":
        return LoopbackOutlet(self, turn, json.loads(address.target))

    async def check(self) -> tuple[Check, ...]:
        connected = self._writer is not None
        return (Check("loopback", "ok" if connected else "fault", "connected" if connected else "not connected"),)

    async def call(self, name: str, **arguments: Any) -> Any:
        """Raises: PlatformError, Undeliverable."""
        if self._writer is None:
            raise PlatformError(name, "there is no connection")
        number = next(self._numbers)
        response = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._send({"request": number, "call": name, "arguments": arguments})
            answer = await response
        finally:
            del self._waiting[number]
        if error := answer.get("error"):
            raise (Undeliverable if error == "gone" else PlatformError)(name, error)
        return answer["result"]

    async def _read(self, desk: Desk, tasks: asyncio.TaskGroup) -> None:
        async with self._connection() as reader:
            tasks.create_task(self._adopt(desk))
            self._send({"hello": os.getpid()})
            while True:
                line = json.loads(await reader.readuntil(b"\n"))
                if "event" in line:
                    tasks.create_task(self._take(line, desk))
                elif (response := self._waiting.get(line["response"])) and not response.done():
                    response.set_result(line)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncio.StreamReader]:
        """A connection for calls; those that wait when it breaks fail."""
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=LINE_BYTES)
        self._writer = writer
        try:
            with closing(writer):
                yield reader
        finally:
            self._writer = None
            for response in self._waiting.values():
                if not response.done():
                    response.set_exception(PlatformError("a call", "the connection broke"))

    async def _adopt(self, desk: Desk) -> None:
        if not self.adopted.is_set():
            await desk.adopt(self.name)
            self.adopted.set()

    def _send(self, line: Any) -> None:
        if self._writer:
            self._writer.write(json.dumps(line).encode() + b"\n")

    async def _take(self, event: dict[str, Any], desk: Desk) -> None:
        """Give an event to the desk, and acknowledge it unless the desk could not store it."""
        try:
            if event["kind"] == "message":
                await desk.handle(_message(event))
            else:
                by = Author("u", event["author"])
                reply = await desk.act(Press(_action(event), MessageId(f"e{event['event']}"), by))
                if event["kind"] == "press":
                    await self.call("show", event=event["event"], text=written(reply.blocks))
        except (StorageError, PlatformError) as error:
            log.warning("event.refused", extra={"event_id": event["event"], "cause": str(error)})
        else:
            self._send({"ack": event["event"]})


class LoopbackOutlet:
    """An `Outlet`: one post, unfinished at first, which a second outlet of the same turn goes on with."""

    def __init__(self, adapter: LoopbackAdapter, turn: TurnId, target: dict[str, str]) -> None:
        self._adapter = adapter
        self._turn = turn
        self._target = target
        self._blocks: list[Block] = []
        self._post: str | None = None
        self._in_doubt = False
        self._one_by_one = asyncio.Lock()

    async def step(self, step: Step) -> None:
        message = self._target["message"]
        fields = {"id": step.id, "title": step.title, "state": step.state}
        await self._adapter.call("step", turn=self._turn, message=message, **fields)

    async def prose(self, delta: str) -> None:
        add_prose(self._blocks, delta)
        await self._write(written(self._blocks), final=False)

    async def show(self, block: Block) -> None:
        self._blocks.append(block)
        await self._write(written(self._blocks), final=False)

    async def reply(self, reply: Reply) -> None:
        if self._in_doubt and await self.delivered():
            return
        self._in_doubt = True
        await self._write(written(reply.blocks), final=True)

    async def delivered(self) -> bool:
        return any(post["final"] for post in await self._adapter.call("find", turn=self._turn))

    async def _write(self, text: str, *, final: bool) -> None:
        async with self._one_by_one:
            if self._post is None:
                self._post = await self._unfinished()
            if self._post is None:
                given = {**self._target, "text": text, "final": final}
                self._post = await self._adapter.call("post", turn=self._turn, **given)
            else:
                await self._adapter.call("update", post=self._post, text=text, final=final)

    async def _unfinished(self) -> str | None:
        """The post of a turn's earlier outlet, or of a call whose response was lost."""
        found = await self._adapter.call("find", turn=self._turn)
        return next((str(post["post"]) for post in found if not post["final"]), None)


def written(blocks: tuple[Block, ...] | list[Block]) -> str:
    """Blocks as plain text."""
    return "\n".join(map(_written, blocks))


def _written(block: Block) -> str:
    match block:
        case Prose(markdown):
            return markdown
        case Table():
            head = f"{block.label} {block.title} ({len(block.rows)} of {block.total_rows})"
            return "\n".join([head, *(" | ".join(map(str, row)) for row in block.rows)])
        case Chart(series):
            return series.title
        case Footer(coverage):
            return f"seen: {coverage.seen}"
        case Notice(level, text):
            return f"{level}: {text}"
        case Attachment(name, content):
            return f"{name}\n{content}"


def _message(event: dict[str, Any]) -> Message:
    place = {name: event[name] for name in ("channel", "thread", "message")}
    return Message(
        key=_key(event),
        id=MessageId(event["message"]),
        author=Author("u", event["author"]),
        text=event["text"],
        sent_at=datetime.now(UTC),
        reply_to=Address("loopback", json.dumps(place)),
    )


def _action(event: dict[str, Any]) -> Action:
    match event["kind"]:
        case "edit":
            return Edit(_key(event), MessageId(event["message"]), event["text"])
        case "delete":
            return Delete(_key(event), MessageId(event["message"]))
    return decode_action(event["text"])


def _key(event: dict[str, Any]) -> ThreadKey:
    return ThreadKey("loopback", "w", event["channel"], event["thread"])
