"""Which process a question names. Pure.

A quoted name counts at once, and so does one behind "process". A bare word needs more: that it was seen in this
thread's tables, that it is a well-known program, or a place in the sentence where only a name can stand. A word of the
vocabulary is never a name unless it is quoted.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.llm.offline.subjects import is_destination
from bot.llm.offline.vocabulary import (
    AMBIGUOUS_PROCESSES,
    DOMAIN_WORDS,
    FUNCTION_WORDS,
    PROCESS_NOUNS,
    VOCABULARY,
    WELL_KNOWN_PROCESSES,
    words,
)
from bot.llm.offline.wording import MASK, masked

_QUOTED = re.compile(r"""(?<![\w'"`])(["'`])(?P<name>[^"'`]{1,64})\1(?!\w)""")
_MAX_QUOTED_WORDS = 3
_TOKEN = re.compile(rf"{MASK}|[A-Za-z0-9_@][\w./:@+'-]*|[,;?!.]")
_LEADS = words("""
for of by from about debug check analyze analyse investigate inspect troubleshoot diagnose review examine audit
resets resetting reset
""")
_WITH = words("wrong problem problems issue issues trouble troubles happening up going matter error errors")
"""Words that a name follows behind "with"."""
_AUXILIARIES = words("""
is are was were does did do has had can can't cannot could couldn't will won't isn't doesn't didn't wasn't why why's
when what's how's
""")
_BEFORE_VERBS = words("does did do can can't cannot could couldn't will won't doesn't didn't")
"""Auxiliaries whose verb has no ending, so that a word with one behind them is a name."""
_PREDICATES = words("""
is isn't was wasn't can can't cannot couldn't could won't will has hasn't keeps keep gets got times timed hangs fails
failed failing doesn't didn't does made makes connects connected drops loses to works still suddenly always never seems
hangs hung stuck slow waits freezes
""")
_OPENERS = words("why because that if whether when but and hey hi hello so")
_ARTICLES = words("the my our only just process")
_NOUNS_BEFORE = PROCESS_NOUNS - {"app", "container", "pod", "job"}
"""The nouns that a name follows: behind the others mostly a verb does."""
_NAMING = words("named called name is comm")
_FOLLOW_UP_LEADS = words("and what about how for only just same also now but instead with on then of from")
_EXCEPT = re.compile(
    r"(?:\b(?:except(?:\s+for)?|excluding|without|other\s+than|besides|ignoring|but\s+not|apart\s+from)"
    r"|^(?:and\s+|but\s+)?not)\s+(?:the\s+)?(?P<name>[\w./:@+-]{1,64}|[\"'`][^\"'`]{1,64}[\"'`])",
    re.IGNORECASE,
)
_NEVER_NAME_ENDS = ("ing", "ed", "ly", "tion", "tions", "ments", "ness")
_INTERFACE = re.compile(r"(?:eth|ens|enp|eno|wlan|wlp|bond|veth|br|docker|tun|tap|wg|lo)-?\d\w*", re.IGNORECASE)
_NOUNS_BEHIND = words("""
attempts attempt connection connections conns drops errors failure failures packets problems resets summary timeouts
traffic
""")
"""What is counted, so that a word before it that is none of ours names whose it is."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str

    @property
    def lower(self) -> str:
        return self.text.lower()

    @property
    def is_known_word(self) -> bool:
        return self.lower in VOCABULARY or self.lower.removesuffix("'s") in VOCABULARY

    @property
    def is_end(self) -> bool:
        return self.text in {"", MASK, ",", ";", "?", "!", "."}

    @property
    def is_odd(self) -> bool:
        """Spelled as programs are, and English words are not."""
        return not self.text.isalpha()

    @property
    def can_follow_name(self) -> bool:
        return self.is_end or self.lower in FUNCTION_WORDS or self.lower in DOMAIN_WORDS


_END = _Token("")


def take_excluded(text: str) -> tuple[str | None, str]:
    """A process that the text wants left out, and the text with it masked."""
    match = _EXCEPT.search(text)
    name = match["name"].strip("\"'`") if match else ""
    if match is None or (name.lower() in VOCABULARY and match["name"] == name):
        return None, text
    return name, masked(text, match)


def take_quoted(text: str, *, is_phrase: Callable[[str], bool]) -> tuple[tuple[str, ...], str]:
    """Quoted process names, and the text with them masked; quoted hosts and phrases lose only their quotes."""
    names: list[str] = []
    while match := _QUOTED.search(text):
        name = match["name"].strip()
        if not name or len(name.split()) > _MAX_QUOTED_WORDS or is_destination(name) or is_phrase(name):
            text = f"{text[: match.start()]}{name}{text[match.end() :]}"
        else:
            names.append(name)
            text = masked(text, match)
    return tuple(names), text


