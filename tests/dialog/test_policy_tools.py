"""What may be called: by commands, models, workflows and other servers, all through one host."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation.auditing import Notes, Unaudited
from bot.conversation.permitted import PermittedHost
from bot.conversation.visit import Visit
from bot.domain.json_types import JsonObject
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.domain.turn import Completion, ToolCall, ToolResult, ToolSpec
from bot.policy.permit import Permit, union
from bot.policy.rules import Rule
from tests.dialog.policy_stage import (
    CHECKOUT,
    CURL,
    DANA,
    EVERYBODY,
    ONLY_CHECKOUT,
    PolicyStage,
    cells,
    policy,
    said,
    told,
)
from tests.dialog.stage import says
from tests.fakes import NOW, FakeHost, ScriptedModel, result


class Tools(FakeHost):
    """netspy's own, a workflow of them, and two of another server."""

    async def tools(self) -> tuple[ToolSpec, ...]:
        reads = ToolSpec("db__query", "", {}, read_only=True, server="db")
        return (
            ToolSpec("list_connections", "", {}, read_only=True),
            ToolSpec("dns_lookups", "", {}, read_only=True),
            ToolSpec("contextual_analysis", "", {}, read_only=True),
            ToolSpec("investigate", "", {}, read_only=True, uses=frozenset({"dns_lookups", "list_connections"})),
            reads,
            replace(reads, name="db__drop", read_only=False),
        )


@dataclass
class Asked:
    """Which scope each call was made under."""

    permit: Permit

    def __post_init__(self) -> None:
        self.hosts: dict[Scope, Tools] = {}
        notes = Notes(audit=Unaudited(), message=said(""), clock=lambda: NOW)
        self.host = PermittedHost(self.over, Visit(self.permit, notes), frozenset({"contextual_analysis"}))

    def over(self, scope: Scope) -> Tools:
        names = ("list_connections", "dns_lookups", "contextual_analysis", "investigate", "db__query", "db__drop")
        return self.hosts.setdefault(scope, Tools({name: result(name) for name in names}))

    async def offered(self) -> set[str]:
        return {spec.name for spec in await self.host.tools()}

    async def call(self, name: str, now: datetime = NOW, **arguments: str | int) -> ToolResult:
        return await self.host.call(ToolCall("c", name, arguments), now=now)

    @property
    def called(self) -> dict[Scope, list[str]]:
        return {scope: [call.name for call in host.calls] for scope, host in self.hosts.items() if host.calls}


def one(**more: object) -> Asked:
    return Asked(Permit(((replace(Rule(name="r"), **more),),)))  # type: ignore[arg-type]  # what a test gives is a rule's


async def test_models_are_offered_what_may_be_called_and_nothing_else() -> None:
    assert await one(tools=("list_*",)).offered() == {"list_connections"}
    everything = {"list_connections", "dns_lookups", "contextual_analysis", "investigate", "db__query"}
    assert await one().offered() == everything
    assert await one(changes=True).offered() == everything | {"db__drop"}
    assert await one(scope=CHECKOUT, changes=True).offered() == everything - {"db__query"}
    assert await one(tools=("investigate", "contextual_*", "dns_lookups")).offered() == {"dns_lookups"}


async def test_a_call_that_is_not_permitted_fails_with_a_sentence_and_runs_nothing() -> None:
    for asked, name, sentence in (
        (one(tools=("list_*",)), "dns_lookups", "dns_lookups: the policy does not permit this tool here"),
        (one(tools=("investigate", "list_*")), "investigate", "of which the policy does not permit dns_lookups here"),
        (one(tools=("contextual_*", "list_*")), "contextual_analysis", "does not permit dns_lookups here"),
        (one(), "db__drop", "it may change something"),
        (one(scope=CHECKOUT), "db__query", "tools of other servers know no such part"),
        (one(tools=("list_*",)), "list_conections", "there is no such tool here; did you mean list_connections?"),
        (one(tools=("list_*",)), "db__gone", "there is no such tool here; there are list_connections"),
    ):
        found = await asked.call(name)
        assert found.failed
        assert sentence in found.summary
        assert asked.called == {}


