"""What can be pressed below an answer. Pure: from a turn and its tables to rows of buttons; rendering calls it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapters.discord.limits import (
    MAX_BUTTON_LABEL,
    MAX_BUTTONS_OF_A_ROW,
    MAX_CUSTOM_ID,
    MAX_PAGED_ROWS,
    MAX_ROWS_OF_BUTTONS,
    ROWS_OF_A_NARROW_PAGE,
    ROWS_OF_A_PAGE,
)
from adapters.discord.post import ButtonSpec, Style
from adapters.discord.tables import Look, needs_room
from bot.codec import decode_action, encode_action
from bot.domain.message import Again, Button, Csv, Diff, Feedback, Page, Stop, TurnId, Why
from bot.domain.table import Table

Row = tuple[ButtonSpec, ...]
_NARROW = "narrow/"
"""Before the id of a page that is asked for as narrow as a phone: nobody but this platform knows of that."""


def stop_buttons(turn: TurnId) -> tuple[Row, ...]:
    """For an answer that is not complete yet."""
    return _rows([[_button("Stop", Stop(turn), "danger")]])


def buttons(turn: TurnId, tables: Iterable[Table], look: Look, *, is_last: bool) -> tuple[Row, ...]:
    """What stands below a message with these tables; the last one of an answer asks what people think of it."""
    rows = [_of_table(Page(turn, table.label, 1, ROWS_OF_A_PAGE), table, look) for table in tables]
    return _rows([*rows, _of_answer(turn)] if is_last else rows)


def page_buttons(asked: Page, tables: Iterable[Table], look: Look) -> tuple[Row, ...]:
    """What stands below a page that somebody asked for."""
    return _rows([_of_table(asked, table, look) for table in tables if table.label == asked.table])


def read_button(custom_id: str) -> tuple[Button, bool]:
    """What a button means, and whether it asks for the narrow form. Raises: ValueError when it is none of ours."""
    return decode_action(custom_id.removeprefix(_NARROW)), custom_id.startswith(_NARROW)


def _of_table(page: Page, table: Table, look: Look) -> list[ButtonSpec]:
    label, number = table.label, page.number
    if not label or not table.rows:
        return []
    found = [_button(f"{label} as CSV", Csv(page.turn, label))]
    if number * page.size < table.total_rows <= MAX_PAGED_ROWS:
        found.insert(0, _page_button(f"Next of {label}", replace(page, number=number + 1), look))
    if number > 1:
        found.insert(0, _page_button(f"Previous of {label}", replace(page, number=number - 1), look))
    if needs_room(table, look):
        same = (number - 1) * page.size // ROWS_OF_A_NARROW_PAGE + 1
        narrow = Page(page.turn, label, same, ROWS_OF_A_NARROW_PAGE)
        found.append(_page_button(f"{label} for a phone", narrow, look.for_phones))
    return found


def _page_button(label: str, page: Page, look: Look) -> ButtonSpec:
    spec = _button(label, page)
    return replace(spec, custom_id=_NARROW + spec.custom_id) if look.is_narrow else spec


def _of_answer(turn: TurnId) -> list[ButtonSpec]:
    """A whole row: there is no room for one more."""
    thumbs = (_button("👍", Feedback(turn, "up")), _button("👎", Feedback(turn, "down")))
    asking = (_button("Run again", Again(turn)), _button("What changed", Diff(turn)), _button("Why", Why(turn)))
    return [*asking, *thumbs]


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
