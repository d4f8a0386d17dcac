"""Both APIs against llmock, a server that others wrote."""

import pytest
from llmock.pytest_plugin import LLMock

from bot.domain.errors import ModelBusy, ModelTruncated, ModelUnreachable
from bot.llm.calls import UNREADABLE
from bot.llm.endpoint import Server
from bot.llm.opening import open_chat_model
from tests.loopback.openai_peer import KEY
from tests.wire.llm_requests import REQUEST, Api, after, ask

pytestmark = pytest.mark.parametrize("api", ["responses", "chat"])


async def test_a_turn_of_two_rounds(api: Api, llmock: LLMock) -> None:
    llmock.call_tool("find_failures", {"process_name": "curl", "duration": 600}).reply("37 failed [T1].")
    async with open_chat_model("gpt-6-luna", api=api, server=Server(api_key=KEY, base_url=llmock.base_url())) as model:
        first = (await ask(model)).completion
        second = (await ask(model, after(REQUEST, first))).completion
    assert [call.arguments for call in first.calls] == [{"process_name": "curl", "duration": 600}]
    assert second.text == "37 failed [T1]."
    assert second.usage is not None


async def test_faults_are_told_and_pass(api: Api, llmock: LLMock) -> None:
    async with open_chat_model("gpt-6-luna", api=api, server=Server(api_key=KEY, base_url=llmock.base_url())) as model:
        llmock.rate_limit(retry_after=9)
        with pytest.raises(ModelBusy, match="wait 9"):
            await ask(model)
        llmock.outage(status=503)
        with pytest.raises(ModelUnreachable, match="503"):
            await ask(model)
        llmock.reset().reply("one two three").truncate(after_chunks=3)
        with pytest.raises(ModelTruncated, match="end never came"):
            await ask(model)
        llmock.reset().reply("one two three").corrupt(after_chunks=3)
        with pytest.raises(ModelTruncated, match="not what the API promises"):
            await ask(model)
        llmock.reset().reply("one two three").disconnect(after_chunks=3)
        with pytest.raises(ModelTruncated, match="broke off"):
            await ask(model)
        llmock.reset().reply("Here.")
        assert (await ask(model)).completion.text == "Here."


async def test_a_broken_call_can_still_be_made(api: Api, llmock: LLMock) -> None:
    llmock.call_tool("find_failures", {"duration": 600}).break_tool_call("malformed_arguments")
    async with open_chat_model("gpt-6-luna", api=api, server=Server(api_key=KEY, base_url=llmock.base_url())) as model:
        call = (await ask(model)).completion.calls[0]
    assert list(call.arguments) == [UNREADABLE]
