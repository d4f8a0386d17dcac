"""Prose as Slack may have it: Markdown that keeps its form, and mentions nobody, links nowhere, opens no table. Pure.

A zero-width space is put where Slack would begin to read more than Markdown: entities such as `&lt;` would do the same,
but show as they are inside code. Only what is added changes when a text grows, as far as that is possible.
"""

import re

from adapters.slack.limits import MAX_MARKDOWN, SOFT_MARKDOWN
from bot.tables.text import cut_end, plain

ZERO_WIDTH = "\u200b"

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_CODE = re.compile(
    r"(?P<fence>^ {0,3}(?P<mark>`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}(?P=mark)[`~]*[ \t]*$|\Z))"
    r"|(?P<span>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`))",
    re.MULTILINE | re.DOTALL,
)
_TOKEN = re.compile(r"<(?=[@!#/?A-Za-z])")
_LINK = re.compile(r"\](?=[(\[:])")
_SCHEME = re.compile(r"(?<=[A-Za-z0-9+.-]):(?=//)")
_TABLE = re.compile(
    r"^ {0,3}\S[^\n]*\|[^\n]*\n {0,3}\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t:|-]*(?:\n[^\n]*\|[^\n]*)*", re.MULTILINE
)
"""A table in Markdown: its head, the line of dashes below it, and its rows."""
_SENTENCE = re.compile(r"(?<=[.!?])\s")


def harmless(markdown: str) -> str:
    """The same Markdown without anything that Slack would take for more."""
    lines = markdown.replace("\r", "").split("\n")
    text = "\n".join(plain(line.expandtabs(4)) for line in lines)
    pieces, at = [], 0
    for code in _CODE.finditer(text):
        pieces += [_words(text[at : code.start()]), _TOKEN.sub("<" + ZERO_WIDTH, code[0])]
        at = code.end()
    return "".join([*pieces, _words(text[at:])])


def as_fallback(text: str, most: int) -> str:
    """The beginning of a text as one line of mrkdwn that formats nothing, for notifications."""
    line = cut_end(plain(" ".join(text.replace(ZERO_WIDTH, "").split())), most)
    return escaped(line)


def escaped(text: str) -> str:
    """For mrkdwn (https://docs.slack.dev/messaging/formatting-message-text#escaping); addresses stay mere text."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SCHEME.sub(":" + ZERO_WIDTH, safe)


def settled(markdown: str) -> str:
    """The beginning of a growing text that what follows does not change: it ends before code that is still open."""
    _, _, last = markdown.rpartition("\n\n")
    if _is_inside_fence(markdown):
        return markdown
    bare = _CODE.sub(lambda code: " " * len(code[0]), last)
    opened = bare.find("`")
    kept = len(markdown) - len(last) + opened if opened >= 0 else len(markdown)
    return markdown[:kept].rstrip("<:]")


def split(text: str, room: int = MAX_MARKDOWN) -> tuple[str, str]:
    """What fits into a message with `room` characters left, and the rest: cut between paragraphs if that is possible.

    A fence that is cut is closed, and opened again in the rest.
    """
    soft = min(SOFT_MARKDOWN, room)
    at = _paragraph_behind(text, soft)
    if len(text) <= room and (at is None or at >= len(text)):
        return text, ""
    if at is None or at > room:
        at = _last_border(text, room - 8)
    head, rest = text[:at].rstrip("\n"), text[at:].lstrip("\n")
    fence = _open_fence(head)
    return (f"{head}\n{fence}", f"{fence}\n{rest}") if fence else (head, rest)


def _words(text: str) -> str:
    text = _TABLE.sub(lambda table: f"```\n{table[0]}\n```", text)
    return _SCHEME.sub(":" + ZERO_WIDTH, _LINK.sub("]" + ZERO_WIDTH, _TOKEN.sub("<" + ZERO_WIDTH, text)))


def _paragraph_behind(text: str, least: int) -> int | None:
    """Where the first paragraph ends that does so behind `least` characters, and outside of fences."""
    at = text.find("\n\n", least)
    while at >= 0 and _is_inside_fence(text[:at]):
        at = text.find("\n\n", at + 2)
    return at if at >= 0 else None


def _last_border(text: str, most: int) -> int:
    """The best place to cut at within `most` characters: a paragraph, a line, a sentence, a word, or anywhere."""
    head = text[:most]
    for border in ("\n\n", "\n"):
        at = head.rfind(border)
        if at > most // 2:
            return at
    sentences = [found.start() for found in _SENTENCE.finditer(head)]
    if sentences and sentences[-1] > most // 2:
        return sentences[-1]
    at = head.rfind(" ")
    return at if at > most // 2 else most


def _is_inside_fence(text: str) -> bool:
    return bool(_open_fence(text))


def _open_fence(text: str) -> str:
    """The fence that is open at the end of the text; empty outside of code."""
    opened = ""
    for fence in _FENCE.finditer(text):
        if not opened:
            opened = fence[1]
        elif fence[1].startswith(opened):
            opened = ""
    return opened
