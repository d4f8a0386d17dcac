"""Which tools a question asks for, from the signs in its words. Pure."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from bot.llm.offline.plan import CAUSE, DOING, HANGING, HAPPENING, REACH, SPEED, SYSTEM, TOWARDS, TROUBLE
from bot.llm.offline.scope import (
    COMPARE,
    DNS,
    DROP_LIST,
    DROP_SUMMARY,
    FAILURES,
    HEALTH,
    LATENCY,
    LIST,
    PATTERNS,
    SOCKETS,
    SOURCE,
    SUMMARY,
    TALKERS,
    TREND,
)
from bot.llm.offline.signs import Sign

_OF_ONE_KIND: tuple[tuple[Sign, str], ...] = (
    ("source", SOURCE),
    ("trend", TREND),
    ("changed", COMPARE),
    ("dns", DNS),
    ("sockets", SOCKETS),
    ("reset", HEALTH),
    ("resent", HEALTH),
    ("talkers", TALKERS),
    ("incoming", LIST),
)
"""What one tool tells and no other; the first sign that is there decides."""


def tools_for(signs: AbstractSet[Sign], *, has_process: bool, has_destination: bool) -> tuple[str, ...]:
    """The tools that the signs ask for, in the order of their tables; empty when they ask for none."""
    special = _of_one_kind(signs)
    if special:
        return special
    failing = _failure_tools(signs, has_process=has_process, has_destination=has_destination)
    dropping = _drop_tools(signs, of_one=has_process or has_destination)
    if failing or dropping:
        connections = (LIST,) if not failing and "list_drops" in signs and _speaks_of_both(signs) else ()
        return _merged(failing, connections, dropping, (PATTERNS,) if "pattern" in signs else ())
    if "pattern" in signs or "top_destinations" in signs:
        return (PATTERNS,)
    if _asks_for_all(signs, has_process=has_process):
        return SYSTEM
    return _connection_tools(signs, has_process=has_process, has_destination=has_destination)


def _of_one_kind(signs: AbstractSet[Sign]) -> tuple[str, ...]:
    """The tool of one kind of question, and those that tell what else belongs to it."""
    is_about_trouble = signs & {"fail", "symptom", "slow", "drop", "pattern"}
    tool = next((tool for sign, tool in _OF_ONE_KIND if sign in signs), "")
    if not tool or (tool in {TALKERS, LIST} and is_about_trouble):
        return ()
    return _merged((tool,), tuple(_beside(tool, signs)))


def _beside(tool: str, signs: AbstractSet[Sign]) -> Iterator[str]:
    if "slow" in signs and tool == COMPARE:
        yield LATENCY
    if tool in {SOURCE, LIST}:
        return
    if signs & {"fail", "symptom", "hang"} or (tool == HEALTH and "reset" in signs) or (tool == DNS and "why" in signs):
        yield FAILURES
    if (tool == HEALTH and "reset" not in signs) or ("drop" in signs and tool in {DNS, SOCKETS, HEALTH}):
        yield DROP_SUMMARY


def _failure_tools(signs: AbstractSet[Sign], *, has_process: bool, has_destination: bool) -> tuple[str, ...]:
    asks_to_reach = "reach" in signs or "symptom" in signs or {"fail", "why"} <= signs or "trouble" in signs
    if "slow" in signs or ("hang" in signs and signs & {"symptom", "why"}):
        return SPEED if "slow" in signs else HANGING
    if has_destination and asks_to_reach:
        return REACH
    if "dropped_connections" in signs:
        return (FAILURES,)
    if "count" in signs and signs & {"fail", "symptom"} and "why" not in signs:
        return (FAILURES,) if has_destination else (FAILURES, SUMMARY)
    asks_of_one = "why" in signs or "trouble" in signs or ("reach" in signs and "whom" not in signs)
    of_one = has_process and asks_of_one and "drop" not in signs
    if of_one or "symptom" in signs or {"fail", "why"} <= signs:
        return TROUBLE if of_one and "trouble" in signs else CAUSE
    return (FAILURES,) if "fail" in signs or {"trouble", "connection"} <= signs else ()


def _drop_tools(signs: AbstractSet[Sign], *, of_one: bool) -> tuple[str, ...]:
    """What one connection loses is sent again, which tells more than drops, and from both of its ends."""
    if "drop" not in signs:
        return ()
    if "loss" in signs and (of_one or "connection" in signs) and "dropped_connections" not in signs:
        return (HEALTH, DROP_SUMMARY)
    one_by_one = "list_drops" in signs and not signs & {"count", "ranking", "why"}
    return (DROP_LIST,) if one_by_one and "dropped_connections" not in signs else (DROP_SUMMARY,)


def _connection_tools(signs: AbstractSet[Sign], *, has_process: bool, has_destination: bool) -> tuple[str, ...]:
    if has_destination and signs & {"count", "ranking", "made", "connection", "whom", "reach", "list"}:
        return TOWARDS
    if signs & {"count", "ranking", "made"}:
        return (SUMMARY,)
    if "doing" in signs and not has_destination:
        return DOING if has_process else HAPPENING
    if "connection" in signs or "whom" in signs:
        return (LIST,) if signs & {"list", "whom"} else (SUMMARY,)
    return (SUMMARY,) if "network" in signs else ()


def _asks_for_all(signs: AbstractSet[Sign], *, has_process: bool) -> bool:
    if signs & {"count", "ranking"}:
        return False
    return "survey" in signs or ("trouble" in signs and not has_process and "connection" not in signs)


def _speaks_of_both(signs: AbstractSet[Sign]) -> bool:
    return "connection" in signs and "dropped_connections" not in signs


def _merged(*groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tool for group in groups for tool in group))
