"""What becomes of a model's sentences whose figures stand in no result."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from bot.conversation.loop import CHECKING, ToolLoop
from bot.conversation.transcript import Transcript
from bot.domain.errors import ModelError, ModelUnreachable
from bot.domain.message import Notice, Prose, Step, ThreadKey, TurnId
from bot.domain.table import Table
from bot.domain.turn import Completion, ModelEvent, ModelRequest, ToolCall
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost
from tests.dialog.stage import says
from tests.fakes import NOW, FakeEbpf, FakeHost, RecordingOutlet, ScriptedModel, connection, result

REQUEST = ModelRequest(
    thread=ThreadKey("test", "", "", "1"), instructions="", history=(), question="what is failing?", now=NOW
)
REMOVED = "1 unsupported statement removed: with figures that are not in the data."


async def run(
    *script: Completion | Exception, rows: int = 7, **more: object
) -> tuple[Transcript, RecordingOutlet, ScriptedModel]:
    outlet, model = RecordingOutlet(), ScriptedModel(list(script))
    transcript = Transcript(outlet)
    host = FakeHost({"list": result("list", rows=rows), "other": result("other")})
    await ToolLoop(model, host).run(replace(REQUEST, **more), transcript)  # type: ignore[arg-type]  # fields of a request
    model.done()
    return transcript, outlet, model


def told(transcript: Transcript) -> list[str]:
    return [notice.text for notice in transcript.notices]


async def test_sentences_with_figures_of_the_results_are_shown_as_they_are() -> None:
    said = "There are 7 rows [T1]. The last one has 6 attempts.\n\n- port 8443 is open\n- 100% of this is prose"
    transcript, outlet, _ = await run(says("", "list"), says(said.replace("100% of this", "all of this")))
    assert outlet.said == transcript.answer == said.replace("100% of this", "all of this")
    assert told(transcript) == []


async def test_a_sentence_with_another_figure_is_asked_about_once_and_shown_in_its_place_as_corrected() -> None:
    transcript, outlet, model = await run(
        says("", "list"),
        says("It fails. There are 93 rows [T1]. Nothing else is wrong."),
        says("1. There are 7 rows [T1]."),
    )
    assert outlet.said == transcript.answer == "It fails. There are 7 rows [T1]. Nothing else is wrong."
    assert told(transcript) == []
    asked = model.requests[-1]
    assert "1. There are 93 rows [T1]. (nowhere: 93" in asked.remark
    assert asked.tools == ()
    assert (asked.rounds[-1].completion.text, asked.rounds[-1].results) == (
        "It fails. There are 93 rows [T1]. Nothing else is wrong.",
        (),
    )
    assert Step("model", CHECKING, "running") in outlet.steps


@pytest.mark.parametrize("correction", ["1. There are 94 rows [T1].", "1. —", "-", "I stand by it.\n2. 5", ""])
async def test_what_stays_wrong_is_left_out_and_counted(correction: str) -> None:
    transcript, outlet, _ = await run(
        says("", "list"), says("It fails. There are 93 rows [T1]. Nothing else is wrong."), says(correction)
    )
    assert outlet.said == transcript.answer
    assert transcript.answer in {
        "It fails. Nothing else is wrong.",
        "It fails. I stand by it.\n2. 5 Nothing else is wrong.",
    }
    assert told(transcript) == ([REMOVED] if "stand" not in transcript.answer else told(transcript))


async def test_a_model_that_fails_when_it_is_asked_again_has_answered_all_the_same() -> None:
    transcript, _, _ = await run(
        says("", "list"), says("It fails. There are 93 rows. There are 7 rows."), ModelUnreachable("asking", "gone")
    )
    assert transcript.answer == "It fails. There are 7 rows."
    assert told(transcript) == [REMOVED]


async def test_each_of_several_wrong_sentences_is_corrected_under_its_number() -> None:
    transcript, _, model = await run(
        says("", "list"),
        says("- 93 rows\n- 7 rows\n- 55 attempts\n\nEnd."),
        says("2) 6 attempts\n1) 7 rows"),
    )
    assert transcript.answer == "- 7 rows\n- 7 rows\n- 6 attempts\n\nEnd."
    assert model.requests[-1].remark.count("(nowhere:") == 2


async def test_an_item_of_a_list_goes_whole_and_the_list_stays_a_list() -> None:
    transcript, _, _ = await run(
        says("", "list"), says("- 7 rows\n- 93 rows\n- 6 attempts\n\n1. 93 rows. And 7 more.\n2. 6\n"), says("")
    )
    assert transcript.answer == "- 7 rows\n- 6 attempts\n\n1. And 7 more.\n2. 6"
    assert told(transcript) == ["2 unsupported statements removed: with figures that are not in the data."]


async def test_what_a_model_says_before_its_calls_may_name_their_arguments() -> None:
    call = ToolCall("c", "list", {"duration": 600})
    transcript, _, _ = await run(
        Completion("I look back 10 minutes, over 600 seconds. Last time 93 rows failed.", (call,), "scripted"),
        says("There are 7 rows."),
    )
    assert transcript.answer == "I look back 10 minutes, over 600 seconds. \n\nThere are 7 rows."
    assert told(transcript) == [REMOVED]


async def test_figures_of_the_question_and_of_earlier_turns_are_known() -> None:
    transcript, _, _ = await run(
        says("Neither 93 nor 512 is a row count here."), question="are there 93 rows?", summary="turn 3: 512 rows"
    )
    assert transcript.answer == "Neither 93 nor 512 is a row count here."


async def test_what_waits_when_a_model_fails_is_shown_as_far_as_it_is_right() -> None:
    class Broken(ScriptedModel):
        async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
            async for event in super().answer(request):
                if isinstance(event, Completion):
                    raise ModelUnreachable("asking", "gone")
                yield event

    transcript = Transcript(RecordingOutlet())
    with pytest.raises(ModelError):
        await ToolLoop(Broken([says("There are 93 rows. It fails. And")]), FakeHost()).run(REQUEST, transcript)
    assert transcript.answer == "It fails. And"


async def test_the_planner_is_trusted_with_figures_of_its_own() -> None:
    source = FakeEbpf([replace(connection(waited_us=1_020_000.0), retransmits=1)])
    transcript = Transcript(RecordingOutlet())
    request = replace(REQUEST, question="why is curl so slow?")
    await ToolLoop(Planner(), DirectHost(source)).run(request, transcript)
    assert "a SYN is sent again after 1, 3 and 7 s" in transcript.answer


async def test_results_that_the_answer_cites_come_before_the_others() -> None:
    transcript, outlet, _ = await run(says("", "list", "other"), says("One row is odd [T2]."))
    shown = [block.label for block in outlet.shown if isinstance(block, Table)]
    blocks = transcript.reply(TurnId("t")).blocks
    assert shown == ["T1", "T2"]
    assert [block.label for block in blocks if isinstance(block, Table)] == ["T2", "T1"]
    assert isinstance(blocks[-1], Prose)
    assert not any(isinstance(block, Notice) for block in blocks)
