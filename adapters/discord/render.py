"""A reply as messages for Discord. Pure: from values to Markdown, files and buttons; no discord.py in it.

Blocks of a reply keep their order. A new message begins where one would break a limit of Discord's, counted from the
left only: what is rendered of the beginning of a reply is the beginning of what is rendered of all of it.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from adapters.discord.buttons import Row, buttons, page_buttons
from adapters.discord.limits import MAX_FILE_BYTES, MAX_LINE, MAX_TABLES
from adapters.discord.markup import QUIET, escaped
from adapters.discord.post import Post, Upload
from adapters.discord.prose import fold, pieces
from adapters.discord.sheet import Piece, Sheet, attach, put, say
from adapters.discord.tables import Look, chart, file_of, shown_table
from bot.domain.message import Attachment, Block, Chart, Footer, Notice, Page, Prose, Reply
from bot.domain.table import Table
from bot.tables.footer import footer_line
from bot.tables.notice import notice_line
from bot.tables.text import plain, short


def render(reply: Reply, look: Look, *, final: bool = True) -> tuple[Post, ...]:
    """Messages in their order; nothing for a reply without blocks.

    Of a reply that is not final the last prose may go on: only the last message then grows, at its end.
    """
    sheets = _sheets(reply.blocks, look, final=final)
    return tuple(_post(sheet, buttons(reply.turn, sheet.tables, look, is_last=sheet is sheets[-1])) for sheet in sheets)


def shown(reply: Reply, look: Look, *, page: Page | None = None) -> tuple[Post, ...]:
    """What a press of a button brought. Nothing to press below it, but for a page: other pages."""
    sheets = _sheets(reply.blocks, look, final=True)
    return tuple(_post(sheet, page_buttons(page, sheet.tables, look) if page else ()) for sheet in sheets)


def word_of_netspy(text: str) -> Post:
    """One sentence of netspy's own."""
    return Post(escaped(short(text, MAX_LINE)))


def _sheets(blocks: Sequence[Block], look: Look, *, final: bool) -> list[Sheet]:
    sheets: list[Sheet] = []
    for place, block in enumerate(blocks, 1):
        match block:
            case Prose(markdown):
                say(sheets, pieces(markdown, is_whole=final or place < len(blocks)))
            case Table():
                _add_table(sheets, block, look)
            case Chart():
                put(sheets, chart(block, look))
            case Footer(coverage):
                put(sheets, _lines([footer_line(coverage, zone=look.zone, now=look.now)], sign=QUIET))
            case Notice(level, text):
                sign = QUIET if level == "info" else ""
                put(sheets, _lines(notice_line(level, text).splitlines(), sign=sign))
            case Attachment(name):
                _add_file(sheets, Upload(name, block.body), look)
            case _:
                assert_never(block)
    return sheets


def _add_table(sheets: list[Sheet], table: Table, look: Look) -> None:
    if sheets and len(sheets[-1].tables) >= MAX_TABLES:
        sheets.append(Sheet())
    file = file_of(table, look)
    all_rows = f"{file.name} has {_all(table)}{len(table.rows):,} rows" if file and look.takes_files else ""
    told = _lines([all_rows], sign=QUIET)
    put(sheets, [*shown_table(table, look), *told])
    sheets[-1].tables.append(table)
    if file:
        _add_file(sheets, file, look)


def _add_file(sheets: list[Sheet], file: Upload, look: Look) -> None:
    if not look.takes_files:
        put(sheets, _lines([f"{file.name} is left out: here I lack the permission Attach Files."], sign=""))
    elif len(file.data) <= MAX_FILE_BYTES:
        attach(sheets, file)
    else:
        put(sheets, _lines([f"{file.name} is larger than Discord takes."], sign=""))


def _lines(lines: Iterable[str], *, sign: str) -> list[Piece]:
    """Lines in which nothing formats."""
    texts = [text for line in lines for text in fold(plain(line).strip()) if text.strip()]
    return [Piece(sign + escaped(text)) for text in texts]


def _all(table: Table) -> str:
    return "all " if len(table.rows) == table.total_rows else "the first "


def _post(sheet: Sheet, below: tuple[Row, ...]) -> Post:
    return Post(sheet.content, tuple(sheet.files), below)
