"""A table as CSV (RFC 4180) with exact values, for spreadsheets and scripts. Pure; renderers call it."""

import csv
import re
from datetime import UTC, datetime
from io import StringIO

from bot.domain.table import Cell, Column, Table
from bot.tables.text import plain

_UNSEEN = r"[\s\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*"
"""What spreadsheets pass over before they look whether a cell is a formula."""
_FORMULA = re.compile(rf"(?:\A|(?<=[;\t\r\n]))(?={_UNSEEN}[=+\-@＝＋－＠])|\A(?=[\t\r\n])")  # noqa: RUF001  these are meant
"""Where a formula would begin: in the cell, and in the next one, where a spreadsheet's own language parts them by `;`.

https://owasp.org/www-community/attacks/CSV_Injection
"""
_NOT_IN_NAMES = re.compile(r"[^\w-]+")
_LONGEST_NAME = 60


def to_csv(table: Table) -> str:
    r"""A header such as `waited (us)`, then one record a row, each ended by CRLF.

    Numbers are exact and in the column's unit, times RFC 3339 in UTC, unknown cells empty. Text that a spreadsheet
    would run as a formula gets an apostrophe in front of that. Other text is as it was, line breaks and controls too;
    only a lone surrogate is written out (`\udc80`), because no encoding has it.
    """
    lines = StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([_text(_heading(column)) for column in table.columns])
    writer.writerows([[_field(cell) for cell in row] for row in table.rows])
    return lines.getvalue()


def csv_name(label: str) -> str:
    """The name of the file of a table, by its label: `t1.csv`. No path, whatever the label."""
    return f"{_NOT_IN_NAMES.sub('-', plain(label).lower()).strip('-')[:_LONGEST_NAME] or 'table'}.csv"


def _heading(column: Column) -> str:
    return f"{column.name} ({column.unit})" if column.unit else column.name


def _field(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return _text(cell)
        case datetime():
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return str(cell)


def _text(text: str) -> str:
    encodable = text.encode(errors="backslashreplace").decode()
    return _FORMULA.sub("'", encodable)
