"""A reply as messages for Slack. Pure: from values to Block Kit.

Blocks of a reply keep their order. A new message begins where one would break a limit of Slack's, counted from the left
only: what is rendered of the beginning of a reply is the beginning of what is rendered of all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from adapters.slack.buttons import buttons
from adapters.slack.charts import code_of_chart, drawable, missing, visualization
from adapters.slack.limits import (
    MAX_BLOCKS,
    MAX_CHARTS,
    MAX_CODE_SECTIONS,
    MAX_CONTEXT_ELEMENTS,
    MAX_CONTEXT_TEXT,
    MAX_FALLBACK,
    MAX_MARKDOWN,
    MAX_SECTION,
    MAX_TABLES,
    ROOM_FOR_BUTTONS,
)
from adapters.slack.markdown import as_fallback, harmless
from adapters.slack.portions import split
from adapters.slack.post import Blocks, Markdown, Part, Post, Upload, sections
from adapters.slack.tables import Fitted, Look, code_blocks, data_table, fitted, title_of
from bot.domain.json_types import JsonObject
from bot.domain.message import Attachment, Block, Chart, Footer, Notice, Prose, Reply
from bot.domain.table import Table
from bot.tables.export import csv_name, to_csv
from bot.tables.footer import footer_line
from bot.tables.notice import notice_line
from bot.tables.text import plain

_LEAST_ROOM = MAX_MARKDOWN // 4
"""Characters: prose does not begin in a message that has less left."""
_SECTIONS_OF_PROSE = MAX_MARKDOWN // MAX_SECTION


@dataclass(slots=True)
class _Draft:
    """A message that is being filled."""

    parts: list[Part] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    blocks: int = 0
    plain: int = 0
    markdown: int = 0
    data_tables: int = 0
    charts: int = 0

    @property
    def room(self) -> int:
        """For Markdown. What is nearly full takes no more."""
        return MAX_MARKDOWN - self.markdown if self.takes(1, _SECTIONS_OF_PROSE) else 0

    def takes(self, blocks: int, plain_blocks: int) -> bool:
        return max(self.blocks + blocks, self.plain + plain_blocks) <= MAX_BLOCKS - ROOM_FOR_BUTTONS

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.blocks += len(part.blocks)
        self.plain += len(part.plain)


def render(reply: Reply, look: Look, *, final: bool = True) -> tuple[Post | Upload, ...]:
    """Messages in their order, then the files; nothing for a reply without blocks.

    Of a reply that is not final the last prose may go on: only the last message then grows, at its end.
    """
    drafts, uploads = _drafts(reply.blocks, look, final=final)
    posts = [
        replace(_post(draft), buttons=buttons(reply.turn, draft.tables, is_last=draft is drafts[-1]))
        for draft in drafts
    ]
    return (*posts, *uploads)


def shown(reply: Reply, look: Look) -> tuple[Post | Upload, ...]:
    """What a press of a button brought: the same, with nothing to press."""
    drafts, uploads = _drafts(reply.blocks, look, final=True)
    return (*map(_post, drafts), *uploads)


def word_of_netspy(text: str) -> Post:
    """One sentence of netspy's own."""
    said = sections(plain(text))
    return Post((Blocks(said, said),), as_fallback(text, MAX_FALLBACK))


def _drafts(blocks: Sequence[Block], look: Look, *, final: bool) -> tuple[list[_Draft], list[Upload]]:
    drafts: list[_Draft] = []
    uploads: list[Upload] = []
    for place, block in enumerate(blocks, 1):
        match block:
            case Prose(markdown):
                _say(drafts, harmless(markdown, is_whole=final or place < len(blocks)))
            case Table():
                _add_table(drafts, uploads, block, look)
            case Chart():
                _add_chart(drafts, block)
            case Footer(coverage):
                _add_lines(drafts, footer_line(coverage, zone=look.zone, now=look.now))
            case Notice(level, text):
                _add_lines(drafts, notice_line(level, text))
            case Attachment(name):
                uploads.append(Upload(name, name, block.body))
            case _:
                assert_never(block)
    return drafts, uploads


def _say(drafts: list[_Draft], text: str) -> None:
    text = text.strip("\n")
    while text.strip():
        if not drafts or drafts[-1].room < _LEAST_ROOM:
            drafts.append(_Draft())
        draft = drafts[-1]
        head, text = split(text, draft.room)
        draft.add(Markdown(head))
        draft.markdown += len(head)
        if text.strip():
            drafts.append(_Draft())


def _add_table(drafts: list[_Draft], uploads: list[Upload], table: Table, look: Look) -> None:
    fit = fitted(table, look)
    if fit.table.rows:
        code = code_blocks(fit.table, look)
        if not drafts or drafts[-1].data_tables >= MAX_TABLES:
            drafts.append(_Draft())
        _add(drafts, Blocks((data_table(fit.table, look),), code[:MAX_CODE_SECTIONS]))
        drafts[-1].data_tables += 1
    else:
        code = ()
        _add_lines(drafts, f"{title_of(table)}: no rows")
    drafts[-1].tables.append(table)
    told = _cuts(fit, table)
    if told or len(code) > MAX_CODE_SECTIONS:
        name = csv_name(table.label)
        uploads.append(Upload(name, title_of(table), to_csv(table)))
        _add_lines(drafts, f"{told}{name} has {_all(table)}{len(table.rows):,} rows")


def _add_chart(drafts: list[_Draft], chart: Chart) -> None:
    if not drafts or drafts[-1].charts >= MAX_CHARTS:
        drafts.append(_Draft())
    drawn = replace(chart, series=drawable(chart.series))
    _add(drafts, Blocks((visualization(drawn),), code_of_chart(drawn.series)[:MAX_CODE_SECTIONS]))
    drafts[-1].charts += 1
    if told := missing(chart.series):
        _add_lines(drafts, told)


def _add_lines(drafts: list[_Draft], text: str) -> None:
    """Quiet lines in which nothing formats."""
    lines = [line for line in map(plain, text.splitlines()) if line.strip()]
    texts = [line[at : at + MAX_CONTEXT_TEXT] for line in lines for at in range(0, len(line), MAX_CONTEXT_TEXT)]
    elements: list[JsonObject] = [{"type": "plain_text", "text": each, "emoji": False} for each in texts]
    for at in range(0, len(elements), MAX_CONTEXT_ELEMENTS):
        block: JsonObject = {"type": "context", "elements": elements[at : at + MAX_CONTEXT_ELEMENTS]}
        _add(drafts, Blocks((block,), (block,)))


def _add(drafts: list[_Draft], part: Blocks) -> None:
    if not drafts or not drafts[-1].takes(len(part.blocks), len(part.plain)):
        drafts.append(_Draft())
    drafts[-1].add(part)


def _cuts(fit: Fitted, table: Table) -> str:
    """What a message lacks of the rows that there are, up to the word on where they all are; often nothing."""
    told = []
    if len(fit.table.rows) < len(table.rows):
        told.append(f"{len(fit.table.rows):,} of {table.total_rows:,} rows shown")
    if len(fit.table.columns) < len(table.columns):
        told.append(f"{len(fit.table.columns)} of {len(table.columns)} columns shown")
    if fit.cuts_cells:
        told.append("long cells are cut")
    return f"{', '.join(told)}; " if told else ""


def _all(table: Table) -> str:
    return "all " if len(table.rows) == table.total_rows else ""


def _post(draft: _Draft) -> Post:
    return Post(tuple(draft.parts), _fallback(draft))


def _fallback(draft: _Draft) -> str:
    """What the answer says first, or what its table is."""
    prose = next((part.text for part in draft.parts if isinstance(part, Markdown)), "")
    said = prose or " ".join(map(title_of, draft.tables)) or _first_text(draft.parts)
    return as_fallback(said, MAX_FALLBACK) or "netspy"


def _first_text(parts: Sequence[Part]) -> str:
    """Of a message of nothing but quiet lines or charts."""
    for part in parts:
        elements = part.blocks[0].get("elements")
        first = elements[0] if isinstance(elements, list) and elements else None
        return str(first["text"]) if isinstance(first, dict) and isinstance(first.get("text"), str) else ""
    return ""
