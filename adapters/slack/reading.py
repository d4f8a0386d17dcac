"""Slack's messages as plain text: who is mentioned, and what is said without Slack's markup. Pure.

https://docs.slack.dev/messaging/formatting-message-text: `<@U1>`, `<#C1|name>`, `<!here>`, `<http://a|b>`, and `&amp;`,
`&lt;`, `&gt;` for themselves.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from bot.domain.message import Addressee

_TOKEN = re.compile(r"<([^<>\n]+)>")
_USER = re.compile(r"<@([UWB][A-Z0-9]+)(?:\|[^<>]*)?>")
_TO_OTHERS = re.compile(r"<@[UWB][A-Z0-9]+(?:\|[^<>]*)?>|<!(?:here|channel|everyone|subteam\^[^<>]*)(?:\|[^<>]*)?>")
_BLANKS = re.compile(r"[ \t]{2,}")


def mentions(text: str) -> frozenset[str]:
    """The ids of the users that a message mentions."""
    return frozenset(_USER.findall(text))


def addressee(text: str, *, bot: str) -> Addressee:
    """Whom a message in a channel speaks to."""
    if bot in mentions(text):
        return "netspy"
    return "others" if _TO_OTHERS.search(text) else "thread"


def question(text: str, *, bot: str) -> str:
    """What was said, without the mention of the bot and without markup."""
    without = re.sub(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>", " ", text)
    return _BLANKS.sub(" ", plain(without)).strip()


def plain(text: str) -> str:
    """Markup as people read it."""
    return unescape(_TOKEN.sub(lambda token: _read(token[1]), text))


def text_of(message: dict[str, Any]) -> str:
    """A message's own text, or that of its blocks and attachments: alerts of other programs often have no other."""
    text = str(message.get("text") or "").strip()
    if text:
        more = _attachments(message) if message.get("bot_id") else ()
        return "\n".join([text, *more])
    return "\n".join([*_lines(message.get("blocks")), *_attachments(message)]).strip()


def _read(token: str) -> str:
    target, _, label = token.partition("|")
    match target[:1]:
        case "@":
            return f"@{label or target[1:]}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
    bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", target).rstrip("/")
    if not label or label == target:
        return target.removeprefix("mailto:")
    return label if label.rstrip("/") == bare else f"{label} ({target})"


def _attachments(message: dict[str, Any]) -> Iterator[str]:
    for attachment in _dicts(message.get("attachments")):
        said = [attachment.get(name) for name in ("pretext", "title", "text")]
        fields = [f"{each.get('title', '')}: {each.get('value', '')}" for each in _dicts(attachment.get("fields"))]
        found = [str(each) for each in (*said, *fields) if each] or list(_lines(attachment.get("blocks")))
        yield from found or ([str(attachment["fallback"])] if attachment.get("fallback") else [])


def _lines(blocks: Any) -> Iterator[str]:
    for block in _dicts(blocks):
        if line := "".join(_texts(block)).strip():
            yield line


def _texts(node: Any) -> Iterator[str]:
    """All that is to be read in a block, in order."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, dict):
        yield from _texts_of_element(node)


def _texts_of_element(node: dict[str, Any]) -> Iterator[str]:
    match node.get("type"):
        case "user":
            yield f"<@{node.get('user_id', '')}>"
        case "emoji":
            yield f":{node.get('name', '')}:"
        case "link":
            yield str(node.get("text") or node.get("url") or "")
        case _:
            for name in ("text", "fields", "elements", "alt_text"):
                yield from _texts(node.get(name))
            if str(node.get("type", "")).startswith("rich_text_"):
                yield "\n"


def _dicts(values: Any) -> Iterable[dict[str, Any]]:
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []
