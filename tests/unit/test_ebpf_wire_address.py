"""Server addresses as people write them."""

import pytest

from bot.domain.errors import InvalidSettings
from bot.ebpf.excerpt import excerpt
from bot.ebpf.remote.address import parse_address


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("localhost:8080", "http://localhost:8080"),
        (" node-a ", "http://node-a"),
        ("10.2.0.14:8080/", "http://10.2.0.14:8080"),
        ("https://ebpf.example/agents/a/", "https://ebpf.example/agents/a"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTPS://Node-A:443", "https://node-a"),
    ],
)
def test_address_is_understood(text: str, url: str) -> None:
    assert parse_address(text).url == url


@pytest.mark.parametrize(
    "text",
    ["", "http://", "ftp://host", "host:99999", "host:0", "host:port", "a b", "http://host/?q=1", "http://host/#x",
     "http://[::1", "::1", "http://ho\tst", "/path", "http://a\x1b[2Jb", "http://h<>st"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_address(text)
    assert caught.value.remedy == "write it as http://HOST:PORT"


def test_login_is_taken_out_of_the_address() -> None:
    address = parse_address("http://dana:p%40ss@host:8080")
    assert address.login == ("dana", "p@ss")
    assert "p@ss" not in address.url + repr(address)


def test_refusal_of_an_address_does_not_show_its_password() -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_address("http://dana:secret@host:99999")
    assert "secret" not in str(caught.value)
    assert "host:99999" in str(caught.value)


def test_excerpt_is_one_short_line_without_control_characters() -> None:
    assert excerpt("<html>\n \x1b[31mred\u202e</html>") == "<html> \ufffd[31mred\ufffd</html>"
    assert len(excerpt("x" * 1000)) == 200
