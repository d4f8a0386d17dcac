"""A reply as messages for Slack. Pure: from values to Block Kit.

Blocks of a reply keep their order. A new message begins where one would break a limit of Slack's, counted from the left
only: what is rendered of the beginning of a reply is the beginning of what is rendered of all of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from adapters.slack.charts import code_of_chart, visualization
from adapters.slack.limits import (
    MAX_BLOCKS,
    MAX_CHARTS,
    MAX_CONTEXT_ELEMENTS,
    MAX_CONTEXT_TEXT,
    MAX_FALLBACK,
    MAX_MARKDOWN,
    MAX_SECTION,
    MAX_TABLE_ROWS,
    MAX_TABLES,
    ROOM_FOR_BUTTONS,
)
from adapters.slack.markdown import as_fallback, harmless, split
from adapters.slack.tables import Fitted, Look, code_blocks, data_table, fitted, title_of
from bot.codec import encode_action
from bot.domain.json_types import JsonObject
from bot.domain.message import (
    Again,
    Attachment,
    Block,
    Button,
    Chart,
    Csv,
    Feedback,
    Footer,
    Notice,
    Page,
    Prose,
    Reply,
    Stop,
    TurnId,
)
from bot.domain.table import Table
from bot.tables.export import to_csv
from bot.tables.footer import footer_line
from bot.tables.text import as_sentence, plain

_WORDS = {"info": "note", "warning": "warning", "error": "error"}


@dataclass(frozen=True, slots=True)
class Markdown:
    """Prose that is harmless already."""

    text: str


@dataclass(frozen=True, slots=True)
class Blocks:
    """What belongs together; `plain` is the same for when Slack refuses it."""

    blocks: tuple[JsonObject, ...]
    plain: tuple[JsonObject, ...]


Part: TypeAlias = Markdown | Blocks
NO_BUTTONS = Blocks((), ())


@dataclass(frozen=True, slots=True)
class Post:
    """One message. `text` is what notifications show; `buttons` stand below it when the answer is complete."""

    parts: tuple[Part, ...]
    text: str
    buttons: Blocks = NO_BUTTONS

    @property
    def blocks(self) -> tuple[JsonObject, ...]:
        return tuple(block for part in self.parts for block in _blocks(part))

    @property
    def plain(self) -> tuple[JsonObject, ...]:
        """Nothing in it is newer than sections and contexts."""
        return tuple(block for part in self.parts for block in _plain(part))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the thread."""

    name: str
    title: str
    content: str


@dataclass(slots=True)
class _Draft:
    """A message that is being filled."""

    parts: list[Part] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    blocks: int = 0
    markdown: int = 0
    data_tables: int = 0
    charts: int = 0

    @property
    def room(self) -> int:
        """For Markdown. What is nearly full takes no more."""
        return MAX_MARKDOWN - self.markdown if self.blocks < MAX_BLOCKS - ROOM_FOR_BUTTONS else 0


def render(reply: Reply, look: Look) -> tuple[Post | Upload, ...]:
    """Messages in their order, then the files; nothing for a reply without blocks."""
    drafts, uploads = _drafts(reply.blocks, look)
    posts = [_post(draft, reply.turn, is_last=draft is drafts[-1]) for draft in drafts]
    return (*posts, *uploads)


def shown(reply: Reply, look: Look) -> tuple[Post | Upload, ...]:
    """What a press of a button brought: the same, with nothing to press."""
    drafts, uploads = _drafts(reply.blocks, look)
    return (*(Post(tuple(draft.parts), _fallback(draft)) for draft in drafts), *uploads)


def word_of_netspy(text: str) -> Post:
    """One sentence of netspy's own."""
    return Post((_section(plain(text)),), as_fallback(text, MAX_FALLBACK))


def stop_button(turn: TurnId) -> Blocks:
    return _actions([_button("Stop", Stop(turn), "stop")])


def _drafts(blocks: Sequence[Block], look: Look) -> tuple[list[_Draft], list[Upload]]:
    drafts: list[_Draft] = []
    uploads: list[Upload] = []
    for block in blocks:
        match block:
            case Prose(markdown):
                _say(drafts, harmless(markdown).strip("\n"))
            case Table():
                _add_table(drafts, uploads, block, look)
            case Chart():
                _add_chart(drafts, block)
            case Footer(coverage):
                _add(drafts, _context(footer_line(coverage, zone=look.zone, now=look.now)))
            case Notice(level, text):
                _add(drafts, _context("\n".join([f"{_WORDS[level]}: {as_sentence(text)}"])))
            case Attachment(name, content):
                uploads.append(Upload(name, name, content))
            case _:
                assert_never(block)
    return drafts, uploads


