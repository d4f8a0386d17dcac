"""Opens a language model over one of OpenAI's two APIs. Called by the composition root only."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from bot.domain.ports import ChatModel
from bot.llm.chat import ChatCompletionsModel
from bot.llm.endpoint import PATIENCE, Patience, Server, open_endpoint
from bot.llm.responses import ResponsesModel


@asynccontextmanager
async def open_chat_model(
    model: str,
    *,
    api: Literal["responses", "chat"],
    server: Server,
    patience: Patience = PATIENCE,
    name: str = "",
) -> AsyncGenerator[ChatModel]:
    """The `model` of a server, for netspy under `name` where another server has one of the same name.

    Makes no request. Raises: InvalidSettings for a URL or a key that cannot be one.
    """
    async with open_endpoint(model, server=server, patience=patience, name=name) as endpoint:
        yield ResponsesModel(endpoint) if api == "responses" else ChatCompletionsModel(endpoint)
