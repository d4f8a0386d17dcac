"""What an answer looks like in Slack while it comes, and when something stands in its way."""

from pathlib import Path

import pytest

from tests.loopback.openai_script import Call
from tests.loopback.slack_faults import HTML, Fault
from tests.wire.slack_stage import DANA, LIST, SlackStage, actions, kinds, open_slack_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def streaming(stage: SlackStage, thread: str, text: str) -> None:
    """Returns once so much of the answer is to be read."""
    await stage.slack.until(lambda: any(text in message.shown for message in stage.answers(thread)))


async def test_a_status_is_shown_at_once_and_gone_in_the_end(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    await stage.slack.until(lambda: stage.slack.status(stage.channel, thread) == "")

    first = next(call for call in stage.slack.calls if call.method.startswith(("assistant.", "chat.")))
    assert first.method == "assistant.threads.setStatus"
    assert "looking at the network" in str(first.arguments["status"])


async def test_a_slow_answer_streams_with_a_plan_of_its_tool_steps(stage: SlackStage) -> None:
    stage.model.pace_s = 0.25
    thread = stage.ask("who connects?")
    await streaming(stage, thread, "Here it is")
    (unfinished,) = stage.answers(thread)
    assert unfinished.streaming
    assert [(task.title, task.status) for task in unfinished.tasks] == [
        ("list_connections duration=600 max_events=5", "complete")
    ]
    assert stage.slack.sessions[stage.channel, thread] == ["processing"]

    (answer,) = await stage.answered(thread)
    assert "The answer to who connects?" in answer.shown
    assert not answer.streaming
    assert answer.edited is None
    await stage.slack.until(lambda: stage.slack.sessions[stage.channel, thread][-1] == "active")


async def test_slacks_own_stop_button_ends_the_answer_and_says_what_was_found(stage: SlackStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await streaming(stage, thread, "curl")
    stage.slack.stop_session(DANA, stage.channel, thread)
    (answer,) = await stage.answered(thread)

    assert "warning: Stopped. What was found until then stands above." in answer.shown
    assert "curl" in answer.shown


async def test_slacks_stop_button_ends_the_second_answer_of_a_thread_too(stage: SlackStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.model.hanging.add("who connects?")
    stage.say("who connects?", thread=thread)
    await streaming(stage, thread, "curl")
    stage.slack.stop_session(DANA, stage.channel, thread)
    answers = await stage.answered(thread, 2)

    assert "Stopped." in answers[1].shown


async def test_slacks_stop_button_ends_the_answer_at_work_not_the_question_that_waits(stage: SlackStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await streaming(stage, thread, "curl")
    stage.say("tools", thread=thread)
    await stage.slack.until(lambda: stage.slack.calls_of("reactions.add"))
    stage.slack.stop_session(DANA, stage.channel, thread)
    stopped, waited = await stage.answered(thread, 2)

    assert "Stopped." in stopped.shown
    assert "list_connections" in waited.shown


async def test_without_slacks_own_a_stop_button_stands_in_the_message_while_it_comes(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path) as stage:
        await stage.start()
        stage.slack.fail("agents.sessions.setStatus", Fault(error="missing_scope"), times=100)
        stage.model.hanging.add("who connects?")
        thread = stage.ask("who connects?")
        await streaming(stage, thread, "curl")
        (unfinished,) = stage.answers(thread)
        await stage.slack.press(DANA, unfinished, "stop")
        (answer,) = await stage.answered(thread)

    assert "Stopped." in answer.shown
    assert "stop" not in actions(answer)


async def test_a_stream_that_dies_becomes_a_message_that_is_edited(stage: SlackStage) -> None:
    stage.slack.space.stream_ttl_s = 1.0
    stage.model.pace_s = 0.6
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown
    assert answer.shown.count("The answer") == 1
    assert "curl" in answer.shown
    assert stage.slack.calls_of("chat.update")


async def test_where_slack_does_not_stream_the_message_is_edited(stage: SlackStage) -> None:
    stage.slack.fail("chat.startStream", Fault(error="missing_scope"), times=100)
    stage.model.pace_s = 0.3
    thread = stage.ask("who connects?")
    await streaming(stage, thread, "Here it is")
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown
    assert "done: list_connections" not in answer.shown


async def test_blocks_that_slack_refuses_come_as_code(stage: SlackStage) -> None:
    stage.slack.fail("chat.postMessage", Fault(error="invalid_blocks"), times=1)
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)

    assert "data_table" not in kinds(answer)
    assert "curl" in answer.shown
    assert "```" in str(answer.blocks)


async def test_an_answer_is_not_lost_when_no_block_at_all_is_taken(stage: SlackStage) -> None:
    stage.slack.fail("chat.postMessage", Fault(error="invalid_blocks"), times=2)
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)

    assert answer.blocks == []
    assert "curl" in answer.text


async def test_nobody_is_mentioned_by_an_answer_without_blocks(stage: SlackStage) -> None:
    stage.slack.fail("chat.postMessage", Fault(error="invalid_blocks"), times=2)
    thread = stage.ask("list --duration &lt;!channel&gt;")
    (answer,) = await stage.answered(thread)

    assert answer.blocks == []
    assert "<!channel>" in answer.shown
    assert answer.pinged == set()


async def test_blocks_that_a_stream_refuses_come_by_an_edit(stage: SlackStage) -> None:
    stage.model.pace_s = 0.3
    stage.slack.fail("chat.startStream", Fault(error="invalid_blocks"), times=1)
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown
    assert "curl" in answer.shown


async def test_each_table_has_a_message_of_its_own(stage: SlackStage) -> None:
    stage.model.calls = (LIST, Call("get_network_summary", {"duration": 600}))
    thread = stage.ask("what is going on?")
    first, second = await stage.answered(thread)

    assert kinds(first).count("data_table") == kinds(second).count("data_table") == 1
    assert "The answer to what is going on?" in second.shown
    assert actions(first) == ["csv:T1"]
    assert "again" in actions(second)


async def test_a_figure_that_stands_in_no_result_is_not_shown(stage: SlackStage) -> None:
    stage.model.says = lambda _: "All is well. There were 9,317 attempts [T1]. One destination is new."
    (answer,) = await stage.answered(stage.ask("who connects?"))

    assert "All is well. One destination is new." in answer.shown
    assert "9,317" not in answer.shown
    assert "1 unsupported statement removed" in answer.shown
    remark = str(stage.model.requests[-1]["messages"][-1]["content"])
    assert "1. There were 9,317 attempts [T1]. (nowhere: 9,317" in remark


async def test_a_long_answer_is_split_between_paragraphs_and_complete(stage: SlackStage) -> None:
    paragraphs = [f"Paragraph p{number} " + "says a lot. " * 120 for number in range(20)]
    stage.model.says = lambda _: "\n\n".join(paragraphs)
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) > 2
    said = "\n".join(answer.shown for answer in answers)
    assert all(f"Paragraph p{number} says" in said for number in range(20))
    assert all(answer.shown.strip().endswith(("a lot.", "Not helpful", "T1 as CSV")) for answer in answers)


async def test_300_rows_come_as_200_and_a_file_with_all(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path, processes=[f"worker-{number:03}" for number in range(300)]) as stage:
        await stage.start()
        thread = stage.ask("list --max-events 300")
        (answer,) = (message for message in await stage.answered(thread) if not message.files)
        table = next(block for block in answer.blocks if block["type"] == "data_table")
        (upload,) = stage.slack.uploads

    assert len(table["rows"]) == 201
    assert "200 of 300 rows shown; t1.csv has all 300 rows" in answer.shown
    assert upload.file.content
    assert upload.file.content.count(b"\r\n") == 301


async def test_a_file_that_cannot_be_sent_is_told(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path, processes=[f"worker-{number:03}" for number in range(300)]) as stage:
        await stage.start()
        stage.slack.scopes.discard("files:write")
        thread = stage.ask("list --max-events 300")
        answers = await stage.answered(thread)

    assert any("could not be sent" in answer.shown and "files:write" in answer.shown for answer in answers)


async def test_more_of_a_table_is_shown_to_the_one_who_asks(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path, processes=[f"worker-{number:03}" for number in range(60)]) as stage:
        await stage.start()
        stage.model.calls = (Call("list_connections", {"duration": 600, "max_events": 60}),)
        thread = stage.ask("who connects?")
        (answer,) = await stage.answered(thread)
        await stage.slack.press(DANA, answer, "page:T1")
        await stage.slack.until(stage.whispers)
        (more,) = stage.whispers()

    assert "20 of 60 rows" in answer.shown
    assert all(f"worker-{number:03}" in more.shown for number in range(60))


async def test_text_from_the_network_neither_mentions_nor_links(tmp_path: Path) -> None:
    hostile = [
        "<!channel>",
        "<@U0LEE>",
        "@here",
        "<http://e.f|x>",
        "*b* `c`",
        "```",
        "[a](http://e.f)",
        "&lt;!here&gt;",
    ]
    async with open_slack_stage(tmp_path, processes=hostile) as stage:
        await stage.start()
        stage.model.calls = (Call("list_connections", {"duration": 600, "max_events": 60}),)
        stage.model.says = lambda _: "Look at " + ", ".join(hostile) + " <!everyone>."
        thread = stage.ask("who connects?")
        answers = await stage.answered(thread)
        stage.slack.fail("chat.postMessage", Fault(error="invalid_blocks"), times=1)
        plain = stage.ask("list")
        answers += await stage.answered(plain)

    for answer in answers:
        assert answer.pinged == frozenset()
        assert answer.links == frozenset()


async def test_a_rate_limit_delays_and_loses_nothing(stage: SlackStage) -> None:
    stage.slack.fail("chat.postMessage", Fault(retry_after_s=1), times=2)
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)

    assert "curl" in answer.shown


