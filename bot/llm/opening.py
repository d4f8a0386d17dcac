"""Opens a language model over one of OpenAI's two APIs. Called by the composition root only."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from bot.domain.ports import ChatModel
from bot.llm.chat import ChatCompletionsModel
from bot.llm.endpoint import PATIENCE, Patience, open_endpoint
from bot.llm.responses import ResponsesModel


@asynccontextmanager
async def open_chat_model(
    name: str,
    *,
    api: Literal["responses", "chat"],
    api_key: str,
    base_url: str | None = None,
    patience: Patience = PATIENCE,
) -> AsyncGenerator[ChatModel]:
    """The model `name` of OpenAI, or of the server at `base_url`, which may need no key (an empty string).

    Makes no request. Raises: InvalidSettings for a URL or a key that cannot be one.
    """
    async with open_endpoint(name, api_key=api_key, base_url=base_url, patience=patience) as endpoint:
        yield ResponsesModel(endpoint) if api == "responses" else ChatCompletionsModel(endpoint)
