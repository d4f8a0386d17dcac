"""Daily budgets of tokens."""

import logging
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone

import pytest

from bot.domain.errors import ModelRefused, StorageLocked
from bot.domain.ports import ChatModel
from bot.domain.stores import Spent
from bot.domain.turn import Completion, Round, ToolCall, Usage
from bot.llm.budget import BudgetModel, Budgets
from bot.llm.estimating import estimated
from bot.llm.fallback import FallbackModel
from tests.fakes import ScriptedModel
from tests.wire.llm_requests import REQUEST, after, ask, turn

ASKED = replace(REQUEST, author="slack/T1/U1")
CALL = ToolCall("1", "find_failures")
CALLED = Completion("", (CALL,), "gpt", usage=Usage(90, 10))
SAID = Completion("Fine.", (), "gpt", usage=Usage(90, 10))
PLANNED = Completion("Planned.", (), "planner")
LATE = datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=2)))
BOTH = Budgets(of_all=1000, of_author=500)


@dataclass
class FixedLedger:
    of_all: int = 0
    of_author: int = 0
    broken: bool = False
    asked: list[tuple[date, str]] = field(default_factory=list)

    async def spent(self, day: date, author: str) -> Spent:
        self.asked.append((day, author))
        if self.broken:
            raise StorageLocked("counting tokens", "another process holds the database")
        return Spent(self.of_all, self.of_author)


def limited(
    *script: Completion,
    ledger: FixedLedger,
    planned: tuple[Completion, ...] = (),
    budgets: Budgets = BOTH,
) -> BudgetModel:
    model = ScriptedModel(list(script), name="gpt")
    return BudgetModel(
        model, ScriptedModel(list(planned), name="planner"), ledger=ledger, budgets=budgets, clock=lambda: LATE
    )


async def test_while_there_is_enough_nothing_is_said() -> None:
    ledger = FixedLedger(of_all=600, of_author=200)
    assert (await ask(limited(SAID, ledger=ledger), ASKED)).completion == SAID
    assert ledger.asked == [(date(2026, 11, 23), "slack/T1/U1")]


@pytest.mark.parametrize(
    ("ledger", "notice"),
    [
        (FixedLedger(of_all=1000), "Netspy's tokens for today are spent (1,000 of 1,000)"),
        (FixedLedger(of_author=517), "Your tokens for today are spent (517 of 500)"),
    ],
)
async def test_when_a_budget_is_spent_the_planner_answers_and_says_which(ledger: FixedLedger, notice: str) -> None:
    completion = (await ask(limited(ledger=ledger, planned=(PLANNED,)), ASKED)).completion
    assert completion.text == "Planned."
    assert completion.notice == f"{notice}: the planner answered; they begin anew at 00:00 UTC"


@pytest.mark.parametrize(
    ("ledger", "notice"),
    [
        (FixedLedger(of_all=699), ""),
        (FixedLedger(of_all=712), "81 % of netspy's tokens for today are spent (812 of 1,000)"),
        (FixedLedger(of_all=712, of_author=390), "98 % of your tokens for today are spent (490 of 500)"),
    ],
)
async def test_from_four_fifths_on_an_answer_says_what_is_spent(ledger: FixedLedger, notice: str) -> None:
    told = (await ask(limited(SAID, ledger=ledger), ASKED)).completion.notice
    assert told == (f"{notice}; once all are, the planner answers until 00:00 UTC" if notice else "")


async def test_an_answer_that_spends_the_last_says_that_the_planner_is_next() -> None:
    told = (await ask(limited(SAID, ledger=FixedLedger(of_all=950)), ASKED)).completion.notice
    assert told == "105 % of netspy's tokens for today are spent (1,050 of 1,000); the planner answers until 00:00 UTC"


async def test_rounds_that_only_call_tools_say_nothing() -> None:
    assert (await ask(limited(CALLED, ledger=FixedLedger(of_all=890)), ASKED)).completion == CALLED


async def test_earlier_rounds_of_the_turn_count() -> None:
    model = limited(CALLED, SAID, ledger=FixedLedger(of_all=650))
    first = (await ask(model, ASKED)).completion
    assert "(850 of 1,000)" in (await ask(model, after(ASKED, first))).completion.notice


