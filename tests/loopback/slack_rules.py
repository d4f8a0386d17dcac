"""What Slack demands of a call beyond a single block: texts, whole messages, views, metadata, chunks. Pure.

Knows no workspace. Everything refused is a `Refused` with Slack's own name for it.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from tests.loopback.slack_blocks import (
    MARKDOWN,
    MESSAGE_BLOCK,
    RICH_TEXT,
    SOURCE,
    STATES,
    TASK_FIELD,
    VIEW_BLOCK,
    elements,
)
from tests.loopback.slack_schema import Shape, anything, fault, flag, kinds, many, one_of, text
from tests.loopback.slack_tables import DATA_TABLE_CHARACTERS, TABLE_CHARACTERS, rich_cells

TEXT = 40_000
"""https://docs.slack.dev/reference/methods/chat.postMessage/#truncating: longer ones are cut or refused."""
BLOCKS, VIEW_BLOCKS = 50, 100
"""https://docs.slack.dev/reference/block-kit/blocks/"""
CHARTS = 2
"""In one message. Observed."""
MODAL_TITLE = 24
"""https://docs.slack.dev/reference/views/modal-views/"""
PROMPTS = (1, 4)
"""https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts/"""
LOADING_MESSAGES = 10
"""https://docs.slack.dev/reference/methods/assistant.threads.setStatus/"""
CHUNKS = {
    "markdown_text": Shape({"text": text(MARKDOWN)}),
    "task_update": Shape(
        {"id": text(255), "title": text(TASK_FIELD), "status": STATES},
        {"details": text(TASK_FIELD), "output": text(TASK_FIELD), "sources": many(SOURCE, 0, 100)},
    ),
    "plan_update": Shape({"title": text(TASK_FIELD)}),
    "blocks": Shape({"blocks": many(anything, 1, BLOCKS)}),
}
"""https://docs.slack.dev/messaging/sending-and-scheduling-messages#text-streaming; blocks are checked as such."""
_PROMPT = Shape({"title": text(3000), "message": text(3000)})
_MODAL = Shape({"title": kinds({"plain_text": Shape({"text": text(MODAL_TITLE)}, {"emoji": flag})})})
_KNOWN_VIEW_FIELDS = {
    "type", "title", "blocks", "close", "submit", "private_metadata", "callback_id", "clear_on_close",
    "notify_on_close", "external_id", "submit_disabled",
}  # fmt: skip


class Refused(Exception):
    """`error` is Slack's name for it; `messages` say why, where Slack says it."""

    def __init__(self, error: str, messages: Sequence[str] = (), **more: str) -> None:
        self.error = error
        self.messages = tuple(messages)
        self.more = more
        super().__init__(error, self.messages)

    @property
    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            answer |= {"errors": [*self.messages], "response_metadata": {"messages": [*self.messages]}}
        return answer


def check_text(said: str, *, longest: int = TEXT) -> None:
    if len(said) > longest:
        raise Refused("msg_too_long")


def check_blocks(blocks: Any) -> None:
    """Blocks of one message, or of one array of a stream."""
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if found := [*many(MESSAGE_BLOCK, 0, BLOCKS)(blocks, "/blocks")]:
        raise Refused("invalid_blocks", found)
    if found := [*_whole_message(blocks), *_ids(blocks), *_second_opinion(blocks)]:
        raise Refused("invalid_blocks", found)
    if _count(blocks, "table") > 1:
        raise Refused("invalid_attachments", [fault("only_one_table_allowed", "/blocks")])


def check_view(view: Any) -> None:
    """https://docs.slack.dev/reference/views/"""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        raise Refused("invalid_arguments", [fault("must be a valid view", "/view")])
    found = [fault(f"invalid additional property: {name}", "/view") for name in view if name not in _KNOWN_VIEW_FIELDS]
    if view["type"] == "modal":
        found += _MODAL({"title": view.get("title")}, "/view")
    blocks: Any = view.get("blocks")
    found += many(VIEW_BLOCK, 0, VIEW_BLOCKS)(blocks, "/view/blocks")
    if not found and _count(blocks, "input") and view["type"] == "modal" and not view.get("submit"):
        found.append(fault("submit is required when an input block is within blocks", "/view"))
    if found or (found := [*_ids(blocks)]):
        raise Refused("invalid_arguments", found)