def names_in(text: str, *, seen: Collection[str], is_follow_up: bool) -> tuple[tuple[str, ...], bool]:
    """The processes that the text names without quotes, the surest first, and whether they are but guessed.

    `is_follow_up` is for short questions behind another one, where a lone unknown word is a name.
    """
    tokens = [_Token(found.rstrip(".:'") or found) for found in _TOKEN.findall(text)]
    several_words = [name for name in seen if " " in name and name.lower() in text.lower()]
    sure = [*several_words, *_named_outright(tokens), *_known(tokens, seen)]
    found = [*sure, *_by_place(tokens)]
    if not found and is_follow_up:
        found = _lone(tokens)
    return tuple(dict.fromkeys(_spelled(name, seen) for name in found)), bool(found) and not sure


def _named_outright(tokens: Sequence[_Token]) -> list[str]:
    """`process X`, `program called X`, `the X service`."""
    found: list[str] = []
    for before, token, after in _triples(tokens):
        behind_noun = before.lower in _NOUNS_BEFORE or (before.lower in _NAMING and _has_noun_before(tokens, token))
        if _is_unknown(token) and (behind_noun or after.lower in PROCESS_NOUNS):
            found.append(token.text)
    return found


def _known(tokens: Sequence[_Token], seen: Collection[str]) -> Iterator[str]:
    """Words that were seen as a process in this thread, or are a well-known program."""
    lower_seen = {name.lower() for name in seen}
    for token in tokens:
        bare = token.text.removesuffix("'s")
        if bare.lower() not in VOCABULARY and (bare.lower() in lower_seen or _is_well_known(bare)):
            yield bare


def _by_place(tokens: Sequence[_Token]) -> Iterator[str]:
    """Words where only a name can stand: `for X`, `is X failing`, `X keeps failing`, `X's errors`, `X failures`."""
    for index, (before, token, after) in enumerate(_triples(tokens)):
        lead, earlier = _lead(tokens, index)
        if not _may_be_name(token) and not (_is_unknown(token) and _takes_name(lead, after)):
            continue
        opens = before.is_end or before.lower in _OPENERS
        starts = opens and (after.lower in _PREDICATES or (token.is_odd and after.lower in DOMAIN_WORDS))
        is_whose = after.lower in _NOUNS_BEHIND
        behind_lead = lead in _LEADS or (lead == "with" and earlier in _WITH)
        behind_verb = lead in _AUXILIARIES and not after.is_end
        is_owner = token.lower.endswith("'s")
        if starts or is_whose or (after.can_follow_name and (is_owner or behind_lead or behind_verb)):
            yield token.text.removesuffix("'s")


def _takes_name(lead: str, after: _Token) -> bool:
    """Whether the place is one where also a word that looks like a verb is a name."""
    return (lead in _BEFORE_VERBS and after.lower in VOCABULARY) or (lead == "of" and after.is_end)


def _lone(tokens: Sequence[_Token]) -> list[str]:
    """The one unknown word of "and nginx?" or "only wget"; nothing where there are two, or none is asked for."""
    unknown = [token.text for token in tokens if _may_be_name(token)]
    asked = any(token.lower in _FOLLOW_UP_LEADS or token.text == "?" for token in tokens)
    return unknown if len(unknown) == 1 and asked else []


def _may_be_name(token: _Token) -> bool:
    return _is_unknown(token) and (
        token.is_odd or not token.lower.endswith(_NEVER_NAME_ENDS) or _is_well_known(token.text)
    )


def _is_unknown(token: _Token) -> bool:
    if token.is_end or token.is_known_word or _INTERFACE.fullmatch(token.text):
        return False
    return any(mark.isalpha() for mark in token.text)


def _is_well_known(word: str) -> bool:
    lower = word.lower()
    return lower not in AMBIGUOUS_PROCESSES and any(lower == name.lower() for name in WELL_KNOWN_PROCESSES)


def _lead(tokens: Sequence[_Token], index: int) -> tuple[str, str]:
    """The word before the one at `index`, articles skipped, and the word before that."""
    start = index - 1
    while start >= 0 and tokens[start].lower in _ARTICLES:
        start -= 1
    return (tokens[start].lower if start >= 0 else ""), (tokens[start - 1].lower if start >= 1 else "")


def _has_noun_before(tokens: Sequence[_Token], token: _Token) -> bool:
    before = tokens[: tokens.index(token)]
    return any(earlier.lower in PROCESS_NOUNS for earlier in before[-3:])


def _spelled(name: str, seen: Collection[str]) -> str:
    """As it was seen; else in lower case where only its beginning was a capital, as at the start of a sentence."""
    same = [known for known in sorted(seen) if known.lower() == name.lower()]
    if same:
        return name if name in seen else same[0]
    known = next((known for known in WELL_KNOWN_PROCESSES if known.lower() == name.lower()), None)
    if known:
        return known
    near = get_close_matches(name, sorted(seen), n=1, cutoff=0.8)
    if near and _digits(near[0]) == _digits(name):
        return near[0]
    return name.lower() if name.istitle() else name


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _triples(tokens: Sequence[_Token]) -> Iterator[tuple[_Token, _Token, _Token]]:
    return zip((_END, *tokens), tokens, (*tokens[1:], _END), strict=False)