async def test_a_channel_that_is_limited_holds_up_no_other(stage: SlackStage) -> None:
    other = stage.slack.space.add_channel("other")
    stage.slack.fail("chat.postMessage", Fault(retry_after_s=3600), times=1)
    stage.ask("list")
    await stage.slack.until(lambda: stage.slack.calls_of("chat.postMessage"))
    thread = stage.ask("list", channel=other)
    (answer,) = await stage.answered(thread, channel=other)

    assert "curl" in answer.shown


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(html=HTML), Fault(lost=True)], ids=["500", "html", "lost"])
async def test_a_post_that_fails_is_made_again_and_not_doubled(stage: SlackStage, fault: Fault) -> None:
    stage.slack.fail("chat.postMessage", fault, times=1)
    thread = stage.ask("list")
    answers = await stage.answered(thread)

    assert len(answers) == len(stage.finals(thread)) == 1


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_a_stream_whose_call_is_lost_on_the_way_back_is_not_doubled(stage: SlackStage, method: str) -> None:
    stage.model.pace_s = 0.3
    stage.slack.fail(method, Fault(lost=True), times=1)
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1
    assert answers[0].shown.count("The answer to who connects?") == 1


async def test_a_failed_tool_is_marked_in_the_plan(stage: SlackStage) -> None:
    stage.model.calls = (Call("find_failures", {"duration": 60}),)
    stage.model.pace_s = 0.3
    thread = stage.ask("what fails?")
    (answer,) = await stage.answered(thread)

    (task,) = answer.tasks
    assert task.status == "error"
    assert "outcome" in task.output
