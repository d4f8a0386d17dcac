"""Who the bot token belongs to."""

from adapters.slack.calls import Calls
from adapters.slack.credentials import Identity


async def identify(calls: Calls) -> Identity:
    """Raises: PlatformError, with what to do about a token that Slack does not take."""
    found = await calls.do(calls.client.auth_test, patience_s=5.0)
    names = ("team_id", "user_id", "bot_id", "enterprise_id", "team", "user")
    return Identity(*(str(found.get(name) or "") for name in names))
