"""What the SDK's values say, in netspy's own; and its exceptions in words. Pure."""

from collections.abc import Iterator

from mcp import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    REQUEST_TIMEOUT,
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
)

from bot.checking import name_of
from bot.tools.foreign.http import cause_of
from bot.tools.foreign.results import Answer, Picture
from bot.tools.foreign.servers import ENDED, ConnectionLost, Offer

SILENT = "it does not answer in time"


def offer_of(tool: Tool) -> Offer:
    annotations = tool.annotations
    return Offer(
        name=tool.name,
        title=tool.title or (annotations.title if annotations else None) or "",
        description=tool.description or "",
        parameters=tool.input_schema,
        read_only=bool(annotations and annotations.read_only_hint),
    )


def answer_of(said: CallToolResult) -> Answer:
    return Answer(
        texts=tuple(text for block in said.content if (text := _text(block))),
        structured=said.structured_content,
        pictures=tuple(
            Picture(block.mime_type, block.data) for block in said.content if isinstance(block, ImageContent)
        ),
        others=tuple(kind for block in said.content if (kind := _other(block))),
        failed=said.is_error,
    )


def cause(error: BaseException) -> str:
    """Why a connection failed, in a clause: of a group, what its first part says."""
    return next((words for leaf in _leaves(error) if (words := _cause(leaf))), name_of(error))


def _text(block: ContentBlock) -> str:
    match block:
        case TextContent(text=text):
            return text
        case EmbeddedResource(resource=TextResourceContents(text=text)):
            return text
        case ResourceLink(name=name, uri=uri):
            return f"{name}: {uri}"
    return ""


def _other(block: ContentBlock) -> str:
    match block:
        case AudioContent():
            return "audio"
        case EmbeddedResource(resource=resource) if not isinstance(resource, TextResourceContents):
            return "a file that is no text"
    return ""


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _cause(error: BaseException) -> str:
    match error:
        case ConnectionLost():
            return str(error)
        case TimeoutError():
            return SILENT
        case MCPError(code=code, message=message):
            return {REQUEST_TIMEOUT: SILENT, CONNECTION_CLOSED: ENDED}.get(code, f"it refused: {message}")
        case OSError(strerror=str(reason)):
            return f"its command cannot be started: {reason.lower()}"
        case ValueError() | RuntimeError():
            return "it answers with something that is not MCP"
    return cause_of(error)
