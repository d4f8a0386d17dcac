"""One model at one OpenAI-compatible server: opening it, its deadlines, its streams and its check.

Both APIs stand on it, `opening.py` opens it. It knows nothing of messages, tools or turns.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeVar
from urllib.parse import urlsplit

from openai import AsyncOpenAI, AsyncStream, BaseModel, Timeout

from bot.domain.errors import InvalidSettings, ModelError, ModelTruncated
from bot.domain.ports import Check
from bot.llm.errors import MODEL, SERVER, Asking, translated
from bot.llm.lenient import encodable

OPENAI_URL = "https://api.openai.com/v1"
CHECK_S = 5.0
NAMED = 5
"""So many models are named in the place of one that a server does not list."""
MAX_OUTPUT_TOKENS = 16_384
"""Reasoning included. Every current model of OpenAI's allows it; other servers are left to their own limit."""

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a model may take to accept a connection, to begin an answer, and between two pieces of it.

    `first_s` is a setting: a slow local model reads the whole prompt before it says its first word. A server that is
    given more time for that has it between two pieces too.
    """

    connect_s: float = 5.0
    first_s: float = 15.0
    silence_s: float = 60.0


PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server and its key, which is empty where it needs none. Errors name both by what they are set by."""

    base_url: str = OPENAI_URL
    api_key: str = field(default="", repr=False)
    key_setting: str = "OPENAI_API_KEY"
    url_setting: str = "OPENAI_BASE_URL"


_NO_EVENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`model` is what the server calls it, `name` what netspy does. `server` without its key, which `client` has.

    `is_openai`: OpenAI itself or Azure, where strict schemas and cache keys are known.
    """

    client: AsyncOpenAI
    model: str
    name: str
    server: Server
    is_openai: bool
    patience: Patience

    @property
    def asked(self) -> str:
        """What was tried, as errors say it."""
        return f"asking {self.model} at {self.client.base_url.netloc.decode()}"

    def asking(self, *, images: bool = False) -> Asking:
        """The same with what errors must know; `images`: some are sent."""
        return Asking(self.asked, self.client.api_key, self.server.key_setting, self.server.url_setting, images)

    @asynccontextmanager
    async def events(
        self, opening: Awaitable[AsyncStream[Event]], *, images: bool = False
    ) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
        """The JSON objects of one streamed answer; leaving closes the request. Raises: ModelError."""
        asking = self.asking(images=images)
        deadline = asyncio.get_running_loop().time() + self.patience.first_s
        with translated(asking):
            async with asyncio.timeout_at(deadline):
                stream = await opening
        async with stream:
            with translated(asking):
                async with asyncio.timeout_at(deadline):
                    first = await anext(stream, _NO_EVENT)
            if first is _NO_EVENT:
                raise ModelTruncated(self.asked, "it ended the answer before it began", asking.remedy(SERVER))
            with translated(asking, broken=ModelTruncated):
                yield self._objects(first, stream)

    async def check(self) -> Check:
        """Whether the server answers, takes the key and lists the model (Azure lists models, not deployments)."""
        began = time.monotonic()
        try:
            with translated(self.asking()):
                async with asyncio.timeout(CHECK_S):
                    listed = await self.client.models.list()
        except ModelError as error:
            return Check.of("model", error)
        names = [str(model.id) for model in getattr(listed, "data", None) or ()]
        if self.model not in names and not is_azure(self.server.base_url):
            near = get_close_matches(self.model, names, n=NAMED, cutoff=0.4) or names[:NAMED]
            told = f"it lists other models ({', '.join(near) or 'none'})"
            return Check("model", "warning", f"{self.asked}: {told}", MODEL, "model-unknown")
        return Check("model", "ok", f"{self.name}, {(time.monotonic() - began) * 1000:.0f} ms")

    async def _objects(self, first: object, rest: AsyncStream[Event]) -> AsyncIterator[dict[str, Any]]:
        yield self._object(first)
        while (event := await anext(rest, _NO_EVENT)) is not _NO_EVENT:
            yield self._object(event)

    def _object(self, event: object) -> dict[str, Any]:
        """The SDK checks nothing: what it yields may lack fields, or be no object at all."""
        if not isinstance(event, BaseModel):
            raise ModelTruncated(self.asked, "a piece of the answer is no JSON object", self.asking().remedy(SERVER))
        data: dict[str, Any] = encodable(event.to_dict(mode="json", warnings=False))
        return data


@asynccontextmanager
async def open_endpoint(
    model: str, *, server: Server, patience: Patience = PATIENCE, name: str = ""
) -> AsyncGenerator[Endpoint]:
    """Raises: InvalidSettings for a URL or a key that cannot be one. No request is made.

    The SDK's own retries are off: they sleep up to two minutes in there, and no mid-stream failure is ever retried.
    """
    url, key = _usable_url(server), _usable_key(server)
    timeout = Timeout(max(patience.silence_s, patience.first_s), connect=patience.connect_s)
    async with AsyncOpenAI(api_key=key, base_url=url, timeout=timeout, max_retries=0) as client:
        yield Endpoint(
            client=client,
            model=model,
            name=name or model,
            server=replace(server, api_key=""),
            is_openai=is_openai(url),
            patience=patience,
        )


def is_openai(url: str) -> bool:
    return is_azure(url) or _is_below(url, ".openai.com")


def is_azure(url: str) -> bool:
    return _is_below(url, ".openai.azure.com", ".services.ai.azure.com")


def _is_below(url: str, *domains: str) -> bool:
    return f".{urlsplit(url).hostname or ''}".endswith(domains)


def _usable_url(server: Server) -> str:
    with _refused(server.url_setting, "write it like http://127.0.0.1:11434/v1"):
        parts = urlsplit(server.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or parts.username:
            raise ValueError
    return server.base_url


def _usable_key(server: Server) -> str:
    """Without a key there is a word in its place, since the SDK insists on one; OpenAI refuses that with a 401."""
    key = server.api_key.strip() or "no-key-is-set"
    with _refused(server.key_setting, "copy the key again"):
        if not (key.isascii() and key.isprintable()):
            raise ValueError
    return key


@contextmanager
def _refused(setting: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise InvalidSettings(setting, "its value cannot be used", remedy) from None
