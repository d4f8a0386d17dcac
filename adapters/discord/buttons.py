"""What can be pressed below an answer. Pure: from a turn and its tables to rows of buttons; rendering calls it."""

from collections.abc import Iterable, Sequence

from adapters.discord.limits import (
    MAX_BUTTON_LABEL,
    MAX_BUTTONS_OF_A_ROW,
    MAX_CUSTOM_ID,
    MAX_PAGED_ROWS,
    MAX_ROWS_OF_BUTTONS,
    ROWS_OF_A_PAGE,
)
from adapters.discord.post import ButtonSpec, Style
from bot.codec import encode_action
from bot.domain.message import Again, Button, Csv, Feedback, Page, Stop, TurnId
from bot.domain.table import Table

Row = tuple[ButtonSpec, ...]


def stop_buttons(turn: TurnId) -> tuple[Row, ...]:
    """For an answer that is not complete yet."""
    return _rows([[_button("Stop", Stop(turn), "danger")]])


def buttons(turn: TurnId, tables: Iterable[Table], *, is_last: bool) -> tuple[Row, ...]:
    """What stands below a message with these tables; the last one of an answer asks what people think of it."""
    rows = [_of_table(turn, table, number=1) for table in tables]
    return _rows([*rows, _of_answer(turn)] if is_last else rows)


def page_buttons(asked: Page, tables: Iterable[Table]) -> tuple[Row, ...]:
    """What stands below a page that somebody asked for."""
    return _rows([_of_table(asked.turn, table, number=asked.number) for table in tables if table.label == asked.table])


def _of_table(turn: TurnId, table: Table, *, number: int) -> list[ButtonSpec]:
    if not table.label or not table.rows:
        return []
    found = [_button(f"{table.label} as CSV", Csv(turn, table.label))]
    if number * ROWS_OF_A_PAGE < table.total_rows <= MAX_PAGED_ROWS:
        found.insert(0, _button(f"Next of {table.label}", Page(turn, table.label, number + 1, ROWS_OF_A_PAGE)))
    if number > 1:
        found.insert(0, _button(f"Previous of {table.label}", Page(turn, table.label, number - 1, ROWS_OF_A_PAGE)))
    return found


def _of_answer(turn: TurnId) -> list[ButtonSpec]:
    thumbs = (_button("👍", Feedback(turn, "up")), _button("👎", Feedback(turn, "down")))
    return [_button("Run again", Again(turn)), *thumbs]


def _button(label: str, button: Button, style: Style = "secondary") -> ButtonSpec:
    return ButtonSpec(label[:MAX_BUTTON_LABEL], encode_action(button), style)


def _rows(rows: Iterable[Sequence[ButtonSpec]]) -> tuple[Row, ...]:
    """As much as Discord takes: ids that are short enough, and no id twice."""
    taken: set[str] = set()
    kept: list[Row] = []
    for row in rows:
        fits = [each for each in row if len(each.custom_id) <= MAX_CUSTOM_ID and each.custom_id not in taken]
        taken.update(each.custom_id for each in fits)
        kept += [tuple(fits[:MAX_BUTTONS_OF_A_ROW])] if fits else []
    return tuple(kept[:MAX_ROWS_OF_BUTTONS])
