"""One message of the loopback Slack, streamed or not, as its API returns it and as a reader sees it."""

from copy import deepcopy
from dataclasses import dataclass, field
from mimetypes import guess_type
from typing import Any

from tests.loopback import slack_reading as reading
from tests.loopback.slack_reading import Words


@dataclass(frozen=True, slots=True)
class Task:
    """The latest state of one task of a stream."""

    id: str
    title: str
    status: str
    details: str = ""
    output: str = ""
    sources: tuple[dict[str, Any], ...] = ()

    @property
    def card(self) -> dict[str, Any]:
        card: dict[str, Any] = {"type": "task_card", "task_id": self.id, "title": self.title, "status": self.status}
        card |= {name: _rich(said) for name, said in (("details", self.details), ("output", self.output)) if said}
        return card | ({"sources": [*self.sources]} if self.sources else {})


@dataclass(slots=True)
class Stream:
    """What came in chunks, in order. `ended`: "" while it runs, then stopped (by the app), expired or user."""

    plan: bool
    ended: str = ""
    parts: list[dict[str, Any]] = field(default_factory=list)
    """Blocks; a plan or a task stands as `{"type": "tasks", "id": ...}` where it came first."""
    tasks: dict[str, Task] = field(default_factory=dict)
    title: str = ""

    def take(self, chunk: dict[str, Any]) -> None:
        match chunk["type"]:
            case "markdown_text":
                self._append(chunk["text"])
            case "task_update":
                self._task(chunk)
            case "plan_update":
                self._place("")
                self.title = chunk["title"]
            case "blocks":
                self.parts += chunk["blocks"]

    def _append(self, said: str) -> None:
        if self.parts and self.parts[-1].get("streamed"):
            self.parts[-1]["text"] += said
        else:
            self.parts.append({"type": "markdown", "text": said, "streamed": True})

    def _task(self, chunk: dict[str, Any]) -> None:
        """Fields that an update leaves out stay as they are."""
        given = {name: value for name, value in chunk.items() if name not in {"type", "sources"}}
        old = self.tasks.get(chunk["id"])
        kept = {"details": old.details, "output": old.output} if old else {}
        sources = tuple(chunk["sources"]) if "sources" in chunk else old.sources if old else ()
        self.tasks[chunk["id"]] = Task(**{**kept, **given}, sources=sources)
        self._place("" if self.plan else chunk["id"])

    def _place(self, task: str) -> None:
        place = {"type": "tasks", "id": task}
        if place not in self.parts:
            self.parts.append(place)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return [self._shown(part) for part in self.parts]

    def _shown(self, part: dict[str, Any]) -> dict[str, Any]:
        if part["type"] == "tasks" and part["id"]:
            return self.tasks[part["id"]].card
        if part["type"] == "tasks":
            return {"type": "plan", "title": self.title or "Plan", "tasks": [task.card for task in self.tasks.values()]}
        return {name: value for name, value in part.items() if name != "streamed"}

    @property
    def text(self) -> str:
        return "".join(part["text"] for part in self.parts if part.get("streamed"))


@dataclass(slots=True)
class File:
    """`content` is None until it is uploaded. `more` is told of it too, and instead of what is told else."""

    id: str
    name: str
    size_bytes: int
    title: str = ""
    content: bytes | None = None
    url: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": self.size_bytes,
            "filetype": self.name.rpartition(".")[2],
            "mimetype": guess_type(self.name)[0] or "application/octet-stream",
            "mode": "hosted",
            "is_external": False,
            "url_private": self.url,
            "url_private_download": self.url,
            **self.more,
        }


@dataclass(slots=True)
class Message:
    """`thread` is the root's ts for a reply, None for a root. `bot_id` is set when an app wrote it."""

    ts: str
    channel: str
    user: str
    said: str = ""
    given: list[dict[str, Any]] = field(default_factory=list)
    thread: str | None = None
    bot_id: str | None = None
    metadata: dict[str, Any] | None = None
    stream: Stream | None = None
    edited: str | None = None
    files: list[File] = field(default_factory=list)
    ephemeral_to: str | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    client_msg_id: str | None = None
    subtype: str | None = None
    reactions: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.said or (self.stream.text if self.stream else "")

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """What was streamed comes before the blocks that the stream was stopped with."""
        return [*(self.stream.blocks if self.stream else ()), *deepcopy(self.given)]

    @property
    def streaming(self) -> bool:
        return self.stream is not None and not self.stream.ended

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(self.stream.tasks.values()) if self.stream else ()

    @property
    def shown(self) -> str:
        """Everything that a reader sees, one piece a line. The text is shown only when there are no blocks."""
        pieces = [*reading.words(self.blocks)] or [("mrkdwn", self.text)]
        pieces += reading.words(block for one in self.attachments for block in one.get("blocks", ()))
        lines = [reading.shown(kind, said) for kind, said in pieces]
        return "\n".join([*lines, *(one.title or one.name for one in self.files)])

    @property
    def pinged(self) -> set[str]:
        """Ids of users and groups, and `channel`, `here`, `everyone`."""
        found = {who for kind, said in self._words for who in reading.pings(kind, said)}
        return found | {*reading.element_pings(self.blocks)}

    @property
    def links(self) -> set[str]:
        found = {target for kind, said in self._words for target in reading.links(kind, said)}
        return found | {*reading.element_links(self.blocks)}

    @property
    def _words(self) -> tuple[Words, ...]:
        inner = [block for one in self.attachments for block in one.get("blocks", ())]
        return (("mrkdwn", self.text), *reading.words([*self.blocks, *inner]))

    def json(self, *, metadata: bool = False) -> dict[str, Any]:
        """As `conversations.replies` and events show it."""
        answer: dict[str, Any] = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        optional = {
            "thread_ts": self.thread,
            "bot_id": self.bot_id,
            "subtype": self.subtype,
            "client_msg_id": self.client_msg_id,
            "blocks": self.blocks,
            "attachments": deepcopy(self.attachments),
            "edited": self.edited and {"user": self.user, "ts": self.edited},
            "files": [file.json for file in self.files],
            "metadata": deepcopy(self.metadata) if metadata else None,
        }
        return answer | {name: value for name, value in optional.items() if value}


def _rich(said: str) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": said}]}
    return {"type": "rich_text", "elements": [section]}
