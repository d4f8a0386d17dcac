from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.codec import MODEL_ROWS
from bot.conversation.prompt import INSTRUCTIONS
from bot.conversation.tokens import FIRST_MARGIN, Meter, tokens_of
from bot.conversation.window import DEFAULT_TOKENS, MAX_SUMMARY, WHOLE_TURNS, Fitted, Window
from bot.domain.errors import UnusableMessage
from bot.domain.message import Address, Author, Message, MessageId, ThreadKey, TurnId
from bot.domain.turn import Completion, ModelRequest, Round, ToolCall, ToolSpec, Turn
from bot.tools.arguments import json_schema
from bot.tools.registry import TOOLS
from tests.fakes import NOW, result

SPECS = tuple(ToolSpec(tool.name, tool.description, json_schema(tool)) for tool in TOOLS)
KEY = ThreadKey("test", "", "", "1")
REQUEST = ModelRequest(thread=KEY, instructions=INSTRUCTIONS, history=(), question="why?", now=NOW, tools=SPECS)
SMALL = Window(8_000)


def turn(text: str, *, rows: int = 1) -> Turn:
    message = Message(KEY, MessageId(text), Author("", ""), text, NOW, Address("", ""))
    return Turn(TurnId(text), message, NOW, "answered", (result("list", rows=rows),), "answer")


def fit(*history: Turn, window: Window | None = None, share: float = 1.0) -> Fitted:
    return (window or Window()).fit(replace(REQUEST, history=history), share=share)


def past(rows: int, *, rounds: int = 1) -> tuple[Round, ...]:
    call = ToolCall("c", "list")
    return (Round(Completion("", (call,), "m", ({"x": "y" * 100},)), (result("list", rows=rows),)),) * rounds


def test_a_short_history_goes_whole() -> None:
    history = tuple(turn(f"q{number}") for number in range(WHOLE_TURNS))
    assert fit(*history).request == replace(REQUEST, history=history)


def test_older_turns_keep_their_words_and_lose_their_rows() -> None:
    fitted = fit(*(turn(f"q{number}") for number in range(WHOLE_TURNS + 2))).request.history
    assert [each.message.text for each in fitted] == ["q0", "q1", "q2", "q3", "q4"]
    assert [bool(each.results[0].tables) for each in fitted] == [False, False, True, True, True]
    assert fitted[0].results[0].summary == "1 by list"


def test_a_turn_with_too_many_rows_loses_them_before_a_turn_is_left_out() -> None:
    huge = replace(turn("huge"), results=(result("list", rows=200),) * 4)
    fitted = fit(turn("small"), huge, window=SMALL)
    assert [(each.message.text, bool(each.results[0].tables)) for each in fitted.request.history] == [
        ("small", True),
        ("huge", False),
    ]
    assert fitted.left_out == ()


def test_a_turn_that_is_too_long_is_cut_before_it_is_left_out() -> None:
    fitted = fit(replace(turn("old"), answer="word " * 20_000), turn("new"), window=SMALL)
    assert [each.message.text for each in fitted.request.history] == ["old", "new"]
    assert fitted.request.history[0].answer.endswith(" […]")


def test_what_is_left_out_is_named_oldest_first() -> None:
    fitted = fit(*(replace(turn(f"q{n}"), answer="word " * 180) for n in range(30)), window=SMALL)
    left, kept = fitted.left_out, fitted.request.history
    assert [each.message.text for each in (*left, *kept)] == [f"q{n}" for n in range(30)]
    assert left
    assert kept


def test_right_after_a_summary_history_takes_half_of_its_room() -> None:
    history = [replace(turn(f"q{n}"), answer="word " * 180) for n in range(60)]
    whole, half = fit(*history, window=SMALL).request, fit(*history, window=SMALL, share=0.5).request
    assert len(half.history) == pytest.approx(len(whole.history) / 2, abs=1)


