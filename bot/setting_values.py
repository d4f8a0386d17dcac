"""What the texts of settings mean, strictly: addresses, URLs, kinds of tokens. Pure.

It knows how they are written, and never puts a secret into a sentence. `settings.py` and `app.py` call it.
"""

import errno
import json
import re
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.domain.errors import InvalidSettings

MAX_PORT = 65535
MAX_PRICE = 1_000_000
ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - only for whoever writes `:PORT`, the usual way to say so
_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<host>[A-Za-z0-9._-]*)):(?P<port>[0-9]{1,5})")
_SECRET = re.compile(r"[!-~]+")
"""Visible ASCII: what can stand in an HTTP header."""
MALFORMED = "token-malformed"
"""The finding about a secret that cannot be one."""
_KINDS = {
    "xoxb-": "a bot token, which belongs in SLACK_BOT_TOKEN",
    "xoxe.xoxb-": "a bot token, which belongs in SLACK_BOT_TOKEN",
    "xapp-": "an app-level token, which belongs in SLACK_APP_TOKEN",
    "xoxp-": "a user token, which netspy has no use for",
    "xoxe.xoxp-": "a user token, which netspy has no use for",
    "xoxe-": "a refresh token, which netspy has no use for",
}
"""Slack's kinds by their beginnings (https://docs.slack.dev/authentication/tokens)."""
_PLACES = {
    "SLACK_BOT_TOKEN": ("xoxb-", "OAuth & Permissions, Bot User OAuth Token"),
    "SLACK_APP_TOKEN": ("xapp-", "Basic Information, App-Level Tokens"),
    "SLACK_SIGNING_SECRET": (None, "Basic Information, Signing Secret"),
}
"""How each of netspy's variables begins (None: in no way that could be told), and where the app's settings show it."""


def finding_of(error: OSError) -> str:
    """The name of the case that a file which a setting names cannot be read."""
    by_errno = {errno.ENOENT: "no-such-file", errno.EACCES: "permission-denied", errno.EPERM: "permission-denied"}
    return by_errno.get(error.errno or 0, "file-unreadable")


