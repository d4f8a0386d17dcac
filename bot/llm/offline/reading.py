"""What one question's own words say, apart from what came before it. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from bot.llm.offline.details import detailed
from bot.llm.offline.limits import Limits
from bot.llm.offline.names import names_in
from bot.llm.offline.plan import Focus
from bot.llm.offline.scope import DNS, DROP_SUMMARY, EXPLAIN, FAILURES, SUMMARY, Scope
from bot.llm.offline.signs import Sign, behaviours_in
from bot.llm.offline.subjects import is_address, outcomes_in
from bot.llm.offline.taking import Taken, take
from bot.llm.offline.topics import tools_for
from bot.llm.offline.unkept import unkept

_EVERYONE = re.compile(
    r"\b(?:all|every|any|each|which|what|wich)\s+(?:of\s+)?(?:the\s+|my\s+|our\s+)?(?:process\w*|programs?|them)\b"
    r"|\bevery(?:thing|body|one)\b|\boverall\b"
    r"|\b(?:my|the|our|this|whole|entire)\s+(?:whole\s+|entire\s+)?(?:system|network|machine)\b",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|so|hm+|yes|no|thanks|great|cool)\W+)*"
    r"(?:and|also|what about|how about|same|now|then|but|only|just|plus|instead)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|it's|they|them|those|these|same)\b|\bthat (?:process|one|host|program)\b|\b(?:which|the) ones\b"
    r"|\b(?:is|was|are) that\b|\bthat\W*$|\bdid (?:that|this)\b",
    re.IGNORECASE,
)
_REQUESTS: frozenset[Sign] = frozenset(
    {"fail", "drop", "survey", "pattern", "dns", "talkers", "reset", "resent", "changed", "trend", "sockets", "slow"}
)
_ORDER = re.compile(r"^\W*(?:please\s+)?(?:re)?(?:start|boot|install|configure|delete|flush|fix|mend)\b", re.IGNORECASE)
"""What netspy does not do: it looks, and changes nothing."""
COMM_BYTES = 15
TOP = 3
"""Processes in a ranking that names no number."""
_RANKED = re.compile(
    r"\b(?:top|most|rank\w*|worst)\b.*\bprocess|\bprocess(?:es)?\b.*\b(?:most|worst|ranked)\b"
    r"|\b(?:who|which one)\b.*\bfail\w*\s+(?:the\s+)?most\b",
    re.IGNORECASE,
)
_NUMBER_ASKED = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`tools` is empty where the words ask for none; `everyone` says that no process is meant in particular."""

    text: str
    """What was not read yet."""
    scope: Scope
    focus: Focus
    signs: frozenset[Sign]
    tools: tuple[str, ...]
    everyone: bool
    connects: bool
    """It begins as a continuation does ("and ...", "what about ...")."""
    refers: bool
    """It points at what came before ("its drops", "the same")."""
    is_short: bool
    is_guess: bool
    """The process is but guessed from where its name stands."""
    notes: tuple[str, ...]


def read(question: str, *, seen: Collection[str], behind_another: bool, now: datetime, zone: tzinfo) -> Reading:
    """`seen` are process names from this thread; `behind_another`: it may continue a question before it."""
    taken = take(question, seen=seen, now=now, zone=zone)
    is_follow_up = behind_another and not taken.signs & _REQUESTS
    guessed, is_guess = names_in(taken.text, seen=seen, is_follow_up=is_follow_up)
    names = tuple(dict.fromkeys(map(_as_recorded, taken.quoted or guessed)))
    is_of_some = taken.limits != Limits(protocol=taken.limits.protocol)
    has_subject = bool(names) or taken.pid is not None or is_of_some
    focus = _focus(taken, has_subject=has_subject)
    tools = _tools(taken, focus, has_subject=has_subject)
    scope, focus = _scoped(taken, names, focus, tools)
    return Reading(
        text=taken.text,
        scope=scope,
        focus=focus,
        signs=taken.signs,
        tools=tools,
        everyone=not has_subject and bool(_EVERYONE.search(taken.words)),
        connects=bool(_CONNECTIVE.search(taken.words)),
        refers=bool(_PRONOUN.search(taken.words)),
        is_short=len(taken.words.split()) == 1 or (len(taken.words.split()) == 2 and taken.words.endswith("?")),
        is_guess=is_guess and not taken.quoted,
        notes=(*taken.lookback.notes, *_left_out(taken.excluded, names), *unkept(taken.words)),
    )


def _scoped(taken: Taken, names: Sequence[str], focus: Focus, tools: tuple[str, ...]) -> tuple[Scope, Focus]:
    """What the calls are limited to, and what has to be looked for in what they bring."""
    scope = taken.scope
    scope = replace(
        scope,
        process=scope.process or (names[0] if names else None),
        max_events=None if focus.top else scope.max_events,
    )
    if tools[:1] == (DNS,):
        scope, focus = of_names(scope, focus)
    return detailed(scope, taken.text, tools, taken.signs), focus


def of_names(scope: Scope, focus: Focus) -> tuple[Scope, Focus]:
    """A name is what is looked up; an address is a resolver's."""
    if scope.process and "*" in scope.process and "." in scope.process:
        scope = replace(scope, process=None, lookup=scope.process)
    host = focus.destination.host if focus.destination else None
    if host is None or is_address(host):
        return scope, focus
    return replace(scope, lookup=host, destination=None, port=None), replace(focus, destination=None)


def _tools(taken: Taken, focus: Focus, *, has_subject: bool) -> tuple[str, ...]:
    """The tools of what only they can tell, else those that the signs ask for."""
    if _ORDER.match(taken.words):
        return ()
    if focus.drop_reasons and not taken.signs & {"trend", "changed"}:
        is_asked_what = taken.signs & {"meaning", "why"} and len(focus.drop_reasons) == 1
        return (EXPLAIN, DROP_SUMMARY) if is_asked_what else (DROP_SUMMARY,)
    if focus.top:
        return FAILURES, SUMMARY
    return tools_for(taken.signs, has_process=has_subject, has_destination=taken.destination is not None)


def _focus(taken: Taken, *, has_subject: bool) -> Focus:
    signs, words = taken.signs, taken.words
    is_ranking = not has_subject and "fail" in signs and bool(_RANKED.search(words))
    return Focus(
        destination=taken.destination,
        outcomes=outcomes_in(words),
        errnos=taken.errnos,
        drop_reasons=taken.drop_reasons,
        slow="slow" in signs and "trend" not in signs,
        resets="reset" in signs,
        counts=bool(_NUMBER_ASKED.search(words)),
        top=taken.count or TOP if is_ranking else None,
        source="source" in signs,
        behaviours=behaviours_in(words) if "pattern" in signs or "top_destinations" in signs else frozenset(),
    )


def _as_recorded(name: str) -> str:
    """The kernel keeps the beginning of a long name, and so events have no more of it."""
    return name.encode()[:COMM_BYTES].decode(errors="ignore")


def _left_out(excluded: str | None, names: tuple[str, ...]) -> tuple[str, ...]:
    notes: list[str] = []
    if excluded:
        notes.append(f"no tool can leave out one process, so {excluded!r} is in the tables too")
    if len(names) > 1:
        notes.append(f"one question takes one process: ask again for {names[1]!r}")
    return tuple(notes)
