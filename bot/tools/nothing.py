"""Why nothing was found, and what to run instead: an empty answer that helps. Asks the source at most once more."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from bot.domain.network import Coverage, EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, Filter, GroupField
from bot.tables.text import plain
from bot.tools.asked import Asked, Found
from bot.tools.wording import DAY_S, HOUR_S, behind, counted, target, when

OTHERS = 100
"""Process names that are looked at to find one that was meant."""
NAMED = 3
WIDER_S = (HOUR_S, DAY_S, 7 * DAY_S)

NOUNS: dict[EventKind, str] = {
    "connection": "connection attempt",
    "accept": "accepted connection",
    "drop": "dropped skb",
    "retransmit": "retransmit",
    "reset": "TCP reset",
    "dns": "DNS look-up",
    "listen": "begin or end of a listener",
    "error": "socket error",
    "icmp": "sent ICMP error",
}


async def nothing(source: EbpfSource, asked: Asked, coverage: Coverage, kind: EventKind) -> Found:
    """Call it when nothing matched."""
    said = f"no {NOUNS[kind]}s{behind('by', asked.arguments)} {when(asked)}."
    if is_narrowed(asked.filter):
        why = await _others(source, asked, kind)
    else:
        why = f"{_hidden(asked, coverage, kind)} {_wider(asked)}"
    return Found(f"{said} {why}".strip(), (), coverage)


def is_narrowed(wanted: Filter) -> bool:
    """Whether more than noise is left out."""
    return replace(wanted, failed_local_lookups=False, harmless=True) != Filter()


async def _others(source: EbpfSource, asked: Asked, kind: EventKind) -> str:
    everyone = Filter(failed_local_lookups=asked.arguments.include_local)
    of_one = bool(target(asked.arguments))
    field: GroupField = "process" if of_one else "destination"
    query = Aggregate(kind=kind, window=asked.window, filter=everyone, group_by=(field,), top=OTHERS)
    found = await source.aggregate(query)
    if not found.groups:
        return f"Nothing was seen {'of other processes' if of_one else 'elsewhere'} either. {_wider(asked)}"
    count = found.coverage.matched
    others = "by other processes" if of_one else "otherwise"
    names = [plain(str(group.key[0])) for group in found.groups]
    more = f" and {found.total - NAMED} more" if found.total > NAMED else ""
    seen = f"{counted(count, NOUNS[kind])} {others} {_were(count)} seen: {', '.join(names[:NAMED])}{more}."
    return f"{seen} {_other_name(asked, names) or _wider(asked)}"


def _other_name(asked: Asked, seen: Sequence[str]) -> str:
    """The same for the name that was probably meant."""
    meant = (asked.arguments.process_name or "").strip("*?")
    near = get_close_matches(meant, seen, n=1)
    return f"Did you mean `{asked.command_with({'process_name': near[0]})}`?" if near else ""


def _hidden(asked: Asked, coverage: Coverage, kind: EventKind) -> str:
    hidden = hidden_lookups(asked, coverage) if kind == "connection" else 0
    if not hidden:
        return ""
    with_local = asked.command_with({"include_local": True})
    return f"{counted(hidden, 'failed look-up')} of local sockets {_were(hidden)} left out: `{with_local}`."


def hidden_lookups(asked: Asked, coverage: Coverage) -> int:
    """Without a filter, failed look-ups of local sockets are all that can be left out; with one it is not known."""
    if coverage.seen is None or is_narrowed(asked.filter) or asked.arguments.include_local:
        return 0
    return max(0, coverage.seen - coverage.matched)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _wider(asked: Asked) -> str:
    longer = next((size_s for size_s in WIDER_S if size_s > asked.window.duration_s), None)
    if longer is None:
        return ""
    return f"Try `{asked.command_with({'duration': longer, 'since': None, 'until': None})}`"
