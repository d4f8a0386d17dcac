"""Tools of a server that nobody here wrote, in another language and over an older protocol, by pipe and by HTTP."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.llm.strict_schema import strict_schema
from bot.tools.foreign.all_tools import AllTools
from tests.loopback.openai_rules import strict_faults
from tests.wire.everything import everything
from tests.wire.foreign_stage import call, foreign, names, opened


@pytest.fixture(params=["stdio", "http"])
async def host(request: pytest.FixtureRequest) -> AsyncGenerator[AllTools, None]:
    async with everything(request.param) as place, opened(foreign(place, "everything", timeout_s=10)) as tools:
        assert "echo" in await names(tools), await tools.check()
        yield tools


async def test_every_tool_is_offered_under_a_name_and_a_schema_that_models_servers_take(host: AllTools) -> None:
    offered = [tool for tool in await host.tools() if tool.server]
    assert {"echo", "get-sum", "get-tiny-image", "get-structured-content"} <= {tool.name for tool in offered}
    for tool in offered:
        assert tool.title.startswith("everything: ")
        strict = strict_schema(tool.parameters)
        assert strict is None or [*strict_faults(strict, root=True)] == []


async def test_text_structure_links_and_pictures_come_through(host: AllTools) -> None:
    assert (await call(host, "get-sum", a=1, b=2)).summary == "The sum of 1 and 2 is 3."
    weather = await call(host, "get-structured-content", location="Chicago")
    assert '"temperature":' in weather.summary
    assert "demo://resource/" in (await call(host, "get-resource-links", count=2)).summary
    (picture,) = (await call(host, "get-tiny-image")).attachments
    assert isinstance(picture.body, bytes)
    assert picture.name == "get-tiny-image-1.png"


async def test_wrong_arguments_are_a_failed_result_that_says_why(host: AllTools) -> None:
    said = await call(host, "get-sum", a="one")
    assert said.failed
    assert "everything: get-sum: " in said.summary


async def test_a_call_that_is_given_up_holds_up_no_other(host: AllTools) -> None:
    long = asyncio.create_task(call(host, "trigger-long-running-operation", duration=60, steps=60))
    await asyncio.sleep(0)
    assert (await call(host, "echo", message="quick")).summary == "Echo: quick"
    long.cancel()
    await asyncio.gather(long, return_exceptions=True)
    assert (await call(host, "echo", message="still")).summary == "Echo: still"


async def test_thirty_two_calls_at_once_lose_nothing(host: AllTools) -> None:
    said = await asyncio.gather(*(call(host, "echo", message=str(number)) for number in range(32)))
    assert [result.summary for result in said] == [f"Echo: {number}" for number in range(32)]


async def test_it_sees_none_of_netspys_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-mine")
    async with everything("stdio") as place, opened(foreign(place)) as host:
        await host.tools()
        assert "xoxb-mine" not in (await call(host, "get-env")).summary