async def test_a_call_runs_over_its_scope() -> None:
    asked = one(scope=CHECKOUT)
    assert not (await asked.call("list_connections")).failed
    assert asked.called == {CHECKOUT: ["list_connections"]}


async def test_in_a_direct_message_a_tool_sees_the_channels_that_permit_it() -> None:
    wide = Rule(name="a", scope=CHECKOUT)
    asked = Asked(Permit(((wide,), (Rule(name="b", scope=CURL, tools=("list_*",)),))))
    await asked.call("list_connections")
    await asked.call("dns_lookups")
    assert asked.called == {union([CHECKOUT, CURL]): ["list_connections"], CHECKOUT: ["dns_lookups"]}
    open_one = Asked(Permit(((wide,), (Rule(name="c"),))))
    await open_one.call("db__query")
    assert open_one.called == {EVERYTHING: ["db__query"]}


LIMITED = Scope(
    frozenset(
        {
            Limits(processes=frozenset({"checkout*"}), nodes=frozenset({"node-a"})),
            Limits(pids=frozenset({7}), namespaces=frozenset({"pay-*"})),
        }
    )
)


WITHIN: tuple[tuple[JsonObject, bool], ...] = (
    ({}, True),
    ({"process_name": "checkout-api"}, True),
    ({"process_name": "checkout-api", "node": "node-a"}, True),
    ({"process_name": "checkout-api", "node": "node-b", "pid": 9}, False),
    ({"process_name": "nginx", "pid": 7}, True),
    ({"process_name": "nginx", "pid": 8}, False),
    ({"process_name": "nginx", "pid": "8"}, False),
    ({"pid": "07", "namespace": "pay-eu"}, True),
    ({"pid": 8, "node": "*", "process_name": ""}, True),
    ({"pid": 7, "namespace": "shop", "node": "node-b"}, False),
    ({"process_name": "*", "destination": "203.0.113.1"}, True),
)


async def test_what_is_asked_for_outside_the_scope_is_refused() -> None:
    for arguments, is_let_through in WITHIN:
        asked = one(scope=LIMITED)
        found = await asked.host.call(ToolCall("c", "list_connections", arguments), now=NOW)
        assert (found.failed, bool(asked.called)) == (not is_let_through, is_let_through), arguments


async def test_the_sentence_is_the_same_whether_or_not_it_exists() -> None:
    stage = PolicyStage(policy=ONLY_CHECKOUT)
    async with stage.desk() as desk:
        there = told(await stage.say(desk, "list --process secretd"))
        nowhere = told(await stage.say(desk, "list --process zzzzzzz"))
    assert "not in the part of the network that may be seen here, or there is no such thing" in there
    assert there == nowhere.replace("zzzzzzz", "secretd")


async def test_a_command_a_question_and_again_see_the_scope() -> None:
    stage = PolicyStage(policy=ONLY_CHECKOUT)
    async with stage.desk() as desk:
        for text in ("list", "which processes opened connections?", "again", "diff", "summary"):
            reply = await stage.say(desk, text)
            assert "secretd" not in repr(reply), text
            assert "10.9.9.9" not in repr(reply), text
        assert "checkout" in cells(await stage.say(desk, "list"))


async def test_a_model_that_calls_what_was_not_offered_is_told_so_and_nothing_runs() -> None:
    model = ScriptedModel([says("", "dns_lookups"), says("Done.")])
    stage = PolicyStage(own=model, policy=policy(replace(EVERYBODY, tools=("list_*",))))
    async with stage.desk() as desk:
        await stage.say(desk, "look")
    first, second = model.requests
    assert {tool.name for tool in first.tools} == {"list_connections", "list_packet_drops", "list_events",
                                                   "list_sockets", "diff_last_calls", "recall_turn"}  # fmt: skip
    (round_,) = second.rounds
    assert "the policy does not permit this tool here" in round_.results[0].summary


async def test_which_models_may_be_told_goes_with_the_request() -> None:
    for models, expected in ((("*",), None), (("gpt-*",), ("gpt-*",)), ((), ())):
        model = ScriptedModel([Completion("Hello.", (), "scripted")])
        stage = PolicyStage(own=model, policy=policy(replace(EVERYBODY, models=models)))
        async with stage.desk() as desk:
            await stage.say(desk, "hello", DANA)
        assert model.requests[0].models == expected
