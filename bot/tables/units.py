"""Raw values as people read them. The exact value stays in the table; nothing is computed from these texts.

One decimal below ten, whole numbers above: two digits that can be trusted, in as little room as possible. Sizes are IEC
(1 KiB = 1024 B). Called by the layout, and by whoever names a value in prose.
"""

from datetime import datetime, tzinfo

from bot.domain.table import Cell, Column
from bot.tables.text import plain

UNKNOWN = "-"

_LARGEST = 1e18
"""No measurement is larger; beyond it (and for nan) a number is shown as it is."""


def cell_text(cell: Cell, column: Column, *, zone: tzinfo, now: datetime) -> str:
    """One cell on one line, harmless whatever it holds; `-` where the value is not known. Times are told in `zone`."""
    match cell:
        case None:
            return UNKNOWN
        case str():
            return plain(cell)
        case datetime():
            return human_time(cell, zone=zone, now=now)
        case _:
            return number_text(cell, column)


def human_time(time: datetime, *, zone: tzinfo, now: datetime) -> str:
    """`HH:MM:SS` in `zone`, with the date in front when that is not the day of `now` there."""
    local = time.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return local.strftime("%H:%M:%S") if is_today else local.strftime("%Y-%m-%d %H:%M:%S")


def human_duration(microseconds: float) -> str:
    """`40 us`, `0.3 ms`, `2.0 s`, `1 min 4 s`, `3 h 20 min`, `2 d 4 h`."""
    us = abs(microseconds)
    sign = "-" if microseconds < 0 else ""
    if us < 99.5:
        return f"{sign}{_short(us)} us"
    if us < 999_500:
        return f"{sign}{_short(us / 1e3)} ms"
    if us < 59_500_000:
        return f"{sign}{_short(us / 1e6)} s"
    return sign + _long_duration(us / 1e6)


def human_bytes(count: float) -> str:
    """`512 B`, `1.5 KiB`, `20 MiB`."""
    size = abs(count)
    sign = "-" if count < 0 else ""
    if size < 1023.5:
        return f"{sign}{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1023.5:
            return f"{sign}{_short(size)} {unit}"
    return f"{sign}{_short(size / 1024)} PiB"


def human_count(count: float) -> str:
    """`1,234`; a fraction keeps two decimals, and the first digits that are not zero."""
    if count == int(count):
        return f"{int(count):,}"
    return f"{count:,.2f}" if abs(count) >= 0.01 else f"{count:.1g}"


def human_percent(percent: float) -> str:
    """`12.5%`; never rounded to none or to all."""
    if 0 < percent < 0.05:
        return "<0.1%"
    if 99.95 <= percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%"


def number_text(value: float, column: Column) -> str:
    if not -_LARGEST < value < _LARGEST:
        return str(value)
    match column.unit:
        case "us":
            return human_duration(value)
        case "s":
            return human_duration(value * 1e6)
        case "bytes":
            return human_bytes(value)
        case "percent":
            return human_percent(value)
        case None:
            return human_count(value) if column.kind in ("integer", "decimal") else str(value)


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _long_duration(seconds: float) -> str:
    """The two largest units, without a second one that is zero."""
    s = round(seconds)
    if s < 3600:
        return _pair(s // 60, "min", s % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return _pair(minutes // 60, "h", minutes % 60, "min")
    hours = round(seconds / 3600)
    return _pair(hours // 24, "d", hours % 24, "h")


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large:,} {large_unit} {small} {small_unit}" if small else f"{large:,} {large_unit}"
