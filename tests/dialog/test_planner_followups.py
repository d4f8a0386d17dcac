"""Dialogs with the planner: what a follow-up names changes, everything else stays.

Each step is a question and the calls that it must become, in the notation of the corpus of single questions.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

import pytest

from bot.domain.json_types import JsonObject
from bot.domain.message import Address, Author, Command, Message, MessageId, ThreadKey, TurnId
from bot.domain.network import Coverage, Window
from bot.domain.table import Column, Table
from bot.domain.turn import ToolCall, ToolResult, Turn
from bot.llm.offline.plan import Plan
from bot.llm.offline.understanding import understand
from tests.fakes import NOW
from tests.unit.test_offline_understanding import HANGS, NOTHING, REACH, SLOW, SYSTEM, WHY, written

KEY = ThreadKey("test", "", "", "1")


def turn(text: str, *results: ToolResult, command: Command | None = None) -> Turn:
    message = Message(KEY, MessageId(text), Author("1", "dana"), text, NOW, Address("test", ""), command)
    return Turn(TurnId(text), message, NOW, "answered", results, "...")


def result(tool: str, arguments: JsonObject, *, processes: Sequence[str] = (), failed: bool = False) -> ToolResult:
    table = Table("Rows", (Column("process"),), tuple((name,) for name in processes), len(processes), "T1")
    return ToolResult(ToolCall("1", tool, arguments), "...", (table,) if processes else (), None, failed)


def as_turn(question: str, plan: Plan) -> Turn:
    """The turn that the plan made, as history keeps it."""
    return turn(question, *(result(call.tool, call.arguments) for call in plan.calls))


DIALOGS = {
    "the issue's own": [
        ("which processes had failed connections in the last 10 minutes?", "failures | duration=600"),
        ("and for curl only?", "failures | duration=600 process_name=curl"),
        ("and for nginx?", "failures | duration=600 process_name=nginx"),
        ("what about the last hour?", "failures | duration=3600 process_name=nginx"),
        ("top 3", "failures | duration=3600 max_events=3 process_name=nginx"),
        ("same for pid 77", "failures | duration=3600 max_events=3 pid=77"),
        ("and drops?", "dropsummary | duration=3600 max_events=3 pid=77"),
    ],
    "a list": [
        ("show me the last 5 connections of curl", "list | max_events=5 process_name=curl"),
        ("more", "list | max_events=15 process_name=curl"),
        ("and of wget?", "list | process_name=wget"),
        ("only the last minute", "list | duration=60 process_name=wget"),
        ("and for all processes?", "list | duration=60"),
        ("just checkout please", "list | duration=60 process_name=checkout"),
        ("the last 2 only", "list | duration=60 max_events=2 process_name=checkout"),
    ],
    "a cause": [
        ("why can't curl reach 10.0.0.1", f"{REACH} | destination=10.0.0.1 duration=300 process_name=curl"),
        ("and wget?", f"{REACH} | destination=10.0.0.1 duration=300 process_name=wget"),
        ("what about 10.0.0.2?", f"{REACH} | destination=10.0.0.2 duration=300 process_name=wget"),
        ("how about in the last 2 hours", f"{REACH} | destination=10.0.0.2 duration=7200 process_name=wget"),
        ("did that help?", "compare | destination=10.0.0.2 process_name=wget"),
        ("and since 14:00?", "compare | destination=10.0.0.2 duration=420 process_name=wget"),
    ],
    "narrowing": [
        ("failed connections since 13:07", "failures | duration=3600"),
        ("only the refused ones", "failures | duration=3600 max_events=50"),
        ("why?", f"{WHY} | duration=3600"),
        ("and the patterns?", "analyze | duration=3600"),
        ("for curl", "analyze | duration=3600 process_name=curl"),
        ("show its drops", "droplist | duration=3600 process_name=curl"),
    ],
    "the whole system": [
        ("Analyze my system", f"{SYSTEM} | duration=300 max_events=5"),
        ("and for nginx?", f"{SYSTEM} | duration=300 max_events=5 process_name=nginx"),
        ("now the last hour", f"{SYSTEM} | duration=3600 max_events=5 process_name=nginx"),
        ("drops?", "dropsummary | duration=3600 process_name=nginx"),
        ("ok, analyze my system", f"{SYSTEM} | duration=300 max_events=5"),
    ],
    "rows that the planner chose are no wish": [
        ("Analyze my system", f"{SYSTEM} | duration=300 max_events=5"),
        ("more", f"{SYSTEM} | duration=300 max_events=15"),
        ("and failures?", "failures | duration=300"),
        ("show me the last 5 connections", "list | max_events=5"),
        ("only those of curl", "list | max_events=5 process_name=curl"),
        ("to port 443", "list | max_events=5 port=443 process_name=curl"),
    ],
    "a cause of drops": [
        ("are we dropping packets?", "dropsummary"),
        ("why?", "dropsummary"),
        ("why do connections fail?", f"{WHY} | duration=300"),
        ("why?", f"{WHY} | duration=300"),
    ],
    "a new question begins anew": [
        ("failures of curl in the last hour", "failures | duration=3600 process_name=curl"),
        ("how many connections were there?", "summary"),
        ("which processes had failed connections?", "failures | duration=300"),
        ("list connections of nginx", "list | process_name=nginx"),
    ],
    "small talk does not lose the thread": [
        ("failures of curl in the last hour", "failures | duration=3600 process_name=curl"),
        ("thanks!", NOTHING),
        ("lgtm", NOTHING),
        ("and nginx?", "failures | duration=3600 process_name=nginx"),
    ],
    "looking again": [
        ("is curl failing", "failures | duration=300 process_name=curl"),
        ("again", "failures | duration=300 process_name=curl"),
        ("is it fixed now?", "failures | duration=300 process_name=curl"),
        ("is it slow?", f"{SLOW} | duration=300 max_events=50 process_name=curl"),
    ],
    "a plain tool has no window until one is named": [
        ("list connections", "list"),
        ("and for curl?", "list | process_name=curl"),
        ("and its failures?", "failures | duration=300 process_name=curl"),
    ],
    "where the data comes from is asked once": [
        ("is this live data?", "source"),
        ("and for curl?", "summary | process_name=curl"),
    ],
    "more is asked for once": [
        ("failures including local sockets", "failures | duration=300 include_local=True"),
        ("more", "failures | duration=300 include_local=True max_events=30"),
        ("more", "failures | duration=300 include_local=True max_events=90"),
        ("and for nc?", "failures | duration=300 include_local=True process_name=nc"),
    ],
    "what is slow": [
        ("is checkout slow?", f"{SLOW} | duration=300 max_events=50 process_name=checkout"),
        ("why?", "latency health failures dropsummary | duration=300 process_name=checkout"),
        ("and in the last hour?", "latency health failures dropsummary | duration=3600 process_name=checkout"),
    ],
    "names": [
        ("is db.internal resolving?", "dns | lookup=db.internal"),
        ("and api.internal?", "dns | lookup=api.internal"),
        ("why?", "dns failures dropsummary | duration=300 lookup=api.internal"),
    ],
    "talkers": [
        ("top talkers by destination in the last hour", "talkers | by=destination duration=3600"),
        ("and by port?", "talkers | by=port duration=3600"),
        ("only udp", "talkers | by=port duration=3600 protocol=UDP"),
        ("more", "talkers | by=port duration=3600 max_events=30 protocol=UDP"),
        ("when did the drops begin?", "trend | by=reason kind=drop"),
    ],
    "a span of time is replaced as a whole": [
        (
            "failures between 13:00 and 13:30",
            "failures | duration=4020 since=2026-11-23T13:00:00Z until=2026-11-23T13:30:00Z",
        ),
        (
            "and of curl?",
            "failures | duration=4020 process_name=curl since=2026-11-23T13:00:00Z until=2026-11-23T13:30:00Z",
        ),
        ("and in the last hour", "failures | duration=3600 process_name=curl"),
    ],
    "sockets": [
        ("who listens on port 8080?", "sockets | port=8080 state=LISTEN"),
        ("and on port 9090?", "sockets | port=9090 state=LISTEN"),
        ("why is 10.0.0.9:9090 not answering?", f"{HANGS} | destination=10.0.0.9:9090 duration=300 port=9090"),
    ],
    "what waits": [
        (
            "why does kiosk wait for 10.99.0.2:8453?",
            f"{HANGS} | destination=10.99.0.2:8453 duration=300 port=8453 process_name=kiosk",
        ),
        ("and its connections?", "list | destination=10.99.0.2:8453 duration=300 process_name=kiosk"),
    ],
    "what one tool alone takes is not carried on to another": [
        ("drops over time", "trend | by=reason kind=drop"),
        ("and the top talkers?", "talkers"),
    ],
    "resets": [
        ("who resets the connections of curl", "health failures | duration=300 max_events=50 process_name=curl"),
        ("again", "health failures | duration=300 max_events=50 process_name=curl"),
        ("did that help?", "compare | process_name=curl"),
    ],
    "local sockets": [
        ("list connections", "list"),
        ("and with local sockets", "list | include_local=True"),
        ("same for snapd", "list | include_local=True process_name=snapd"),
    ],
}


@pytest.mark.parametrize("dialog", DIALOGS.values(), ids=DIALOGS)
def test_follow_up_changes_what_it_names(dialog: Sequence[tuple[str, str]]) -> None:
    history: tuple[Turn, ...] = ()
    for question, expected in dialog:
        plan = understand(question, history, now=NOW, zone=UTC)
        assert (question, written(plan)) == (question, expected)
        history += (as_turn(question, plan),)


def test_focus_stays_through_follow_ups() -> None:
    history: tuple[Turn, ...] = ()
    for question in ("why can't curl reach 10.0.0.1:443", "and wget?", "and in the last hour?"):
        plan = understand(question, history, now=NOW, zone=UTC)
        history += (as_turn(question, plan),)
    assert str(plan.focus.destination) == "10.0.0.1:443"


def test_command_can_be_followed_up() -> None:
    arguments: JsonObject = {"max_events": "3", "duration": 120}
    told = turn("", result("list_connections", arguments), command=Command("list_connections", arguments))
    plan = understand("and for curl only?", (told,), now=NOW, zone=UTC)
    assert written(plan) == "list | duration=120 max_events=3 process_name=curl"


def covered(tool: str, arguments: JsonObject, *, matched: int, command: str = "") -> ToolResult:
    window = Window.last(60, NOW)
    coverage = Coverage(source="s", kind="live", window=window, seen=9, matched=matched, command=command)
    return replace(result(tool, arguments), coverage=coverage)


def test_command_in_between_is_the_subject_of_what_follows() -> None:
    question = "show python3 connections to 10.98.1.1"
    first = as_turn(question, understand(question, (), now=NOW, zone=UTC))
    typed = turn("summary --duration 60", covered("get_network_summary", {}, matched=9, command="summary"))
    for command in (typed, turn("summary", *typed.results), replace(turn("failures"), results=typed.results)):
        plan = understand("explain that", (first, command), now=NOW, zone=UTC)
        is_of_command = command.message.text.startswith("summary")
        assert (plan.focus.destination is None) == is_of_command
    assert written(understand("explain that", (first, typed), now=NOW, zone=UTC)) == f"{WHY} | duration=300"


@pytest.mark.parametrize(
    ("question", "carried"),
    [("zzz failures in the last hour", None), ("failures of 'zzz' in the last hour", "zzz")],
)
def test_guessed_name_that_nothing_has_is_not_carried_on(question: str, carried: str | None) -> None:
    plan = understand(question, (), now=NOW, zone=UTC)
    past = turn(question, *(covered(call.tool, call.arguments, matched=0) for call in plan.calls))
    after = understand("and drops?", (past,), now=NOW, zone=UTC)
    assert [call.tool for call in after.calls] == ["get_packet_drop_summary"]
    assert after.calls[0].arguments == {"duration": 3600} | ({"process_name": carried} if carried else {})


def test_lone_word_that_nothing_has_leaves_the_question_before_it() -> None:
    question = "failures of curl in the last hour"
    first = as_turn(question, understand(question, (), now=NOW, zone=UTC))
    missed = turn("and zzz?", covered("find_failures", {"process_name": "zzz", "duration": 3600}, matched=0))
    plan = understand("and drops?", (first, missed), now=NOW, zone=UTC)
    assert written(plan) == "dropsummary | duration=3600 process_name=curl"


def test_calls_of_another_model_are_what_a_follow_up_changes() -> None:
    past = turn(
        "compare the two shops",
        result("find_failures", {"process_name": "checkout", "duration": 60}),
        result("find_failures", {"process_name": "basket", "duration": 60}),
        result("get_network_summary", {"pid": None, "duration": 60}),
        result("list_connections", {"bogus": 1}, failed=True),
        result("jira__search", {"query": "checkout"}),
    )
    plan = understand("and in the last hour?", (past,), now=NOW, zone=UTC)
    assert [(call.tool, dict(call.arguments)) for call in plan.calls] == [
        ("find_failures", {"process_name": "checkout", "duration": 3600}),
        ("find_failures", {"process_name": "basket", "duration": 3600}),
        ("get_network_summary", {"duration": 3600}),
    ]
    again = understand("and nginx?", (past,), now=NOW, zone=UTC)
    assert [(call.tool, call.arguments["process_name"]) for call in again.calls] == [
        ("find_failures", "nginx"),
        ("get_network_summary", "nginx"),
    ]


def test_failed_turn_is_followed_up_by_what_it_tried() -> None:
    past = turn("is curl failing", result("find_failures", {"process_name": "curl", "duration": 300}, failed=True))
    assert written(understand("again", (past,), now=NOW, zone=UTC)) == "failures | duration=300 process_name=curl"


def test_turn_that_ended_before_its_calls_is_followed_up_by_its_words() -> None:
    past = replace(turn("failures of curl in the last hour"), state="stopped", answer="")
    plan = understand("and wget?", (past,), now=NOW, zone=UTC)
    assert written(plan) == "failures | duration=3600 process_name=wget"


@pytest.mark.parametrize(
    ("question", "process"),
    [
        ("payments failures", "payments"),
        ("show Payments connections", "payments"),
        ("is it tokio-runtime-w?", "tokio-runtime-w"),
        ("why is paymens failing", "payments"),
        ("and connections of web content?", "Web Content"),
        ("failures of list", None),
    ],
)
def test_process_seen_in_this_thread_is_known_by_name(question: str, process: str | None) -> None:
    names = ("payments", "tokio-runtime-w", "Web Content", "list")
    past = turn("failures", result("find_failures", {"duration": 300}, processes=names))
    plan = understand(question, (past,), now=NOW, zone=UTC)
    assert {call.arguments.get("process_name") for call in plan.calls} == {process}
