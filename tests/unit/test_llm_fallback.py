"""A model behind a model."""

import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest

from bot.domain.errors import ModelRefused, ModelUnreachable, NetspyError
from bot.domain.ports import Check
from bot.domain.turn import Completion, Delay, ModelEvent, ModelRequest, TextDelta, ToolCall
from bot.llm.fallback import CUT, FallbackModel
from tests.fakes import ScriptedModel
from tests.unit.llm_models import PlayedModel
from tests.wire.llm_requests import REQUEST, after, ask, collect

REFUSED = ModelRefused("asking gpt", "the key was refused", "set OPENAI_API_KEY")
CALL = ToolCall("1", "find_failures")
PLANNED = Completion("Planned.", (CALL,), "planner")
NOTICE = f"No language model answered, the planner did: {REFUSED}"


@dataclass
class BreakingModel:
    """Says `text`, then fails."""

    text: str
    error: NetspyError
    name: str = "gpt"
    closed: bool = False

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        try:
            yield TextDelta(self.text)
            raise self.error
        finally:
            self.closed = True

    async def check(self) -> Check:
        return Check("model", "fault", "no key", "set one")


def planner(*script: Completion) -> ScriptedModel:
    return ScriptedModel(list(script), name="planner")


async def test_a_model_that_answers_is_not_replaced() -> None:
    said = Completion("Fine.", (), "gpt")
    model = FallbackModel(ScriptedModel([said], name="gpt"), planner())
    assert (await ask(model)).completion == said
    assert model.name == "gpt"


async def test_the_fallback_answers_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "netspy.llm")
    heard = await ask(FallbackModel(ScriptedModel([REFUSED], name="gpt"), planner(PLANNED)))
    assert heard.completion == replace(PLANNED, notice=NOTICE)
    assert [record.message for record in caplog.records] == ["model.fell_back"]


async def test_the_fallback_keeps_the_turn_and_gives_the_next_one_back() -> None:
    end = Completion("Done.", (), "planner")
    preferred = ScriptedModel([REFUSED, Completion("Back.", (), "gpt")], name="gpt")
    model = FallbackModel(preferred, planner(PLANNED, end))
    first = (await ask(model)).completion
    assert (await ask(model, after(REQUEST, first))).completion == replace(end, notice=NOTICE)
    assert (await ask(model)).completion.text == "Back."


async def test_a_model_that_fails_in_its_second_round_is_replaced_from_there() -> None:
    preferred = ScriptedModel([Completion("", (CALL,), "gpt"), REFUSED], name="gpt")
    end = Completion("Done.", (), "planner")
    model = FallbackModel(preferred, planner(end))
    first = (await ask(model)).completion
    assert (await ask(model, after(REQUEST, first))).completion.notice == NOTICE


async def test_prose_that_was_shown_stays_and_is_marked_as_cut() -> None:
    breaking = BreakingModel("There are", REFUSED)
    heard = await ask(FallbackModel(breaking, planner(PLANNED)))
    assert heard.completion.text == f"There are{CUT}Planned."
    assert heard.completion.calls == (CALL,)
    assert heard.completion.notice == NOTICE


DOWN = ModelUnreachable("asking mini", "nothing answers there", "check OPENAI_BASE_URL")
BY_MINI = Completion("Mini.", (CALL,), "mini")


def chain(
    gpt: list[Completion | NetspyError], mini: list[Completion | NetspyError], *plans: Completion
) -> FallbackModel:
    return FallbackModel(
        ScriptedModel(gpt, name="gpt"), FallbackModel(ScriptedModel(mini, name="mini"), planner(*plans))
    )


async def test_the_next_language_model_answers_before_the_planner() -> None:
    model = chain([REFUSED], [BY_MINI, BY_MINI])
    first = await ask(model)
    second = await ask(model, after(REQUEST, first.completion))
    assert first.completion.notice == second.completion.notice == f"mini answered instead of gpt: {REFUSED}"
    assert first.delays == ["gpt: the key was refused; mini is asked instead"]
    assert second.delays == []


async def test_the_planner_is_never_waited_for() -> None:
    assert (await ask(FallbackModel(ScriptedModel([REFUSED], name="gpt"), planner(PLANNED)))).delays == []


async def test_delays_of_models_pass_through_and_are_no_prose() -> None:
    waiting, mini = Delay("gpt: busy; asked again in 2 s"), Delay("mini: busy; asked again in 3 s")
    preferred = PlayedModel([(TextDelta("So"), TextDelta(CUT), waiting, REFUSED)])
    behind = FallbackModel(
        PlayedModel([(mini, TextDelta("Mini."), Completion("Mini.", (), "mini"))], "mini"), planner()
    )
    events = await collect(FallbackModel(preferred, behind).answer(REQUEST))
    handed_over = Delay("gpt: the key was refused; mini is asked instead")
    text = [event.text for event in events if isinstance(event, TextDelta)]
    assert [event for event in events if isinstance(event, Delay)] == [waiting, handed_over, mini]
    assert text == ["So", CUT, "Mini."]
    assert isinstance(events[-1], Completion)
    assert events[-1].text == f"So{CUT}Mini."


