"""Which tools a question asks for, from the signs in its words. Pure; the table of signs is where it learns more."""

import re
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias

from bot.llm.offline.plan import (
    CAUSE,
    DOING,
    DROP_LIST,
    DROP_SUMMARY,
    FAILURES,
    HAPPENING,
    LIST,
    PATTERNS,
    REACH,
    SUMMARY,
    SYSTEM,
    TOWARDS,
)

Sign: TypeAlias = Literal[
    "fail", "symptom", "slow", "why", "drop", "dropped_connections", "list", "list_drops", "count", "ranking",
    "connection", "whom", "made", "pattern", "top_destinations", "survey", "trouble", "doing", "reach", "network",
    "again", "more", "source",
]  # fmt: skip

_NOT = r"(?:not|n't|cannot|never|no longer|unable to|stopped)"
_SHOW = "list.. | show.. | display | print | latest | newest | recent.. | last | details? | events? | raw"
_WHAT = "destinations? | hosts? | servers? | targets? | ips? | ports? | address.."


def _any(*words: str) -> str:
    """A pattern for any of the words and phrases, which ` | ` divides; `..` is the rest of a word."""
    alternatives = "|".join(" | ".join(words).split(" | ")).replace("..", r"\w*")
    return rf"\b(?:{alternatives})(?!\w)"


_BEHAVIOURS = {
    "Bursts": _any("bursts? | bursty | spikes? | spiky"),
    "Periodic calls": _any("periodic.. | beacon.. | regularly | interval.. | call.. home | every (?:\\d+|minute|hour)"),
    "Fan-out": _any("fan(?:s|ning)?[ -]?out | scan.."),
    "Repeated destinations": _any("repeated | repeatedly"),
    "New destinations": _any("new(?:ly seen)? (?:destination|host|address|peer|target).."),
}
"""What to call a behaviour, by the title of its table."""
_SIGNS: dict[Sign, str] = {
    "fail": _any(
        "fail.. | errors? | refus.. | reject.. | denied | time[ds]?[ -]?outs? | unreachable | unanswered | broken?",
        "break.. | flaky | outages? | unsuccessful.. | reset | resets | resetting",
        "no (?:reply|replies|answers?|responses?|route)",
        "gave up | exhausted",
    ),
    "symptom": _any(
        "hang.. | hung | stuck | tim(?:e|es|ed|ing)[ -]out | down | dead | block.. | unresponsive | unable",
        "firewall.. | can't | can not | couldn't | cannot | could not | won't",
    )
    + rf"|{_NOT} (?:work|connect|respond|reach|get|resolv|open|talk|answer)",
    "slow": _any(
        "slow.. | latency | latencies | lag | lags | laggy | lagging | sluggish | delay.. | handshakes? | rtts?",
        "performance | forever | response times? | how fast | speed | how long | longer | longest",
        "tak(?:es|ing) (?:so |too )?long",
    ),
    "why": _any("why | reasons? | cause | causes | caused | causing | wrong with | explain | debug | troubleshoot.."),
    "drop": _any(
        "drop | drops | droplist | dropsummary | dropped | dropping | loss | losses",
        "discard.. | skbs? | (?:packets?|skbs?) (?:\\w+ )?lost",
        "(?:lose|loses|losing|lost) (?:\\w+ )?(?:packets?|skbs?|traffic)",
    ),
    "dropped_connections": _any(
        "drop.. connections? | connections? (?:(?:are|is|were|getting|being|get|got|keep) )*drop.."
    ),
    "list": _any(_SHOW, "which | give | connections?"),
    "list_drops": _any(_SHOW, "droplist"),
    "count": _any(
        "how (?:many|much|often) | counts? | number of | totals? | summar.. | overview | stats | statistics | rates?",
        "ratio | percent.. | share",
    ),
    "ranking": _any(
        "most(?! recent) | busiest | talkers? | reasons? | by (?:process|outcome|reason)..",
        "top(?=.*(?:process|connection|reason))",
    ),
    "connection": _any(
        "conns? | connect.. | attempts? | traffic | sockets? | sessions? | flows? | talk.. | contact..",
        "outbound | outgoing",
    ),
    "whom": _any(
        f"(?:what|which|the|its|their) (?:\\w+ )?destinations? | (?:what|whom?|where|which (?:{_WHAT})).*(?:connect"
        "|talk|contact|reach|call|going).."
    ),
    "made": _any("made(?! by) | makes? | making"),
    "pattern": _any(
        "patterns? | behav.. | unusual.. | weird.. | suspicious.. | anomal.. | abnormal.. | strange.. | odd | oddly",
        "trends? | attack.. | intru.. | malware | exfiltrat.. | compromised | hacked",
    )
    + "|"
    + "|".join(_BEHAVIOURS.values()),
    "top_destinations": _any(
        f"(?:top|most|frequent|common).*(?:{_WHAT})",
        f"(?:{_WHAT}).*(?:most(?! recent)|frequent|often)..",
    ),
    "survey": _any(
        "analy[sz]e | anali[sz]e | analysis | check | review | inspect | investigate | examine | audit",
        "diagnose | assess | worry | worried | worrying",
        "look at | report | health.. | status | full picture | show (?:me )?everything | normal",
        "how (?:is|are) (?:the|my|our) (?:\\w+ )?(?:network|system|host|server|machine|connections?)",
    ),
    "trouble": _any(
        "issues? | problems? | troubles? | wrong | unhealthy | bad",
        "(?:is|are|does|do|everything|all|looks?)\\b.*\\b(?:ok|okay|fine|alright|working|works?)",
    ),
    "doing": _any(
        "doing | up to | happen.. | going on | what'?s up | how is | how's | activity | tell me about",
        "what (?:did|does|do) \\S+ do | what \\S+ (?:did|does)",
    ),
    "reach": _any("reach.. | able to connect | (?:can|could|does|did)\\b.*\\bconnect to"),
    "network": _any(
        "network.. | system | hosts? | machine | server | happen.. | going on | traffic | process list",
        "(?:list|show|which)\\b.*\\bprocess(?:es)?",
    ),
    "again": r"^(?!.*\bthan(?:ks?|x)\b).*?"
    + _any(
        "again | re-?run | refresh | any changes? | did (?:it|that|this) (?:help|work)",
        "(?:is|are) (?:it|that|they|this) (?:\\w+ )?(?:better|fixed|ok|okay|fine|gone|good)",
    ),
    "more": _any("more(?! than)"),
    "source": _any(
        "(?:is|are) (?:this|that|it|these|those|they|the data|the numbers) (?:\\w+ )?(?:live|real|fake|recorded"
        "|a recording|simulated)(?: data| numbers?| traffic| events?)?(?=\\W*$)",
        "where (?:is|are|does|do) .*(?:data|numbers?|events?).* (?:from|come)..",
    ),
}
_PATTERNS = {sign: re.compile(pattern, re.IGNORECASE) for sign, pattern in _SIGNS.items()}


