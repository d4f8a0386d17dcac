import pytest
from pydantic import SecretStr

from bot.domain.errors import InvalidSettings
from bot.platforms import slack_credentials
from bot.setting_values import bearer_token, listen_address, model_prices, slack_secret, slack_url, traces_url
from bot.settings import Settings

BOT, APP, SIGNING = "xoxb-1-hush", "xapp-1-hush", "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8787", ("127.0.0.1", 8787)),
        (" localhost:0 ", ("localhost", 0)),
        ("[::1]:80", ("::1", 80)),
        ("[fe80::1%eth0]:65535", ("fe80::1%eth0", 65535)),
        (":9000", ("0.0.0.0", 9000)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert listen_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["8787", "localhost", "::1:80", "[::1]", "a b:80", "h:65536", "h:-1", "h:٣", "http://h:80", "h:80/", "\x1b:1"],
)
def test_what_is_no_address_is_refused_and_shown_how_to_write(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        listen_address(text)
    said = str(caught.value)
    assert said.startswith("NETSPY_LISTEN: ")
    assert "127.0.0.1:8787 or [::1]:8787" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("text", ["https://slack.com/api", "https://slack.com/api/", " https://slack.com/api// "])
def test_a_method_can_be_put_behind_the_url(text: str) -> None:
    assert slack_url(text) == "https://slack.com/api/"


@pytest.mark.parametrize("text", ["slack.com/api", "ftp://slack.com/", "https://", "http://h:x/", "http://h/?q=1"])
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match="SLACK_API_URL"):
        slack_url(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", BOT),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-rotated"),
        ("SLACK_APP_TOKEN", f"{APP}\n"),
        ("SLACK_SIGNING_SECRET", SIGNING),
    ],
)
def test_the_right_kind_is_taken_without_blanks_around_it(name: str, value: str) -> None:
    assert slack_secret(name, value) == value.strip()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SLACK_BOT_TOKEN", APP, "it holds an app-level token, which belongs in SLACK_APP_TOKEN"),
        ("SLACK_APP_TOKEN", BOT, "it holds a bot token, which belongs in SLACK_BOT_TOKEN"),
        ("SLACK_BOT_TOKEN", "xoxp-1-hush", "it holds a user token"),
        ("SLACK_BOT_TOKEN", "xoxe-1-hush", "it holds a refresh token"),
        ("SLACK_BOT_TOKEN", "hush", "it does not begin with xoxb-"),
        ("SLACK_APP_TOKEN", "hush", "it does not begin with xapp-"),
        ("SLACK_SIGNING_SECRET", APP, "it holds an app-level token"),
    ],
)
def test_another_kind_is_refused_and_named_without_its_value(name: str, value: str, told: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        slack_secret(name, value)
    said = str(caught.value)
    assert said.startswith(f"{name}: ")
    assert told in said
    assert "hush" not in said


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
def test_a_blank_value_is_refused_for_an_empty_key_would_sign_anything(name: str) -> None:
    with pytest.raises(InvalidSettings, match=f"{name}: it is blank"):
        slack_secret(name, " \t")


@pytest.mark.parametrize("value", ["xoxb-hush\nX-Evil: 1", "xoxb-hush hush", "xoxb-h\u00fcsh", "xoxb-hush\u200b"])
def test_what_cannot_stand_in_a_header_is_refused(value: str) -> None:
    with pytest.raises(InvalidSettings, match="it holds a character that none of Slack's has") as caught:
        slack_secret("SLACK_BOT_TOKEN", value)
    assert value not in str(caught.value)


def settings(**given: str) -> Settings:
    unset = {"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": ""}
    return Settings.model_validate({name: value or None for name, value in {**unset, **given}.items()})


def test_a_bot_token_with_either_way_of_events_is_enough() -> None:
    by_socket = slack_credentials(settings(SLACK_BOT_TOKEN=BOT, SLACK_APP_TOKEN=APP))
    assert by_socket
    assert (by_socket.bot_token, by_socket.app_token, by_socket.signing_secret) == (BOT, APP, None)
    by_http = slack_credentials(settings(SLACK_BOT_TOKEN=BOT, SLACK_SIGNING_SECRET=SIGNING, SLACK_API_URL="http://h:1"))
    assert by_http
    assert (by_http.app_token, by_http.signing_secret, by_http.api_url) == (None, SIGNING, "http://h:1/")


def test_nothing_of_slack_is_no_slack() -> None:
    assert slack_credentials(settings()) is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"SLACK_BOT_TOKEN": BOT}, "set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP"),
        ({"SLACK_APP_TOKEN": APP}, "SLACK_APP_TOKEN: it is set, but SLACK_BOT_TOKEN is not"),
        ({"SLACK_SIGNING_SECRET": SIGNING}, "SLACK_SIGNING_SECRET: it is set, but SLACK_BOT_TOKEN is not"),
    ],
)
def test_half_of_the_credentials_say_what_is_missing(given: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        slack_credentials(settings(**given))
    assert told.lower() in str(caught.value).lower()


def test_a_token_is_what_a_header_can_hold() -> None:
    assert bearer_token("NETSPY_MCP_TOKEN", SecretStr("s3cret~!")) == "s3cret~!"
    assert bearer_token("NETSPY_MCP_TOKEN", None) is None


@pytest.mark.parametrize("token", ["", "two hush", "h\xfcsh", "hush\n"])
def test_token_that_no_header_can_hold_is_refused_without_being_told(token: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        bearer_token("NETSPY_MCP_TOKEN", SecretStr(token))
    assert str(caught.value).startswith("NETSPY_MCP_TOKEN: it holds a blank")
    assert "sh" not in str(caught.value).removesuffix("Set another one")


def test_prices_are_two_numbers_for_a_model() -> None:
    assert model_prices('{"gpt": [1.25, 10], "local": [0, 0]}') == {"gpt": (1.25, 10.0), "local": (0.0, 0.0)}
    assert model_prices("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "gpt=1.25", "[1, 2]", '{"gpt": 1}', '{"gpt": [1]}', '{"gpt": [1, -1]}', '{"gpt": [1, true]}', "null",
        '{"gpt": [1, NaN]}', '{"gpt": [1, 1e999]}', '{"gpt": ["1", "2"]}', '{"gpt": [1, 2], "gpt": [1, 3]}',
        '{"gpt": [1, 1' + 400 * "0" + "]}", 5000 * "[", '{"\\u001b": []}',
    ],
)  # fmt: skip
def test_prices_that_are_none_are_refused_and_shown_how_to_write(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        model_prices(text)
    said = str(caught.value)
    assert said.startswith(("NETSPY_MODEL_PRICES: it is no JSON object", "NETSPY_MODEL_PRICES: '"))
    assert "dollars for a million tokens" in said
    assert "\x1b" not in said


def test_traces_go_below_the_endpoint_or_to_their_own() -> None:
    assert traces_url("http://h:4318/") == "http://h:4318/v1/traces"
    assert traces_url("http://h:4318", "https://t/x") == "https://t/x"


@pytest.mark.parametrize("endpoint", ["h:4318", "grpc://h", "http://", "http://h:99999", "http://h\x1b"])
def test_an_endpoint_that_is_no_url_is_refused(endpoint: str) -> None:
    with pytest.raises(InvalidSettings, match="OTEL_EXPORTER_OTLP_ENDPOINT: it is no URL"):
        traces_url(endpoint)