def test_a_small_window_takes_the_tools_without_what_explains_their_arguments() -> None:
    (lean,) = (tool for tool in fit(window=SMALL).request.tools if tool.name == "find_failures")
    (full,) = (tool for tool in SPECS if tool.name == "find_failures")
    assert lean.parameters["properties"].keys() == full.parameters["properties"].keys()  # type: ignore[union-attr]  # a JSON schema
    assert lean.parameters["properties"]["pid"] == {"type": "integer"}  # type: ignore[index,call-overload]  # the same
    assert lean.parameters["required"] == full.parameters["required"]
    assert fit().request.tools == SPECS


def test_tools_of_other_servers_are_left_out_last_first() -> None:
    foreign = tuple(
        ToolSpec(f"wiki_{n}", "word " * 400, {"type": "object", "properties": {}}, server="wiki") for n in range(20)
    )
    kept = SMALL.fit(replace(REQUEST, tools=(*SPECS, *foreign))).request.tools
    assert [tool.name for tool in kept if not tool.server] == [tool.name for tool in SPECS]
    assert [tool.name for tool in kept if tool.server] == [f"wiki_{n}" for n in range(len(kept) - len(SPECS))]
    assert len(kept) < len(SPECS) + 20


def test_results_of_this_turn_lose_rows_where_all_of_them_do_not_fit() -> None:
    request = replace(REQUEST, rounds=past(400, rounds=6), history=(turn("before"),))
    fitted = SMALL.fit(request).request
    shown = {len(table.rows) for each in fitted.rounds for r in each.results for table in r.tables}
    assert max(shown) < MODEL_ROWS
    assert all(table.total_rows == 400 for each in fitted.rounds for r in each.results for table in r.tables)
    assert Window(200_000).fit(request).request.rounds == request.rounds


def test_results_of_this_turn_lose_words_where_they_do_not_fit_without_rows_either() -> None:
    long = replace(result("list", rows=0), summary="10.2.0.14 refused " * 3_000)
    request = replace(REQUEST, rounds=(Round(Completion("", (long.call,), "m"), (long, long)),))
    fitted = SMALL.fit(request)
    assert fitted.tokens <= SMALL.limit
    for each in fitted.request.rounds[0].results:
        assert each.summary.endswith(" […]")
        assert long.summary.startswith(each.summary.removesuffix(" […]"))
        assert len(each.summary) >= 500


def test_a_question_that_alone_is_too_long_says_so() -> None:
    with pytest.raises(UnusableMessage, match="the model's window has room for"):
        SMALL.fit(replace(REQUEST, question="word " * 9_000))


def test_a_model_that_counts_more_makes_the_window_smaller() -> None:
    meter = Meter()
    before = meter.room(DEFAULT_TOKENS)
    meter.learn(1_000, 1_500)
    assert before == int(DEFAULT_TOKENS / FIRST_MARGIN)
    assert meter.room(DEFAULT_TOKENS) < DEFAULT_TOKENS / 1.5


def test_one_that_counts_fewer_makes_it_larger_and_never_much() -> None:
    meter = Meter()
    before = meter.room(DEFAULT_TOKENS)
    meter.learn(1_000, 1)
    assert before < meter.room(DEFAULT_TOKENS) < 1.2 * DEFAULT_TOKENS


@given(st.text())
def test_the_estimate_of_a_text_is_at_most_its_bytes(text: str) -> None:
    assert tokens_of(text) <= len(text.encode(errors="replace")) + 1


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9_000)), max_size=40),
    st.integers(0, 100),
    st.integers(0, MAX_SUMMARY),
)
def test_what_fits_is_the_newest_in_order_and_within_bounds(
    sizes: list[tuple[int, int]], rows: int, summary: int
) -> None:
    history = tuple(replace(turn(str(n), rows=cut), answer="x" * said) for n, (cut, said) in enumerate(sizes))
    request = replace(REQUEST, history=history, rounds=past(rows), summary="y" * summary)
    fitted = SMALL.fit(request)
    ids = [each.id for each in fitted.request.history]
    assert ids == [each.id for each in history][len(history) - len(ids) :]
    assert fitted.tokens <= SMALL.meter.room(SMALL.limit)
    assert tuple(each.id for each in (*fitted.left_out, *fitted.request.history)) == tuple(e.id for e in history)
