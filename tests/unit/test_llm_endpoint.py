"""How long an endpoint waits."""

from httpx2 import Timeout

from bot.llm.endpoint import Patience, open_endpoint


async def test_a_server_with_time_for_its_first_word_has_it_between_two_pieces_too() -> None:
    patience = Patience(connect_s=1, first_s=300, silence_s=60)
    async with open_endpoint("m", api_key="", base_url="http://127.0.0.1:1/v1", patience=patience) as endpoint:
        assert endpoint.client.timeout == Timeout(300, connect=1)


def test_every_server_has_the_same_patience_unless_it_is_set() -> None:
    assert Patience().first_s == 15
