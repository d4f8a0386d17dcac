"""When netspy speaks unasked: the rules that keep it from being noise in a thread where people talk.

It knows messages and what the store says of their thread; the manager asks it. The same rules hold on every platform.
"""

from typing import Literal, TypeAlias

from bot.domain.message import Message
from bot.domain.stores import ThreadStore

ThreadReplies: TypeAlias = Literal["auto", "mention", "all"]
"""Which messages without a mention are answered in a thread. auto: those of the one person that netspy talks with
there; mention: none; all: every one, in all threads that it was ever asked in."""

Heed: TypeAlias = Literal["answer", "ignore", "excuse"]
"""excuse: from now on a mention is needed here; say so once."""

EXCUSE = (
    "Several people talk here now, so I answer only when I am mentioned. `listen` makes me answer everything again."
)


async def heed(message: Message, store: ThreadStore, replies: ThreadReplies) -> Heed:
    """What to do about a message. Raises: StorageError."""
    if message.addressee == "netspy":
        return "answer"
    standing = None if replies == "mention" else await store.standing(message.key)
    if standing is None or standing.quiet:
        return "ignore"
    if replies == "auto":
        if not standing.ours:
            return "ignore"
        if standing.crowded or standing.first_author not in {"", message.author.id}:
            return "excuse" if await store.hush(message.key, quiet=True) else "ignore"
    return "answer" if message.addressee == "thread" else "ignore"
