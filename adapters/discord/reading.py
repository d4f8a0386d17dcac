"""Discord's messages as plain text: who is mentioned, and what is said without Discord's markup. Pure."""

import re

from bot.domain.message import Addressee

_USER = re.compile(r"<@!?(\d+)>")
_OTHERS = re.compile(r"<@[!&]?\d+>|@everyone|@here")
_CHANNEL = re.compile(r"<#(\d+)>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_TIME = re.compile(r"<t:(\d+)(?::\w)?>")
_BLANKS = re.compile(r"[ \t]{2,}")


def question(text: str, *, bot: int) -> str:
    """What was said, without the mention of the bot and without markup."""
    without = re.sub(rf"<@!?{bot}>", " ", text)
    for markup, written in ((_USER, r"@\1"), (_CHANNEL, r"#\1"), (_EMOJI, r"\1"), (_TIME, r"\1")):
        without = markup.sub(written, without)
    return _BLANKS.sub(" ", without).strip()


def addressee(text: str, *, bot: int, mentions: frozenset[int]) -> Addressee:
    """Whom a message in a channel or thread speaks to."""
    if bot in mentions or str(bot) in _USER.findall(text):
        return "netspy"
    return "others" if mentions or _OTHERS.search(text) else "thread"
