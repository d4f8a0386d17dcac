"""The chat platforms: which of them have credentials, and their adapters. The SDKs are imported for those only.

`serve` runs the adapters, `doctor` checks them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from bot.domain.errors import InvalidSettings
from bot.domain.ports import Adapter, Check
from bot.moments import local_zone
from bot.setting_values import discord_secret, slack_secret
from bot.settings import Settings

if TYPE_CHECKING:
    from adapters.discord.client import DiscordAdapter
    from adapters.slack.app import SlackAdapter
    from adapters.slack.credentials import SlackCredentials


def adapters_of(settings: Settings) -> tuple[tuple[Adapter, ...], tuple[Check, ...]]:
    """One for each chat platform that has credentials; and what is wrong with those that cannot be used."""
    adapters: list[Adapter] = []
    faults: list[Check] = []
    for platform, build in PLATFORMS.items():
        try:
            adapter = build(settings)
        except InvalidSettings as error:
            faults.append(Check.of(platform, error))
        else:
            adapters += [adapter] if adapter else []
    return tuple(adapters), tuple(faults)


def _slack(settings: Settings) -> "SlackAdapter | None":
    credentials = slack_credentials(settings)
    if credentials is None:
        return None
    from adapters.slack.app import SlackAdapter

    return SlackAdapter(credentials, zone=local_zone())


def _discord(settings: Settings) -> "DiscordAdapter | None":
    if settings.discord_token is None:
        return None
    from adapters.discord.client import DiscordAdapter
    from adapters.discord.credentials import DiscordCredentials

    credentials = DiscordCredentials(
        token=discord_secret(settings.discord_token.get_secret_value()),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
    )
    return DiscordAdapter(credentials, zone=local_zone())


def slack_credentials(settings: Settings) -> "SlackCredentials | None":
    """None where nothing of Slack is set. Raises: InvalidSettings for wrong credentials, or half of them."""
    given = {
        "SLACK_BOT_TOKEN": settings.slack_bot_token,
        "SLACK_APP_TOKEN": settings.slack_app_token,
        "SLACK_SIGNING_SECRET": settings.slack_signing_secret,
    }
    held = {name: slack_secret(name, secret.get_secret_value()) for name, secret in given.items() if secret}
    if not held:
        return None
    if "SLACK_BOT_TOKEN" not in held:
        raise InvalidSettings(next(iter(held)), "it is set, but SLACK_BOT_TOKEN is not", "set both, or neither")
    if len(held) == 1:
        remedy = "set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP"
        raise InvalidSettings("SLACK_BOT_TOKEN", "it is set, but not how events arrive", remedy)
    from adapters.slack.credentials import SlackCredentials

    return SlackCredentials(
        bot_token=held["SLACK_BOT_TOKEN"],
        app_token=held.get("SLACK_APP_TOKEN"),
        signing_secret=held.get("SLACK_SIGNING_SECRET"),
        api_url=settings.slack_url,
    )


BuildAdapter: TypeAlias = Callable[[Settings], Adapter | None]
PLATFORMS: dict[str, BuildAdapter] = {"slack": _slack, "discord": _discord}
"""Every chat platform but the terminal."""
WHAT_TURNS_ON = {
    "model": "OPENAI_API_KEY or OPENAI_BASE_URL",
    "slack": "SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET",
    "discord": "DISCORD_TOKEN",
}
"""The variables that a part needs which is off without them."""
