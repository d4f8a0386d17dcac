"""Failures that no test can bring about over loopback."""

import httpx2
import pytest
from openai import APIConnectionError, APIError, APITimeoutError

from bot.domain.errors import ModelBusy, ModelSilent, ModelTruncated, ModelUnreachable
from bot.llm.errors import Asking, quoted, translated

SENT = httpx2.Request("POST", "https://api.openai.com/v1/responses")


def test_a_connection_that_is_not_accepted_in_time_is_silence() -> None:
    with pytest.raises(ModelSilent, match="no connection in time"), translated(Asking("asking m")):
        raise APITimeoutError(SENT) from httpx2.ConnectTimeout("")


def test_a_request_that_nobody_reads_is_silence() -> None:
    with pytest.raises(ModelSilent, match="no answer began in time"), translated(Asking("asking m")):
        raise APITimeoutError(SENT) from httpx2.WriteTimeout("")


def test_a_name_that_nobody_knows_is_unreachable_even_in_the_middle() -> None:
    with (
        pytest.raises(ModelUnreachable, match="the name is unknown"),
        translated(Asking("a"), broken=ModelTruncated),
    ):
        raise APIConnectionError(request=SENT) from httpx2.ConnectError("[Errno -2] Name or service not known")


def test_a_status_inside_of_a_stream_counts_like_one_outside() -> None:
    with pytest.raises(ModelBusy, match="rate limit"), translated(Asking("asking m")):
        raise APIError("slow down", SENT, body={"code": 429, "message": "slow down"})


def test_an_error_has_no_cause_that_could_show_the_key() -> None:
    with pytest.raises(ModelUnreachable) as caught, translated(Asking("asking m", "k")):
        raise APIError("k", SENT, body=None)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_providers_words_are_one_short_line_without_the_key() -> None:
    assert quoted("a\n  sk-1 b", "sk-1") == "a *** b"
    assert quoted("x" * 300) == "x" * 200 + "..."
