"""Cuts streamed Markdown into sentences, as early as it can be sure of an end. Pure; it knows nothing of what they say.

The pieces, one behind the other, are the text as it came. A list item, a heading and a table row end with their line, a
paragraph's last sentence with it; a block of fenced code is one piece. What cannot be decided yet is waited for.
"""

import re

from bot.conversation.grounding.endings import NO_END, UNDECIDED, sentence_end

LONGEST = 2_000
"""Characters. Nobody should wait for the end of anything longer, so that it is given out as it is."""

_FENCE = re.compile(r"\s*(?P<marks>`{3,}|~{3,})[^\n]*\n")
_LINE_BLOCK = re.compile(r"\s*(?:[-*+\u2022]\s|\d{1,9}[.)]\s|#{1,6}\s|\||>)")
_NEXT_BLOCK = re.compile(r"[ \t]*(?:[-*+\u2022][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|\||>|`{3}|~{3})")
_BLANK_LINE = re.compile(r"[ \t]*\n")
_PERHAPS_BLOCK = re.compile(r"[ \t]*(?:[-*+\u2022]|\d{1,9}[.)]?|#{1,6}|`{1,2}|~{1,2})?")
_LANDMARK = re.compile(r"`+|\n|[.!?\u2026\u3002\uff01\uff1f]")


class Sentences:
    """One streamed text. Feed it; what comes back is whole, and `rest` is what was left at the end."""

    def __init__(self) -> None:
        self._held = ""
        self._at_line_start = True
        self._in_line_block = False
        self._searched = 0

    def feed(self, delta: str) -> list[str]:
        """The pieces that are whole now."""
        self._held += delta
        pieces = []
        while end := self._end():
            pieces.append(self._take(end))
        return pieces

    def rest(self) -> str:
        """Everything that was not given out yet."""
        return self._take(len(self._held))

    def _take(self, end: int) -> str:
        piece, self._held = self._held[:end], self._held[end:]
        self._searched = 0
        self._in_line_block = self._is_line_block(piece)
        self._at_line_start = piece.endswith("\n") if piece else self._at_line_start
        return piece

    def _is_line_block(self, text: str) -> bool:
        """What follows on the line of a list item is still a part of it."""
        return bool(_LINE_BLOCK.match(text)) if self._at_line_start else self._in_line_block

    def _end(self) -> int:
        """Where the first piece ends; 0 while that can't be told."""
        text = self._held
        fence = _FENCE.match(text) if self._at_line_start else None
        end = _fence_end(text, fence) if fence else self._prose_end(text)
        return end or (len(text) if len(text) > LONGEST else 0)

    def _prose_end(self, text: str) -> int:
        is_line_block = self._is_line_block(text)
        position = self._searched or len(text) - len(text.lstrip())
        while landmark := _LANDMARK.search(text, position):
            position = landmark.end()
            is_code = landmark[0].startswith("`")
            if is_code:
                position = end = _code_end(text, landmark, is_line_block=is_line_block)
            elif landmark[0] == "\n":
                end = _line_end(text, position, is_line_block=is_line_block)
            else:
                end = sentence_end(text, landmark.start())
            if end == UNDECIDED:
                return 0
            if end > 0 and not is_code:
                return end
            self._searched = position
        return 0


def _fence_end(text: str, fence: re.Match[str]) -> int:
    closing = re.compile(rf"^[ \t]*{fence['marks'][0]}{{{len(fence['marks'])},}}[ \t]*\n", re.MULTILINE)
    found = closing.search(text, fence.end())
    return found.end() if found else 0


def _line_end(text: str, after: int, *, is_line_block: bool) -> int:
    """A line's end is an end, but for one within a paragraph."""
    if is_line_block:
        return after
    if blank := _BLANK_LINE.match(text, after):
        return blank.end()
    if _NEXT_BLOCK.match(text, after):
        return after
    return UNDECIDED if _PERHAPS_BLOCK.fullmatch(text, after) else NO_END


def _code_end(text: str, opening: re.Match[str], *, is_line_block: bool) -> int:
    """Behind the inline code that is opened here; behind the backticks where they open none."""
    if opening.end() == len(text):
        return UNDECIDED
    paragraph_end = re.compile(r"\n" if is_line_block else r"\n[ \t]*\n").search(text, opening.end())
    closing = re.compile(rf"(?<!`){opening[0]}(?!`)").search(
        text, opening.end(), paragraph_end.start() if paragraph_end else len(text)
    )
    if closing and (closing.end() < len(text) or paragraph_end):
        return closing.end()
    return opening.end() if paragraph_end else UNDECIDED
