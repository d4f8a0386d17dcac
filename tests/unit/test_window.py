from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.window import MAX_CHARACTERS, MAX_TURNS, WHOLE_TURNS, fit
from bot.domain.message import Address, Author, Message, MessageId, ThreadKey, TurnId
from bot.domain.turn import Turn
from tests.fakes import NOW, result


def turn(text: str, *, rows: int = 1) -> Turn:
    key = ThreadKey("test", "", "", "1")
    message = Message(key, MessageId(text), Author("", ""), text, NOW, Address("", ""))
    return Turn(TurnId(text), message, NOW, "answered", (result("list", rows=rows),), "answer")


def test_a_short_history_goes_whole() -> None:
    history = tuple(turn(f"q{number}") for number in range(WHOLE_TURNS))
    assert fit(history) == history


def test_older_turns_keep_their_words_and_lose_their_rows() -> None:
    history = [turn(f"q{number}") for number in range(WHOLE_TURNS + 2)]
    fitted = fit(history)
    assert [each.message.text for each in fitted] == [each.message.text for each in history]
    assert [bool(each.results[0].tables) for each in fitted] == [False, False, True, True, True]
    assert fitted[0].results[0].summary == "1 by list"


def test_a_turn_with_too_many_rows_loses_them_before_a_turn_is_left_out() -> None:
    history = [turn("small"), turn("huge", rows=MAX_CHARACTERS // 8)]
    assert [(each.message.text, bool(each.results[0].tables)) for each in fit(history)] == [
        ("small", True),
        ("huge", False),
    ]


def test_the_newest_turn_always_stays() -> None:
    endless = replace(turn("q"), answer="x" * (2 * MAX_CHARACTERS))
    assert len(fit([turn("old"), endless])) == 1


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 30_000)), max_size=60))
def test_what_fits_is_the_newest_in_order_and_within_bounds(sizes: list[tuple[int, int]]) -> None:
    history = [replace(turn(str(n), rows=rows), answer="x" * said) for n, (rows, said) in enumerate(sizes)]
    fitted = fit(history)
    ids = [each.id for each in fitted]
    assert ids == [each.id for each in history][len(history) - len(ids) :]
    assert len(fitted) <= MAX_TURNS
    assert sum(len(each.answer) for each in fitted[:-1]) <= MAX_CHARACTERS