def check_metadata(metadata: Any) -> None:
    """https://docs.slack.dev/messaging/message-metadata/"""
    if not isinstance(metadata, dict):
        raise Refused("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if set(metadata) != {"event_type", "event_payload"} or not kind or not isinstance(kind, str):
        raise Refused("invalid_metadata_format")
    if not isinstance(payload, dict):
        raise Refused("invalid_metadata_schema")


def check_chunks(chunks: Any) -> None:
    """One call's chunks. The blocks in them are limited to 50 together, apart from those of `chat.stopStream`."""
    if found := [*many(kinds(CHUNKS), 0, 10_000)(chunks, "/chunks")]:
        too_long = [one for one in chunks if isinstance(one, dict) and len(str(one.get("text", ""))) > MARKDOWN]
        raise Refused("msg_too_long" if too_long else "invalid_chunks", found)
    check_text("".join(chunk["text"] for chunk in chunks if chunk["type"] == "markdown_text"), longest=MARKDOWN)
    if blocks := [block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]:
        check_blocks(blocks)


def check_prompts(prompts: Any) -> None:
    if found := [*many(_PROMPT, *PROMPTS)(prompts, "/prompts")]:
        raise Refused("invalid_arguments", found)


def check_choice(name: str, value: str, *choices: str) -> None:
    if found := [*one_of(*choices)(value, f"/{name}")]:
        raise Refused("invalid_arguments", found)


def _whole_message(blocks: list[dict[str, Any]]) -> Iterator[str]:
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN:
        yield fault(f"markdown blocks must be less than {MARKDOWN + 1} characters together", "/blocks")
    if _count(blocks, "data_table") > 1:
        yield fault("no more than 1 data_table allowed", "/blocks")
    if _count(blocks, "data_visualization") > CHARTS:
        yield fault(f"no more than {CHARTS} data_visualization allowed", "/blocks")
    for kind, longest in (("data_table", DATA_TABLE_CHARACTERS), ("table", TABLE_CHARACTERS)):
        for place, block in enumerate(blocks):
            if block["type"] == kind:
                yield from rich_cells(block, f"/blocks/{place}", rich_text=RICH_TEXT)
                if sum(_cell_length(cell) for row in block["rows"] for cell in row) > longest:
                    yield fault(f"cells must be less than {longest + 1} characters together", f"/blocks/{place}")


def _cell_length(cell: dict[str, Any]) -> int:
    """Rich text is counted as it is written here: longer than what Slack counts, and never shorter."""
    return len(cell["text"]) if "text" in cell else len(json.dumps(cell["elements"]))


def _ids(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements/button-element/: unique where they are used."""
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        given = [block["block_id"]] if "block_id" in block else []
        for one in given:
            if f"block {one}" in seen:
                yield fault(f"`block_id` {one} is not unique", f"/blocks/{place}/block_id")
            seen.add(f"block {one}")
        for element in elements(block):
            if (one := element.get("action_id")) and f"action {one}" in seen:
                yield fault(f"`action_id` {one} is not unique", f"/blocks/{place}")
            seen.add(f"action {one}")


def _second_opinion(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """What the SDK's own models think of the blocks that they know: they were written by others than these rules."""
    for place, block in enumerate(blocks):
        if block["type"] in {"data_table", "data_visualization"}:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = Block.parse(block)
                if parsed is not None:
                    parsed.validate_json()
        except (SlackObjectFormationError, TypeError) as error:
            yield fault(f"slack_sdk says: {error}", f"/blocks/{place}")


def _count(blocks: list[dict[str, Any]], kind: str) -> int:
    return sum(block["type"] == kind for block in blocks)
