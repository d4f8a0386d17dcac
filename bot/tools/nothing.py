"""Why nothing was found, and what to run instead: an empty answer that helps. Asks the source at most once more."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

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
    why = await _others(source, asked, kind) if by else f"{_hidden(asked, coverage, kind)} {_wider(asked)}"
    return Found(f"{said} {why}".strip(), (), coverage)


async def _others(source: EbpfSource, asked: Asked, kind: EventKind) -> str:
    everyone = Filter(failed_local_lookups=asked.arguments.include_local)
    query = Aggregate(kind=kind, window=asked.window, filter=everyone, group_by=("process",), top=OTHERS)
    found = await source.aggregate(query)
    if not found.groups:
        return f"Nothing was seen of other processes either. {_wider(asked)}"
    seen = f"{counted(found.coverage.matched, _NOUNS[kind])} by other processes {_were(found.coverage.matched)} seen"
    names = [plain(str(group.key[0])) for group in found.groups]
    more = f" and {found.total - NAMED} more" if found.total > NAMED else ""
    return f"{seen}: {', '.join(names[:NAMED])}{more}. {_other_name(asked, names) or _wider(asked)}"


def _other_name(asked: Asked, seen: Sequence[str]) -> str:
    """The same for the name that was probably meant."""
    near = get_close_matches(asked.arguments.process_name or "", seen, n=1)
    return f"Did you mean `{asked.command_with(replace(asked.arguments, process_name=near[0]))}`?" if near else ""


def _hidden(asked: Asked, coverage: Coverage, kind: EventKind) -> str:
    hidden = hidden_lookups(asked, coverage) if kind == "connection" else 0
    if not hidden:
        return ""
    with_local = asked.command_with(replace(asked.arguments, include_local=True))
    return f"{counted(hidden, 'failed look-up')} of local sockets {_were(hidden)} left out: `{with_local}`."


def hidden_lookups(asked: Asked, coverage: Coverage) -> int:
    """Without a target, failed look-ups of local sockets are all that can be left out; with one it is not known."""
    targeted = asked.arguments.pid is not None or asked.arguments.process_name is not None
    if coverage.seen is None or targeted or asked.arguments.include_local:
        return 0
    return max(0, coverage.seen - coverage.matched)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _wider(asked: Asked) -> str:
    longer = next((size_s for size_s in WIDER_S if size_s > asked.arguments.duration_s), None)
    return f"Try `{asked.command_with(replace(asked.arguments, duration_s=longer))}`" if longer else ""
