"""`ChatModel` over Chat Completions, the API that local and foreign servers speak best."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Iterator, Sequence

from openai import AsyncStream, omit
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionChunk,
    ChatCompletionContentPartImageParam,
    ChatCompletionContentPartParam,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)
from openai.types.shared_params import FunctionDefinition

from bot.codec import compact
from bot.domain.correlation import headers
from bot.domain.errors import ModelError, ModelRefused, ModelTruncated
from bot.domain.ports import Check
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolSpec
from bot.llm.calls import tool_call
from bot.llm.chat_stream import Chunk, Heard
from bot.llm.dialog import Called, Said, as_extra, cache_key, entries, in_order, made_up_id, output_of
from bot.llm.endpoint import MAX_OUTPUT_TOKENS, Endpoint
from bot.llm.errors import AGAIN, REWORD, empty, quoted, too_long
from bot.llm.strict_schema import strict_schema

log = logging.getLogger("netspy.llm")


class ChatCompletionsModel:
    """Streams one chat completion a round."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        return self._endpoint.name

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        heard = Heard()
        async with self._endpoint.events(self._open(request), images=bool(request.images)) as chunks:
            async for data in chunks:
                if text := heard.add(Chunk.model_validate(data)):
                    yield TextDelta(text)
        if error := self._fault(heard):
            raise error
        log.debug("model.round", extra={"model": self.name, "calls": len(heard.calls), "usage": heard.usage})
        yield Completion(heard.text, _calls(heard, request), self.name, usage=heard.usage, served_by=heard.model)

    async def check(self) -> Check:
        return await self._endpoint.check()

    def _open(self, request: ModelRequest) -> Awaitable[AsyncStream[ChatCompletionChunk]]:
        is_openai = self._endpoint.is_openai
        return self._endpoint.client.chat.completions.create(
            model=self._endpoint.model,
            messages=list(_messages(request)),
            extra_body=as_extra([_tool(tool, is_openai=is_openai) for tool in in_order(request.tools)]),
            stream=True,
            stream_options={"include_usage": True},
            max_completion_tokens=MAX_OUTPUT_TOKENS if is_openai else omit,
            prompt_cache_key=cache_key(request.thread) if is_openai else omit,
            extra_headers=headers(),
        )

    def _fault(self, heard: Heard) -> ModelError | None:
        asked = self._endpoint.asked
        if heard.finish is None:
            return ModelTruncated(asked, "the answer broke off: its end never came", AGAIN)
        if heard.finish == "length":
            return too_long(asked)
        if heard.finish == "content_filter":
            return ModelRefused(asked, "its content filter cut the answer", REWORD)
        if heard.refusal:
            return ModelRefused(asked, f"it declined: {quoted(heard.refusal)}", REWORD)
        if not heard.text.strip() and not heard.calls:
            return empty(asked)
        return None


def _calls(heard: Heard, request: ModelRequest) -> tuple[ToolCall, ...]:
    """Ids stay the server's where they are new in this turn; some servers count from the start in every round."""
    used = {call.id for past in request.rounds for call in past.completion.calls}
    calls = []
    for place, call in enumerate(heard.calls):
        is_new = call.id and call.id not in used
        call_id = call.id if is_new else made_up_id("c", len(request.rounds), place)
        used.add(call_id)
        calls.append(tool_call(call_id, call.name, call.arguments, request.tools))
    return tuple(calls)


def _messages(request: ModelRequest) -> Iterator[ChatCompletionMessageParam]:
    """`system`, not `developer`: every server knows it, and OpenAI's newer models read it as the other."""
    yield {"role": "system", "content": request.instructions}
    for entry in entries(request):
        match entry:
            case Said("user", text, images):
                yield {"role": "user", "content": _parts(text, images) if images else text}
            case Said("assistant", text) | Called((), Completion(text=text)):
                if text:
                    yield {"role": "assistant", "content": text}
            case Called(results):
                yield _calling(entry)
                for result in results:
                    yield {"role": "tool", "tool_call_id": result.call.id, "content": output_of(result)}


def _parts(text: str, images: Sequence[str]) -> list[ChatCompletionContentPartParam]:
    return [{"type": "text", "text": text}, *(_image(url) for url in images)]


def _image(url: str) -> ChatCompletionContentPartImageParam:
    return {"type": "image_url", "image_url": {"url": url}}


def _calling(entry: Called) -> ChatCompletionAssistantMessageParam:
    return {
        "role": "assistant",
        "content": (entry.completion.text if entry.completion else "") or None,
        "tool_calls": [
            {
                "id": result.call.id,
                "type": "function",
                "function": {"name": result.call.name, "arguments": compact(result.call.arguments)},
            }
            for result in entry.results
        ],
    }


def _tool(tool: ToolSpec, *, is_openai: bool) -> ChatCompletionToolParam:
    strict = strict_schema(tool.parameters) if is_openai else None
    function: FunctionDefinition = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(strict or tool.parameters),
    }
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}
