import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from bot.conversation.analyst import LoopAnalyst
from bot.conversation.calling import MAX_CALLS_PER_ROUND
from bot.conversation.loop import MAX_ROUNDS, ToolLoop
from bot.conversation.transcript import Transcript
from bot.domain.errors import ModelTruncated, ModelUnreachable, PlatformError
from bot.domain.message import Attachment, Block, Footer, Notice, Prose, Step, ThreadKey, TurnId
from bot.domain.network import Coverage, Window
from bot.domain.table import Table
from bot.domain.turn import Completion, Delay, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolResult, ToolSpec
from tests.fakes import NOW, FakeHost, RecordingOutlet, ScriptedModel, result

REQUEST = ModelRequest(
    thread=ThreadKey("test", "", "", "1"), instructions="", history=(), question="what is failing?", now=NOW
)


def says(text: str, *calls: str) -> Completion:
    made = tuple(ToolCall(f"id{number}", name) for number, name in enumerate(calls))
    return Completion(text, made, "scripted")


def asks(*numbers: int) -> Completion:
    """Calls of one tool that differ in an argument."""
    return Completion("", tuple(ToolCall(f"id{number}", "a", {"n": number}) for number in numbers), "scripted")


async def run(model: ScriptedModel, host: FakeHost) -> tuple[Transcript, RecordingOutlet]:
    outlet = RecordingOutlet()
    transcript = Transcript(outlet)
    await ToolLoop(model, host).run(REQUEST, transcript)
    model.done()
    return transcript, outlet


async def test_tables_come_before_the_prose_that_cites_them() -> None:
    model = ScriptedModel([says("", "failures", "drops"), says("Both failed [T1].")])
    host = FakeHost({"failures": result("failures"), "drops": result("drops")})

    transcript, outlet = await run(model, host)

    kinds = [type(block) for block in transcript.reply(TurnId("t")).blocks]
    assert kinds == [Table, Footer, Table, Footer, Prose]
    labels = [block.label for block in outlet.shown if isinstance(block, Table)]
    assert labels == ["T1", "T2"]
    assert outlet.said == transcript.answer == "Both failed [T1]."


async def test_the_model_gets_results_in_call_order_with_the_labels_that_people_see() -> None:
    model = ScriptedModel([says("", "slow", "fast"), says("done")])
    host = FakeHost({"slow": result("slow"), "fast": result("fast")}, gates={"slow": asyncio.Event()})

    async def release_slow_after_fast() -> None:
        while "fast" not in host.ended:
            await asyncio.sleep(0)
        host.gates["slow"].set()

    async with asyncio.TaskGroup() as group:
        group.create_task(release_slow_after_fast())
        running = group.create_task(run(model, host))
    _, outlet = running.result()

    assert host.ended == ["fast", "slow"]
    given = model.requests[1].rounds[0].results
    assert [(each.call.name, each.tables[0].label) for each in given] == [("slow", "T1"), ("fast", "T2")]
    shown = [block.title for block in outlet.shown if isinstance(block, Table)]
    assert shown == ["Table of slow", "Table of fast"]


async def test_the_model_reads_all_rows_and_the_person_sees_the_first() -> None:
    model = ScriptedModel([says("", "many"), says("done")])

    transcript, outlet = await run(model, FakeHost({"many": result("many", rows=30)}))

    assert len(model.requests[1].rounds[0].results[0].tables[0].rows) == 30
    assert len(transcript.results[0].tables[0].rows) == 30
    table, footer = outlet.shown
    assert isinstance(table, Table)
    assert isinstance(footer, Footer)
    assert (len(table.rows), table.total_rows, footer.coverage.shown) == (20, 30, 20)


async def test_every_call_of_a_turn_has_the_same_now() -> None:
    model = ScriptedModel([says("", "a", "b"), says("", "a"), says("done")])
    host = FakeHost({"a": result("a"), "b": result("b")})

    await run(model, host)

    assert host.nows == {NOW}


async def test_steps_tell_what_runs_and_how_it_ended() -> None:
    model = ScriptedModel([says("", "good", "bad"), says("done")])
    host = FakeHost({"good": result("good"), "bad": result("bad", rows=0, failed=True)})

    _, outlet = await run(model, host)

    states = {(step.title, step.state) for step in outlet.steps}
    assert states == {("good", "running"), ("bad", "running"), ("good", "done"), ("bad", "failed")}


