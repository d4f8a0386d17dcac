"""A table as CSV (RFC 4180) with exact values, for spreadsheets and scripts. Pure; renderers call it."""

import csv
from datetime import UTC, datetime
from io import StringIO

from bot.domain.table import Cell, Column, Table
from bot.tables.text import plain

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  these are meant


def to_csv(table: Table) -> str:
    r"""A header such as `waited (us)`, then one record a row, each ended by CRLF.

    Numbers are exact and in the column's unit, times RFC 3339 in UTC, unknown cells empty. Text that a spreadsheet
    would run as a formula gets an apostrophe in front. Other text is as it was, line breaks and controls too; only a
    lone surrogate is written out (`\udc80`), because no encoding has it.
    """
    lines = StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([_text(_heading(column)) for column in table.columns])
    writer.writerows([[_field(cell) for cell in row] for row in table.rows])
    return lines.getvalue()


def csv_name(label: str) -> str:
    """The name of the file of a table, by its label: `t1.csv`."""
    return f"{plain(label).lower() or 'table'}.csv"


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
    return f"'{encodable}" if encodable.startswith(_FORMULA_STARTS) else encodable
