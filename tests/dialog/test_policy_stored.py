"""What is stored was made under the limits of its time: who may see less now sees neither tables nor prose of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.conversation.manager import Manager
from bot.conversation.visible import HIDDEN
from bot.domain.message import (
    Again,
    Attachment,
    Author,
    Csv,
    Diff,
    Feedback,
    MessageId,
    Notice,
    Page,
    Stop,
    TurnId,
    Why,
)
from bot.domain.query import EVERYTHING
from bot.domain.stores import WorkerId
from bot.domain.turn import Completion, Memory, Turn
from bot.policy.marks import marks_of
from bot.policy.rules import Rule
from tests.dialog.policy_stage import (
    ALI,
    C2,
    CHECKOUT,
    DANA,
    EVERYBODY,
    GUEST,
    ONLY_CHECKOUT,
    PolicyStage,
    cells,
    policy,
    pressed,
    said,
    told,
)
from tests.dialog.stage import says
from tests.fakes import NOW, ScriptedModel, result

ONLY_ALI = policy(Rule(name="all", users=frozenset({ALI.id})), replace(EVERYBODY, scope=CHECKOUT))
"""Ali sees everything, all others checkout, in the same channel."""


@asynccontextmanager
async def after_ali(stage: PolicyStage) -> AsyncIterator[tuple[Manager, TurnId]]:
    """A desk in whose thread Ali has listed everything."""
    async with stage.desk() as desk:
        assert "secretd" in cells(await stage.say(desk, "list", ALI))
        yield desk, TurnId(stage.last_turn())


@pytest.mark.parametrize("button", [Page, Csv, Why])
async def test_a_button_shows_what_was_made_under_wider_limits_to_nobody_else(button: type[Page | Csv | Why]) -> None:
    stage = PolicyStage(policy=ONLY_ALI)
    async with after_ali(stage) as (desk, turn):
        action = Page(turn, "T1", 1) if button is Page else Csv(turn, "T1") if button is Csv else Why(turn)
        hidden = await desk.act(pressed(action, DANA))
        shown = await desk.act(pressed(action, ALI))
    assert "secretd" not in repr(hidden)
    assert "10.9.9.9" not in repr(hidden)
    if button is not Why:
        assert hidden.blocks == (Notice("error", HIDDEN),)
        assert "secretd" in repr(shown)


async def test_why_diff_and_again_of_a_wider_turn_show_nothing_of_it() -> None:
    stage = PolicyStage(policy=ONLY_ALI)
    async with after_ali(stage) as (desk, _):
        why = await stage.say(desk, "why 1")
        diff = await stage.say(desk, "diff 1")
        again = await stage.say(desk, "again 1")
    assert "secretd" not in repr((why, diff, again))
    assert HIDDEN.rstrip(".") in told(diff)
    assert "checkout" in cells(again), "what was asked is asked anew"


async def test_a_model_is_told_the_question_and_not_the_answer() -> None:
    model = ScriptedModel([says("", "list_connections"), says("secretd talks to 10.9.9.9."), says("I see.")])
    stage = PolicyStage(own=model, policy=ONLY_ALI)
    async with stage.desk() as desk:
        await stage.say(desk, "who talks?", ALI)
        await stage.say(desk, "and what did you say?", DANA)
    history = model.requests[-1].history
    assert [turn.message.text for turn in history] == ["who talks?"]
    assert (history[0].answer, history[0].results) == (HIDDEN, ())


async def test_an_answer_without_results_is_hidden_too_since_it_may_come_from_the_history() -> None:
    model = ScriptedModel([says("It was secretd."), says("I see.")])
    stage = PolicyStage(own=model, policy=ONLY_ALI)
    async with stage.desk() as desk:
        await stage.say(desk, "which one was it?", ALI)
        await stage.say(desk, "which one?", DANA)
    assert model.requests[-1].history[0].answer == HIDDEN


async def test_who_sees_more_sees_what_others_asked() -> None:
    stage = PolicyStage(policy=ONLY_ALI)
    async with stage.desk() as desk:
        await stage.say(desk, "list", DANA)
        shown = await desk.act(pressed(Page(TurnId(stage.last_turn()), "T1", 1), ALI))
    assert "checkout" in repr(shown)


async def test_a_model_can_recall_and_compare_only_what_may_be_seen() -> None:
    calls = says("", "recall_turn", "diff_last_calls").calls
    asks = Completion(
        "", (replace(calls[0], arguments={"turn": 1}), replace(calls[1], arguments={"turn": 1})), "scripted"
    )
    stage = PolicyStage(own=ScriptedModel([asks, says("Nothing.")]), policy=ONLY_ALI)
    async with after_ali(stage) as (desk, _):
        await stage.say(desk, "what was it?", DANA)
        own = stage.own
        assert isinstance(own, ScriptedModel)
        recalled, compared = own.requests[-1].rounds[0].results
    assert HIDDEN in recalled.summary
    assert "secretd" not in repr((recalled, compared))
    assert compared.summary == HIDDEN


async def test_a_summary_that_rests_on_more_is_nobodys_and_its_turns_are_read_again() -> None:
    stage = PolicyStage(own=ScriptedModel([says("Yes."), says("Yes.")]), policy=ONLY_ALI)
    async with stage.desk() as desk:
        await stage.say(desk, "list", ALI)
        key = said("").key
        for seen, summary, texts in ((EVERYTHING, "", ["list"]), (CHECKOUT, "secretd was seen", [])):
            await stage.store.remember(key, Memory("secretd was seen", 1, NOW, told=True, made=marks_of(seen)))
            await stage.say(desk, "and?", DANA)
            request = stage.own.requests[-1]  # type: ignore[attr-defined]  # it is scripted
            assert request.summary == summary
            assert [turn.message.text for turn in request.history][: len(texts)] == texts
            why = await stage.say(desk, "why")
            assert ("secretd was seen" in repr(why)) == bool(summary)


async def test_results_of_an_attempt_that_was_cut_off_are_shown_only_within_the_present_limits() -> None:
    found = result("list_connections")
    for made, is_known in ((None, False), (marks_of(CHECKOUT), True)):
        stage = PolicyStage(own=ScriptedModel([says("", "list_connections"), says("Done.")]), policy=ONLY_CHECKOUT)
        message = said("what is there?")
        await stage.store.begin(Turn(TurnId("t1"), message, NOW), worker=WorkerId("gone"))
        await stage.store.keep(TurnId("t1"), [replace(found, made=made)], first=0)
        async with stage.desk() as desk:
            await desk.resume(message.key)
            reply = await stage.reply_to(message.id)
        assert ("list_connections-0" in cells(reply)) == is_known


async def test_a_question_that_was_given_up_shows_only_what_may_be_seen() -> None:
    stage = PolicyStage(policy=ONLY_CHECKOUT)
    message = said("what is there?")
    await stage.store.begin(Turn(TurnId("t1"), message, NOW), worker=WorkerId("gone"))
    await stage.store.keep(TurnId("t1"), [result("list_connections")], first=0)
    for _ in range(3):
        await stage.store.take_over(WorkerId("gone"), message.key)
    async with stage.desk() as desk:
        await desk.resume(message.key)
        reply = await stage.reply_to(message.id)
    assert cells(reply) == set()
    assert "does not try again" in told(reply)


@pytest.mark.parametrize("button", [Stop, Again, Diff, Why, Page, Csv, Feedback])
async def test_no_button_works_from_another_channel_or_for_a_guest(button: type) -> None:
    stage = PolicyStage()
    async with after_ali(stage) as (desk, turn):
        more = {Page: ("T1", 1), Csv: ("T1",), Feedback: ("up",)}.get(button, ())
        action = button(turn, *more)
        elsewhere = await desk.act(pressed(action, ALI, channel=C2))
        by_guest = await desk.act(pressed(action, GUEST))
    assert "it belongs to an answer in another channel" in told(elsewhere)
    assert "guests are not answered here" in told(by_guest)
    assert len(stage.store.turns) == 1
    refused = [(entry.kind, entry.act) for entry in stage.audited if entry.decision == "refused"]
    assert refused == [("button", button.__name__.lower())] * 2


async def test_a_button_shows_no_table_of_a_tool_that_its_presser_may_not_call() -> None:
    rules = policy(Rule(name="all", users=frozenset({ALI.id})), replace(EVERYBODY, tools=("dns_*",), commands=()))
    stage = PolicyStage(policy=rules)
    async with after_ali(stage) as (desk, turn):
        assert "does not permit list_connections here" in told(await desk.act(pressed(Csv(turn, "T1"), DANA)))
        assert "why: the policy does not permit" in told(await desk.act(pressed(Why(turn), DANA)))
        assert "again: the policy does not permit" in told(await desk.act(pressed(Again(turn), DANA)))
        assert any(isinstance(block, Attachment) for block in (await desk.act(pressed(Csv(turn, "T1"), ALI))).blocks)


async def test_again_by_somebody_else_runs_as_they_may() -> None:
    stage = PolicyStage(policy=ONLY_ALI)
    async with after_ali(stage) as (desk, turn):
        press = pressed(Again(turn), DANA)
        await desk.act(press)
        first = stage.outlets
        while not any(name.endswith("'") and outlet.replies for name, outlet in first.items()):
            await asyncio.sleep(0)
        (reply,) = next(outlet.replies for name, outlet in first.items() if name.endswith("'"))
    asked = stage.store.turns[said("").key, MessageId(press.id)]
    assert asked.message.author == Author(DANA.id, DANA.name)
    assert "checkout" in cells(reply)
    assert "secretd" not in cells(reply)
