"""Why nothing was found, and what to run instead: an empty answer that helps. Asks the source at most once more."""

from dataclasses import replace

from bot.commands import nearest
from bot.domain.network import Coverage, EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, Filter
from bot.tables.text import plain
from bot.tools.asked import Asked, Found
from bot.tools.wording import DAY_S, HOUR_S, counted, span, target

OTHERS = 100
"""Process names that are looked at to find one that was meant."""
NAMED = 3
WIDER_S = (HOUR_S, DAY_S, 7 * DAY_S)

_NOUNS: dict[EventKind, str] = {"connection": "connection attempt", "drop": "dropped skb"}


async def nothing(source: EbpfSource, asked: Asked, coverage: Coverage, kind: EventKind) -> Found:
    """Call it when nothing matched."""
    by = target(asked.arguments)
    said = f"no {_NOUNS[kind]}s {f'by {by} ' if by else ''}in the last {span(asked.arguments.duration_s)}."
    why = await _others(source, asked, kind) if by else _hidden(asked, coverage, kind)
    return Found(" ".join(part for part in (said, why, _wider(asked)) if part), (), coverage)


async def _others(source: EbpfSource, asked: Asked, kind: EventKind) -> str:
    everyone = Filter(failed_local_lookups=asked.arguments.include_local)
    query = Aggregate(kind=kind, window=asked.window, filter=everyone, group_by=("process",), top=OTHERS)
    found = await source.aggregate(query)
    if not found.groups:
        return "Nothing was seen of other processes either."
    seen = f"{counted(found.coverage.matched, _NOUNS[kind])} by other processes {_were(found.coverage.matched)} seen"
    names = [plain(str(group.key[0])) for group in found.groups]
    hint = nearest(asked.arguments.process_name or "", names)
    return f"{seen}: {', '.join(names[:NAMED])}; {hint}" if hint else f"{seen}: {', '.join(names[:NAMED])}."


def _hidden(asked: Asked, coverage: Coverage, kind: EventKind) -> str:
    """Without a target only failed look-ups of local sockets can have been left out."""
    hidden = (coverage.seen or 0) - coverage.matched
    if kind != "connection" or hidden <= 0 or asked.arguments.include_local:
        return ""
    with_local = asked.command_with(replace(asked.arguments, include_local=True))
    return f"{counted(hidden, 'failed look-up')} of local sockets {_were(hidden)} left out: `{with_local}`."


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _wider(asked: Asked) -> str:
    longer = next((size_s for size_s in WIDER_S if size_s > asked.arguments.duration_s), None)
    return f"Try `{asked.command_with(replace(asked.arguments, duration_s=longer))}`" if longer else ""
