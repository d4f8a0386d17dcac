"""The audit log: every act of a person, with what was decided and what came of it, and nothing of what they said."""

from dataclasses import replace

import pytest

from bot.domain.audit import AuditEntry
from bot.domain.errors import NotPermitted
from bot.domain.message import Csv, TurnId
from bot.domain.turn import Completion, ToolCall, Usage
from tests.dialog.policy_stage import DANA, EVERYBODY, GUEST, PolicyStage, policy, pressed, said
from tests.dialog.stage import stuck
from tests.fakes import ScriptedModel


def brief(entry: AuditEntry) -> tuple[str, str, str, str]:
    return entry.kind, entry.act, entry.decision, entry.rule


async def test_a_question_and_its_calls_are_noted_with_what_they_brought_and_cost() -> None:
    calls = (
        ToolCall("a", "list_connections", {"process_name": "checkout"}),
        ToolCall("b", "dns_lookups", {"lookup": "x" * 1000}),
    )
    script = [
        Completion("", calls, "gpt-x", usage=Usage(100, 5)),
        Completion("Hello there.", (), "gpt-x", usage=Usage(200, 7)),
    ]
    stage = PolicyStage(own=ScriptedModel(script), policy=policy(replace(EVERYBODY, tools=("list_*",))))
    async with stage.desk() as desk:
        await stage.say(desk, "my secret question?")
    called, refused, ended = stage.audited
    assert brief(called) == ("tool", "list_connections", "allowed", "everybody")
    assert (called.arguments, called.rows) == ({"process_name": "checkout"}, 1)
    assert brief(refused) == ("tool", "dns_lookups", "refused", "everybody")
    assert refused.reason == "the policy does not permit this tool here"
    assert len(str(refused.arguments["lookup"])) < 400
    assert brief(ended) == ("question", "", "allowed", "everybody")
    assert (ended.tokens, ended.model, ended.rows) == (312, "gpt-x", 1)
    assert {entry.turn for entry in stage.audited} == {stage.last_turn()}
    assert {(e.platform, e.workspace, e.channel, e.author, e.author_name) for e in stage.audited} == {
        ("slack", "T1", "C1", "U1", "dana")
    }
    assert all(entry.took_s is not None for entry in (called, ended))
    assert "secret question" not in repr(stage.audited)


async def test_commands_buttons_and_refusals_are_noted() -> None:
    stage = PolicyStage()
    async with stage.desk() as desk:
        await stage.say(desk, "list --pid 1")
        await desk.act(pressed(Csv(TurnId(stage.last_turn()), "T1")))
        await stage.say(desk, "forget")
        with pytest.raises(NotPermitted):
            await desk.handle(said("list --pid 2", GUEST))
    assert [brief(entry) for entry in stage.audited] == [
        ("tool", "list_connections", "allowed", "default"),
        ("command", "list_connections", "allowed", "default"),
        ("button", "csv", "allowed", "default"),
        ("command", "forget", "allowed", "default"),
        ("command", "list_connections", "refused", ""),
    ]
    _, listed, csv, _, refused = stage.audited
    assert (listed.arguments, listed.model, listed.tokens) == ({"pid": "1"}, "", 0)
    assert (csv.arguments, csv.rows, csv.author) == ({"table": "T1"}, 1, DANA.id)
    assert (refused.turn, refused.author) == ("", GUEST.id)


async def test_a_call_that_is_cut_off_is_noted() -> None:
    stage = PolicyStage(own=ScriptedModel([Completion("", (ToolCall("a", "stuck"),), "m")]), deadline_s=0.05)
    host = stuck()
    stage.others = lambda _: host
    async with stage.desk() as desk:
        await stage.say(desk, "go")
    called = next(entry for entry in stage.audited if entry.kind == "tool")
    assert (called.act, called.decision, called.rows) == ("stuck", "allowed", None)
