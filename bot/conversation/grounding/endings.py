"""Whether a full stop ends a sentence. Pure; `sentences.py` asks."""

import re

from bot.conversation.grounding.labels import MONTH

NO_END = 0
UNDECIDED = -1
"""It takes more text to tell."""

_ELLIPSIS = (".", "\u2026")
_DAY = re.compile(r"[^\s.:]\s\d{1,2}$")
_MONTH = re.compile(MONTH, re.IGNORECASE)
_SHORT_MONTH = 3
_EAST_ASIAN_STOPS = "\u3002\uff01\uff1f"
_ENDING = re.compile(
    r"(?P<stops>[.!?\u2026\u3002\uff01\uff1f]+)"
    r"(?P<closers>[\"'\u2019\u201d\u201c\u00bb\u203a)\]*_\u300d\u300f\uff09]*)"
    r"(?P<notes>(?:[ \t]*(?:\[T\d[^\]\n]{0,60}\]|\(T\d[^)\n]{0,60}\))[.*_]{0,3})*)"
    r"(?P<blank>[ \t\u00a0]*)"
)
_BEGUN_NOTE = re.compile(r"[\[(](?:T(?:\d[^\])\n]{0,60})?)?")
_WORD_BEFORE = re.compile(r"[^\s(\[\"'*_`/\u201e\u201c\u00ab]*$")
_LONGEST_WORD = 24
_DOTTED = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
"""`U.S`, `e.g`, an initial."""
_PERCENTILE = re.compile(r"p\d{1,3}", re.IGNORECASE)
_UNIT_BEFORE = re.compile(r"\d[ \u00a0\u202f]?(?:[nuµm]?s|secs?|sek|m|mins?|h|hrs?|std|d|[kmgt]?i?b|x)$", re.IGNORECASE)
"""Of a number: `600 s`, which is no initial."""
_LIST_NUMBER = re.compile(r"\s*\d{1,9}")
_ABBREVIATION = re.compile(
    r"approx|avg|bzw|ca|cf|conn|corp|dr|etc|excl|fig|incl|jr|max|min|mrs?|ms|mt|prof|resp|sr|st|temp|tel|vs|ggf|inkl|evtl"
    r"|vgl|sog|usw|mio|mrd|tsd|std|sek|env|p\.ej|ej|aprox|máx|mín|éd|ecc"
)
_BEFORE_A_NUMBER = re.compile(r"nos?|nrs?|num|n|fig|sec|abs|art|pp?|vol|ch|eq|núm|nº")


def sentence_end(text: str, stop: int) -> int:
    """Where the sentence ends that may end with the stop there, what cites and closes it and the blank included."""
    ending = _ENDING.match(text, stop)
    if ending is None or text[max(0, stop - 1) : stop] in _ELLIPSIS:
        return NO_END
    if ending.end() == len(text) or _BEGUN_NOTE.fullmatch(text, ending.end()):
        return UNDECIDED
    if ending["stops"][-1] in _EAST_ASIAN_STOPS:
        return ending.end()
    follows = text[ending.end()]
    if not ending["blank"] or follows == "\n":
        return NO_END
    may_go_on = ending["stops"][-1] in _ELLIPSIS and not ending["notes"]
    if may_go_on and _DAY.search(text[max(0, stop - _LONGEST_WORD) : stop]):
        return _end_of_number(text, ending.end())
    return NO_END if may_go_on and _goes_on(text, ending, follows) else ending.end()


def _end_of_number(text: str, after: int) -> int:
    """A number with a dot may be a day: `23. November`."""
    if len(text) - after < _SHORT_MONTH:
        return UNDECIDED
    is_day = _MONTH.match(text, after) or text[after].islower()
    return NO_END if is_day or text[after].isdecimal() else after


def _goes_on(text: str, ending: re.Match[str], follows: str) -> bool:
    """Whether the dot belongs to a word, and the sentence to what follows."""
    if follows.islower() or ending["stops"] != ".":
        return True
    if ending["closers"]:
        return False
    line = text[text.rfind("\n", 0, ending.start()) + 1 : ending.start()]
    if _UNIT_BEFORE.search(line[-_LONGEST_WORD:]):
        return follows.isdecimal()
    before = _WORD_BEFORE.search(line[-_LONGEST_WORD:])
    word = before[0].casefold() if before else ""
    if _BEFORE_A_NUMBER.fullmatch(word) or _PERCENTILE.fullmatch(word):
        return follows.isdecimal()
    return bool(_ABBREVIATION.fullmatch(word) or _DOTTED.fullmatch(word) or _LIST_NUMBER.fullmatch(line))
