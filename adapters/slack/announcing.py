"""A message that netspy posts by itself, such as an alert, and the thread below it."""

from adapters.slack.calls import Calls
from adapters.slack.limits import MAX_FALLBACK, MAX_MARKDOWN
from adapters.slack.markdown import as_fallback, harmless
from adapters.slack.place import NAME, Place
from adapters.slack.portions import split
from adapters.slack.post import Markdown, Post
from adapters.slack.saying import say
from bot.domain.message import ThreadKey
from bot.domain.ports import Announced
from bot.tables.text import ELLIPSIS

CUT = f"\n{ELLIPSIS}"


async def announce(calls: Calls, channel: str, text: str, *, team: str) -> Announced:
    """As `Announcer` wants it. Nobody asked, so that the place names no person."""
    quiet = {"unfurl_links": False, "unfurl_media": False}
    posted = await say(calls, calls.client.chat_postMessage, post_of(text), channel=channel, **quiet)
    where, ts = str(posted["channel"]), str(posted["ts"])
    place = Place(channel=where, thread=ts, message=ts, user="", team=team)
    return Announced(ThreadKey(NAME, team, where, ts), place.address)


def post_of(text: str) -> Post:
    """As much of a text as one message takes."""
    whole = harmless(text.strip()) or ELLIPSIS
    head = whole if len(whole) <= MAX_MARKDOWN else split(whole, MAX_MARKDOWN - len(CUT))[0] + CUT
    return Post((Markdown(head),), as_fallback(head, MAX_FALLBACK))
