"""The model's Markdown in pieces of what Discord reads as the same. Pure; rendering calls it.

What Discord lacks is written with what it has: tables and other fences as code blocks, small headings as its smallest,
quotes inside of quotes as one. Every line stands for itself, so that a text which grows changes at its end only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from adapters.discord.limits import MAX_LINE
from adapters.discord.markup import atoms, in_code
from adapters.discord.sheet import Gap, Piece
from bot.markdown.fences import Stretch, stretches
from bot.tables.text import plain

_DEEP_FENCE = re.compile(r"^ {4,}(?=```|~~~)", re.MULTILINE)
"""In lists of lists: Discord has code blocks at any depth."""
_LANGUAGE = re.compile(r"[A-Za-z0-9_+.-]{1,20}")
"""What Discord takes for one; any other word behind a fence is shown as code."""
_BLOCK = re.compile(
    r"(?P<quote> *(?:> ?)+)|(?P<heading> *#{1,6} +(?=\S))|(?P<bullet> *[-*+] +(?=\S))|(?P<number> *\d{1,9}\. +(?=\S))"
)
_SMALLEST_HEADING = 3
_MERE_SIGN = re.compile(r" *(?=-#|#)")
"""At the beginning of a line, where it opens no heading: Discord might make one of it, or a line of subtext."""
_MAY_BE_BLOCK = re.compile(r"[ >#*+\-\d.]*\Z")
_DASHES = re.compile(r" *\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *\Z")
_MAY_BE_DASHES = re.compile(r"[ |:-]*\Z")
_PARAGRAPH: Gap = "\n\n"
_LINE: Gap = "\n"
CODE = "```"
_SMALL_PIECE = 100
"""Characters: a line is not cut up more than that."""


def pieces(markdown: str, *, is_whole: bool = True) -> Iterator[Piece]:
    """Of a text that is not whole they end before what may yet become something else."""
    lines = (plain(line.expandtabs(4)) for line in markdown.replace("\r", "").split("\n"))
    found = tuple(stretches(_DEEP_FENCE.sub("   ", "\n".join(lines))))
    for number, stretch in enumerate(found, 1):
        grows = not is_whole and number == len(found)
        yield from _code(stretch, grows=grows) if stretch.marks else _prose(stretch.text, grows=grows)


def code(lines: Iterable[str], language: str = "") -> Iterator[Piece]:
    """Lines of `plain` characters as a block of code."""
    gap: Gap = "\n\n"
    for line in lines:
        for text in fold(line):
            yield Piece(in_code(text), gap, CODE + language)
            gap = "\n" if text.strip() else gap


def fold(line: str) -> list[str]:
    return [line[at : at + MAX_LINE] for at in range(0, len(line), MAX_LINE)] or [""]


def _code(stretch: Stretch, *, grows: bool) -> Iterator[Piece]:
    """A fence of any kind, without the room that it stands indented by."""
    first, *lines = stretch.text.split("\n")
    if grows and not lines:
        return
    if grows or lines[-1:] == [""]:
        del lines[-1:]
    if not stretch.is_open:
        del lines[-1:]
    indent = len(first) - len(first.lstrip(" "))
    info = first[indent + len(stretch.marks) :].strip(" ")
    language = info if _LANGUAGE.fullmatch(info) else ""
    above = [info] if info and not language else []
    yield from code([*above, *(line[_indent(line, indent) :] for line in lines)], language)


def _indent(line: str, most: int) -> int:
    return min(len(line) - len(line.lstrip(" ")), most)


def _prose(text: str, *, grows: bool) -> Iterator[Piece]:
    lines, at, gap = text.split("\n"), 0, _PARAGRAPH
    last = lines.pop() if grows or not lines[-1] else ""
    while at < len(lines):
        end = _end_of_table(lines, at)
        if grows and at == len(lines) - 1 and _is_of_table(lines[at]) and _MAY_BE_DASHES.match(last):
            return
        if end > at:
            yield from code(lines[at:end])
        elif lines[at].strip():
            yield from _line(lines[at], gap)
        gap = _LINE if lines[at].strip() else _PARAGRAPH
        at = max(end, at + 1)
    if not _is_of_table(last) and not _MAY_BE_BLOCK.match(last):
        yield from _line(last, gap, is_whole=False)


def _is_of_table(line: str) -> bool:
    """One that begins as a sentence is none: part of it may be shown already."""
    return line.lstrip(" ").startswith("|")


def _end_of_table(lines: Sequence[str], at: int) -> int:
    """The line behind the table that begins here; the same line where none does."""
    if not all(map(_is_of_table, lines[at : at + 2])) or not _DASHES.match("".join(lines[at + 1 : at + 2]) or "x"):
        return at
    return next((end for end in range(at + 2, len(lines)) if not _is_of_table(lines[end])), len(lines))


def _line(line: str, gap: Gap, *, is_whole: bool = True) -> Iterator[Piece]:
    text, rest = _opening(line.rstrip())
    for atom in atoms(rest, is_whole=is_whole):
        text += atom
        if (text.endswith(" ") and text.strip()) or len(text) > _SMALL_PIECE:
            yield Piece(text, gap)
            text, gap = "", ""
    if text.strip():
        yield Piece(text, gap)


def _opening(line: str) -> tuple[str, str]:
    """The signs of headings, lists and quotes as Discord has them, and what they stand before."""
    signs = ""
    while found := _BLOCK.match(line):
        sign = found[0].strip()
        if found["heading"]:
            signs += f"{sign[:_SMALLEST_HEADING]} "
        elif found["quote"]:
            signs += "" if ">" in signs else "> "
        else:
            signs += found[0].replace("+", "-")
        line = line[found.end() :]
    if found := _MERE_SIGN.match(line):
        signs, line = f"{signs}{found[0]}\\", line[found.end() :]
    return signs, line
