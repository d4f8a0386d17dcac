"""How long an endpoint waits."""

import pytest
from httpx2 import Timeout

from bot.domain.errors import InvalidSettings
from bot.llm.endpoint import Patience, Server, is_openai, open_endpoint


async def test_a_server_with_time_for_its_first_word_has_it_between_two_pieces_too() -> None:
    patience = Patience(connect_s=1, first_s=300, silence_s=60)
    async with open_endpoint(
        "m", server=Server(api_key="", base_url="http://127.0.0.1:1/v1"), patience=patience
    ) as endpoint:
        assert endpoint.client.timeout == Timeout(300, connect=1)


def test_every_server_has_the_same_patience_unless_it_is_set() -> None:
    assert Patience().first_s == 15


async def test_a_key_and_an_address_are_refused_under_the_names_of_their_own_settings() -> None:
    with pytest.raises(InvalidSettings, match="AZURE_KEY"):
        async with open_endpoint("m", server=Server(api_key="sk-\u0441", key_setting="AZURE_KEY")):
            pass
    with pytest.raises(InvalidSettings, match="NETSPY_MODELS"):
        async with open_endpoint("m", server=Server(base_url="x", url_setting="its address in NETSPY_MODELS")):
            pass


async def test_an_endpoint_shows_no_key() -> None:
    async with open_endpoint("m", server=Server(api_key="sk-hush")) as endpoint:
        assert "sk-hush" not in repr(endpoint)
    assert "sk-hush" not in repr(Server(api_key="sk-hush"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", True),
        ("https://mine.openai.azure.com/openai/v1", True),
        ("https://api.openai.com.evil.example/v1", False),
        ("http://127.0.0.1:11434/v1", False),
    ],
)
def test_openai_and_azure_are_known_by_their_hosts(url: str, *, expected: bool) -> None:
    assert is_openai(url) is expected
