"""What one question's own words say, apart from what came before it. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from bot.llm.offline.details import detailed, take_earlier
from bot.llm.offline.limits import Limits, take_limits
from bot.llm.offline.names import names_in, take_excluded, take_quoted
from bot.llm.offline.plan import Focus
from bot.llm.offline.scope import DNS, DROP_SUMMARY, EXPLAIN, FAILURES, SUMMARY, Destination, Scope
from bot.llm.offline.signs import Sign, behaviours_in, signs_in
from bot.llm.offline.subjects import is_address, is_code, outcomes_in, take_codes, take_destination, take_pid
from bot.llm.offline.times import Lookback, take_count, take_lookback
from bot.llm.offline.topics import tools_for
from bot.llm.offline.unkept import unkept
from bot.llm.offline.wording import MASK, plain, spelled, take_usual_window

_LOCAL = re.compile(r"\b(?:local|unix)(?: domain)? sockets?\b", re.IGNORECASE)
_NOT_LOCAL = re.compile(r"\b(?:without|except|no|excluding|not)\s+(?:the\s+|any\s+)?(?:local|unix)\b", re.IGNORECASE)
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
    """`seen` are process names from this thread; `behind_another`: it may continue a question before it.

    What was read is masked, so that nothing reads it twice: the order matters.
    """
    usual_s, text = take_usual_window(plain(question))
    excluded, text = take_excluded(text)
    limits, text = take_limits(text)
    quoted, text = take_quoted(text, is_phrase=_is_phrase)
    words = text = spelled(text, frozenset(seen))
    pid, text = take_pid(text)
    errnos, drop_reasons, text = take_codes(text)
    earlier_s, text = take_earlier(text, usual_s) if "changed" in signs_in(text) else (None, text)
    lookback, text = take_lookback(text, now=now, zone=zone)
    destination, text = take_destination(text)
    signs = signs_in(_LOCAL.sub(MASK, text))
    if errnos:
        signs |= frozenset[Sign]({"fail"})
    count, text = take_count(text)
    guessed, is_guess = names_in(text, seen=seen, is_follow_up=behind_another and not _is_request(signs))
    names = quoted or guessed
    names = tuple(dict.fromkeys(map(_as_recorded, names)))
    has_subject = bool(names) or pid is not None or limits != Limits(protocol=limits.protocol)
    is_ranking = not has_subject and "fail" in signs and bool(_RANKED.search(words))
    focus = replace(
        _focus(words, destination, signs),
        errnos=errnos,
        drop_reasons=drop_reasons,
        top=count or TOP if is_ranking else None,
    )
    tools = _tools(focus, signs) or tools_for(signs, has_process=has_subject, has_destination=destination is not None)
    where, port = destination.limits if destination else (None, None)
    scope = Scope(
        process=limits.process or (names[0] if names else None),
        pid=pid,
        uid=limits.uid,
        destination=where,
        port=port,
        protocol=limits.protocol,
        direction="in" if "incoming" in signs else None,
        node=limits.node,
        namespace=limits.namespace,
        pod=limits.pod,
        container=limits.container,
        duration_s=lookback.duration_s or usual_s,
        since=_rfc3339(lookback, 0),
        until=_rfc3339(lookback, 1),
        max_events=None if is_ranking else count,
        include_local=bool(_LOCAL.search(words)) and not _NOT_LOCAL.search(words),
        reason=min(drop_reasons) if len(drop_reasons) == 1 else None,
        earlier_s=earlier_s,
    )
    if tools[:1] == (DNS,):
        scope, focus = of_names(scope, focus)
    return Reading(
        text=text,
        scope=detailed(scope, text, tools, signs),
        focus=focus,
        signs=signs,
        tools=tools,
        everyone=not has_subject and bool(_EVERYONE.search(words)),
        connects=bool(_CONNECTIVE.search(words)),
        refers=bool(_PRONOUN.search(words)),
        is_short=len(words.split()) == 1 or (len(words.split()) == 2 and words.endswith("?")),
        is_guess=is_guess and not quoted,
        notes=(*lookback.notes, *_left_out(excluded, names), *unkept(words)),
    )


def _rfc3339(lookback: Lookback, end: int) -> str | None:
    return f"{lookback.ends[end].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if lookback.ends else None


def of_names(scope: Scope, focus: Focus) -> tuple[Scope, Focus]:
    """A name is what is looked up; an address is a resolver's."""
    if scope.process and "*" in scope.process and "." in scope.process:
        scope = replace(scope, process=None, lookup=scope.process)
    host = focus.destination.host if focus.destination else None
    if host is None or is_address(host):
        return scope, focus
    return replace(scope, lookup=host, destination=None, port=None), replace(focus, destination=None)


def _tools(focus: Focus, signs: frozenset[Sign]) -> tuple[str, ...]:
    """The tools of what only they can tell."""
    if focus.drop_reasons and not signs & {"trend", "changed"}:
        is_asked_what = signs & {"meaning", "why"} and len(focus.drop_reasons) == 1
        return (EXPLAIN, DROP_SUMMARY) if is_asked_what else (DROP_SUMMARY,)
    return (FAILURES, SUMMARY) if focus.top else ()


def _focus(words: str, destination: Destination | None, signs: frozenset[Sign]) -> Focus:
    return Focus(
        destination=destination,
        outcomes=outcomes_in(words),
        slow="slow" in signs,
        resets="reset" in signs,
        counts=bool(_NUMBER_ASKED.search(words)),
        source="source" in signs,
        behaviours=behaviours_in(words) if "pattern" in signs or "top_destinations" in signs else frozenset(),
    )


def _as_recorded(name: str) -> str:
    """The kernel keeps the beginning of a long name, and so events have no more of it."""
    return name.encode()[:COMM_BYTES].decode(errors="ignore")


def _is_phrase(quoted: str) -> bool:
    """A quoted error message is no process."""
    return is_code(quoted) or (" " in quoted and bool(signs_in(quoted) & {"fail", "symptom", "drop"}))


def _is_request(signs: frozenset[Sign]) -> bool:
    return bool(signs & _REQUESTS)


def _left_out(excluded: str | None, names: tuple[str, ...]) -> tuple[str, ...]:
    notes: list[str] = []
    if excluded:
        notes.append(f"no tool can leave out one process, so {excluded!r} is in the tables too")
    if len(names) > 1:
        notes.append(f"one question takes one process: ask again for {names[1]!r}")
    return tuple(notes)
