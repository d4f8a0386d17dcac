"""What a question asks for and no tool can do, as the clauses that lead the answer. Pure; `reading.py` calls it."""

import re


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _not_limited(what: str) -> str:
    return f"no tool can be limited to {what}, so the answer is about all of them"


_UNKEPT: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        _pattern(r"\b(?:by|of|from|as)\s+user\s+(?!id\b)[\w-]+"),
        "events have numbers of users and no names: ask for the number, such as *user 33*",
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
    (_pattern(r"\bipv?[46]\b"), _not_limited("one IP version")),
    (
        _pattern(r"\binternet\b"),
        "no tool tells whether the internet can be reached, only how the attempts of this host's programs ended",
    ),
    (_pattern(r"\b(?:which|what) (?:node|pod|container)s?\b"), "no tool tells the node, pod or container of an event"),
)
_NO_NUMBER = re.compile(
    r"(?<![\w.:-])(?P<what>(?:-\s?\d+(?:\.\d+)?|0+(?:\.0+)?)\s*-?(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?))\b"
    r"|\b(?:top|last|first|newest|latest|list|show)\s+(?:me\s+|the\s+)*(?P<count>-\d+|0+)(?![\w.:]|\s+(?:s|m|h|d)\w*)"
    r"|\b(?P<pid>pid\s+-\d+)",
    re.IGNORECASE,
)


def unkept(text: str) -> tuple[str, ...]:
    """The clauses for a question, in the order of the table."""
    said = [clause for pattern, clause in _UNKEPT if pattern.search(text)]
    bad = _NO_NUMBER.search(text)
    if bad:
        what = next(filter(None, bad.groups()))
        said.append(f"“{what}” can't be asked for: times and counts are above zero, so the usual one is used")
    return tuple(said)