async def test_a_model_that_never_stops_calling_is_asked_once_more_without_tools() -> None:
    model = ScriptedModel([asks(number) for number in range(MAX_ROUNDS)] + [says("That is all I know.")])
    host = FakeHost({"a": result("a")})

    transcript, _ = await run(model, host)

    assert len(host.calls) == MAX_ROUNDS
    assert model.requests[-1].tools == ()
    assert transcript.answer == "That is all I know."


async def test_calls_made_without_being_offered_tools_are_not_run() -> None:
    model = ScriptedModel([asks(number) for number in range(MAX_ROUNDS)] + [says("again", "a")])
    host = FakeHost({"a": result("a")})

    await run(model, host)

    assert len(host.calls) == MAX_ROUNDS


async def test_a_last_round_that_asks_for_tools_again_is_told() -> None:
    model = ScriptedModel([asks(number) for number in range(MAX_ROUNDS + 1)])

    transcript, _ = await run(model, FakeHost({"a": result("a")}))

    (notice,) = transcript.notices
    assert "asked for more tools after 8 rounds" in notice.text


async def test_identical_calls_are_made_and_shown_once_and_each_gets_the_result() -> None:
    twice = (ToolCall("x", "a", {"n": 1, "m": 2}), ToolCall("y", "a", {"m": 2, "n": 1}))
    later = ToolCall("z", "a", {"n": 1, "m": 2})
    model = ScriptedModel([Completion("", twice, "s"), Completion("", (later,), "s"), says("done")])
    host = FakeHost({"a": result("a")})

    _, outlet = await run(model, host)

    rounds = model.requests[-1].rounds
    given = [(each.call.id, each.tables[0].label) for past in rounds for each in past.results]
    assert given == [("x", "T1"), ("y", "T1"), ("z", "T1")]
    assert len(host.calls) == 1
    assert len([block for block in outlet.shown if isinstance(block, Table)]) == 1


async def test_a_failed_call_is_made_again_when_a_later_round_asks_for_it() -> None:
    model = ScriptedModel([asks(1), asks(1), says("done")])
    host = FakeHost({"a": result("a", rows=0, failed=True)})

    await run(model, host)

    assert len(host.calls) == 2


async def test_what_an_attempt_that_was_cut_off_brought_is_not_asked_for_again() -> None:
    model = ScriptedModel([asks(1), asks(2), says("done")])
    host = FakeHost({"a": result("a")})
    known = replace(result("a", rows=7), call=ToolCall("old", "a", {"n": 1}))
    transcript = Transcript(RecordingOutlet())

    await ToolLoop(model, host).run(REQUEST, transcript, known=[known])

    assert [call.arguments for call in host.calls] == [{"n": 2}]
    assert [len(each.tables[0].rows) for each in transcript.results] == [7, 1]
    assert model.requests[1].rounds[0].results[0].call.id == "id1"


async def test_a_delay_is_a_step_until_something_comes() -> None:
    class Hesitant(ScriptedModel):
        async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
            yield Delay("gpt failed; asked again")
            async for event in super().answer(request):
                yield event

    _, outlet = await run(Hesitant([says("So.")]), FakeHost())

    assert [(step.title, step.state) for step in outlet.steps] == [
        ("gpt failed; asked again", "running"),
        ("gpt failed; asked again", "done"),
    ]


async def test_a_platform_that_shows_nothing_just_now_fails_no_turn() -> None:
    class Mute(RecordingOutlet):
        async def step(self, step: Step) -> None:
            raise PlatformError("a step", "no connection")

        async def prose(self, delta: str) -> None:
            raise PlatformError("prose", "no connection")

        async def show(self, block: Block) -> None:
            raise PlatformError("a table", "no connection")

    transcript = Transcript(Mute())
    await ToolLoop(ScriptedModel([asks(1), says("So.")]), FakeHost({"a": result("a")})).run(REQUEST, transcript)

    assert [type(block) for block in transcript.reply(TurnId("t")).blocks] == [Table, Footer, Prose]


