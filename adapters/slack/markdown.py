"""Prose as Slack may have it: Markdown that keeps its form, and mentions nobody, links nowhere, opens no table. Pure.

A zero-width space is put where Slack would begin to read more than Markdown: entities such as `&lt;` would do the same,
but show as they are inside code. Only what is added changes when a text grows.
"""

import re

from adapters.slack.limits import MAX_FENCE
from bot.markdown.fences import Stretch, may_be_fence, stretches
from bot.tables.text import ZERO_WIDTH, plain, short

_RUN = re.compile(rf"([`~])\1{{{MAX_FENCE - 1}}}(?=\1)")
_TOKEN = re.compile(r"<(?=[@!#/?A-Za-z])")
_LINK = re.compile(r"\](?=[(\[]|:[^\d])")
"""The colon of a link's definition, but not of `[::1]:443`."""
_LINK_IN_CODE = re.compile(r"\](?=\()")
"""Slack may tell by other rules than these where code begins and ends."""
_SCHEME = re.compile(r"(?<=[A-Za-z0-9+.-]):(?=//)")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
_SPAN = re.compile(r"(?<![`\\])(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)")
_TABLE = re.compile(
    r"^(?P<head>[^\n]*\|[^\n]*\n)"
    r"(?P<rows>[ \t>]*(?=[^\n]*-)[ \t:|-]+(?=\n|\Z)(?:\n[^\n]*\|[^\n]*)*)",
    re.MULTILINE,
)
"""A table in Markdown: its head, the line of dashes below it, and its rows."""
_DASHES = re.compile(r"^[ \t>:|]*-(?=[ \t:|-]*$)", re.MULTILINE)
_MARKS = re.compile(r"\*\*|`+|^ {0,3}(?:#{1,6}|[>*+-]) ", re.MULTILINE)


def harmless(markdown: str, *, is_whole: bool = True) -> str:
    """The same Markdown without anything that Slack would take for more.

    Of a text that is not whole it is the beginning that nothing changes which may follow.
    """
    lines = markdown.replace("\r", "").split("\n")
    text = _RUN.sub(rf"\g<0>{ZERO_WIDTH}", "\n".join(plain(line.expandtabs(4)) for line in lines))
    return "".join(map(_harmless, stretches(text if is_whole else _settled(text))))


def as_fallback(text: str, most: int) -> str:
    """The beginning of a text as one line of mrkdwn, for notifications; marks of Markdown are left out."""
    unmarked = _MARKS.sub("", text.replace(ZERO_WIDTH, ""))
    return escaped(short(" ".join(unmarked.split()), most))


def escaped(text: str) -> str:
    """For mrkdwn (https://docs.slack.dev/messaging/formatting-message-text#escaping); addresses stay mere text."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SCHEME.sub(":" + ZERO_WIDTH, safe)


def _settled(text: str) -> str:
    """Without an end that may yet become something else: a fence, code, a table, an address."""
    *_, last = text.rpartition("\n")
    if may_be_fence(last) or not last.strip():
        text = text[: len(text) - len(last)]
    *_, stretch = (Stretch(""), *stretches(text))
    return text if stretch.is_open else text[: len(text) - len(stretch.text)] + _settled_words(stretch)


def _settled_words(stretch: Stretch) -> str:
    if stretch.marks:
        return stretch.text
    before, border, paragraph = stretch.text.rpartition("\n\n")
    if "|" in paragraph:
        paragraph = paragraph[: paragraph.index("|")].rpartition("\n")[0]
    kept, newline, line = paragraph.rpartition("\n")
    bare = _SPAN.sub(lambda span: " " * len(span[0]), line.rstrip("`"))
    line = line[: bare.find("`")] if "`" in bare else line.rstrip("`")
    return before + border + kept + newline + line.rstrip(":/")


def _harmless(stretch: Stretch) -> str:
    if stretch.marks:
        return _code(stretch.text)
    pieces, at = [], 0
    for table in _TABLE.finditer(stretch.text):
        pieces += [_words(stretch.text[at : table.start()]), _table(table)]
        at = table.end()
    return "".join([*pieces, _words(stretch.text[at:])])


def _table(table: re.Match[str]) -> str:
    """As code, with its columns below each other; where it may have begun as a sentence, as lines of text."""
    if table["head"].lstrip().startswith("|"):
        return f"```\n{_code(table[0])}\n```"
    return _words(table["head"] + _DASHES.sub(rf"\g<0>{ZERO_WIDTH}", table["rows"]))


def _words(text: str) -> str:
    pieces, at = [], 0
    for span in _SPAN.finditer(text):
        pieces += [_said(text[at : span.start()]), _code(span[0])]
        at = span.end()
    return "".join([*pieces, _said(text[at:])])


def _code(text: str) -> str:
    return _LINK_IN_CODE.sub("]" + ZERO_WIDTH, _TOKEN.sub("<" + ZERO_WIDTH, text))


def _said(text: str) -> str:
    for begun, sign in ((_TOKEN, "<"), (_LINK, "]"), (_SCHEME, ":"), (_ENTITY, "&")):
        text = begun.sub(sign + ZERO_WIDTH, text)
    return text
