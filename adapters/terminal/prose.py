"""Markdown as terminal text, also piece by piece while it is still being written.

It knows Markdown and rich. It must not know streams or turns. `render.py` calls it for whole texts, the outlet for
growing ones. Raw HTML, images and link definitions are no markup here: nothing of a text may vanish, such as `<name>`.
"""

import re
from dataclasses import dataclass
from io import StringIO
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from bot.tables.text import plain

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable(["image", "reference"])
_THEME = Theme(
    {
        "markdown.code": "cyan",
        "markdown.code_block": "cyan",
        "markdown.block_quote": "dim",
        "markdown.item.bullet": "none",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u200a\u202f"), " ")
"""Spaces that models like to write between a number and its unit."""
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""Lines as the parser counts them: `str.splitlines` knows more ends."""
_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})
_WHOLE_AT_ONCE = frozenset({"heading_open", "hr"})
_WHOLE_AT_BLANK_LINE = frozenset({"paragraph_open", "table_open"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of Markdown, or one item of a list."""

    markdown: str
    in_list: bool


@dataclass(frozen=True, slots=True)
class _Start:
    line: int
    kind: str
    in_list: bool


class GrowingProse:
    """Markdown that arrives bit by bit and is rendered in whole pieces, each of them once.

    `above` stands over the first piece.
    """

    def __init__(self, width: int, *, colour: bool, above: str = "") -> None:
        self._width = width
        self._colour = colour
        self._above = above
        self._rest = ""
        self._last: Piece | None = None

    def add(self, delta: str) -> str:
        """Text for the pieces that `delta` completed; often none."""
        self._rest += delta.replace("\r", "")
        if "\n" not in delta:
            return ""
        pieces, self._rest = finished(self._rest)
        return self._render(pieces)

    def end(self) -> str:
        """Text for all that is left."""
        pieces, self._rest = pieces_of(self._rest), ""
        return self._render(pieces)

    def _render(self, pieces: tuple[Piece, ...]) -> str:
        text = ""
        for piece in pieces:
            if rendered := _render_piece(piece.markdown, width=self._width, colour=self._colour):
                text += self._gap(piece) + rendered
                self._last = piece
        return text

    def _gap(self, piece: Piece) -> str:
        if self._last is None:
            return self._above
        return "" if self._last.in_list and piece.in_list else "\n"


def render_prose(markdown: str, *, width: int, colour: bool) -> str:
    """The whole text; the same lines that a `GrowingProse` gives for it."""
    prose = GrowingProse(width, colour=colour)
    return prose.add(markdown) + prose.end()


def pieces_of(markdown: str) -> tuple[Piece, ...]:
    """The text cut where its blocks and list items begin."""
    lines = _LINE.findall(markdown)
    return _cut(lines, _starts(markdown), len(lines))


def finished(markdown: str) -> tuple[tuple[Piece, ...], str]:
    """The pieces that nothing written later can change, and the rest of the text."""
    whole, newline, unended = markdown.rpartition("\n")
    lines = _LINE.findall(whole + newline)
    starts = _starts(whole + newline)
    if not starts:
        return (), markdown
    if _is_whole(starts[-1].kind, lines):
        return _cut(lines, starts, len(lines)), unended
    end = starts[-1].line
    return _cut(lines, starts[:-1], end), "".join(lines[end:]) + unended


def _is_whole(kind: str, lines: list[str]) -> bool:
    return kind in _WHOLE_AT_ONCE or (kind in _WHOLE_AT_BLANK_LINE and not lines[-1].strip())


def _cut(lines: list[str], starts: list[_Start], end: int) -> tuple[Piece, ...]:
    ends = [*(start.line for start in starts), end][1:]
    return tuple(
        Piece("".join(lines[start.line : until]), start.in_list) for start, until in zip(starts, ends, strict=True)
    )


def _starts(markdown: str) -> list[_Start]:
    """Where blocks and items of outermost lists begin."""
    found = []
    for token in _PARSER.parse(markdown):
        if token.map is None or token.nesting < 0:
            continue
        is_item = token.type == "list_item_open" and token.level == 1
        if is_item or (token.level == 0 and token.type not in _LISTS):
            found.append(_Start(token.map[0], token.type, is_item))
    return found


def _render_piece(markdown: str, *, width: int, colour: bool) -> str:
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        theme=_THEME,
    )
    with console.capture() as capture:
        console.print(_Document(_harmless(markdown), keep_backticks=not colour), crop=False)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().strip("\n").split("\n"))


def _harmless(markdown: str) -> str:
    lines = markdown.translate(_SPACES).split("\n")
    return "\n".join(plain(line.expandtabs(4)) for line in lines)


class _PlainHeading(Heading):
    """A heading that is bold and stands left, whatever its level."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.style_name = "bold"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text


class _PlainCode(CodeBlock):
    """Code without a box; its lines aren't wrapped, so that they can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().splitlines():
            yield Text(f"  {line}", style=self.style, no_wrap=True, overflow="ignore")


class _PlainTable(TableElement):
    """A table without empty lines around it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                table.show_edge = False
            yield table


class _Document(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _PlainHeading,
        "table_open": _PlainTable,
        "fence": _PlainCode,
        "code_block": _PlainCode,
    }

    def __init__(self, markdown: str, *, keep_backticks: bool) -> None:
        super().__init__("", hyperlinks=False)
        self.parsed = _PARSER.parse(markdown)
        if keep_backticks:
            _keep_backticks(self.parsed)


def _keep_backticks(tokens: list[Token]) -> None:
    """Without colour nothing else would tell a command from the words around it."""
    for token in tokens:
        if token.type == "code_inline":
            token.content = f"`{token.content}`"
        _keep_backticks(token.children or [])
