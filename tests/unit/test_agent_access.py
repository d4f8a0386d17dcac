"""Who may ask a collector."""

import pytest

from bot.ebpf.agent.access import Access


def status(access: Access, *, path: str = "/api/events", host: str | None = None, said: str | None = None) -> int:
    refusal = access.refusal(path=path, host=host, authorization=said)
    return refusal.status if refusal else 200


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LocalHost:1", "127.0.0.1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"]
)
def test_without_a_token_this_machine_may_ask(host: str) -> None:
    assert status(Access(None), host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example#localhost",
        "localhost@evil.example",
        "10.0.0.1:8080",
        "[2001:db8::1]",
        "[::1",
        "0.0.0.0",
        "localhost:x",
    ],
)
def test_without_a_token_a_name_that_is_not_this_machines_is_refused(host: str | None) -> None:
    assert status(Access(None), host=host) == 403


def test_health_is_open_to_all_and_nothing_like_it() -> None:
    for access in (Access(None), Access("secret")):
        assert status(access, path="/health", host="evil.example") == 200
        for path in ("/health/", "/healthz", "//health", "/api/health"):
            assert status(access, path=path, host="evil.example") != 200


@pytest.mark.parametrize("said", ["Bearer secret", "bearer secret", "BEARER  secret "])
def test_token_lets_in_from_anywhere(said: str) -> None:
    assert status(Access("secret"), host="evil.example", said=said) == 200


@pytest.mark.parametrize(
    ("said", "challenge"),
    [
        (None, 'Bearer realm="netspy"'),
        ("", 'Bearer realm="netspy"'),
        ("secret", 'Bearer realm="netspy"'),
        ("Basic c2VjcmV0", 'Bearer realm="netspy"'),
        ("Bearer", 'Bearer realm="netspy"'),
        ("Bearer secre", 'Bearer realm="netspy", error="invalid_token"'),
        ("Bearer secrets", 'Bearer realm="netspy", error="invalid_token"'),
        ("Bearer Secret", 'Bearer realm="netspy", error="invalid_token"'),
        ("Bearer s\xe9cret", 'Bearer realm="netspy"'),
    ],
)
def test_anything_else_is_refused_with_a_challenge(said: str | None, challenge: str) -> None:
    refusal = Access("secret").refusal(path="/api/events", host="localhost", authorization=said)
    assert refusal is not None
    assert (refusal.status, refusal.challenge) == (401, challenge)
    assert "secret" not in refusal.reason


@pytest.mark.parametrize("token", ["", "two words", "s\xe9cret", "a\n"])
def test_token_that_no_header_can_hold_is_refused_at_once(token: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        Access(token)
