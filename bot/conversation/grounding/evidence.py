"""What a turn's results say in figures, ready to be looked up. Pure; `checking.py` asks it.

It is built once a round, and grows with the next one: what it knows of a table is worked out once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.conversation.grounding.columns import LARGEST
from bot.conversation.grounding.figures import TableFigures
from bot.conversation.grounding.naming import names_in
from bot.conversation.grounding.readings import Reading
from bot.conversation.grounding.relating import partners, remain
from bot.conversation.grounding.telling import Told, add_rates, add_sentences, add_text, clock_times
from bot.conversation.grounding.units import Dimension
from bot.conversation.grounding.values import Values
from bot.domain.json_types import Json
from bot.domain.network import Coverage
from bot.domain.table import Column, Series, Table
from bot.domain.turn import ToolResult

MEASURES: tuple[Dimension, ...] = ("time", "bytes", "percent", "rate", "byte rate")
_FEW = 30
_COUNTED: Mapping[Dimension, Dimension] = {"rate": "count", "byte rate": "bytes"}
"""What a rate is, in a window."""
_DURATIONS = ("_us", "_ms", "_s", "duration", "earlier", "slot", "seconds", "timeout", "interval", "window", "period")
_DURATION_ENDS = (("_us", 1.0), ("_ms", 1e3))


@dataclass(frozen=True, slots=True)
class Evidence:
    """`given`: what results say beside their tables. `said`: what others did. `rest`: what is left of either.

    `moments`: the question's clock times and the ends of windows, in microseconds since midnight.
    `wholes`: counts that others may be shares of. `windows_s`: the spans that counts are of.
    """

    tables: tuple[TableFigures, ...] = ()
    given: tuple[Told, ...] = ()
    said: tuple[Told, ...] = ()
    rest: tuple[Values, ...] = ()
    wholes: tuple[float, ...] = ()
    windows_s: tuple[float, ...] = ()
    moments: tuple[float, ...] = ()

    def with_more(
        self, results: Sequence[ToolResult], *, said: Sequence[str] = (), durations_s: Sequence[float] = ()
    ) -> "Evidence":
        """This, and what further results hold."""
        spans = [result.coverage.window.duration_s for result in results if result.coverage]
        windows_s = tuple(dict.fromkeys(span for span in (*self.windows_s, *durations_s, *spans) if span))
        tables = tuple(figures for result in results for figures in _tables_of(result))
        wholes = (*self.wholes, *(whole for result in results for whole in _wholes_of(result)))
        rest = Values()
        given, told = _given(results, windows_s, rest), _said(said, rest)
        return Evidence(
            (*self.tables, *tables),
            (*self.given, given),
            (*self.said, told),
            (*self.rest, rest),
            wholes,
            windows_s,
            tuple(dict.fromkeys((*self.moments, *_moments(results, said)))),
        )

    def states(self, reading: Reading, named: frozenset[str]) -> bool:
        """Whether a figure like it stands there; where rows are named, not only of others."""
        bounds = (reading.dimension, reading.low, reading.cut)
        clauses = (clause for told in (*self.said, *self.given) for clause in told.clauses(*bounds))
        return any(self._is_about(clause, named) for clause in clauses) or (
            reading.dimension == "rate" and not named and any(map(partial(self._is_rate, reading), self.wholes))
        )

    def counts(self, reading: Reading) -> bool:
        """Whether a table as a whole has it."""
        return any(table.whole.holds(reading.dimension, reading.low, reading.cut) for table in self.tables)

    def _is_about(self, clause: str, named: frozenset[str]) -> bool:
        if not clause or not named:
            return True
        names = names_in(clause)
        return not names.isdisjoint(named) or not any(table.knows(names) for table in self.tables)

    def _is_rate(self, reading: Reading, count: float) -> bool:
        return any(reading.low <= count / span <= reading.high for span in self.windows_s if span)

    def is_among(self, reading: Reading, values: Values) -> bool:
        """Whether it is one of these values, which were worked out, so that it has to be rounded well."""
        low, high = reading.low, reading.high
        if values.holds(reading.dimension, low, high):
            return True
        counted = _COUNTED.get(reading.dimension)
        return counted is not None and any(values.holds(counted, low * span, high * span) for span in self.windows_s)

    def is_against_what_was_said(self, figures: Values, limits: Sequence[Dimension], reading: Reading) -> bool:
        """Whether it says how far one of these is from what people said: "771 ms over your limit"."""
        return any(
            self._is_limit(dimension, *bounds)
            for dimension in limits
            for figure in figures.of(dimension)[:_FEW]
            for bounds in partners(reading, dimension, figure)
        )

    def _is_limit(self, dimension: Dimension, low: float, high: float) -> bool:
        """A count may be limited by a rate: "5,000 an hour"."""
        spans = [span for span in self.windows_s if span] if dimension == "count" else []
        return any(
            told.holds(dimension, low, high) or any(told.holds("rate", low / span, high / span) for span in spans)
            for told in self.said
        )

    def beyond(self, limit: Iterable[Reading]) -> frozenset[int]:
        """How many rows exceed it, by any column that measures the same; none if no column does."""
        bounds = {(reading.dimension, reading.value) for reading in limit}
        spans: list[tuple[Dimension, float]] = [
            ("count", rate * span) for dimension, rate in bounds if dimension == "rate" for span in self.windows_s
        ]
        counts = (table.beyond(*bound) for table in self.tables for bound in (*bounds, *spans))
        return frozenset[int]().union(*counts)

    def names(self, number: float) -> bool:
        """Whether it is a pid or a port that stands there."""
        return any(number in table.numbers for table in self.tables)


def evidence_of(
    results: Sequence[ToolResult], *, said: Sequence[str] = (), durations_s: Sequence[float] = ()
) -> Evidence:
    """`said` counts as given: the question, earlier answers. `durations_s`: further spans that counts are of."""
    return Evidence().with_more(results, said=said, durations_s=durations_s)


def _tables_of(result: ToolResult) -> Iterator[TableFigures]:
    wholes, window = _wholes_of(result), result.coverage.window if result.coverage else None
    for table in (*result.tables, *map(_table_of, result.charts)):
        yield TableFigures(table, wholes, window)


def _wholes_of(result: ToolResult) -> Sequence[float]:
    """What matched, and the largest count that the summary tells of, come first."""
    coverage = result.coverage
    counted = [float(count) if count else 0 for count in (coverage.matched, coverage.seen)] if coverage else [0, 0]
    told = sorted(add_text(Values(), result.summary), reverse=True)
    return [count for count in dict.fromkeys((counted[0], *told[:1], counted[1], *told[1:])) if count]


def _table_of(chart: Series) -> Table:
    """A row for each category."""
    columns = (Column("category"), *(Column(line.name, "decimal", chart.unit) for line in chart.lines))
    rows = tuple(zip(chart.categories, *(line.values for line in chart.lines), strict=True))
    return Table(chart.title, columns, rows, len(rows))


def _said(texts: Sequence[str], rest: Values) -> Told:
    values = Told()
    for text in texts:
        add_sentences(values, rest, text)
        add_rates(values, text)
    return values


def _given(results: Sequence[ToolResult], windows_s: Sequence[float], rest: Values) -> Told:
    values = Told()
    values.add("time", *(window * 1e6 for window in windows_s))
    values.add("count", len(results), sum(len(result.tables) for result in results))
    for result in results:
        add_sentences(values, rest, result.summary)
        _add_argument(values, "", result.call.arguments)
        if result.took_s is not None:
            values.add("time", result.took_s * 1e6)
        if result.coverage:
            _add_coverage(values, rest, result.coverage, _asked(result))
    return values


def _moments(results: Sequence[ToolResult], said: Sequence[str]) -> Iterator[float]:
    for text in said[:1]:
        yield from clock_times(text)[:_FEW]
    for result in results:
        if result.coverage:
            window = result.coverage.window
            yield from clock_times(f"{window.since:%H:%M:%S}, {window.until:%H:%M:%S}")


def _asked(result: ToolResult) -> str:
    """What its counts are about: the names that were asked for."""
    return " ".join(each for each in result.call.arguments.values() if isinstance(each, str))


def _add_coverage(values: Told, rest: Values, coverage: Coverage, clause: str) -> None:
    for text in (coverage.source, coverage.command, *coverage.notes):
        add_sentences(values, rest, text)
    counts = (coverage.seen, coverage.matched, coverage.shown, coverage.lost)
    values.add("count", len(coverage.nodes), len(coverage.unknown))
    values.add("count", *(count for count in counts if count is not None), clause=clause)
    values.add("count", coverage.matched - coverage.shown, clause=clause)
    if coverage.seen is not None:
        remain(rest, "count", coverage.matched, coverage.seen)
        values.add(
            "percent", *(100 * part / coverage.seen for part in (coverage.matched, coverage.lost or 0) if coverage.seen)
        )


def _add_argument(values: Told, name: str, argument: Json) -> None:
    """A number may be a count or seconds, unless its name says otherwise."""
    match argument:
        case bool():
            pass
        case int() | float() if -LARGEST < argument < LARGEST:
            scale = next((scale for end, scale in _DURATION_ENDS if name.endswith(end)), 1e6)
            if name.endswith(_DURATIONS):
                values.add("time", argument * scale)
            else:
                values.add("count", argument)
        case str():
            add_sentences(values, Values(), argument)
        case Mapping():
            for key, value in argument.items():
                _add_argument(values, key, value)
        case Sequence():
            for each in argument:
                _add_argument(values, name, each)
        case _:
            pass
