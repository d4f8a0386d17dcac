"""Did that help? The planner has the last calls made again where a host offers that, and answers from their changes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from bot.conversation.changes import again, comparison, together
from bot.domain.message import ThreadKey
from bot.domain.network import Event, Outcome
from bot.domain.turn import Completion, ModelRequest, Round, ToolCall, ToolResult, ToolSpec, Turn
from bot.llm.offline import Planner
from bot.llm.offline.understanding import understand
from bot.tools.network import run_tool
from tests.dialog.test_planner_followups import as_turn, result, turn
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.unit.test_offline_planner import OFFERED, spec
from tests.unit.test_offline_understanding import written

DIFF = ToolSpec("diff_last_calls", "", {"type": "object", "properties": {"turn": {"type": "integer"}}}, read_only=True)
WITH_DIFF = (*OFFERED, spec("compare_periods"), DIFF)
THREAD = ThreadKey("test", "", "", "1")
FIRST = "why can't curl reach 10.0.0.1:443"
HISTORY = (as_turn(FIRST, understand(FIRST, (), now=NOW, zone=UTC)),)
WINDOW_S = 60

SINCE_THEN = (
    "did that help?",
    "did it help",
    "opened the firewall. did that help?",
    "did restarting nginx help?",
    "did opening port 443 help?",
    "did the fix work?",
    "did my change fix it?",
    "is it better now?",
    "is it fixed?",
    "is it any better?",
    "is it gone?",
    "are they ok now?",
    "has it changed?",
    "has that improved?",
    "did things get better?",
    "does it work now?",
    "is it still broken?",
    "and now?",
    "ok, and now?",
    "how about now?",
    "now?",
    "better now?",
    "any change?",
    "fixed?",
)
OTHERWISE = (
    "what changed since yesterday?",
    "did it get better since 14:00?",
    "did the deploy of the last hour help?",
    "and now for wget?",
    "what changed?",
    "now the last hour",
    "did curl connect to 10.0.0.1?",
    "thanks, that helped",
    "can you help?",
    "is everything ok?",
    "is it better for wget?",
    "why is it slow now?",
)


def request(
    question: str,
    *,
    history: Sequence[Turn] = HISTORY,
    tools: Sequence[ToolSpec] = WITH_DIFF,
    rounds: tuple[Round, ...] = (),
) -> ModelRequest:
    return ModelRequest(
        thread=THREAD,
        instructions="",
        history=tuple(history),
        question=question,
        now=NOW,
        tools=tuple(tools),
        rounds=rounds,
    )


async def completed(asked: ModelRequest) -> Completion:
    *_, completion = [event async for event in Planner().answer(asked)]
    assert isinstance(completion, Completion)
    return completion


async def tools_for(question: str, **more: Any) -> list[str]:
    return [call.name for call in (await completed(replace(request(question), **more))).calls]


@pytest.mark.parametrize("question", SINCE_THEN)
async def test_last_calls_alone_are_made_again_when_it_is_asked_what_is_different(question: str) -> None:
    (call,) = (await completed(request(question))).calls
    assert (call.name, call.arguments) == ("diff_last_calls", {})


@pytest.mark.parametrize("question", OTHERWISE)
async def test_other_questions_have_calls_of_their_own(question: str) -> None:
    assert "diff_last_calls" not in await tools_for(question)


@pytest.mark.parametrize("question", SINCE_THEN)
async def test_where_that_is_not_offered_everything_is_as_it_was(question: str) -> None:
    without = [tool for tool in WITH_DIFF if tool != DIFF]
    assert "diff_last_calls" not in await tools_for(question, tools=tuple(without))
    plan = understand(question, HISTORY, now=NOW, zone=UTC)
    assert "diff_last_calls" not in plan.tools


async def test_without_an_answer_before_there_is_nothing_to_make_again() -> None:
    assert await tools_for("did that help?", history=()) == ["compare_periods"]
    failed = turn("failures", result("find_failures", {}, failed=True))
    assert await tools_for("did that help?", history=(failed,)) == ["compare_periods"]


async def test_question_behind_a_comparison_goes_on_from_the_calls_before_it() -> None:
    compared = turn("did that help?", result("diff_last_calls", {}))
    plan = understand("and wget?", (*HISTORY, compared), now=NOW, zone=UTC)
    assert written(plan) == written(understand("and wget?", HISTORY, now=NOW, zone=UTC))
    assert await tools_for("and now?", history=(*HISTORY, compared)) == ["diff_last_calls"]


# what it says


async def differs(
    events: Sequence[Event], *tools: str, duration_s: int = WINDOW_S, ago_s: int = WINDOW_S
) -> ToolResult:
    """The result of the tool, over real tools."""
    source, found = FakeEbpf(events), []
    for name in tools:
        asked = ToolCall("1", name, {"duration": duration_s})
        before = await run_tool(asked, source=source, now=NOW - timedelta(seconds=ago_s))
        after = await run_tool(again(asked, before.coverage), source=source, now=NOW)
        found.append(comparison(before, after).result)
    return together(ToolCall("plan-1", "diff_last_calls"), found)


async def said_of(found: ToolResult) -> str:
    """The answer, with tables labelled as a turn labels them."""
    tables = tuple(replace(table, label=f"T{number}") for number, table in enumerate(found.tables, 1))
    first = await completed(request("did that help?"))
    return (await completed(request("did that help?", rounds=(Round(first, (replace(found, tables=tables),)),)))).text


def attempts(count: int, outcome: Outcome, *, then: bool, process: str = "ledger", us: float = 300.0) -> list[Event]:
    start = WINDOW_S + 1 if then else 1
    return [
        connection(process, "10.99.0.2:8443", ago_s=start + 0.5 * n, outcome=outcome, waited_us=us, pid=start + n)
        for n in range(count)
    ]


SILENT = attempts(30, Outcome.UNANSWERED, then=True)


async def test_yes_when_what_failed_connects() -> None:
    events = [*SILENT, *attempts(41, Outcome.CONNECTED, then=False)]
    said = await said_of(await differs(events, "find_failures", "get_network_summary"))
    assert said.startswith("Yes: `ledger` to `10.99.0.2:8443`, `gave up, no reply`: attempts 30 → 0 [T1].\n")
    assert "- Now it works: `ledger`: connected 0 → 41 [T2]." in said
    assert said.endswith("Understood: what is different from then. Ran: diff_last_calls.")


async def test_yes_when_names_are_found_and_a_single_attempt_gets_through() -> None:
    events = [*attempts(1, Outcome.REFUSED, then=True), *attempts(1, Outcome.CONNECTED, then=False)]
    said = await said_of(await differs(events, "find_failures", "list_connections"))
    assert said.startswith("Yes: `ledger` to `10.99.0.2:8443`, `refused`: attempts 1 → 0 [T1].")


async def test_few_failures_that_are_gone_are_no_proof() -> None:
    events = [*attempts(2, Outcome.REFUSED, then=True), *attempts(2, Outcome.CONNECTED, then=False)]
    said = await said_of(await differs(events, "find_failures"))
    assert said.startswith("It seems so, though so few come and go by chance too: `ledger` to")


async def test_no_when_as_much_fails_as_before() -> None:
    said = await said_of(await differs([*SILENT, *attempts(28, Outcome.UNANSWERED, then=False)], "find_failures"))
    assert said.startswith(
        "No, it is as before: `ledger` to `10.99.0.2:8443`, `gave up, no reply`: still attempts 30 → 28 [T1]."
    )
    assert "1. Why: `failures --process ledger`." in said


async def test_no_when_more_fails() -> None:
    said = await said_of(await differs([*SILENT, *attempts(90, Outcome.UNANSWERED, then=False)], "find_failures"))
    assert said.startswith(
        "No, there is more of it: `ledger` to `10.99.0.2:8443`, `gave up, no reply`: attempts 30 → 90"
    )


async def test_partly_when_less_fails_or_something_else_does() -> None:
    less = await said_of(await differs([*SILENT, *attempts(3, Outcome.UNANSWERED, then=False)], "find_failures"))
    assert less.startswith("Partly, there is less of it: `ledger`")
    other = await said_of(await differs([*SILENT, *attempts(20, Outcome.REFUSED, then=False)], "find_failures"))
    assert other.startswith("Partly: `ledger` to `10.99.0.2:8443`, `gave up, no reply`: attempts 30 → 0 [T1].")
    assert "- But: `ledger` to `10.99.0.2:8443`, `refused`: attempts 0 → 20." in other


async def test_it_cannot_be_told_while_nobody_has_tried_again() -> None:
    said = await said_of(await differs(SILENT, "find_failures", "get_network_summary"))
    assert said.startswith("It can't be told yet, since nobody has tried again: `ledger` to `10.99.0.2:8443`")
    assert "Yes" not in said


async def test_yes_when_handshakes_are_fast_again() -> None:
    slow = attempts(9, Outcome.CONNECTED, then=True, us=1e6)
    said = await said_of(
        await differs([*slow, *attempts(9, Outcome.CONNECTED, then=False, us=70)], "connection_latency")
    )
    assert said.startswith("Yes: `10.99.0.2:8443`: p50 1.0 s → 70 us, p95 1.0 s → 70 us [T1].")


async def test_what_changed_is_told_where_nothing_was_wrong() -> None:
    said = await said_of(await differs(attempts(9, Outcome.CONNECTED, then=False), "get_network_summary"))
    assert said.startswith("No trouble came or went; what changed: `ledger` new, attempts 0 → 9 [T1].")
    quiet = await said_of(await differs(attempts(9, Outcome.CONNECTED, then=False), "find_failures"))
    assert quiet.startswith("Nothing changed, as far as these calls show. Then: no connection attempts in the last 60")


async def test_windows_that_overlap_are_told_behind_the_answer() -> None:
    said = await said_of(await differs(SILENT, "find_failures", duration_s=120, ago_s=30))
    assert said.startswith("No, it is as before")
    assert "- Compare with care: 1 min 30 s of the time now were part of the time then already." in said


async def test_first_table_with_trouble_answers_and_drops_elsewhere_do_not() -> None:
    elsewhere = [drop("nginx", "NETFILTER_DROP", ago_s=1 + n) for n in range(20)]
    events = [*SILENT, *attempts(41, Outcome.CONNECTED, then=False), *elsewhere]
    said = await said_of(await differs(events, "find_failures", "get_packet_drop_summary"))
    assert said.startswith("Yes: `ledger`")


async def test_missing_side_is_said() -> None:
    now = await run_tool(ToolCall("1", "find_failures"), source=FakeEbpf(SILENT), now=NOW)
    before = ToolResult(now.call, "the source does not answer", failed=True)
    said = await said_of(together(ToolCall("1", "diff_last_calls"), [comparison(before, now).result]))
    assert said.startswith("Nothing to compare with: find_failures gave no answer then")
    nothing = ToolResult(ToolCall("1", "diff_last_calls"), "there was nothing before", failed=True)
    assert (await said_of(nothing)).startswith("`diff_last_calls` gave no answer. There was nothing before.")


async def test_names_from_the_data_stay_in_code_spans() -> None:
    odd = "](http://x) **a**`"
    events = attempts(30, Outcome.REFUSED, then=True, process=odd)
    said = await said_of(await differs(events, "find_failures", "list_connections"))
    outside = "".join(said.split("`")[::2])
    assert "**" not in outside
    assert "](" not in outside