async def test_a_budget_that_ends_within_a_turn_gives_the_rest_of_it_to_the_planner() -> None:
    planned = (replace(PLANNED, calls=(CALL,), text=""), PLANNED)
    ledger = FixedLedger(of_all=900)
    model = limited(CALLED, ledger=ledger, planned=planned)
    request = after(ASKED, (await ask(model, ASKED)).completion)
    second = (await ask(model, request)).completion
    ledger.of_all = 0
    third = (await ask(model, after(request, second))).completion
    assert [second.model, third.model] == ["planner", "planner"]
    assert second.notice == third.notice
    assert "(1,000 of 1,000)" in third.notice


async def test_whoever_is_not_named_spends_of_the_whole_only() -> None:
    ledger = FixedLedger(of_all=10, of_author=9999)
    assert (await ask(limited(SAID, ledger=ledger), replace(ASKED, author=""))).completion == SAID


async def test_a_budget_that_is_not_set_is_never_spent() -> None:
    ledger = FixedLedger(of_all=10**9, of_author=10)
    model = limited(SAID, ledger=ledger, budgets=Budgets(of_author=500))
    assert (await ask(model, ASKED)).completion == SAID
    assert not Budgets()


async def test_a_ledger_that_fails_stops_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "netspy.llm")
    assert (await ask(limited(SAID, ledger=FixedLedger(broken=True)), ASKED)).completion == SAID
    assert [record.message for record in caplog.records] == ["budget.unknown"]


async def test_what_a_server_does_not_count_is_estimated() -> None:
    quiet = replace(SAID, usage=None, text="x" * 400)
    completion = (await ask(limited(quiet, ledger=FixedLedger()), ASKED)).completion
    assert completion.usage == estimated(ASKED, quiet)
    assert completion.usage.output_tokens == 100


async def test_rounds_that_nobody_counted_are_estimated_and_netspys_own_cost_nothing() -> None:
    own = Round(Completion("", (CALL,), ""), ())
    quiet = Round(Completion("x" * 3_000, (), "gpt"), ())
    ended = limited(ledger=FixedLedger(of_all=249), planned=(PLANNED,), budgets=Budgets(of_all=1000))
    assert (await ask(ended, replace(ASKED, rounds=(own, quiet)))).completion.model == "planner"
    free = limited(SAID, ledger=FixedLedger(of_all=249), budgets=Budgets(of_all=1000))
    assert (await ask(free, replace(ASKED, rounds=(own,)))).completion.model == "gpt"


async def test_notices_of_the_chain_are_kept() -> None:
    refused = ModelRefused("asking gpt", "the key was refused", "set OPENAI_API_KEY")
    by_mini = replace(SAID, model="mini")
    behind: ChatModel = FallbackModel(ScriptedModel([by_mini], name="mini"), ScriptedModel([], name="planner"))
    chain = FallbackModel(ScriptedModel([refused], name="gpt"), behind)
    model = BudgetModel(
        chain,
        ScriptedModel([], name="planner"),
        ledger=FixedLedger(of_all=800),
        budgets=Budgets(of_all=1000),
        clock=lambda: LATE,
    )
    notice = (await ask(model, ASKED)).completion.notice
    assert notice.startswith(f"mini answered instead of gpt: {refused}. 90 % of netspy's tokens")


async def test_a_turn_that_the_chains_planner_began_stays_with_the_planner() -> None:
    begun = Completion("", (CALL,), "planner", notice="No language model answered")
    ledger = FixedLedger(of_all=5000)
    model = limited(ledger=ledger, planned=(PLANNED,))
    completion = (await ask(model, after(ASKED, begun))).completion
    assert completion == replace(PLANNED, notice="No language model answered")
    assert ledger.asked == []


async def test_a_summary_says_nothing_of_budgets() -> None:
    model = limited(SAID, ledger=FixedLedger(of_all=850))
    assert (await ask(model, replace(ASKED, task="summarise"))).completion == SAID


def test_an_estimate_counts_all_that_was_read() -> None:
    little = estimated(REQUEST, SAID).input_tokens
    more = replace(REQUEST, history=(turn(1, "x" * 400, calls=(CALL,), answer="y" * 400),), summary="z" * 400)
    assert estimated(more, SAID).input_tokens > little + 300
    assert estimated(replace(REQUEST, tools=()), SAID).input_tokens < little
