"""Who is answered where: refused before anything is stored, told to the author alone, and at work once more."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Unpack

import pytest

from bot.conversation import gate
from bot.domain.errors import NotPermitted, PlatformError
from bot.domain.message import Again, Author, Channel, Command, MessageId, Prose, TurnId
from bot.domain.stores import WorkerId
from bot.domain.turn import Turn
from bot.policy.rules import DEFAULT, Policy, Rule
from tests.dialog.policy_stage import (
    ALI,
    C1,
    C2,
    CHECKOUT,
    DANA,
    EVERYBODY,
    GUEST,
    ONLY_CHECKOUT,
    Channels,
    PolicyStage,
    Where,
    cells,
    policy,
    pressed,
    said,
    told,
)
from tests.fakes import NOW


async def refusal(stage: PolicyStage, text: str, by: Author = DANA, **more: Unpack[Where]) -> str:
    async with stage.desk() as desk:
        with pytest.raises(NotPermitted) as raised:
            await desk.handle(said(text, by, **more))
    assert stage.store.turns == {}, "nothing is stored"
    return str(raised.value)


async def test_a_guest_is_refused_in_a_sentence_and_nothing_is_stored() -> None:
    stage = PolicyStage()
    assert "guests are not answered here. Ask a full member" in await refusal(stage, "list", GUEST)
    assert [(entry.decision, entry.reason) for entry in stage.audited] == [("refused", "guests are not answered here")]


async def test_who_is_not_let_in_and_speaks_to_others_is_passed_over_in_silence() -> None:
    stage = PolicyStage(thread_replies="all")
    async with stage.desk() as desk:
        await stage.say(desk, "list")
        await desk.handle(said("lunch?", GUEST, addressee="thread"))
    assert len(stage.store.turns) == 1
    assert [entry.decision for entry in stage.audited if entry.author == GUEST.id] == []


async def test_a_command_that_is_not_permitted_is_refused_and_help_never_is() -> None:
    stage = PolicyStage(policy=policy(replace(EVERYBODY, commands=("why",), tools=("list_*",))))
    async with stage.desk() as desk:
        for text in ("forget", "status", "/status", "diff", "again 3", "quiet", "be quiet", "listen", "tools", "TOOLS"):
            with pytest.raises(NotPermitted, match="the policy does not permit this command here"):
                await desk.handle(said(text))
        with pytest.raises(NotPermitted):
            await desk.handle(said("list", command=Command("again", {"turn": 1})))
        helped = await stage.say(desk, "help")
    assert isinstance(helped.blocks[0], Prose)
    assert "`list " in helped.blocks[0].markdown
    assert "`dns " not in helped.blocks[0].markdown, "help names what may be asked"
    assert "`why " in helped.blocks[0].markdown
    assert not [name for name in ("diff", "forget", "status", "tools") if f"`{name}" in helped.blocks[0].markdown]


async def test_what_another_turn_did_is_not_done_again_where_its_command_is_refused() -> None:
    stage = PolicyStage()
    async with stage.desk() as desk:
        await stage.say(desk, "list")
        await stage.say(desk, "status")
        status = TurnId(stage.last_turn())
        await stage.say(desk, "why 1")
        stage.policy = policy(replace(EVERYBODY, commands=("again",)))
        assert "why: the policy does not permit" in told(await stage.say(desk, "again 3"))
        assert "status: the policy does not permit" in told(await desk.act(pressed(Again(status))))


async def test_a_turn_keeps_the_policy_that_it_began_with_and_the_next_one_has_the_new() -> None:
    stage = PolicyStage()
    async with stage.desk() as desk:
        assert "secretd" in cells(await stage.say(desk, "list"))
        stage.policy = ONLY_CHECKOUT
        assert cells(await stage.say(desk, "list")) >= {"checkout"}
        assert "secretd" not in cells(await stage.say(desk, "list"))
        stage.policy = policy(replace(EVERYBODY, refuse=True))
        with pytest.raises(NotPermitted):
            await desk.handle(said("list"))


async def test_a_question_that_waited_while_the_policy_changed_is_refused_when_it_is_its_turn() -> None:
    stage = PolicyStage()
    message = said("list")
    await stage.store.begin(Turn(TurnId("t1"), message, NOW), worker=WorkerId("gone"))
    stage.policy = policy(replace(EVERYBODY, refuse=True, reason="closed"))
    async with stage.desk() as desk:
        await desk.resume(message.key)
        reply = await stage.reply_to(message.id)
    assert told(reply) == "asking here: closed. Ask whoever runs netspy"
    assert cells(reply) == set()


async def test_a_direct_message_sees_what_the_shared_channels_see() -> None:
    rules = policy(Rule(name="one", channels=frozenset({C1}), scope=CHECKOUT), EVERYBODY)
    stage = PolicyStage(policy=rules, directory=Channels({"U1": frozenset({C1}), "U2": frozenset({C1, C2})}))
    async with stage.desk() as desk:
        dana = await stage.say(desk, "list", channel="D1", direct=True)
        ali = await stage.say(desk, "list", ALI, channel="D2", direct=True)
    assert "checkout" in cells(dana)
    assert "secretd" not in cells(dana)
    assert "secretd" in cells(ali)


@pytest.mark.parametrize(
    ("directory", "rules", "sentence"),
    [
        (None, DEFAULT, "nothing here knows in which channels you are. Ask in a channel"),
        (Channels(), DEFAULT, "netspy is in no channel that you are in. Invite it to one of yours"),
        (Channels(error=PlatformError("asked", "it is away")), DEFAULT, "it can't be found out now"),
        (Channels(hangs=True), DEFAULT, "it can't be found out in time"),
        (Channels({"U1": frozenset({C1})}), Policy(rules=(EVERYBODY,), direct_messages=False), "no direct messages"),
        (Channels({"U1": frozenset({C2})}), policy(Rule(name="x", channels=frozenset({C1}))), "admits you to nothing"),
    ],
)
async def test_a_direct_message_of_which_nobody_knows_what_it_may_see_is_refused(
    directory: Channels | None, rules: Policy, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "DIRECTORY_PATIENCE_S", 0.01)
    stage = PolicyStage(directory=directory, policy=rules)
    assert sentence in await refusal(stage, "list", channel="D1", direct=True)


async def test_a_platform_is_asked_once_a_minute_where_somebody_is_and_a_failure_is_not_remembered() -> None:
    channels, time = Channels({"U1": frozenset({C1})}), [0.0]
    asked = gate.Gate(lambda: DEFAULT, lambda _: channels, clock=lambda: time[0])
    here = Channel("slack", "T1", "D1", direct=True)
    for seconds, times in ((0, 1), (59, 1), (61, 2)):
        time[0] = seconds
        await asked.permit(DANA, here)
        assert channels.asked == times
    channels.error = PlatformError("asked", "it is away")
    time[0] = 1000
    for _ in range(2):
        with pytest.raises(NotPermitted):
            await asked.permit(DANA, here)
    channels.error = None
    await asked.permit(DANA, here)


async def test_who_asks_too_often_is_told_when_to_try_again() -> None:
    stage = PolicyStage(policy=policy(EVERYBODY, per_user=2, per_channel=3))
    async with stage.desk() as desk:
        for second in (0, 10):
            stage.now = NOW + timedelta(seconds=second)
            await stage.say(desk, "list", thread=str(second))
        with pytest.raises(NotPermitted, match=r"you asked 2 questions within a minute already\. Try again in 50 s"):
            await desk.handle(said("list", channel=C2))
        await stage.say(desk, "list", ALI)
        with pytest.raises(NotPermitted, match=r"3 questions were asked here within a minute already"):
            await desk.handle(said("list", Author("U9", "x")))
        assert len(stage.store.turns) == 3
        stage.now = NOW + timedelta(seconds=61)
        await stage.say(desk, "list")
    assert [entry.rule for entry in stage.audited if entry.decision == "refused"] == ["limits", "limits"]


async def test_many_questions_at_once_do_not_slip_past_a_limit() -> None:
    stage = PolicyStage(policy=policy(EVERYBODY, per_user=3))
    async with stage.desk() as desk:
        messages = [said("list", thread=str(number)) for number in range(10)]
        outcomes = await asyncio.gather(*map(desk.handle, messages), return_exceptions=True)
    assert sum(isinstance(outcome, NotPermitted) for outcome in outcomes) == 7
    assert len(stage.store.turns) == 3


async def test_a_message_that_is_delivered_again_is_not_refused_for_coming_too_often() -> None:
    stage = PolicyStage(policy=policy(EVERYBODY, per_user=1))
    message = said("list")
    async with stage.desk() as desk:
        await desk.handle(message)
        await stage.reply_to(message.id)
        await desk.handle(message)
        with pytest.raises(NotPermitted):
            await desk.handle(replace(message, id=MessageId("another")))


async def test_an_alert_counts_for_its_channel_and_is_no_persons() -> None:
    alerts = Author("alertmanager", "Alertmanager", "service")
    stage = PolicyStage(policy=policy(EVERYBODY, per_user=1, per_channel=3))
    async with stage.desk() as desk:
        for _ in range(3):
            await stage.say(desk, "list", alerts)
        with pytest.raises(NotPermitted, match="asked here"):
            await desk.handle(said("list", alerts))
    assert [entry.kind for entry in stage.audited if entry.kind != "tool"] == ["alert"] * 4


async def test_completion_and_status_show_only_what_the_channel_may_see() -> None:
    stage = PolicyStage(policy=ONLY_CHECKOUT)
    here = Channel("slack", "T1", C1)
    async with stage.desk() as desk:
        assert await desk.complete("process_name", "", by=DANA, channel=here) == ("checkout",)
        assert await desk.complete("process_name", "", by=GUEST, channel=here) == ()
        with pytest.raises(NotPermitted):
            await desk.status(by=GUEST, channel=here)
        stage.scopes.clear()
        assert {check.part for check in await desk.status(by=DANA, channel=here)} >= {"source", "model"}
        await stage.say(desk, "status")
    assert stage.scopes == [CHECKOUT, CHECKOUT]