def signs_in(text: str) -> frozenset[Sign]:
    return frozenset(sign for sign, pattern in _PATTERNS.items() if pattern.search(text))


def behaviours_in(text: str) -> frozenset[str]:
    """The behaviours that the text asks for by name, as titles of their tables."""
    named = {title for title, pattern in _BEHAVIOURS.items() if re.search(pattern, text, re.IGNORECASE)}
    most_used = {"Repeated destinations"} if _PATTERNS["top_destinations"].search(text) else set[str]()
    return frozenset(named | most_used)


def tools_for(signs: AbstractSet[Sign], *, has_process: bool, has_destination: bool) -> tuple[str, ...]:
    """The tools that the signs ask for, in the order of their tables; empty when they ask for none."""
    if "source" in signs:
        return (SUMMARY,)
    failing = _failure_tools(signs, has_process=has_process, has_destination=has_destination)
    dropping = _drop_tools(signs)
    if failing or dropping:
        connections = (LIST,) if not failing and "list_drops" in signs and _speaks_of_both(signs) else ()
        return _merged(failing, connections, dropping, (PATTERNS,) if "pattern" in signs else ())
    if "pattern" in signs or "top_destinations" in signs:
        return (PATTERNS,)
    if _asks_for_all(signs, has_process=has_process):
        return SYSTEM
    return _connection_tools(signs, has_process=has_process, has_destination=has_destination)


def _failure_tools(signs: AbstractSet[Sign], *, has_process: bool, has_destination: bool) -> tuple[str, ...]:
    asks_to_reach = "reach" in signs or "symptom" in signs or {"fail", "why"} <= signs or "trouble" in signs
    if "slow" in signs or (has_destination and asks_to_reach):
        return REACH
    if "dropped_connections" in signs:
        return (FAILURES,)
    if "count" in signs and signs & {"fail", "symptom"} and "why" not in signs:
        return (FAILURES,) if has_destination else (FAILURES, SUMMARY)
    asks_of_one = "why" in signs or "trouble" in signs or ("reach" in signs and "whom" not in signs)
    of_one = has_process and asks_of_one and "drop" not in signs
    if of_one or "symptom" in signs or {"fail", "why"} <= signs:
        return CAUSE
    return (FAILURES,) if "fail" in signs or {"trouble", "connection"} <= signs else ()


def _drop_tools(signs: AbstractSet[Sign]) -> tuple[str, ...]:
    if "drop" not in signs:
        return ()
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