async def test_too_many_calls_of_one_round_are_refused_and_the_model_is_told() -> None:
    model = ScriptedModel([asks(*range(MAX_CALLS_PER_ROUND + 2)), says("done")])
    host = FakeHost({"a": result("a", rows=0)})

    await run(model, host)

    given = model.requests[1].rounds[0].results
    assert len(host.calls) == MAX_CALLS_PER_ROUND
    assert [each.failed for each in given[-3:]] == [False, True, True]


async def test_what_was_shown_stays_when_the_model_fails_later() -> None:
    model = ScriptedModel([says("Looking.", "a"), ModelUnreachable("asked gpt", "no answer")])
    outlet = RecordingOutlet()
    transcript = Transcript(outlet)

    with pytest.raises(ModelUnreachable):
        await ToolLoop(model, FakeHost({"a": result("a")})).run(REQUEST, transcript)

    kinds = [type(block) for block in transcript.reply(TurnId("t")).blocks]
    assert kinds == [Prose, Table, Footer]


async def test_prose_of_two_rounds_without_a_table_between_stays_two_paragraphs() -> None:
    model = ScriptedModel([says("Looking.", "a"), says("Nothing.")])

    transcript, outlet = await run(model, FakeHost({"a": result("a", rows=0)}))

    assert transcript.answer == outlet.said == "Looking.\n\nNothing."


async def test_a_notice_of_the_model_stands_once_behind_the_answer() -> None:
    notice = "No language model was used."
    model = ScriptedModel([replace(says("", "a"), notice=notice), replace(says("done"), notice=notice)])

    transcript, _ = await run(model, FakeHost({"a": result("a")}))

    kinds = [type(block) for block in transcript.reply(TurnId("t")).blocks]
    assert kinds == [Table, Footer, Prose, Notice]
    assert transcript.reply(TurnId("t")).blocks[-1] == Notice("info", notice)


async def test_an_analyst_answers_one_call_with_prose_and_all_tables() -> None:
    model = ScriptedModel([says("", "a", "b"), says("`a` failed [T1], `b` too [T2].")])
    host = FakeHost({"a": result("a"), "b": result("b")})
    call = ToolCall("1", "contextual_analysis", {"query": "what?"})

    answer = await LoopAnalyst(ToolLoop(model, host)).analyze(call, "what?", now=NOW)

    assert answer.call == call
    assert answer.summary == "`a` failed, `b` too."
    assert [table.title for table in answer.tables] == ["Table of a", "Table of b"]
    assert answer.coverage
    assert answer.coverage.shown == 2
    assert not answer.failed


async def test_an_analyst_whose_model_fails_is_a_failed_result() -> None:
    model = ScriptedModel([ModelUnreachable("asked gpt", "no answer", "try again")])
    call = ToolCall("1", "contextual_analysis")

    answer = await LoopAnalyst(ToolLoop(model, FakeHost({"a": result("a")}))).analyze(call, "what?", now=NOW)

    assert answer.failed
    assert answer.summary == "asked gpt: no answer. Try again"


async def test_results_are_kept_round_by_round_and_what_was_not_kept_with_those_that_follow() -> None:
    kept: list[tuple[int, int]] = []
    answers = iter([False, True, True])

    async def keep(results: Sequence[ToolResult], first: int) -> bool:
        kept.append((first, len(results)))
        return next(answers)

    transcript = Transcript(RecordingOutlet(), keep=keep)
    model = ScriptedModel([asks(1), asks(2), asks(2), asks(3), says("done")])
    await ToolLoop(model, FakeHost({"a": result("a")})).run(REQUEST, transcript)

    assert kept == [(0, 1), (0, 2), (2, 1)]
    assert transcript.kept == 3


async def test_a_call_that_failed_in_an_earlier_attempt_is_made_again() -> None:
    known = replace(result("a", rows=0, failed=True), call=ToolCall("old", "a", {"n": 1}))
    host = FakeHost({"a": result("a")})

    await ToolLoop(ScriptedModel([asks(1), says("done")]), host).run(
        REQUEST, Transcript(RecordingOutlet()), known=[known]
    )

    assert len(host.calls) == 1


