"""Which quantities of a text the evidence does not hold. Pure; the loop asks before it shows a sentence."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from bot.conversation.grounding.columns import LEADING_ROWS
from bot.conversation.grounding.cues import Cue, cues_in
from bot.conversation.grounding.evidence import MEASURES, Evidence
from bot.conversation.grounding.figures import TableFigures
from bot.conversation.grounding.following import following_from
from bot.conversation.grounding.limits import limit_behind
from bot.conversation.grounding.naming import SHORTEST_NUMBER, names_in
from bot.conversation.grounding.quantities import Quantity, quantities
from bot.conversation.grounding.rows import About
from bot.conversation.grounding.values import Values
from bot.conversation.grounding.wording import number_of

_SMALL = 100
"""Smaller counts are the difference of some pair or other."""
_LARGE = 1000
_PRECISE = 0.0101
"""How wide a figure is at most, in relation to itself, that is hardly there by chance."""
_VAGUE = 0.35
"""How wide a share is at least that some row or other has."""
_KINDS: tuple[tuple[frozenset[Cue], Callable[[About], Values]], ...] = (
    (frozenset({"related", "versus"}), lambda about: about.related),
    (frozenset({"rest", "related", "left"}), lambda about: about.rest),
    (frozenset({"rest"}), lambda about: about.others),
    (frozenset({"average"}), lambda about: about.averages),
    (frozenset({"leading"}), lambda about: about.leading),
    (frozenset({"extreme"}), lambda about: about.extreme),
    (frozenset({"apart"}), lambda about: about.apart),
)
"""What a sentence with one of these words may speak of besides what stands there."""
_ASIDE = re.compile(
    r"\d[^()\n]{0,30}\([~≈]?$|\d (?:of|out of|von|sur|de|di|av|van|из) (?:the )?\d[\d.,]*[^\d.;:\n]{0,60}$"
)

_CLAUSE = 40
"""Characters."""
_WORD_BEFORE = re.compile(
    r"(?<!\d )\b([a-z]{4,})(?: (?:only|just|about|some|around|roughly|nearly|almost|over|all))?[\s*`~]*$", re.IGNORECASE
)


def unsupported(text: str, evidence: Evidence) -> tuple[str, ...]:
    """The quantities as written, in their order. One of their meanings is enough.

    What follows from figures of the same text that are held, is held too: "37 of 449 (8 %)".
    """
    found = quantities(text)
    if not found:
        return ()
    sentence = _Sentence.of(text, found, evidence)
    doubtful = [quantity for quantity in found if not sentence.states(quantity)]
    if doubtful and not sentence.tells_what_is_usual:
        doubtful = [quantity for quantity in doubtful if not sentence.derives(quantity)]
    if doubtful:
        held = [quantity for quantity in found if quantity not in doubtful]
        follows = following_from(text, held, evidence)
        doubtful = [quantity for quantity in doubtful if not _is_among(quantity, follows, evidence)]
    return tuple(quantity.written for quantity in doubtful)


def _is_name(quantity: Quantity, evidence: Evidence, *, shortest: int) -> bool:
    """A port or a pid without a word in front."""
    written = quantity.written
    return written.isdecimal() and len(written) >= shortest and evidence.names(int(written))


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`tables`: each with what follows from the rows that the sentence names there."""

    evidence: Evidence
    tables: Sequence[tuple[TableFigures, About]]
    cues: frozenset[Cue]
    named: frozenset[str]
    text: str
    found: Sequence[Quantity]

    @classmethod
    def of(cls, text: str, found: Sequence[Quantity], evidence: Evidence) -> "_Sentence":
        headings = frozenset[str]().union(*(table.headings for table in evidence.tables))
        figures = [quantity for quantity in found if not _is_name(quantity, evidence, shortest=SHORTEST_NUMBER)]
        names, words = names_in(_without(figures, text)) - headings, names_in(text)
        numbers = frozenset(number for word in words if (number := number_of(word)) and number <= LEADING_ROWS)
        tables = [(table, table.about(names, words, numbers)) for table in evidence.tables]
        named = frozenset[str]().union(*(about.named for _, about in tables))
        return cls(evidence, tables, cues_in(text), named, text, found)

    @property
    def tells_what_is_usual(self) -> bool:
        """Which stands in no table."""
        return "usual" in self.cues and not self.named

    def states(self, quantity: Quantity) -> bool:
        is_of_rows = bool(self.named) and "average" in self.cues
        shortest = 1 if "port" in self.cues else SHORTEST_NUMBER
        return (
            any(self.evidence.states(reading, self.named) for reading in quantity.readings)
            or (not is_of_rows and any(map(self.evidence.counts, quantity.readings)))
            or _is_name(quantity, self.evidence, shortest=shortest)
            or any(self._is_name_of_row(quantity, *each) for each in self.tables)
        )

    def _is_name_of_row(self, quantity: Quantity, table: TableFigures, about: About) -> bool:
        """A pid of a process that is named."""
        written = quantity.written
        is_name = bool(about.named) and written.isdecimal() and len(written) >= SHORTEST_NUMBER - 1
        return is_name and int(written) in table.numbers_of(about.rows)

    def is_aside(self, quantity: Quantity) -> bool:
        """Whether it says what share the figures before are: "37 of 449 failed (8 %)"."""
        return any(reading.dimension == "percent" for reading in quantity.readings) and bool(
            _ASIDE.search(self.text[: quantity.start])
        )

    def derives(self, quantity: Quantity) -> bool:
        """Where rows are named, only what follows from them counts, unless it is too precise to be a coincidence."""
        if self._is_of_limit(quantity):
            return any(self._is_against(quantity, about) for _, about in self.tables)
        if self._is_misplaced(quantity):
            return False
        limit = limit_behind(self.text, quantity, self.found) if _is_small(quantity) else None
        if limit and (beyond := self.evidence.beyond(limit.readings)):
            return any(reading.value in beyond for reading in quantity.readings)
        is_precise = _is_precise(quantity)
        is_aside = self.is_aside(quantity)
        may_be_rest = is_precise or {"rest", "related"} & self.cues
        if may_be_rest and any(_is_exactly_among(quantity, values) for values in self.evidence.rest):
            return True
        is_anywhere = (is_precise or not self.named) and not is_aside
        searched = [(table, about) for table, about in self.tables if about.named or is_anywhere]
        return any(self._is_stated(quantity, *each) for each in searched) or any(
            self._follows(quantity, *each, is_anywhere=is_anywhere) for each in searched
        )

    def _is_of_limit(self, quantity: Quantity) -> bool:
        """Whether it says how often a limit fits in: "twice as long as the 250 ms that you promise"."""
        behind = self.text[quantity.end : quantity.end + _CLAUSE]
        return _is_multiple(quantity) and "limit" in cues_in(behind)

    def _is_misplaced(self, quantity: Quantity) -> bool:
        """Whether the word before is the name of a column, and it stands in another one: "received 634 bytes"."""
        word = _WORD_BEFORE.search(self.text[: quantity.start])
        return word is not None and any(
            about.stands_elsewhere(word[1].lower(), reading.dimension, reading.low, reading.high)
            for _, about in self.tables
            for reading in quantity.readings
            if about.named
        )

    def _is_stated(self, quantity: Quantity, table: TableFigures, about: About) -> bool:
        compares = {"versus", "rest"} & self.cues
        cells = [*([about.stated] if about.named else []), *([table.cells] if compares or not about.named else [])]
        return any(
            values.holds(reading.dimension, reading.low, reading.cut)
            for values in cells
            for reading in quantity.readings
        )

    def _follows(self, quantity: Quantity, table: TableFigures, about: About, *, is_anywhere: bool) -> bool:
        is_telling = not _is_small(quantity) and (bool(about.named) or not _is_vague(quantity))
        loosely = [about.stated, about.described] if about.named or is_telling else []
        loosely += [table.whole, *([] if about.named else [table.grouped])] if is_anywhere else []
        loosely += [table.averages] if "average" in self.cues else []
        loosely += [table.averages_of_rows] if "average" in self.cues and _is_precise(quantity) and is_anywhere else []
        if any(_is_among(quantity, values, self.evidence) for values in loosely):
            return True
        tells_shares = is_anywhere and is_telling and "changed" not in self.cues and not about.has_columns
        exactly = (table.shares, table.totals) if tells_shares else ()
        cued = _cued(about, self.cues | _own_cues(quantity, about))
        return any(_is_exactly_among(quantity, values) for values in chain(exactly, cued)) or self._is_against(
            quantity, about
        )

    def _is_against(self, quantity: Quantity, about: About) -> bool:
        """Whether it compares what is named with a limit that somebody named."""
        limits = ("count", *MEASURES) if "limit" in self.cues else MEASURES if "related" in self.cues else ()
        return any(map(partial(self.evidence.is_against_what_was_said, about.stated, limits), quantity.readings))