def _say(drafts: list[_Draft], text: str) -> None:
    while text:
        if not drafts or drafts[-1].room < min(len(text), MAX_MARKDOWN // 4):
            drafts.append(_Draft())
        draft = drafts[-1]
        head, text = split(text, draft.room)
        draft.parts.append(Markdown(head))
        draft.blocks += 1
        draft.markdown += len(head)
        if text:
            drafts.append(_Draft())


def _add_table(drafts: list[_Draft], uploads: list[Upload], table: Table, look: Look) -> None:
    fit = fitted(table, look)
    if not drafts or (fit.table.rows and drafts[-1].data_tables >= MAX_TABLES):
        drafts.append(_Draft())
    _add(drafts, _table(fit, look))
    drafts[-1].tables.append(table)
    drafts[-1].data_tables += bool(fit.table.rows)
    if not fit.is_whole:
        name = f"{(table.label or 'table').lower()}.csv"
        uploads.append(Upload(name, title_of(table), to_csv(table)))
        _add(drafts, _context(f"{_missing(fit, table)}; {name} has all {len(table.rows):,} rows"))


def _add_chart(drafts: list[_Draft], chart: Chart) -> None:
    if not drafts or drafts[-1].charts >= MAX_CHARTS:
        drafts.append(_Draft())
    block, missing = visualization(chart)
    _add(drafts, Blocks((block,), code_of_chart(chart)))
    drafts[-1].charts += 1
    if missing:
        _add(drafts, _context(missing))


def _add(drafts: list[_Draft], part: Blocks) -> None:
    if not drafts or drafts[-1].blocks + len(part.blocks) > MAX_BLOCKS - ROOM_FOR_BUTTONS:
        drafts.append(_Draft())
    drafts[-1].parts.append(part)
    drafts[-1].blocks += len(part.blocks)


def _table(fit: Fitted, look: Look) -> Blocks:
    if not fit.table.rows:
        return _context(f"{title_of(fit.table)}: no rows")
    return Blocks((data_table(fit.table, look),), code_blocks(fit.table, look))


def _missing(fit: Fitted, table: Table) -> str:
    if len(fit.table.rows) < len(table.rows):
        return f"{len(fit.table.rows):,} of {len(table.rows):,} rows shown"
    if len(fit.table.columns) < len(table.columns):
        return f"{len(fit.table.columns)} of {len(table.columns)} columns shown"
    return "long cells are cut"


def _post(draft: _Draft, turn: TurnId, *, is_last: bool) -> Post:
    buttons = [button for table in draft.tables if table.label for button in _of_table(turn, table)]
    if is_last:
        buttons.append(_button("Run again", Again(turn), "again"))
    below = _actions(buttons) if buttons else NO_BUTTONS
    if is_last:
        below = Blocks((*below.blocks, _feedback(turn)), below.plain)
    return Post(tuple(draft.parts), _fallback(draft), below)


def _of_table(turn: TurnId, table: Table) -> Iterator[JsonObject]:
    if table.total_rows > len(table.rows):
        more = Page(turn, table.label, 1, MAX_TABLE_ROWS)
        yield _button(f"More of {table.label}", more, f"page:{table.label}")
    if table.rows:
        yield _button(f"{table.label} as CSV", Csv(turn, table.label), f"csv:{table.label}")


def _button(text: str, button: Button, action_id: str) -> JsonObject:
    label: JsonObject = {"type": "plain_text", "text": text}
    return {"type": "button", "text": label, "value": encode_action(button), "action_id": action_id}


def _actions(buttons: Sequence[JsonObject]) -> Blocks:
    block: JsonObject = {"type": "actions", "elements": list(buttons)}
    return Blocks((block,), (block,))


def _feedback(turn: TurnId) -> JsonObject:
    """Thumbs up and down (https://docs.slack.dev/reference/block-kit/blocks/context-actions-block)."""
    choice: JsonObject = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": _verdict("Helpful", Feedback(turn, "up")),
        "negative_button": _verdict("Not helpful", Feedback(turn, "down")),
    }
    return {"type": "context_actions", "elements": [choice]}


def _verdict(text: str, feedback: Feedback) -> JsonObject:
    label: JsonObject = {"type": "plain_text", "text": text}
    return {"text": label, "value": encode_action(feedback), "accessibility_label": text}


def _context(text: str) -> Blocks:
    """Quiet lines in which nothing formats."""
    texts = [line[at : at + MAX_CONTEXT_TEXT] for line in _lines(text) for at in range(0, len(line), MAX_CONTEXT_TEXT)]
    elements: list[JsonObject] = [{"type": "plain_text", "text": each, "emoji": False} for each in texts or ["-"]]
    groups = [elements[at : at + MAX_CONTEXT_ELEMENTS] for at in range(0, len(elements), MAX_CONTEXT_ELEMENTS)]
    blocks: tuple[JsonObject, ...] = tuple({"type": "context", "elements": list(group)} for group in groups)
    return Blocks(blocks, blocks)


def _lines(text: str) -> list[str]:
    return [line for line in map(plain, text.splitlines()) if line.strip()]


def _section(text: str) -> Blocks:
    blocks: tuple[JsonObject, ...] = tuple(
        {"type": "section", "text": {"type": "plain_text", "text": text[at : at + MAX_SECTION], "emoji": False}}
        for at in range(0, max(1, len(text)), MAX_SECTION)
    )
    return Blocks(blocks, blocks)


def _blocks(part: Part) -> tuple[JsonObject, ...]:
    return ({"type": "markdown", "text": part.text},) if isinstance(part, Markdown) else part.blocks


def _plain(part: Part) -> tuple[JsonObject, ...]:
    return _section(part.text).blocks if isinstance(part, Markdown) else part.plain


def _fallback(draft: _Draft) -> str:
    """What the answer says first, or what its table is."""
    prose = next((part.text for part in draft.parts if isinstance(part, Markdown)), "")
    said = prose or " ".join(map(title_of, draft.tables)) or _first_text(draft.parts)
    return as_fallback(said, MAX_FALLBACK) or "netspy"


def _first_text(parts: Sequence[Part]) -> str:
    """Of a message of nothing but quiet lines."""
    for part in parts:
        if isinstance(part, Blocks) and part.blocks:
            elements = part.blocks[0].get("elements")
            first = elements[0] if isinstance(elements, list) and elements else None
            return str(first["text"]) if isinstance(first, dict) and isinstance(first.get("text"), str) else ""
    return ""
