"""Where fenced code stands in Markdown, by CommonMark's rules: https://spec.commonmark.org/0.31.2/#fenced-code-blocks.

Pure; it knows nothing of platforms. Adapters call it where they make prose harmless, and where they cut it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})(?P<info>[^\n]*)")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole lines. `marks` is the fence that they stand in, empty outside of code; `is_open`: it is not closed."""

    text: str
    marks: str = ""
    is_open: bool = False


def stretches(text: str) -> Iterator[Stretch]:
    """The text in its order, cut where code begins and ends."""
    lines: list[str] = []
    marks = ""
    for line in _LINE.findall(text):
        opened = _opened(line)
        if opened and not marks:
            if lines:
                yield Stretch("".join(lines))
            lines, marks = [line], opened
        elif marks and _closes(line, marks):
            yield Stretch("".join([*lines, line]), marks)
            lines, marks = [], ""
        else:
            lines.append(line)
    if lines:
        yield Stretch("".join(lines), marks, is_open=bool(marks))


def open_fence(text: str) -> str:
    """The fence that is open at the end of the text; empty outside of code."""
    *_, last = (Stretch(""), *stretches(text))
    return last.marks if last.is_open else ""


def may_be_fence(line: str) -> bool:
    """Whether a line is a fence, or one that is being written."""
    return bool(_FENCE.match(line))


def _opened(line: str) -> str:
    fence = _FENCE.match(line)
    return fence["marks"] if fence and not (fence["marks"][0] == "`" and "`" in fence["info"]) else ""


def _closes(line: str, marks: str) -> bool:
    fence = _FENCE.match(line)
    return bool(fence and fence["marks"].startswith(marks) and not fence["info"].strip())
