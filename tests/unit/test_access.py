"""Which pages of a browser may ask; who may ask at all is `test_agent_access`'s."""

import pytest

from bot.access import Door, host_of, of_another_origin


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "evil.example"),
        ("http://localhost:6274", "127.0.0.1:80"),
        ("http://[::1]:1", "localhost"),
        ("https://netspy.example:8443", "netspy.example:8443"),
        ("https://NETSPY.example", "netspy.EXAMPLE"),
    ],
)
def test_page_of_this_machine_or_of_the_asked_host_may_ask(origin: str | None, host: str) -> None:
    assert not of_another_origin(origin, host=host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "netspy.example"),
        ("https://netspy.example:1", "netspy.example:2"),
        ("https://localhost.evil.example", "localhost"),
        ("https://localhost@evil.example", "localhost"),
        ("https://evil.example#localhost", "localhost"),
        ("null", "localhost"),
        ("", "localhost"),
        ("", None),
        ("http://[::1", "[::1"),
        ("file://", ""),
    ],
)
def test_any_other_page_may_not(origin: str, host: str | None) -> None:
    assert of_another_origin(origin, host=host)


def test_host_is_told_without_its_port_and_brackets() -> None:
    assert [host_of(text) for text in ("A.b:1", "[::1]:80", "h", "h:x", "", "a/b")] == ["a.b", "::1", "h", "", "", ""]


def test_refusal_names_what_is_asked_and_how_a_token_is_set() -> None:
    door = Door(None, of="MCP server", remedy="set NETSPY_MCP_TOKEN")
    refusal = door.refusal(host="evil.example", authorization=None)
    assert refusal
    assert refusal.reason == "this MCP server has no token and so answers to localhost only: set NETSPY_MCP_TOKEN"
