"""The one quiet line under every answer with a table: what it rests on. Pure; renderers call it and wrap it."""

from datetime import datetime, tzinfo
from typing import assert_never

from bot.domain.network import Coverage, Window
from bot.tables.text import plain
from bot.tables.units import human_count, human_time

SECONDS_MATTER_BELOW_S = 120
NODES_BY_NAME = 3


def footer_line(coverage: Coverage, *, zone: tzinfo, now: datetime) -> str:
    """`live | node-a | 14:02-14:07 UTC | 449 matched, 0 lost | find_failures --process checkout`, whatever its length.

    What is not known is left out, but for the fields that this source can't know: those are named.
    """
    parts = [
        _origin(coverage),
        _nodes(coverage.nodes),
        *_reach(coverage, zone=zone, now=now),
        f"cannot know: {', '.join(coverage.unknown)}" if coverage.unknown else "",
        *(note.strip().removesuffix(".") for note in coverage.notes),
        coverage.command,
    ]
    return " | ".join(plain(part) for part in parts if part)


def _origin(coverage: Coverage) -> str:
    match coverage.kind:
        case "server" | "aggregator":
            return coverage.source
        case "live":
            return "live"
        case "recording":
            return f"recording {coverage.source}, not live"
        case "foreign":
            return f"MCP server {coverage.source}"
    assert_never(coverage.kind)


def _nodes(nodes: tuple[str, ...]) -> str:
    return ", ".join(nodes) if len(nodes) <= NODES_BY_NAME else f"{len(nodes)} nodes"


def _reach(coverage: Coverage, *, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    """The window and what it held; of another MCP server's answer only when it was asked is known."""
    if coverage.kind == "foreign":
        asked = coverage.window.until
        return (f"asked {human_time(asked, zone=zone, now=now)} {asked.astimezone(zone):%Z}", _counts(coverage))
    return _window(coverage.window, zone=zone, now=now), _counts(coverage)


def _window(window: Window, *, zone: tzinfo, now: datetime) -> str:
    """Both ends in `zone`: seconds for short windows, the date for every day but today."""
    since, until, today = (time.astimezone(zone) for time in (window.since, window.until, now))
    clock = "%H:%M:%S" if window.duration_s < SECONDS_MATTER_BELOW_S else "%H:%M"
    if since.date() != until.date():
        return f"{since:%Y-%m-%d {clock}} to {until:%Y-%m-%d {clock}} {until:%Z}"
    date = "" if since.date() == today.date() else f"{since:%Y-%m-%d} "
    return f"{date}{since:{clock}}-{until:{clock}} {until:%Z}"


def _counts(coverage: Coverage) -> str:
    what = "rows" if coverage.kind == "foreign" else "matched"
    matched = f"{human_count(coverage.matched)} {what}"
    if coverage.seen is not None and coverage.seen != coverage.matched:
        matched += f" of {human_count(coverage.seen)} seen"
    if 0 < coverage.shown < coverage.matched:
        matched += f", {human_count(coverage.shown)} shown"
    return matched if coverage.lost is None else f"{matched}, {human_count(coverage.lost)} lost"
