"""A table in Discord: a title and a block of code, of which a message shows one page. Pure; rendering calls it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from wcwidth import wcswidth

from adapters.discord.limits import CODE_WIDTH, MAX_ALIKE, MAX_LINE, MAX_TITLE, NARROW_WIDTH, ROWS_OF_A_PAGE
from adapters.discord.markup import QUIET, escaped, in_code
from adapters.discord.post import Upload
from adapters.discord.prose import CODE, code, fold
from adapters.discord.sheet import Piece
from bot.domain.message import Chart
from bot.domain.table import Table
from bot.tables.charts import draw
from bot.tables.export import csv_name, to_csv
from bot.tables.layout import TextTable, lay_out
from bot.tables.text import ELLIPSIS, plain, short
from bot.tables.units import cell_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`zone` and `now` decide how times are written; blocks of code are at most `width` (20 or more) cells wide.

    `takes_files`: whether netspy may attach any there.
    """

    zone: tzinfo
    now: datetime
    width: int = CODE_WIDTH
    takes_files: bool = True

    @property
    def for_phones(self) -> "Look":
        return replace(self, width=NARROW_WIDTH)

    @property
    def is_narrow(self) -> bool:
        return self.width <= NARROW_WIDTH


def shown_table(table: Table, look: Look) -> tuple[Piece, ...]:
    """Its first page."""
    if not table.rows:
        return (_title(table),)
    alike, laid_out = _page(table, look)
    told = [f"In all rows: {', '.join(alike)}"] if alike else []
    common = (Piece(QUIET + escaped(line)) for text in told for line in fold(text))
    return (_title(table), *common, *_rows(laid_out))


def needs_room(table: Table, look: Look) -> bool:
    """Whether a phone wraps what is shown of it."""
    return any(wcswidth(line) > NARROW_WIDTH for line in _page(table, look)[1].lines)


def file_of(table: Table, look: Look) -> Upload | None:
    """The file with all rows, where neither the message nor its buttons show them in full."""
    is_cut = not table.label and any(ELLIPSIS in line for line in _page(table, look)[1].rows)
    return Upload(csv_name(table.label), to_csv(table)) if len(table.rows) > ROWS_OF_A_PAGE or is_cut else None


def chart(block: Chart, look: Look) -> tuple[Piece, ...]:
    title = escaped(short(block.series.title, MAX_TITLE).strip() or "Chart")
    return (Piece(title, "\n\n"), *code(draw(block.series, width=look.width)))


def _title(table: Table) -> Piece:
    title = escaped(short(table.title, MAX_TITLE).strip() or "Table")
    label = f"**{escaped(short(table.label, MAX_TITLE))}** " if table.label.isalnum() else ""
    return Piece(f"{label}{title}{_count(table)}", "\n\n")


def _count(table: Table) -> str:
    shown = min(len(table.rows), ROWS_OF_A_PAGE)
    if not table.rows:
        return ": no rows"
    return f" ({shown:,} of {table.total_rows:,} rows)" if table.total_rows > shown else ""


def _page(table: Table, look: Look) -> tuple[list[str], TextTable]:
    """What all rows have alike, where the columns do not fit side by side with it; and the rest."""
    page = replace(table, rows=table.rows[:ROWS_OF_A_PAGE])
    laid_out = lay_out(page, width=look.width, zone=look.zone, now=look.now)
    if laid_out.header or len(page.rows) < 2:
        return [], laid_out
    alike = {place: told for place in range(len(page.columns)) if (told := _alike(page, place, look))}
    rest = _without(page, alike)
    return list(alike.values()), lay_out(rest, width=look.width, zone=look.zone, now=look.now)


def _alike(table: Table, place: int, look: Look) -> str:
    """A column's name and value, if it has but one."""
    column = table.columns[place]
    texts = {cell_text(row[place], column, zone=look.zone, now=look.now) for row in table.rows}
    told = f"{plain(column.name)} {' '.join(texts)}"
    return told if len(texts) == 1 and len(told) <= MAX_ALIKE else ""


def _without(table: Table, places: Collection[int]) -> Table:
    """The table without some of its columns; not without all of them."""
    kept = [place for place in range(len(table.columns)) if place not in places] or [0]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return replace(table, columns=tuple(table.columns[place] for place in kept), rows=rows)


def _rows(laid_out: TextTable) -> tuple[Piece, ...]:
    """A piece for each row, so that none is cut where that can be helped."""
    if laid_out.header:
        return tuple(code(laid_out.lines))
    blocks = "\n".join(laid_out.rows).split("\n\n")
    if max(map(len, blocks)) > MAX_LINE:
        return tuple(code(laid_out.rows))
    first, *more = (Piece("\n".join(map(in_code, block.split("\n"))), "\n\n", CODE) for block in blocks)
    return (first, *(Piece(f"\n{each.text}", "\n", CODE) for each in more))
