"""What a question asks for and no tool can do, as the clauses that lead the answer. Pure; `reading.py` calls it."""

import re

from bot.llm.offline.plan import Destination

_DNS_PORT = 53


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _not_limited(what: str) -> str:
    return f"no tool can be limited to {what}, so the answer is about all of them"


_UNKEPT: tuple[tuple[re.Pattern[str], str], ...] = (
    (_pattern(r"\b(?:user|uid)\s+[\w-]+|\broot's\b"), _not_limited("one user")),
    (
        _pattern(r"\b(?:node|namespace|pod|container|cgroup)\s+[\w.-]*[\d-][\w.-]*"),
        _not_limited("one node, pod or container"),
    ),
    (
        _pattern(
            r"\b(?:interface\s+\w+|(?:on|is|of|for|through|via)\s+(?:eth|ens|enp|wlan|bond|veth|br|docker)[\w-]*\d)\b"
        ),
        _not_limited("one interface"),
    ),
    (
        _pattern(r"\bwhat does this mean, and what should be checked next\b"),
        "a text can't be explained without a language model, so this is what the events say now",
    ),
    (_pattern(r"\budp\b"), _not_limited("one protocol")),
    (_pattern(r"\bipv?[46]\b"), _not_limited("one IP version")),
    (
        _pattern(r"\b(?:bytes|bandwidth|throughput|[kmg]i?b(?:it)?s?(?:/s|ps)?)\b|\bhow much (?:data|traffic)\b"),
        "no tool counts bytes: attempts to connect and dropped packets are all that is counted",
    ),
    (
        _pattern(r"\binternet\b"),
        "no tool tells whether the internet can be reached, only how the attempts of this host's programs ended",
    ),
    (_pattern(r"\b(?:which|what) (?:node|pod|container)s?\b"), "no tool tells the node, pod or container of an event"),
    (
        _pattern(r"\b(?:inbound|incoming|ingress)\b"),
        "connections that come in are not recorded, only attempts to connect from here",
    ),
)
_NO_NUMBER = re.compile(
    r"(?<![\w.:-])(?P<what>(?:-\s?\d+(?:\.\d+)?|0+(?:\.0+)?)\s*-?(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?))\b"
    r"|\b(?:top|last|first|newest|latest|list|show)\s+(?:me\s+|the\s+)*(?P<count>-\d+|0+)(?![\w.:]|\s+(?:s|m|h|d)\w*)"
    r"|\b(?P<pid>pid\s+-\d+)",
    re.IGNORECASE,
)


def unkept(text: str, destination: Destination | None) -> tuple[str, ...]:
    """The clauses for a question, in the order of the table."""
    said = [clause for pattern, clause in _UNKEPT if pattern.search(text)]
    if destination is not None and destination.port == _DNS_PORT:
        said.append("whether DNS queries are answered can't be told: of UDP no outcome is recorded, only of TCP")
    bad = _NO_NUMBER.search(text)
    if bad:
        what = next(filter(None, bad.groups()))
        said.append(f"“{what}” can't be asked for: times and counts are above zero, so the usual one is used")
    return tuple(said)
