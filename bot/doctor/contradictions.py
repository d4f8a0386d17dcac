"""Settings that are right each for itself, and at odds with each other; and those that no other part looks at. Pure."""

from collections.abc import Callable, Iterator

from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check
from bot.setting_values import bearer_token
from bot.settings import Settings

AT_ODDS = "settings-at-odds"


def contradictions(settings: Settings) -> Iterator[Check]:
    """One each, with what netspy makes of it."""
    yield from _wrong(settings)
    for told, remedy in (*_of_slack(settings), *_of_alerts(settings), *_of_models(settings), *_of_source(settings)):
        yield Check("settings", "warning", told, remedy, AT_ODDS)


def _wrong(settings: Settings) -> Iterator[Check]:
    """Values that only some ways to run netspy would look at."""
    looks: tuple[Callable[[], object], ...] = (
        lambda: settings.nodes_of_channels,
        lambda: settings.channels_of_receivers,
        lambda: settings.prices_of_models,
        lambda: settings.traces_url,
        lambda: bearer_token("NETSPY_MCP_TOKEN", settings.mcp_token),
        lambda: bearer_token("NETSPY_ALERTS_TOKEN", settings.alerts_token),
    )
    for look in looks:
        try:
            look()
        except InvalidSettings as error:
            yield Check.of("settings", error)


def _of_slack(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.slack_app_token and settings.slack_signing_secret:
        told = "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both set: events come over Socket Mode, none by HTTP"
        yield told, "unset SLACK_APP_TOKEN for HTTP, else SLACK_SIGNING_SECRET"


def _of_alerts(settings: Settings) -> Iterator[tuple[str, str]]:
    token, channels = "NETSPY_ALERTS_TOKEN", "NETSPY_ALERT_CHANNELS"
    if bool(settings.alerts_token) != bool(settings.alert_channels):
        there, lacking = (token, channels) if settings.alerts_token else (channels, token)
        yield f"{there} is set without {lacking}: serve takes no alerts", "set both, or neither"
    has_credentials = {"slack": settings.slack_bot_token is not None, "discord": settings.discord_token is not None}
    for pair in (settings.alert_channels or "").split(","):
        platform = pair.rpartition("=")[2].partition("/")[0].strip().lower()
        if has_credentials.get(platform) is False:
            told = f"{channels} names a channel of {platform}, which has no credentials: its alerts go nowhere"
            yield told, f"set the credentials of {platform}, or name another channel"


def _of_models(settings: Settings) -> Iterator[tuple[str, str]]:
    of_all, of_each = settings.tokens_per_day, settings.tokens_per_day_and_user
    if settings.wants_model and settings.model_data == "none":
        told = "NETSPY_MODEL_DATA is none, but a language model is configured: it is told nothing, the planner answers"
        yield told, "set NETSPY_MODEL_DATA to full or masked, or unset what configures the model"
    if of_all and of_each and of_each > of_all:
        told = "NETSPY_TOKENS_PER_DAY_AND_USER is larger than NETSPY_TOKENS_PER_DAY: one person can spend it all"
        yield told, "make it smaller, or unset it"
    if (of_all or of_each) and not settings.wants_model:
        name = "NETSPY_TOKENS_PER_DAY" if of_all else "NETSPY_TOKENS_PER_DAY_AND_USER"
        yield f"{name} limits a language model, and there is none", "set OPENAI_API_KEY, or unset it"


def _of_source(settings: Settings) -> Iterator[tuple[str, str]]:
    """Only the address itself is looked at; nothing of it is told, since it may hold a password."""
    if settings.ebpf_token and "@" in (settings.ebpf_url or ""):
        told = "NETSPY_EBPF_URL holds a login and NETSPY_EBPF_TOKEN is set: the login is sent, the token is not"
        yield told, "take one of them away"
