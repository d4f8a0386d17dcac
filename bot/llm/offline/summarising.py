"""A thread's older turns as a few lines, without a language model: what people said, what was found, what was asked.

What somebody said that is no question may be a decision or a fact that stands nowhere else, so it outlives the rest,
however much is asked after it. Findings come next, and questions that brought none last. Every word is one that stood
in the thread. Pure; the planner calls it.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter

from bot.domain.turn import Turn
from bot.llm.offline.past_lines import Asked, Line, Statement, line_of
from bot.llm.offline.past_words import question_of, statement_of, told_first

MAX_CHARACTERS = 2_400
_SHORTER = (160, 90, 50)
"""Characters of one statement: the more of them there are, the shorter each is told before one is left out."""


def summarised(turns: Sequence[Turn], summary: str, *, room: int = MAX_CHARACTERS) -> str:
    """The lines of the summary so far and of these turns, which come after it, in their order."""
    lines = _merged([*map(line_of, summary.splitlines()), *(line for turn in turns for line in _lines(turn))])
    kept: list[Line] = []
    for group in _by_worth(lines):
        told, room = _fitting(group, room)
        kept += told
    return "\n".join(str(line) for line in sorted(kept, key=lambda line: line.turn))


def _lines(turn: Turn) -> Iterable[Line]:
    if said := statement_of(turn):
        yield Statement(turn.number, turn.message.author.name, said)
    if asked := question_of(turn):
        yield Asked(turn.number, asked, told_first(turn.answer))


def _merged(lines: Iterable[Line]) -> list[Line]:
    """What was said twice stands once, where it was said first; what was asked again is counted."""
    merged: dict[tuple[str, ...], Line] = {}
    for line in lines:
        if not line.text:
            continue
        known = merged.get(line.same)
        if isinstance(line, Asked) and isinstance(known, Asked):
            merged[line.same] = known.again(line)
        elif known is None:
            merged[line.same] = line
    return list(merged.values())


def _by_worth(lines: Sequence[Line]) -> Iterable[list[Line]]:
    """The groups in the order in which they are given room; in each, what comes first is left out last."""
    yield _decisions_first([line for line in lines if not isinstance(line, Asked)])
    asked = sorted((line for line in lines if isinstance(line, Asked)), key=lambda line: -line.turn)
    yield [line for line in asked if line.finding]
    yield [line for line in asked if not line.finding]


def _decisions_first(said: Sequence[Line]) -> list[Line]:
    """Two with a number, an address or a time, then one without, and so on."""
    exact = _ends_first([line for line in said if any(map(str.isdigit, line.text))])
    vague = _ends_first([line for line in said if not any(map(str.isdigit, line.text))])
    ranked = [*enumerate(exact), *((2 * place + 1, line) for place, line in enumerate(vague))]
    return [line for _, line in sorted(ranked, key=itemgetter(0))]


def _ends_first(lines: Sequence[Line]) -> list[Line]:
    """The oldest, the newest, the second oldest ...: early decisions stand, and new ones find room."""
    half = (len(lines) + 1) // 2
    oldest, newest = lines[:half], lines[half:][::-1]
    return [line for pair in zip(oldest, [*newest, *oldest[-1:]], strict=False) for line in pair][: len(lines)]


def _fitting(lines: Sequence[Line], room: int) -> tuple[list[Line], int]:
    """As many as there is room for, shortened where that makes room for all; and the room that is left."""
    for longest in _SHORTER:
        shortened = [line.cut(longest) for line in lines]
        if sum(len(str(line)) + 1 for line in shortened) <= room + 1:
            break
    kept: list[Line] = []
    for line in shortened:
        size = len(str(line)) + 1
        if size > room + 1:
            break
        kept.append(line)
        room -= size
    return kept, room
