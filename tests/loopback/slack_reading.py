"""What a reader of blocks and text gets: the words in order, whom they notify, where they link to. Pure.

Text and mrkdwn are parsed by Slack for `<...>`, Markdown for the same and for its own links; plain text, cells of
tables, captions and the text of rich text never are: https://docs.slack.dev/messaging/formatting-message-text/.
A mention counts wherever Slack may see one, inside a code span too.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["mrkdwn", "markdown", "plain"]
Words: TypeAlias = tuple[Kind, str]
"""A piece of text, and how Slack reads it."""
_PING = re.compile(r"<(?:@([UW][A-Z0-9]+)|!(channel|here|everyone)|!subteam\^(S[A-Z0-9]+))(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto|tel|slack):[^|>\s]+)(?:\|[^>]*)?>")
_BARE = re.compile(r"(?<![<(|\w])https?://[^\s<>|)\]]+")
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
_NESTED = (
    "title", "text", "alt_text", "fields", "elements", "accessory", "element", "label", "hint", "positive_button",
    "negative_button", "options", "caption", "rows", "chart", "tasks", "details", "output", "sources",
)  # fmt: skip
"""Fields with something to read in them, in the order in which they are read."""


def words(blocks: Iterable[dict[str, Any]]) -> Iterator[Words]:
    for block in blocks:
        if block["type"] == "markdown":
            yield "markdown", block["text"]
        else:
            yield from _of(block)


def shown(kind: Kind, said: str) -> str:
    return said if kind == "plain" else unescape(said)


def pings(kind: Kind, said: str) -> Iterator[str]:
    """User and group ids, `channel`, `here`, `everyone`."""
    if kind != "plain":
        yield from (user or everyone or group for user, everyone, group in _PING.findall(said))


def links(kind: Kind, said: str) -> Iterator[str]:
    if kind == "plain":
        return
    yield from (unescape(target) for target in _LINK.findall(said))
    yield from (unescape(target) for target in _BARE.findall(said))
    if kind == "markdown":
        yield from _MARKDOWN_LINK.findall(said)


def element_pings(value: Any) -> Iterator[str]:
    """Mentions that are elements of rich text."""
    for element in _walk(value):
        match element:
            case {"type": "user", "user_id": str(who)} | {"type": "usergroup", "usergroup_id": str(who)}:
                yield who
            case {"type": "broadcast", "range": str(who)}:
                yield who


def element_links(value: Any) -> Iterator[str]:
    """Links that are elements: of rich text, buttons, sources, options."""
    for element in _walk(value):
        if isinstance(url := element.get("url"), str) and element.get("type") != "image":
            yield url


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _walk(inner)


def _of(value: Any) -> Iterator[Words]:
    match value:
        case str():
            yield "plain", value
        case list():
            for inner in value:
                yield from _of(inner)
        case {"type": "mrkdwn", "text": str(said)}:
            yield "mrkdwn", said
        case {"type": "user" | "usergroup" | "channel" | "broadcast" | "emoji"} as element:
            yield "plain", _mention(element)
        case {"type": "link", "url": str(url)}:
            yield "plain", value.get("text", url)
        case {"type": "pie" | "line" | "bar" | "area"}:
            yield from _chart(value)
        case dict():
            for name in _NESTED:
                yield from _of(value.get(name, []))


def _mention(element: dict[str, Any]) -> str:
    match element:
        case {"type": "emoji", "name": name}:
            return f":{name}:"
        case {"type": "channel", "channel_id": one}:
            return f"#{one}"
        case _:
            return f"@{element.get('user_id') or element.get('usergroup_id') or element.get('range')}"


def _chart(chart: dict[str, Any]) -> Iterator[Words]:
    for segment in chart.get("segments", ()):
        yield "plain", f"{segment['label']}: {segment['value']}"
    for one in chart.get("series", ()):
        yield "plain", one["name"]
        yield from (("plain", f"{point['label']}: {point['value']}") for point in one["data"])
    axes = chart.get("axis_config", {})
    yield from (("plain", axes[name]) for name in ("x_label", "y_label") if axes.get(name))
