"""Blocks of a reply as text for a terminal: pure, in whole lines of at most `width` cells (code is never wrapped).

It knows blocks and ANSI colours, nothing of streams. The outlet and the one-shot command line call it. It stays cheap
to import: only Markdown needs rich, and a table on its own shouldn't wait for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal, TypeAlias, assert_never

from wcwidth import wrap

from bot.domain.message import Attachment, Block, Chart, Footer, Level, Notice, Prose
from bot.domain.table import Table
from bot.tables.charts import draw
from bot.tables.footer import footer_line
from bot.tables.layout import lay_out
from bot.tables.notice import LEVEL_WORDS
from bot.tables.text import cell_width, plain
from bot.tables.units import human_bytes

Paint: TypeAlias = Literal["bold", "dim", "red", "yellow", "cyan"]
_SGR: dict[Paint, str] = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "cyan": "36"}
_PAINTS: dict[Level, Paint] = {"info": "cyan", "warning": "yellow", "error": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text shall look: `width` in cells; `zone` and `now` decide how times are written."""

    width: int
    colour: bool
    zone: tzinfo
    now: datetime


def render(blocks: Iterable[Block], look: Look) -> str:
    """All blocks, one below the other."""
    text = ""
    previous: Block | None = None
    for block in blocks:
        if rendered := render_block(block, look):
            text += gap(previous, block) + rendered
            previous = block
    return text


def render_block(block: Block, look: Look) -> str:
    """One block, its last line ended; empty for prose that says nothing."""
    match block:
        case Prose(markdown):
            return _prose(markdown, look)
        case Table():
            return _table(block, look)
        case Chart(series):
            drawn = "".join(f"{line}\n" for line in draw(series, width=look.width))
            return _lines(fold(series.title, look.width, indent="  "), "bold", look) + drawn
        case Footer(coverage):
            return _footer(footer_line(coverage, zone=look.zone, now=look.now), look)
        case Notice(level, text):
            return _notice(level, text, look)
        case Attachment():
            return _attachment(block, look)
    assert_never(block)


def _attachment(file: Attachment, look: Look) -> str:
    body = file.body
    if isinstance(body, bytes):
        told = f"{file.name}: a file of {human_bytes(len(body))}, which a terminal cannot show."
        return "".join(f"{line}\n" for line in fold(told, look.width))
    title = _lines(fold(f"{file.name}:", look.width), "bold", look)
    return title + "".join(f"{plain(line)}\n" for line in body.splitlines())


def gap(previous: Block | None, block: Block) -> str:
    """What stands between two blocks: an empty line, but none between a table and its footer, nor between notices."""
    if previous is None or (isinstance(previous, Table) and isinstance(block, Footer)):
        return ""
    return "" if isinstance(previous, Notice) and isinstance(block, Notice) else "\n"


def painted(text: str, paint: Paint, look: Look) -> str:
    return f"\x1b[{_SGR[paint]}m{text}\x1b[0m" if look.colour and text else text


def fold(text: str, width: int, *, indent: str = "") -> list[str]:
    """One line of text as lines of at most `width` cells; all but the first are indented."""
    return wrap(plain(text), width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _prose(markdown: str, look: Look) -> str:
    from adapters.terminal.prose import render_prose  # noqa: PLC0415 - rich.markdown takes longer to import than a table to make

    return render_prose(markdown, width=look.width, colour=look.colour)


def _table(table: Table, look: Look) -> str:
    title = f"{table.label}  {table.title}" if table.label else table.title
    laid_out = lay_out(table, width=look.width, zone=look.zone, now=look.now)
    text = _lines(fold(title, look.width, indent="  "), "bold", look)
    if laid_out.header:
        text += _lines([laid_out.header], "cyan", look)
    text += "".join(f"{row}\n" for row in laid_out.rows)
    if laid_out.remark:
        text += _lines([laid_out.remark], "dim", look)
    if remark := _remark(table):
        text += _lines(fold(remark, look.width), "dim", look)
    return text


def _remark(table: Table) -> str:
    if table.total_rows > len(table.rows):
        return f"{len(table.rows):,} of {table.total_rows:,} rows shown"
    return "" if table.rows else "no rows"


def _footer(line: str, look: Look) -> str:
    """Broken between its parts where that is possible: the command at its end should be copied in one go."""
    lines: list[str] = []
    for part in line.split(" | "):
        joined = f"{lines[-1]} | {part}" if lines else part
        if lines and cell_width(joined) > look.width:
            lines.append(f"  {part}")
        else:
            lines[-1:] = [joined]
    return _lines((short for long in lines for short in fold(long, look.width, indent="  ")), "dim", look)


def _notice(level: Level, text: str, look: Look) -> str:
    first, *more = text.splitlines() or [""]
    lines = fold(f"{LEVEL_WORDS[level]}: {first}", look.width, indent="  ")
    for line in filter(str.strip, more):
        lines += fold(f"  {line}", look.width, indent="  ")
    return _lines(lines, _PAINTS[level], look)


def _lines(lines: Iterable[str], paint: Paint, look: Look) -> str:
    return "".join(f"{painted(line, paint, look)}\n" for line in lines)