def _own_cues(quantity: Quantity, about: About) -> frozenset[Cue]:
    """A multiple relates by itself; what is precise needs no word that says where it comes from."""
    precise: frozenset[Cue] = frozenset(
        () if not _is_precise(quantity) else {"left", "leading"} if about.is_numbered else {"left"}
    )
    relating: frozenset[Cue] = frozenset({"versus"} if about.named and _is_multiple(quantity) else ())
    return precise | relating


def _without(found: Sequence[Quantity], text: str) -> str:
    """What a figure says names no row."""
    for quantity in found:
        text = text[: quantity.start] + "*" * (quantity.end - quantity.start) + text[quantity.end :]
    return text


def _cued(about: About, cues: frozenset[Cue]) -> Iterator[Values]:
    for own, kind in _KINDS:
        if own & cues:
            yield kind(about)


def _is_among(quantity: Quantity, values: Values, evidence: Evidence) -> bool:
    return any(evidence.is_among(reading, values) for reading in quantity.readings)


def _is_exactly_among(quantity: Quantity, values: Values) -> bool:
    """Other than `_is_among`, a rate is no count in a window."""
    return any(values.holds(reading.dimension, reading.low, reading.high) for reading in quantity.readings)


def _is_precise(quantity: Quantity) -> bool:
    return all(
        reading.high - reading.low <= _PRECISE * reading.value
        and not (reading.dimension == "count" and reading.value < _LARGE)
        for reading in quantity.readings
    )


def _is_multiple(quantity: Quantity) -> bool:
    """Which always relates two figures."""
    return all(reading.dimension == "multiple" for reading in quantity.readings)


def _is_vague(quantity: Quantity) -> bool:
    return any(
        reading.dimension in ("percent", "multiple") and reading.high - reading.low > _VAGUE * reading.value
        for reading in quantity.readings
    )


def _is_small(quantity: Quantity) -> bool:
    return any(reading.dimension == "count" and reading.value < _SMALL for reading in quantity.readings)