async def test_a_chain_that_fails_whole_is_not_tried_again_in_this_turn() -> None:
    model = chain([REFUSED], [DOWN], PLANNED, PLANNED)
    first = (await ask(model)).completion
    second = (await ask(model, after(REQUEST, first))).completion
    expected = f"No language model answered, the planner did: {DOWN}. Before that, {REFUSED}"
    assert first.notice == second.notice == expected


async def test_a_model_that_took_over_may_fail_too() -> None:
    model = chain([REFUSED], [BY_MINI, DOWN], PLANNED)
    first = (await ask(model)).completion
    second = (await ask(model, after(REQUEST, first))).completion
    assert second.notice == f"No language model answered, the planner did: {DOWN}"


async def test_the_next_model_takes_over_from_a_round_of_the_first() -> None:
    model = chain([Completion("", (CALL,), "gpt"), REFUSED], [BY_MINI])
    first = (await ask(model)).completion
    assert (await ask(model, after(REQUEST, first))).completion.model == "mini"


async def test_only_a_models_failure_calls_the_fallback() -> None:
    bug = NetspyError("x", "y")
    with pytest.raises(NetspyError, match="x: y"):
        await ask(FallbackModel(BreakingModel("So", bug), planner()))


async def test_leaving_closes_the_preferred_model() -> None:
    breaking = BreakingModel("So", REFUSED)
    events = FallbackModel(breaking, planner()).answer(REQUEST)
    await anext(events)
    await events.aclose()
    assert breaking.closed


async def test_check_tells_a_fault_as_a_warning() -> None:
    check = await FallbackModel(BreakingModel("", REFUSED), planner()).check()
    assert check == Check("model", "warning", "no key; the planner answers instead", "set one")


@dataclass
class CheckedModel(PlayedModel):
    """Tells its state."""

    state: Check = field(default_factory=lambda: Check("model", "ok", "gpt, 3 ms"))

    async def check(self) -> Check:
        return self.state


OK, FAULT = Check("model", "ok", "mini, 3 ms"), Check("model", "fault", "no key", "set one", "model-key")


@pytest.mark.parametrize(
    ("gpt", "mini", "told"),
    [
        (OK, OK, Check("model", "ok", "mini, 3 ms; mini, 3 ms")),
        (OK, FAULT, Check("model", "warning", "mini, 3 ms; no key", "set one", "model-key")),
        (FAULT, OK, Check("model", "warning", "no key; mini, 3 ms; mini answers instead", "set one", "model-key")),
        (
            FAULT,
            FAULT,
            Check("model", "warning", "no key; no key; the planner answers instead", "set one", "model-key"),
        ),
    ],
)
async def test_check_tells_the_state_of_each_language_model(gpt: Check, mini: Check, told: Check) -> None:
    behind = FallbackModel(CheckedModel([], "mini", state=mini), planner())
    assert await FallbackModel(CheckedModel([], "gpt", state=gpt), behind).check() == told


async def test_what_the_next_model_has_to_say_itself_is_not_lost() -> None:
    own = "mini takes no images: answered without shot.png"
    said = replace(BY_MINI, notice=own)
    model = chain([REFUSED], [said, said])
    first = (await ask(model)).completion
    second = (await ask(model, after(REQUEST, first))).completion
    assert first.notice == second.notice == f"mini answered instead of gpt: {REFUSED}. {own}"


async def test_what_the_planner_has_to_say_itself_is_not_lost() -> None:
    own = "The planner takes no images: answered without shot.png"
    model = chain([REFUSED], [DOWN], replace(PLANNED, notice=own))
    notice = (await ask(model)).completion.notice
    assert notice == f"No language model answered, the planner did: {DOWN}. {own}. Before that, {REFUSED}"


async def test_a_model_that_the_policy_does_not_permit_is_passed_over_without_a_word() -> None:
    model = chain([], [BY_MINI])
    heard = await ask(model, replace(REQUEST, models=("mi*",)))
    assert heard.completion == BY_MINI
    assert heard.delays == []


async def test_where_no_model_is_permitted_the_planner_answers_and_says_so_once() -> None:
    model = chain([], [], PLANNED, PLANNED)
    request = replace(REQUEST, models=())
    first = (await ask(model, request)).completion
    second = (await ask(model, after(request, first))).completion
    assert first.text == "Planned."
    assert first.notice == second.notice == "The policy permits no language model here: the planner answered"


async def test_a_permitted_model_that_fails_hands_over_only_to_permitted_ones() -> None:
    model = chain([REFUSED], [], PLANNED)
    heard = await ask(model, replace(REQUEST, models=("gpt",)))
    expected = "The policy permits no other language model here: the planner answered"
    assert heard.completion.notice == f"{expected}. Before that, {REFUSED}"
    assert heard.delays == ["gpt: the key was refused; planner is asked instead"]
