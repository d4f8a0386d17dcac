"""Which connection attempts failed, and how: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.domain.errors import CannotAnswer
from bot.domain.network import FAILED_OUTCOMES, UNDECIDED_OUTCOMES, Coverage, Outcome
from bot.domain.ports import EbpfSource
from bot.domain.query import Group, Groups, Measure
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found
from bot.tools.columns import Field, field, tabulate, text_of
from bot.tools.nothing import nothing
from bot.tools.seen_here import SeenHere, seen_here
from bot.tools.wording import behind, counted, when


async def find_failures(source: EbpfSource, asked: Asked) -> Found:
    """Failed attempts by process, destination, outcome and errno, the most frequent first. Raises: CannotAnswer."""
    sought = asked.arguments.outcome
    outcomes = frozenset({sought}) if sought else FAILED_OUTCOMES
    totals = await source.aggregate(asked.aggregate("connection", "outcome"))
    if "outcome" in totals.coverage.unknown:
        raise _no_outcomes(totals.coverage)
    if not totals.groups:
        return await nothing(source, asked, totals.coverage, "connection")
    if events_with(totals.groups, outcomes) == 0:
        return Found(_none_failed(asked, totals), (), replace(totals.coverage, matched=0))
    worst = await source.aggregate(
        asked.aggregate(
            "connection",
            *("process", "destination", "outcome", "errno", "name"),
            wanted=replace(asked.filter, outcomes=outcomes, errno=asked.arguments.errno),
            measures=(Measure("p50", "waited_us"),),
            top=asked.arguments.max_events,
        )
    )
    if not worst.groups:
        return Found(_none_failed(asked, totals), (), worst.coverage)
    tables = tabulate(
        "Failed connection attempts",
        _fields(await seen_here(source, asked)),
        worst.groups,
        total_rows=worst.total,
        unknown=worst.coverage.unknown,
    )
    return Found(_failure_sentence(asked, totals, worst), tables, worst.coverage)


_UNSENT = frozenset({Outcome.NO_ROUTE, Outcome.NO_PORTS})
"""Of these no packet was ever on its way."""


def _fields(seen: SeenHere) -> tuple[Field[Group], ...]:
    """In order of what an on-call engineer needs first; what is spare gives way on a narrow screen."""

    def cause(group: Group) -> str | None:
        was_reset = group.key[2] == Outcome.RESET
        return None if group.key[2] in _UNSENT else seen.at(text_of(group.key[1]), was_reset=was_reset)

    return (
        field("process", lambda group: text_of(group.key[0])),
        field("destination", lambda group: text_of(group.key[1]), kind="address"),
        field("outcome", lambda group: text_of(group.key[2]), needs="outcome"),
        field("errno", lambda group: text_of(group.key[3]), kind="id", needs="errno", spare=True),
        field("attempts", lambda group: group.count, kind="integer"),
        field("p50 wait", lambda group: group.values[0], kind="decimal", unit="us"),
        field("seen here", cause, remark=True),
        field("last", lambda group: group.last, kind="time", spare=True),
        field("name", lambda group: text_of(group.key[4]), kind="address", spare=True, remark=True),
    )


def events_with(groups: Sequence[Group], outcomes: Collection[str]) -> int:
    """Events of groups whose key ends with one of these outcomes."""
    return sum(group.count for group in groups if group.key[-1] in outcomes)


def _failure_sentence(asked: Asked, totals: Groups, worst: Groups) -> str:
    by = behind("by", asked.arguments)
    failed = worst.coverage.matched
    said = f"{human_count(failed)} of {counted(totals.coverage.matched, 'attempt')}{by} {_failed(asked)}"
    first = worst.groups[0]
    process, destination, outcome = (plain(str(part)) for part in first.key[:3])
    return f"{said}; most: {process} to {destination}, {outcome} ({human_count(first.count)})"


def _none_failed(asked: Asked, totals: Groups) -> str:
    by = behind("by", asked.arguments)
    attempts = counted(totals.coverage.matched, "attempt")
    undecided = events_with(totals.groups, UNDECIDED_OUTCOMES)
    rest = f"; the outcome of {human_count(undecided)} is not known" if undecided else ""
    what = f"none with {_narrowed(asked)}" if _narrowed(asked) else "no failure"
    return f"{what} in {attempts}{by} {when(asked)}{rest}"


def _failed(asked: Asked) -> str:
    return f"failed with {_narrowed(asked)}" if _narrowed(asked) else "failed"


def _narrowed(asked: Asked) -> str:
    given = (f"'{asked.arguments.outcome}'" if asked.arguments.outcome else "", asked.arguments.errno or "")
    return plain(" and ".join(each for each in given if each))


def _no_outcomes(coverage: Coverage) -> CannotAnswer:
    return CannotAnswer(
        "find_failures",
        f"this server ({coverage.source}) records no return codes, so a refused connect looks like one that succeeded",
        "summary and list work here; run netspy collect in its place to record outcomes",
    )
