"""Prose cut into what one message takes. Pure; rendering calls it.

A text that grows is cut in the same place again: only its beginning decides where.
"""

import re

from adapters.slack.limits import MAX_FENCE, MAX_MARKDOWN, SOFT_MARKDOWN
from bot.markdown.fences import open_fence, stretches

_SENTENCE = re.compile(r"(?<=[.!?])\s")
_CLOSING = MAX_FENCE + 1
"""A line end and a fence."""


def split(text: str, room: int = MAX_MARKDOWN) -> tuple[str, str]:
    """What fits into a message with `room` characters left, and the rest: cut between paragraphs if that is possible.

    A fence that is cut is closed, and opened again in the rest.
    """
    at = _paragraph_behind(text, min(SOFT_MARKDOWN, room))
    if len(text) <= room and (at is None or at >= len(text)):
        return text, ""
    if at is None or at > room:
        at = _last_border(text, room - _CLOSING)
    head, rest = text[:at].rstrip("\n"), text[at:].lstrip("\n")
    fence = open_fence(head)
    return (f"{head}\n{fence}", f"{fence}\n{rest}") if fence else (head, rest)


def _paragraph_behind(text: str, least: int) -> int | None:
    """Where the first paragraph ends that does so behind `least` characters, and outside of fences."""
    begin = 0
    for stretch in stretches(text):
        end = begin + len(stretch.text)
        at = -1 if stretch.marks else text.find("\n\n", max(least, begin - 1), end)
        if at >= 0:
            return at
        begin = end
    return None


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
