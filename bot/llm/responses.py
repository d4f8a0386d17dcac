"""`ChatModel` over OpenAI's Responses API. Nothing is stored there: what a later round needs is sent again.

Inside a turn that includes the provider's own output items (encrypted reasoning among them), which travel unread in
`Completion.carry`. Of earlier turns only questions, calls, results and answers are sent.
"""

import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import cast

from openai import AsyncStream, BadRequestError, omit
from openai.types.responses import (
    EasyInputMessageParam,
    FunctionToolParam,
    ResponseFunctionToolCallParam,
    ResponseInputImageParam,
    ResponseInputItemParam,
    ResponseInputMessageContentListParam,
    ResponseInputTextParam,
    ResponseStreamEvent,
)
from openai.types.responses.response_input_item_param import FunctionCallOutput

from bot.codec import compact
from bot.domain.correlation import headers
from bot.domain.errors import ModelError, ModelRefused, ModelTruncated
from bot.domain.json_types import JsonObject
from bot.domain.ports import Check
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolSpec, Usage
from bot.llm.calls import tool_call
from bot.llm.dialog import Called, Said, as_extra, cache_key, entries, in_order, output_of
from bot.llm.endpoint import MAX_OUTPUT_TOKENS, Endpoint
from bot.llm.errors import AGAIN, REWORD, empty, quoted, reported, too_long
from bot.llm.lenient import name_of
from bot.llm.responses_stream import READ, Event, Failure, Heard, Incomplete, Item
from bot.llm.strict_schema import strict_schema

log = logging.getLogger("netspy.llm")


class ResponsesModel:
    """Streams one response a round."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._reasons = True

    @property
    def name(self) -> str:
        return self._endpoint.name

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        heard = Heard()
        async with self._endpoint.events(self._open(request), images=bool(request.images)) as events:
            async for data in events:
                if data.get("type") in READ and (text := heard.add(Event.model_validate(data))):
                    yield TextDelta(text)
            items = [Item.model_validate(item) for item in heard.output]
        if error := self._fault(heard, items, images=bool(request.images)):
            raise error
        if late := "" if heard.text else _spoken(items):
            yield TextDelta(late)
        yield self._completion(heard.text or late, heard, items, request)

    async def check(self) -> Check:
        return await self._endpoint.check()

    async def _open(self, request: ModelRequest) -> AsyncStream[ResponseStreamEvent]:
        """Models that do not reason refuse to be asked for their reasoning: that is found out once, by asking."""
        with_reasoning = self._reasons
        try:
            return await self._create(request, with_reasoning=with_reasoning)
        except BadRequestError as error:
            if error.param != "include" or not with_reasoning:
                raise
        self._reasons = False
        return await self._create(request, with_reasoning=False)

    async def _create(self, request: ModelRequest, *, with_reasoning: bool) -> AsyncStream[ResponseStreamEvent]:
        is_openai = self._endpoint.is_openai
        return await self._endpoint.client.responses.create(
            model=self._endpoint.model,
            instructions=request.instructions,
            input=list(_input(request, self.name)),
            extra_body=as_extra([_tool(tool, is_openai=is_openai) for tool in in_order(request.tools)]),
            stream=True,
            store=False,
            include=["reasoning.encrypted_content"] if with_reasoning else omit,
            max_output_tokens=MAX_OUTPUT_TOKENS if is_openai else omit,
            prompt_cache_key=cache_key(request.thread),
            extra_headers=headers(),
        )

    def _fault(self, heard: Heard, items: list[Item], *, images: bool) -> ModelError | None:
        asked, response = self._endpoint.asked, heard.response
        match heard.end.type if heard.end else None:
            case None:
                return ModelTruncated(asked, "the answer broke off: its end never came", AGAIN)
            case "response.failed" | "error":
                return self._reported(heard, images=images)
            case "response.incomplete":
                return _incomplete(asked, response.incomplete_details)
        refusals = [part.refusal for item in items for part in item.content or () if part.refusal]
        if refusals:
            return ModelRefused(asked, f"it declined: {quoted(' '.join(refusals))}", REWORD)
        if not (heard.text or _spoken(items)).strip() and not any(item.type == "function_call" for item in items):
            return empty(asked)
        return None

    def _reported(self, heard: Heard, *, images: bool) -> ModelError:
        failure = heard.response.error or Failure()
        code = failure.code or (heard.end.code if heard.end else None)
        message = failure.message or (heard.end.message if heard.end else None) or "it does not say why"
        return reported(self._endpoint.asking(images=images), code, quoted(message, self._endpoint.client.api_key))

    def _completion(self, text: str, heard: Heard, items: list[Item], request: ModelRequest) -> Completion:
        calls = tuple(_call(item, request) for item in items if item.type == "function_call")
        counts = heard.response.usage
        usage = Usage(counts.input_tokens or 0, counts.output_tokens or 0) if counts else None
        log.debug("model.round", extra={"model": self.name, "calls": len(calls), "usage": usage})
        return Completion(text, calls, self.name, tuple(heard.output), usage, served_by=name_of(heard.response.model))


def _incomplete(asked: str, details: Incomplete | None) -> ModelError:
    reason = details.reason if details else None
    if reason == "content_filter":
        return ModelRefused(asked, "its content filter cut the answer", REWORD)
    if reason == "max_output_tokens":
        return too_long(asked)
    return ModelTruncated(asked, f"the answer is incomplete ({reason})", AGAIN)


def _spoken(items: list[Item]) -> str:
    return "\n\n".join(
        part.text for item in items if item.type == "message" for part in item.content or () if part.text
    )


def _call(item: Item, request: ModelRequest) -> ToolCall:
    return tool_call(item.call_id, item.name, item.arguments, request.tools)


def _input(request: ModelRequest, model: str) -> Iterator[ResponseInputItemParam]:
    for entry in entries(request):
        match entry:
            case Said(role, text, images):
                yield EasyInputMessageParam(role=role, content=_parts(text, images) if images else text, type="message")
            case Called():
                yield from _calling(entry, model)
                for result in entry.results:
                    yield FunctionCallOutput(
                        type="function_call_output", call_id=result.call.id, output=output_of(result)
                    )


def _parts(text: str, images: Sequence[str]) -> ResponseInputMessageContentListParam:
    shown = [ResponseInputImageParam(type="input_image", image_url=url, detail="auto") for url in images]
    return [ResponseInputTextParam(type="input_text", text=text), *shown]


def _calling(entry: Called, model: str) -> Iterator[ResponseInputItemParam]:
    """The items as the provider gave them, where it was this model that gave them; else calls like any other's."""
    if entry.completion and entry.completion.model == model and entry.completion.carry:
        yield from (_as_given(item) for item in entry.completion.carry)
        return
    if entry.completion and entry.completion.text:
        yield EasyInputMessageParam(role="assistant", content=entry.completion.text, type="message")
    for result in entry.results:
        call = result.call
        yield ResponseFunctionToolCallParam(
            type="function_call", call_id=call.id, name=call.name, arguments=compact(call.arguments)
        )


def _as_given(item: JsonObject) -> ResponseInputItemParam:
    return cast(ResponseInputItemParam, item)


def _tool(tool: ToolSpec, *, is_openai: bool) -> FunctionToolParam:
    strict = strict_schema(tool.parameters) if is_openai else None
    return FunctionToolParam(
        type="function",
        name=tool.name,
        description=tool.description,
        parameters=dict(strict or tool.parameters),
        strict=strict is not None,
    )
