"""What the last calls, made again, say beside what they said then: whether trouble went away. Pure.

The first table in which there is any trouble answers. A yes needs more than chance: that something connects now where
it failed, or that more went away than comes and goes by itself; and that anybody has tried since.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.domain.network import Outcome
from bot.domain.table import Column
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, told
from bot.llm.offline.rows import Row, rows_of
from bot.tables.difference import CAREFULLY, LASTING, NOTHING_BEFORE, NOW, THEN, TITLE
from bot.tables.noise import RULE, beyond
from bot.tables.trouble import TROUBLE_COUNTS, is_trouble
from bot.tables.units import UNKNOWN, number_text

_NOBODY = re.compile(r"; now: no (?:connection attempts|accepted connections|DNS look-ups)\b")
_SPEEDS = ("p50", "p95", "p50 wait", "waited")
_NAMES = frozenset({"text", "address", "id"})
_COUNT = Column("count", "integer")
_MORE = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """One number of a row, of something that goes wrong or of how long it takes."""

    row: Row
    column: Column
    then: float
    now: float

    @property
    def is_better(self) -> bool:
        return self.now < self.then and self._is_change

    @property
    def is_worse(self) -> bool:
        return self.now > self.then and self._is_change

    @property
    def is_over(self) -> bool:
        return self.is_better and (self.now == 0 or self.column.unit is not None)

    @property
    def _is_change(self) -> bool:
        is_there_once = 0 in (self.then, self.now) and self.row.text("change") in {"new", "gone"}
        return is_there_once or beyond(self.column, self.then, self.now) > 1


def then_and_now(result: ToolResult, context: Context) -> Finding:
    rows = [row for row in rows_of(result) if row.text("change")]
    signs = _of_first_trouble(rows)
    if signs:
        return _verdict(signs, rows, result, context)
    changed = [row for row in rows if row.table.title.endswith(TITLE)]
    if changed:
        lead = f"No trouble came or went; what changed: {_changed(changed[0])}{cited(result.tables)}"
        return Finding(answer=lead, weight=Weight.FACT, more=(*map(_changed, changed[1:_MORE]), *_doubts(result)))
    is_missing = result.summary.startswith(NOTHING_BEFORE)
    said = " ".join(told(line) for line in _lines(result))
    answer = said if is_missing else f"Nothing changed, as far as these calls show. {said}"
    return Finding(answer=answer, weight=Weight.NOTHING, more=() if is_missing else _doubts(result))


def _verdict(signs: Sequence[Sign], rows: Sequence[Row], result: ToolResult, context: Context) -> Finding:
    better = [sign for sign in signs if sign.is_better]
    worse = [sign for sign in signs if sign.is_worse]
    same = [sign for sign in signs if not (sign.is_better or sign.is_worse)]
    proof = _proof([sign for sign in better if not sign.column.unit], rows)
    nobody = bool(_NOBODY.search(result.summary))
    lead, shown = _lead(better, worse, same, is_proven=bool(proof), nobody=nobody)
    return Finding(
        answer=f"{lead}: {_told(shown[0])}{cited([shown[0].row.table])}.",
        weight=Weight.FAULT if worse or same else Weight.FACT,
        more=(*proof, *_others(shown[1:]), *_doubts(result)),
        steps=_steps([*worse, *same], context),
    )


def _lead(
    better: Sequence[Sign], worse: Sequence[Sign], same: Sequence[Sign], *, is_proven: bool, nobody: bool
) -> tuple[str, Sequence[Sign]]:
    """The answer to "did that help?", and the signs in the order in which they bear it out."""
    if nobody and better and not worse:
        return "It can't be told yet, since nobody has tried again", [*better, *same]
    if not better:
        return ("No, there is more of it", [*worse, *same]) if worse else ("No, it is as before", same)
    if worse or same:
        return "Partly", [*better, *same, *worse]
    if not all(sign.is_over for sign in better):
        return "Partly, there is less of it", better
    if is_proven or any(sign.column.unit for sign in better) or _is_more_than_chance(better):
        return "Yes", better
    return "It seems so, though so few come and go by chance too", better


def _is_more_than_chance(better: Sequence[Sign]) -> bool:
    return beyond(_COUNT, sum(sign.then for sign in better), sum(sign.now for sign in better)) > 1


def _of_first_trouble(rows: Sequence[Row]) -> list[Sign]:
    """Of the first question whose rows hold any: those that changed, and those that are as before."""
    by_question: dict[str, list[Sign]] = {}
    for row in rows:
        title = row.table.title.removesuffix(TITLE).removesuffix(LASTING)
        by_question.setdefault(title, []).extend(_sign(row))
    return next((signs for signs in by_question.values() if signs), [])


def _sign(row: Row) -> Iterator[Sign]:
    """The number that tells of trouble, if there is one: of a row that is trouble, its main one."""
    signs = list(_signs(row))
    if is_trouble({column.name: cell for column, cell in zip(row.table.columns, row.cells, strict=True)}):
        yield from signs[:1]
        return
    counts = [sign for sign in signs if sign.column.name in TROUBLE_COUNTS]
    speeds = [sign for sign in signs if sign.column.name in _SPEEDS]
    changed = [sign for sign in (*counts, *speeds) if sign.is_better or sign.is_worse]
    lasting = [sign for sign in counts if sign.now and _is_lasting(row)]
    yield from [*changed, *lasting][:1]


def _is_lasting(row: Row) -> bool:
    return row.table.title.endswith(LASTING)


def _signs(row: Row) -> Iterator[Sign]:
    """All numbers that are known of both times."""
    for column in row.table.columns:
        name = column.name.removesuffix(THEN)
        then, now = row.number(f"{name}{THEN}"), row.number(f"{name}{NOW}")
        if name != column.name and then is not None and now is not None:
            yield Sign(row, Column(name, column.kind, column.unit), then, now)


def _proof(better: Sequence[Sign], rows: Sequence[Row]) -> tuple[str, ...]:
    """That something connects now where it failed, in a sentence."""
    for row in rows:
        works = next((sign for sign in _signs(row) if sign.now > 0 and _is_success(sign)), None)
        if works and any(_is_same_place(row, sign.row) for sign in better):
            return (f"Now it works: {_named(row)}: {_pair(works)}{cited([row.table])}",)
    return ()


def _is_success(sign: Sign) -> bool:
    if sign.row.text("outcome") == Outcome.CONNECTED:
        return sign.column.name == "count"
    return sign.column.name in {"connected", "connects"}


def _is_same_place(row: Row, other: Row) -> bool:
    named = [(row.text(name), other.text(name)) for name in ("process", "destination")]
    known = [(one, two) for one, two in named if one and two]
    return bool(known) and all(one == two for one, two in known)


def _others(signs: Sequence[Sign]) -> list[str]:
    words = {True: "Also", False: "But"}
    told_of = [f"{words[sign.is_better]}: {_told(sign)}" for sign in signs[:_MORE]]
    return [*told_of, f"{len(signs) - _MORE} more like these are in the table"] if len(signs) > _MORE else told_of


def _told(sign: Sign) -> str:
    """`ledger` to `10.99.0.2:8443`, `gave up, no reply`: attempts 30 → 0, and how long it took where that changed."""
    speed = next(
        (each for each in _signs(sign.row) if each.column.name in _SPEEDS and each.column != sign.column), None
    )
    is_telling = speed is not None and (speed.is_better or speed.is_worse)
    numbers = [sign, speed] if speed and is_telling else [sign]
    still = "still " if not (sign.is_better or sign.is_worse) else ""
    return f"{_named(sign.row)}: {still}{', '.join(map(_pair, numbers))}"


def _pair(sign: Sign) -> str:
    then, now = (number_text(value, sign.column) for value in (sign.then, sign.now))
    name = sign.column.name if sign.column.name.replace(" ", "").isalnum() else code(sign.column.name)
    return f"{name} {then} → {now}"


def _changed(row: Row) -> str:
    first = next(_signs(row), None)
    return f"{_named(row)} {row.text('change')}{f', {_pair(first)}' if first else f' {UNKNOWN}'}"


def _named(row: Row) -> str:
    """What the row is, every name from the data in a code span."""
    named = ""
    for column, cell in zip(row.table.columns, row.cells, strict=True):
        if column.kind not in _NAMES or column.remark or column.name == "change" or cell in {None, ""}:
            continue
        glue = "" if not named else " to " if column.name == "destination" else ", "
        named += f"{glue}{code(str(cell))}"
    return named or "all of it"


def _doubts(result: ToolResult) -> tuple[str, ...]:
    """What makes the comparison doubtful, and which calls it lacks."""
    return tuple(told(line) for line in result.summary.split("\n") if line.startswith((CAREFULLY, NOTHING_BEFORE)))


def _lines(result: ToolResult) -> list[str]:
    lines = result.summary.split("\n")
    return [line for line in lines if line != RULE and not line.startswith(CAREFULLY)]


def _steps(signs: Sequence[Sign], context: Context) -> tuple[str, ...]:
    """Why what is still there is there."""
    process = next((sign.row.text("process") for sign in signs if sign.row.text("outcome")), None)
    return (f"why: {context.command('failures', process)}",) if process else ()
