"""Files that people attach in Slack and Discord, from their message to the model's request and the answer."""

from pathlib import Path

import pytest

from bot.settings import variables
from tests.loopback import discord_ids
from tests.loopback.slack_workspace import BOT, DANA, PAYMENTS
from tests.wire.files_stage import CSV, HUGE_BYTES, PNG, SAID, images, in_discord, in_slack, read
from tests.wire.llm_requests import Api
from tests.wire.slack_stage import MENTION


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is set by whoever runs the tests: nobody else's Slack may hear of them."""
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_in_slack_rows_and_pictures_are_in_the_models_request(tmp_path: Path, api: Api) -> None:
    async with in_slack(tmp_path, api=api) as stage:
        files = [stage.slack.attach("times.csv", CSV), stage.slack.attach("shot.png", PNG)]
        shown = await stage.ask("what is slow?", *files)
    (body,) = stage.model.bodies
    (output,) = read(body)
    assert output["coverage"]["source"] == "times.csv"
    assert output["tables"][0]["rows"] == [["db", 12.5], ["web", 771]]
    assert images(body) == ["data:image/png;base64,iVBORw0KGgoAAA=="]
    assert SAID in shown


async def test_in_slack_a_follow_up_still_knows_the_file(tmp_path: Path) -> None:
    async with in_slack(tmp_path) as stage:
        thread = stage.slack.say(DANA, PAYMENTS, MENTION, files=[stage.slack.attach("times.csv", CSV)])
        await stage.answered(thread)
        stage.slack.say(DANA, PAYMENTS, "and the db?", thread=thread)
        await stage.answered(thread, 2)
    first, second = stage.model.bodies
    assert read(first)[0]["tables"] == read(second)[0]["tables"]
    assert "What do the attached files tell?" in str(second["messages"])


async def test_in_slack_a_model_that_takes_no_images_answers_without_and_the_answer_says_so(tmp_path: Path) -> None:
    async with in_slack(tmp_path, blind=True, says="I see only words.") as stage:
        shown = await stage.ask("what is this?", stage.slack.attach("shot.png", PNG))
    assert [len(images(body)) for body in stage.model.bodies] == [1, 0]
    assert "I see only words." in shown
    assert "takes no images: answered without shot.png" in shown


async def test_in_slack_files_that_lie_about_their_size_or_are_gone_cost_a_sentence_each(tmp_path: Path) -> None:
    async with in_slack(tmp_path) as stage:
        attach = stage.slack.attach
        huge, gone = attach("huge.csv", bytes(HUGE_BYTES), size=12), attach("gone.csv", CSV)
        shown = await stage.ask("what is slow?", huge, attach("times.csv", CSV), gone=[gone])
    assert "The file huge.csv: it holds more than 1.0 MiB. Attach the part that matters" in shown
    assert "The file gone.csv: it was deleted. Attach it again" in shown
    assert SAID in shown
    assert [output["tables"][0]["title"] for output in read(stage.model.bodies[0])] == ["times.csv"]


async def test_in_slack_a_hostile_name_calls_nobody(tmp_path: Path) -> None:
    async with in_slack(tmp_path) as stage:
        shown = await stage.ask("look", stage.slack.attach("<!channel>@here\n.zip", b"PK\x03\x04\x00"))
        pinged = [stage.slack.pinged(each) for each in stage.slack.messages(PAYMENTS) if each.user == BOT]
    assert "it is an archive. Unpack it" in shown
    assert "<!channel>@here" in shown.replace("&lt;", "<").replace("&gt;", ">").replace("\u200b", "")
    assert not any(pinged)


async def test_in_discord_rows_and_pictures_are_in_the_models_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with in_discord(tmp_path, monkeypatch) as stage:
        shown = await stage.ask("what is slow?", times__csv=CSV, shot__png=PNG)
    (body,) = stage.model.bodies
    (output,) = read(body)
    assert output["tables"][0]["rows"] == [["db", 12.5], ["web", 771]]
    assert images(body) == ["data:image/png;base64,iVBORw0KGgoAAA=="]
    assert SAID in shown


async def test_in_discord_a_model_that_takes_no_images_answers_without_and_the_answer_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with in_discord(tmp_path, monkeypatch, blind=True, says="I see only words.") as stage:
        shown = await stage.ask("what is this?", shot__png=PNG)
    assert "I see only words." in shown
    assert "takes no images: answered without shot.png" in shown


async def test_in_discord_files_that_are_huge_or_gone_cost_a_sentence_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with in_discord(tmp_path, monkeypatch) as stage:
        thread = stage.say("what is slow?", gone__csv=CSV, huge__csv=bytes(HUGE_BYTES), times__csv=CSV)
        attached = stage.discord.space.message(discord_ids.PAYMENTS, thread).attachments
        del attached[0]
        shown = await stage.answered(thread)
    assert "The file gone.csv: it was deleted, or its link is too old. Attach it again" in shown
    assert "The file huge.csv: it holds more than 1.0 MiB. Attach the part that matters" in shown
    assert SAID in shown
    assert [output["tables"][0]["title"] for output in read(stage.model.bodies[0])] == ["times.csv"]
