"""Whether everything that netspy needs in Discord is there: what `netspy doctor` says of it."""

from typing import Any

import aiohttp

from adapters.discord.credentials import DiscordCredentials
from bot.domain.ports import Check

API_URL = "https://discord.com/api/v10"
TIMEOUT_S = 5.0
MESSAGE_CONTENT = (1 << 18) | (1 << 19)
"""Flags of an application (https://discord.com/developers/docs/resources/application#application-object-application-flags)."""
TOKEN = "set DISCORD_TOKEN to the bot's token of the developer portal"  # noqa: S105 (a sentence)
INTENT = "switch Message Content Intent on in the developer portal, under Bot"
REACH = "see whether this machine reaches Discord, or what DISCORD_API_URL names"
COMMANDS = "start netspy serve once: it sets them"


async def check(credentials: DiscordCredentials) -> tuple[Check, ...]:
    """Token, intent, commands. The gateway is left alone: a second session would hear everything twice."""
    base = (credentials.api_url or API_URL).rstrip("/")
    headers = {"Authorization": f"Bot {credentials.token}"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            status, app = await _get(session, f"{base}/oauth2/applications/@me")
            if status != 200:
                return (_refused(status),)
            _, known = await _get(session, f"{base}/applications/{app['id']}/commands")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return (Check("discord", "fault", f"no answer ({type(error).__name__})", REACH, "unreachable"),)
    return (Check("discord", "ok", str(app.get("name", "?"))), _intent(app), _commands(known))


def _refused(status: int) -> Check:
    if status == 401:
        return Check("discord", "fault", "Discord answered 401: it does not know the token", TOKEN, "token-refused")
    return Check("discord", "fault", f"Discord answered {status}", finding="platform-refused")


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    async with session.get(url) as answer:
        return answer.status, await answer.json() if answer.status == 200 else None


def _intent(app: dict[str, Any]) -> Check:
    if int(app.get("flags") or 0) & MESSAGE_CONTENT:
        return Check("discord intent", "ok", "message content is on")
    return Check("discord intent", "warning", "message content is off: follow-ups need a mention", INTENT, "intent-off")


def _commands(known: Any) -> Check:
    names = {str(each.get("name")) for each in known or ()}
    if {"netspy", "ask"} <= names:
        return Check("discord commands", "ok", "/netspy and /ask are there")
    return Check("discord commands", "warning", "/netspy and /ask are not set yet", COMMANDS, "commands-missing")
