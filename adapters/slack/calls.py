"""Calls of Slack's Web API: its errors in netspy's terms, its rate limits kept, no channel waiting for another one.

It knows HTTP's and Slack's ways to say no; what is posted is not its business. All of this package calls through it.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeAlias

import aiohttp
from aiolimiter import AsyncLimiter
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.bounded import Bounded
from bot.domain.errors import PlatformError, Undeliverable
from bot.redaction import without_credentials

log = logging.getLogger("netspy.slack")

Method: TypeAlias = Callable[..., Awaitable[AsyncSlackResponse]]

CALL_TIMEOUT_S = 15
FINAL_PATIENCE_S = 50.0
"""How long an answer waits for its turn under a rate limit, before the conversation tries again."""
BURST_OF_POSTS = 3
"""Slack takes one message a second and channel, and short bursts (https://docs.slack.dev/apis/web-api/rate-limits)."""
DEFAULT_RETRY_AFTER_S = 1.0
MAX_CHANNELS = 1000
UNREACHED = "see whether this machine reaches Slack, or what SLACK_API_URL names"
"""Not the URL itself: it may hold a password."""

_WORD = re.compile(r"\w{1,80}", re.ASCII)
"""Slack's errors are words. A proxy that answers with something else may say whatever it was sent."""
_NO_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "invalid_chunks"})
_NO_STREAM = frozenset({"message_not_in_streaming_state", "stream_not_found"})
_GONE = {
    "channel_not_found": ("netspy cannot see that channel", "invite it there: /invite @netspy"),
    "not_in_channel": ("netspy is not in that channel", "invite it there: /invite @netspy"),
    "is_archived": ("that channel is archived", "ask in another channel"),
    "thread_not_found": ("the message that began the thread is gone", "ask again in a new message"),
    "message_not_found": ("the message is gone", "ask again in a new message"),
    "cant_update_message": ("the message cannot be changed any more", "ask again in a new message"),
    "restricted_action": ("the workspace does not let netspy post there", "ask an admin of the workspace"),
    "user_not_found": ("that person is unknown to Slack", "ask again"),
    "user_not_in_channel": ("that person is not in the channel", "ask again there"),
}
_MENDABLE = {
    "invalid_auth": "check SLACK_BOT_TOKEN and SLACK_APP_TOKEN against the app's settings",
    "not_authed": "set SLACK_BOT_TOKEN",
    "token_revoked": "install the app again and set the new SLACK_BOT_TOKEN",
    "token_expired": "install the app again and set the new SLACK_BOT_TOKEN",
    "account_inactive": "the app was removed from the workspace: install it again",
    "not_allowed_token_type": "SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-",
}


class Refused(PlatformError):
    """Slack understood and said no; `word` is its error."""

    word: str = ""


class RefusedBlocks(Refused):
    """Slack does not take these blocks; the same in plainer ones may go."""


class StreamOver(Refused):
    """The message takes nothing more by streaming: it was stopped, or five minutes old."""


class Gone(Undeliverable):
    """There is no such place any more, or netspy has no business there; `word` is Slack's error."""

    word: str = ""


class Busy(PlatformError):
    """A rate limit that lasts longer than the caller waits."""


class Calls:
    """One bot's calls. `client` is only for naming methods: `calls.do(calls.client.chat_update, ...)`."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self._closed_until: dict[tuple[str, str], float] = {}
        self._paces: Bounded[str, AsyncLimiter] = Bounded(MAX_CHANNELS)

    async def do(self, method: Method, /, *, patience_s: float = FINAL_PATIENCE_S, **arguments: Any) -> dict[str, Any]:
        """The data that a call answers with; see `answer`."""
        data = (await self.answer(method, patience_s=patience_s, **arguments)).data
        return data if isinstance(data, dict) else {}

    async def answer(
        self, method: Method, /, *, patience_s: float = FINAL_PATIENCE_S, **arguments: Any
    ) -> AsyncSlackResponse:
        """Call, and wait at most `patience_s` for a rate limit of this method in this channel.

        New messages are not posted faster than Slack allows in their channel.

        Raises: Refused, Gone, Busy; PlatformError when nobody knows whether it was done.
        """
        place = (name_of(method), str(arguments.get("channel") or arguments.get("channel_id") or ""))
        now = asyncio.get_running_loop().time
        deadline = now() + patience_s
        while True:
            await self._wait_for(place, deadline)
            if place[0] == "chat.postMessage":
                await self._pace(place[1]).acquire()
            try:
                return await method(**arguments)
            except SlackApiError as error:
                wait_s = _retry_after_s(error.response)
                if wait_s is None:
                    _raise(place[0], error)
                log.info("slack.rate_limited", extra={"method": place[0], "channel": place[1], "wait_s": wait_s})
                self._closed_until[place] = now() + wait_s
            except (aiohttp.ClientError, SlackClientError, OSError, TimeoutError) as error:
                raise PlatformError(f"Slack's {place[0]}", f"no answer ({type(error).__name__})", UNREACHED) from error

    async def _wait_for(self, place: tuple[str, str], deadline: float) -> None:
        now = asyncio.get_running_loop().time
        while (opens := self._closed_until.get(place, 0.0)) > now():
            if opens > deadline:
                raise Busy(f"Slack's {place[0]}", f"rate limited for another {opens - now():.0f} s")
            await asyncio.sleep(opens - now())
        self._closed_until.pop(place, None)

    def _pace(self, channel: str) -> AsyncLimiter:
        if channel not in self._paces:
            self._paces[channel] = AsyncLimiter(BURST_OF_POSTS, BURST_OF_POSTS)
        return self._paces[channel]


def name_of(method: Method) -> str:
    """As Slack's pages write it: `chat.postMessage`."""
    return method.__name__.replace("_", ".")


def _retry_after_s(response: Any) -> float | None:
    """None for anything but a rate limit."""
    if _status(response) != 429 and _word(response) != "ratelimited":
        return None
    headers = getattr(response, "headers", None) or {}
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(given) if given.replace(".", "", 1).isdigit() else DEFAULT_RETRY_AFTER_S


def _raise(method: str, error: SlackApiError) -> NoReturn:
    word, asked = _word(error.response), f"Slack's {method}"
    if not word:
        raise PlatformError(asked, f"HTTP status {_status(error.response)}") from error
    if word in _GONE:
        got, remedy = _GONE[word]
        gone = Gone(asked, f"{got} ({word})", remedy)
        gone.word = word
        raise gone from error
    kind = RefusedBlocks if word in _NO_BLOCKS else StreamOver if word in _NO_STREAM else Refused
    refused = kind(asked, f"it answered {word}{_details(error.response)}", _remedy(word, error.response))
    refused.word = word
    raise refused from error


def _remedy(word: str, response: Any) -> str:
    if word == "missing_scope":
        needed = response.data.get("needed", "it names")
        return f"add the scope {needed} to the app and install it again"
    return _MENDABLE.get(word, "")


def _details(response: Any) -> str:
    metadata = response.data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return f": {without_credentials('; '.join(map(str, messages)))[:300]}" if messages else ""


def _word(response: Any) -> str:
    data = getattr(response, "data", None)
    word = str(data.get("error") or "") if isinstance(data, dict) else ""
    return word if _WORD.fullmatch(word) else ""


def _status(response: Any) -> int:
    return int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