def listen_address(text: str, *, name: str = "NETSPY_LISTEN") -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[IPV6]:PORT` or `:PORT`; `name` is who says so. Raises: InvalidSettings."""
    match = _LISTEN.fullmatch(text.strip())
    if match is None or int(match["port"]) > MAX_PORT:
        remedy = f"write HOST:PORT, such as 127.0.0.1:8787 or [::1]:8787, with a port up to {MAX_PORT}"
        raise InvalidSettings(name, f"{text[:60]!a} is no address to listen on", remedy)
    return match["v6"] or match["host"] or ALL_INTERFACES, int(match["port"])


def channel_nodes(text: str) -> dict[str, str]:
    """Nodes by the ids of channels, of `C0123=node-a,C0456=node-b`. Raises: InvalidSettings."""
    found: dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        channel, equals, node = map(str.strip, pair.partition("="))
        if not (channel and equals and node) or found.setdefault(channel, node) != node:
            raise InvalidSettings(
                "NETSPY_CHANNEL_NODES", f"{pair[:60]!a} is no CHANNEL=NODE, or the second of one channel",
                "write the channel's id and the node's name, such as C0123ABCD=node-a",
            )  # fmt: skip
    return found


def alert_channels(text: str) -> dict[str, tuple[str, str]]:
    """Platform and channel by receiver, of `payments=slack/C0123,*=discord/456`. Raises: InvalidSettings."""
    found: dict[str, tuple[str, str]] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        receiver, _, place = map(str.strip, pair.rpartition("="))
        platform, _, channel = map(str.strip, place.partition("/"))
        if not (receiver and channel and platform in ("slack", "discord")) or receiver in found:
            got = f"{pair[:60]!a} is no RECEIVER=slack/CHANNEL or discord/CHANNEL, or the second of one receiver"
            remedy = "write the receiver's name and the channel's id, such as payments-oncall=slack/C0123ABCD"
            raise InvalidSettings("NETSPY_ALERT_CHANNELS", got, remedy)
        found[receiver] = (platform, channel)
    return found


def model_prices(text: str) -> dict[str, tuple[float, float]]:
    """Dollars for a million tokens, read and written, by model. Raises: InvalidSettings."""
    remedy = 'write {"NAME": [1.25, 10]}: dollars for a million tokens of input, and of output'
    try:
        given = json.loads(text or "{}", parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        got = "it is no JSON object of models and their prices, each model once"
        raise InvalidSettings("NETSPY_MODEL_PRICES", got, remedy)
    for model, prices in given.items():
        if not (isinstance(prices, list) and len(prices) == 2 and all(map(_is_price, prices))):
            got = f"{str(model)[:60]!a} has no two prices from 0 to {MAX_PRICE:,}"
            raise InvalidSettings("NETSPY_MODEL_PRICES", got, remedy)
    return {model: (float(prices[0]), float(prices[1])) for model, prices in given.items()}


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("twice")
    return found


def _is_price(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= MAX_PRICE


def bearer_token(name: str, secret: SecretStr | None) -> str | None:
    """The token of a setting, for the Authorization header. Raises: InvalidSettings for one that no header can hold."""
    token = secret.get_secret_value() if secret is not None else None
    if token is not None and not _SECRET.fullmatch(token):
        got = "it holds a blank, or a character that no HTTP header can have"
        raise InvalidSettings(name, got, "set another one", finding=MALFORMED)
    return token


def traces_url(endpoint: str, own: str = "") -> str:
    """The URL for spans at an OTLP receiver, by OpenTelemetry's rules: `own` is that of traces alone, and whole.

    Raises: InvalidSettings.
    """
    name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if own else "OTEL_EXPORTER_OTLP_ENDPOINT"
    url = own or f"{endpoint.rstrip('/')}/v1/traces"
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not url.isprintable():
        raise InvalidSettings(name, "it is no URL of an HTTP server", "write it like http://127.0.0.1:4318")
    return url


def slack_url(text: str) -> str:
    """The URL that names of methods are put behind. Raises: InvalidSettings."""
    try:
        parts = urlsplit(text.strip())
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.query or parts.fragment:
        raise InvalidSettings("SLACK_API_URL", "it is no URL of an HTTP server", "unset it for https://slack.com/api/")
    return text.strip().rstrip("/") + "/"


def slack_secret(name: str, secret: str) -> str:
    """The value of one of Slack's variables, without blanks around it. Raises: InvalidSettings for another kind.

    A blank signing secret is refused too: whoever signs with an empty key would be taken for Slack.
    """
    value = secret.strip()
    begins, where = _PLACES[name]
    if not _SECRET.fullmatch(value):
        got = "it holds a character that none of Slack's has" if value else "it is blank"
        raise InvalidSettings(name, got, f"copy it from the app's settings: {where}", finding=MALFORMED)
    kind = next((kind for kind in _KINDS if value.startswith(kind)), None)
    is_right = kind is None if begins is None else kind is not None and kind.endswith(begins)
    if not is_right:
        got = f"it holds {_KINDS[kind]}" if kind else f"it does not begin with {begins}"
        raise InvalidSettings(name, got, f"copy it from the app's settings: {where}", finding=MALFORMED)
    return value


def discord_secret(secret: str) -> str:
    """The bot's token, without blanks around it. Raises: InvalidSettings for what no header of Discord's can hold."""
    value = secret.strip()
    if not _SECRET.fullmatch(value):
        is_header = value.lower().startswith("bot ")
        got = "it begins with 'Bot '" if is_header else "it is blank, or holds a blank or another odd character"
        remedy = "set the bot's token alone, from the developer portal, under Bot"
        raise InvalidSettings("DISCORD_TOKEN", got, remedy, finding=MALFORMED)
    return value
