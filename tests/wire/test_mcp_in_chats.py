"""What another MCP server answers, in Slack and Discord: pictures as files, and hostile words as words."""

from pathlib import Path

from aiohttp import ClientSession

from tests.loopback.mcp_server import PNG
from tests.loopback.openai_script import Call
from tests.wire.discord_stage import open_discord_stage
from tests.wire.foreign_stage import SDK
from tests.wire.slack_stage import open_slack_stage
from tests.wire.test_mcp_json import entry, written

POLICY = "[[rules]]\nchanges = true\n"
"""The tools of that server do not say that they change nothing, and would not be called without it."""
CALLS = (Call("draw", {}), Call("rows", {}), Call("echo", {"text": "<!channel> @everyone"}))


def policy_in(folder: Path) -> str:
    file = folder / "policy.toml"
    file.write_text(POLICY)
    return str(file)


async def test_in_slack_a_picture_comes_as_a_file_and_rows_name_their_server(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path) as stage:
        bot = await stage.start(**written(tmp_path, sky=entry(*SDK)), NETSPY_POLICY=policy_in(tmp_path))
        await bot.logged("mcp.connected server=sky")
        stage.model.calls = CALLS
        thread = stage.ask("how is the sky?")
        answers = await stage.answered(thread)
        await stage.slack.until(lambda: stage.slack.uploads)
        (upload,) = stage.slack.uploads
    assert upload.file.name.endswith("draw-1.png")
    assert upload.file.content == PNG
    shown = "\n".join(answer.shown for answer in answers)
    assert "MCP server sky" in shown
    assert "Oslo" in shown


async def test_in_discord_a_picture_comes_as_a_file_and_rows_name_their_server(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        bot = await stage.start(**written(tmp_path, sky=entry(*SDK)), NETSPY_POLICY=policy_in(tmp_path))
        await bot.logged("mcp.connected server=sky")
        stage.model.calls = CALLS
        answers = await stage.answered(stage.ask("how is the sky?"))
        (picture,) = (file for answer in answers for file in answer.attachments)
    assert (picture.name, picture.content) == ("draw-1.png", PNG)
    shown = "\n".join(answer.shown for answer in answers)
    assert "MCP server sky" in shown
    assert "Oslo" in shown


async def test_each_server_is_told_with_its_state_and_a_dead_one_takes_nothing_out_of_service(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path) as stage:
        bot = await stage.start(**written(tmp_path, sky=entry(*SDK), gone={"command": "/no/such/program"}))
        await bot.logged("serve.part part=mcp gone state=warning")
        await bot.logged("serve.part part=mcp sky state=ok")
        async with ClientSession() as client, client.get(f"{await bot.listening()}/readyz") as response:
            said = await response.json()
        assert await bot.end() == 0
    assert response.status == 200
    assert {part["part"]: part["state"] for part in said["parts"]}["mcp gone"] == "warning"
