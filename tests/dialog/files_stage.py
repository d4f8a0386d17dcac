"""A desk whose people attach files, and what a model reads of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import Manager, open_manager
from bot.conversation.parts import Parts
from bot.domain.message import FileRef, Message, Prose, Reply
from bot.domain.ports import ChatModel, ToolHost
from bot.domain.turn import ATTACHED_FILE, Completion, ModelRequest
from bot.ebpf.scoped import scoped
from bot.llm.dialog import Called, Said, entries, output_of
from bot.llm.offline import Planner
from bot.tools.registry import TOOLS
from tests.dialog.stage import Stage, message_of, notices, question_of
from tests.fakes import FakeEbpf, HeldFiles, ScriptedModel, only_everything

CSV = FileRef("at times.csv", "times.csv")
SHOT = FileRef("at shot.png", "shot.png")
GONE_FILE = FileRef("at gone.csv", "gone.csv")
PNG = b"\x89PNG\r\n\x1a\n\x00"
HELD = {CSV.id: b"host;latency_ms\ndb;12,5\nweb;771\n", SHOT.id: PNG}


@dataclass
class FilesStage(Stage):
    """People here attach files. `answers` takes the place of the scripted model, `tools` that of the host."""

    files: HeldFiles = field(default_factory=lambda: HeldFiles({**HELD}))
    answers: ChatModel | None = None
    tools: ToolHost | None = None

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Manager]:
        loop = ToolLoop(self.answers or self.model, self.tools or self.host)
        parts = Parts(
            store=self.store,
            leases=self.store,
            sources=partial(scoped, FakeEbpf()),
            answering=Answering(
                loop=loop, hosts=only_everything(loop.host), planner=Planner(), tools=TOOLS, question_of=question_of
            ),
            outlet=self.outlet,
            files=lambda _: self.files,
            clock=self.clock,
        )
        async with open_manager(parts) as desk:
            yield desk

    async def ask_of(self, desk: Manager, text: str, *refs: FileRef, message_id: str | None = None) -> Reply:
        message = attached(text, *refs, message_id=message_id)
        await desk.handle(message)
        return await self.reply_to(message.id)


def attached(text: str, *refs: FileRef, message_id: str | None = None) -> Message:
    return replace(message_of(text, message_id=message_id), files=refs)


def scripted(*script: Completion | Exception, **more: Any) -> FilesStage:
    return FilesStage(ScriptedModel(script), **more)


def outputs(request: ModelRequest, *, earlier: bool = False) -> list[dict[str, Any]]:
    """What the model reads of calls about files: those of this turn, or of earlier ones."""
    called = [
        entry for entry in entries(request) if isinstance(entry, Called) and (entry.completion is None) is earlier
    ]
    files = (each for entry in called for each in entry.results if each.call.name == ATTACHED_FILE)
    return [{"arguments": each.call.arguments, **json.loads(output_of(each))} for each in files]


def rows(request: ModelRequest, *, earlier: bool = False) -> list[list[object]]:
    return [row for each in outputs(request, earlier=earlier) for table in each["tables"] for row in table["rows"]]


def questions(request: ModelRequest) -> list[str]:
    return [entry.text.split("\n")[0] for entry in entries(request) if isinstance(entry, Said) and entry.role == "user"]


def prose(reply: Reply) -> str:
    return "\n".join(block.markdown.strip() for block in reply.blocks if isinstance(block, Prose))


def told(reply: Reply) -> list[str]:
    return [notice.text for notice in notices(reply)]
