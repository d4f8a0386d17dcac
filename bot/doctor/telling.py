"""A diagnosis as a table for people, and as JSON for machines. Pure."""

import json
from dataclasses import asdict

from adapters.terminal.render import Look, fold, render
from bot.doctor.examining import Diagnosis
from bot.domain.ports import Check
from bot.domain.table import Column, Table

_COLUMNS = (Column("part", "id"), Column("state", "id"), Column("detail, and what to do"))
_GAPS = 4
"""Cells between three columns."""
_NARROWEST = 12


def report(found: Diagnosis, look: Look) -> str:
    """A table that is folded rather than cut, and a line for what is off."""
    heads = (_COLUMNS[0].name, *(check.part for check in found.parts)), ("warning",)
    room = look.width - _GAPS - sum(max(map(len, names)) for names in heads)
    rows = [row for check in found.parts for row in _rows(check, max(room, _NARROWEST))]
    text = render([Table("netspy doctor", _COLUMNS, tuple(rows), len(rows))], look)
    off = [f"off: {part} (set {by})" for part, by in found.off.items()]
    return text + "".join(f"{line}\n" for told in off for line in fold(told, look.width, indent="  "))


def as_json(found: Diagnosis) -> str:
    said = {"parts": [asdict(check) for check in found.parts], "off": dict(found.off)}
    return json.dumps(said, indent=2) + "\n"


def _rows(check: Check, room: int) -> list[tuple[str, str, str]]:
    """One part: its detail with the name of the case, and below it what to do, in lines of `room` cells."""
    lines = fold(f"{check.detail} [{check.finding}]" if check.finding else check.detail, room)
    if check.remedy and check.state != "ok":
        lines += fold(f"to do: {check.remedy}", room, indent="  ")
    heads = [(check.part, check.state), *[("", "")] * (len(lines) - 1)]
    return [(part, state, line) for (part, state), line in zip(heads, lines, strict=True)]
