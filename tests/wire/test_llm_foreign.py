"""A real language model behind llama.cpp's server: small, often wrong, cut after a few words, and without tools.

What it says is its own; the tests hold whatever that is, and fail when the client does not cope with it.
"""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.api import Answer, open_netspy
from bot.domain.errors import ModelError, ModelRefused
from bot.domain.message import Notice
from bot.domain.ports import ChatModel
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall
from bot.llm.endpoint import Patience, Server
from bot.llm.errors import empty, too_long
from bot.llm.fallback import CUT
from bot.llm.opening import open_chat_model
from bot.settings import Settings
from tests.loopback.llama_server import CONTEXT_TOKENS, MODEL, why_not
from tests.wire.llm_requests import REQUEST, after

PATIENCE = Patience(first_s=60)
"""It reads some hundred tokens a second, and far fewer while other tests keep the cores busy."""
CAPITAL = replace(REQUEST, instructions="Answer in one word.", question="What is the capital of France?", tools=())
TALE = replace(REQUEST, question="Tell me the history of TCP.", tools=())
WITH_RESULTS = after(REQUEST, Completion("", (ToolCall("c1", "find_failures", {"process_name": "curl"}),), MODEL))
REQUESTS = {"that it can end": CAPITAL, "without end": TALE, "with tools": REQUEST, "with results": WITH_RESULTS}


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a llama.cpp server, started when the first test asks for it. In CI it has to be there."""
    if why := why_not():
        if os.environ.get("CI") == "true":
            raise RuntimeError(why)
        pytest.skip(why)
    log = tmp_path_factory.mktemp("llama") / "log"
    command = [sys.executable, "-m", "tests.loopback.llama_server"]
    root = Path(__file__).parents[2]
    with log.open("wb") as err, subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=err) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().decode().strip()
            assert url, f"the server ended at its start:\n{log.read_text()}"
            yield url
        finally:
            server.terminate()


@pytest.fixture
async def model(base_url: str) -> AsyncGenerator[ChatModel]:
    async with open_chat_model(
        MODEL, api="chat", server=Server(api_key="", base_url=base_url), patience=PATIENCE
    ) as opened:
        yield opened


async def hear(model: ChatModel, request: ModelRequest) -> tuple[list[ModelEvent], ModelError | None]:
    """What came, and the failure that ended it."""
    heard: list[ModelEvent] = []
    failure = None
    try:
        async for event in model.answer(request):
            heard.append(event)  # noqa: PERF401 - what came before a failure has to stay
    except ModelError as error:
        failure = error
    return heard, failure


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
async def test_text_streams_until_the_model_ends_or_its_limit_is_named(model: ChatModel, asked: ModelRequest) -> None:
    heard, failure = await hear(model, asked)
    deltas = [event.text for event in heard if isinstance(event, TextDelta)]
    assert len(deltas) > 1
    assert "".join(deltas).strip()
    if failure:
        assert len(deltas) == len(heard)
        assert str(failure) == str(too_long(failure.asked))
    else:
        end = heard[-1]
        assert isinstance(end, Completion)
        assert (end.text, end.calls, end.model) == ("".join(deltas), (), MODEL)
        assert end.usage is not None
        assert end.usage.input_tokens > end.usage.output_tokens > 0


async def test_the_server_is_reached_without_a_key_and_lists_its_model(model: ChatModel) -> None:
    check = await model.check()
    assert check.state == "ok", check


async def test_a_question_beyond_the_context_is_refused_before_any_text(model: ChatModel) -> None:
    heard, failure = await hear(model, replace(CAPITAL, question="why? " * CONTEXT_TOKENS))
    assert heard == []
    assert isinstance(failure, ModelRefused)
    assert "begin a new thread, or name a model with a larger context" in failure.remedy


async def test_a_whole_question_is_answered_by_the_model_or_for_it_by_the_planner(base_url: str) -> None:
    settings = Settings(
        OPENAI_API_KEY=None,  # type: ignore[call-arg]  # set by their aliases
        OPENAI_BASE_URL=base_url,
        NETSPY_EBPF_URL=None,
        NETSPY_MODELS=MODEL,
        NETSPY_LLM_API="auto",
        NETSPY_MODEL_PATIENCE_S=PATIENCE.first_s,
    )
    async with open_netspy(settings=settings) as netspy:
        answer = await netspy.ask("which processes had failed connections?")
    assert answer.text.strip()
    assert_told_who_answered(answer)


def assert_told_who_answered(answer: Answer) -> None:
    """The model's own words to their end; or its name, why it was cut, and behind its words the planner's."""
    notices = [block.text for block in answer.reply.blocks if isinstance(block, Notice)]
    if not notices:
        assert CUT.strip() not in answer.text
        return
    (told,) = notices
    assert told.startswith(f"No language model answered, the planner did: asking {MODEL} at 127.0.0.1:")
    if empty("").got in told:
        return
    assert too_long("").got in told
    models, _, planners = answer.text.partition(CUT)
    assert models.strip()
    assert planners.strip()
