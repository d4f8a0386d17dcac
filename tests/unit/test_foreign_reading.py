"""The MCP SDK's exceptions in words, and its values in netspy's own."""

import httpx2
import pytest
from mcp import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    METHOD_NOT_FOUND,
    REQUEST_TIMEOUT,
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

from bot.tools.foreign.reading import answer_of, cause, offer_of
from bot.tools.foreign.results import Answer, Picture
from bot.tools.foreign.servers import ConnectionLost, Offer

URL = "http://h/?key=hush-hush"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionLost("the server left"), "the server left"),
        (MCPError(REQUEST_TIMEOUT, "timed out"), "it does not answer in time"),
        (TimeoutError(), "it does not answer in time"),
        (MCPError(CONNECTION_CLOSED, "Connection closed"), "it ended"),
        (MCPError(METHOD_NOT_FOUND, "no such method"), "it refused: no such method"),
        (FileNotFoundError(2, "No such file or directory"), "its command cannot be started: no such file or directory"),
        (httpx2.ConnectError(URL), "nothing answers there"),
        (httpx2.ConnectTimeout(URL), "no connection within 5 s"),
        (httpx2.ReadError(URL), "the connection broke"),
        (httpx2.UnsupportedProtocol(URL), "its url cannot be used"),
        (ValueError(URL), "it answers with something that is not MCP"),
        (KeyError(URL), "KeyError"),
    ],
)
def test_a_cause_is_a_clause_that_quotes_no_url(error: Exception, told: str) -> None:
    assert cause(error) == told
    assert cause(ExceptionGroup("outer", [ExceptionGroup("inner", [error, KeyError()])])) == told


def test_a_tool_is_an_offer() -> None:
    plain = Tool(name="a", input_schema={"type": "object"})
    assert offer_of(plain) == Offer("a", "", "", {"type": "object"}, read_only=False)
    hinted = Tool(name="a", input_schema={}, annotations=ToolAnnotations(title="A", read_only_hint=True))
    assert (offer_of(hinted).title, offer_of(hinted).read_only) == ("A", True)
    assert offer_of(Tool(name="a", title="B", input_schema={}, annotations=hinted.annotations)).title == "B"


def test_an_answer_keeps_words_and_pictures_and_names_the_rest() -> None:
    blob = BlobResourceContents(uri="file:///b", blob="AAAA")
    said = CallToolResult(
        content=[
            TextContent(text="one"),
            ImageContent(data="AAAA", mime_type="image/png"),
            AudioContent(data="AAAA", mime_type="audio/wav"),
            EmbeddedResource(resource=TextResourceContents(uri="file:///t", text="two")),
            EmbeddedResource(resource=blob),
            ResourceLink(name="three", uri="http://h/3"),
        ],
        structured_content={"n": 1},
        is_error=True,
    )
    assert answer_of(said) == Answer(
        ("one", "two", "three: http://h/3"),
        {"n": 1},
        (Picture("image/png", "AAAA"),),
        ("audio", "a file that is no text"),
        failed=True,
    )