async def test_a_model_whose_answer_has_no_end_is_an_error() -> None:
    class Endless(ScriptedModel):
        async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
            yield TextDelta("It is ")

    transcript = Transcript(RecordingOutlet())
    with pytest.raises(ModelTruncated, match="ended without an end"):
        await ToolLoop(Endless([]), FakeHost()).run(REQUEST, transcript)
    assert transcript.answer == "It is "


async def test_a_last_round_that_answers_and_asks_is_an_answer() -> None:
    model = ScriptedModel([asks(number) for number in range(MAX_ROUNDS)] + [says("That is all.", "a")])

    transcript, _ = await run(model, FakeHost({"a": result("a")}))

    assert transcript.notices == ()


async def test_the_steps_of_a_call_that_is_known_already_have_its_new_id() -> None:
    known = replace(result("a"), call=ToolCall("old", "a", {"n": 1}))
    outlet = RecordingOutlet()

    model = ScriptedModel([asks(1), says("done")])
    await ToolLoop(model, FakeHost({"a": result("a")})).run(REQUEST, Transcript(outlet), known=[known])

    assert [(step.id, step.state) for step in outlet.steps] == [("id1", "running"), ("id1", "done")]


async def test_every_delay_ends_once() -> None:
    class Hesitant(ScriptedModel):
        async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
            yield Delay("gpt failed")
            yield Delay("gpt failed again")
            async for event in super().answer(request):
                yield event

    _, outlet = await run(Hesitant([says("So it is.")]), FakeHost())

    assert [(step.title, step.state) for step in outlet.steps] == [
        ("gpt failed", "running"),
        ("gpt failed", "done"),
        ("gpt failed again", "running"),
        ("gpt failed again", "done"),
    ]


# tools of other servers


def foreign(name: str, *, notes: tuple[str, ...] = (), rows: int = 0) -> ToolResult:
    coverage = Coverage(source="sky", kind="foreign", window=Window(NOW, NOW), seen=None, matched=rows, notes=notes)
    return replace(result(name, rows=rows), coverage=coverage)


async def test_steps_call_another_servers_tool_what_people_call_it() -> None:
    class Titled(FakeHost):
        async def tools(self) -> tuple[ToolSpec, ...]:
            return tuple(replace(spec, title="sky: Get Weather", server="sky") for spec in await super().tools())

    host = Titled({"a": foreign("a")})
    _, outlet = await run(ScriptedModel([asks(1), says("Cold.")]), host)
    assert [(step.title, step.state) for step in outlet.steps] == [
        ("sky: Get Weather n=1", "running"),
        ("sky: Get Weather n=1", "done"),
    ]


async def test_what_was_cut_from_words_without_a_table_is_told_to_the_person() -> None:
    host = FakeHost({"a": foreign("a", notes=("of 9 characters the first 3 are kept", "left out: audio"))})
    transcript, _ = await run(ScriptedModel([asks(1), says("Cold.")]), host)
    assert transcript.notices == (
        Notice("info", "MCP server sky: of 9 characters the first 3 are kept; left out: audio"),
    )


async def test_words_of_which_nothing_was_cut_need_no_notice() -> None:
    transcript, _ = await run(ScriptedModel([asks(1), says("Cold.")]), FakeHost({"a": foreign("a")}))
    assert transcript.notices == ()


async def test_files_are_shown_behind_tables_and_before_what_they_rest_on() -> None:
    picture = Attachment("a-1.png", "iVBORw==", "base64")
    for rows, kinds in ((1, [Table, Attachment, Footer, Prose]), (0, [Attachment, Footer, Prose])):
        host = FakeHost({"a": replace(foreign("a", rows=rows), attachments=(picture,))})
        transcript, _ = await run(ScriptedModel([asks(1), says("Cold.")]), host)
        assert [type(block) for block in transcript.reply(TurnId("t")).blocks] == kinds


async def test_tools_are_looked_up_anew_for_each_round() -> None:
    class Changing(FakeHost):
        async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
            said = await super().call(call, now=now)
            self.results["new"] = result("new")
            return said

    model = ScriptedModel([asks(1), says("done")])
    await run(model, Changing({"a": result("a")}))
    assert [[tool.name for tool in request.tools] for request in model.requests] == [["a"], ["a", "new"]]
