"""Messages while they are filled: pieces of text go into them in their order, and code is opened and closed. Pure.

Every piece is complete in itself, so that a message may end behind any of them. Where one ends depends only on what
stands before: a text that grows is cut in the same places again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from adapters.discord.limits import ENOUGH, MAX_CONTENT, MAX_FILES
from adapters.discord.post import Upload
from bot.domain.table import Table

Gap: TypeAlias = Literal["\n\n", "\n", ""]
_CLOSING = "\n```"
_EMPTY = "\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """Harmless text: the rest of a line (`gap` is empty) or the beginning of one. `code`: its block's opening line.

    A line of code with a gap of one line end goes on with the block before it; any other one opens a block.
    """

    text: str
    gap: Gap = "\n"
    code: str = ""


@dataclass(slots=True)
class Sheet:
    """A message that is being filled. `tables` are those that it shows."""

    tables: list[Table] = field(default_factory=list)
    files: list[Upload] = field(default_factory=list)
    _text: str = ""
    _code: str = ""

    @property
    def content(self) -> str:
        return self._text + (_CLOSING if self._code else "")

    @property
    def is_empty(self) -> bool:
        return not self._text and not self.files

    def takes(self, pieces: Iterable[Piece]) -> bool:
        text, code = self._text, self._code
        for piece in pieces:
            text, code = _with(text, code, piece)
        return size(text + _CLOSING if code else text) <= MAX_CONTENT

    def has_enough(self, piece: Piece) -> bool:
        """Whether prose should go on in the next message."""
        border = piece.gap or (". " if self._text.endswith((". ", "! ", "? ", ": ")) else " ")
        may_end = piece.gap or self._text.endswith(" ")
        return bool(may_end) and size(self._text) >= ENOUGH[border]

    def add(self, piece: Piece) -> None:
        self._text, self._code = _with(self._text, self._code, piece)


def size(text: str) -> int:
    """As Discord may count it at most: in UTF-16 units."""
    return len(text.encode("utf-16-le", errors="replace")) // 2


def say(sheets: list[Sheet], pieces: Iterable[Piece]) -> None:
    """Prose, which may go on in as many messages as it needs."""
    for piece in pieces:
        if not sheets or sheets[-1].has_enough(piece) or not sheets[-1].takes([piece]):
            sheets.append(Sheet())
        sheets[-1].add(piece)


def put(sheets: list[Sheet], pieces: Sequence[Piece]) -> None:
    """What belongs together: in a message of its own rather than in two."""
    if not sheets or not (sheets[-1].takes(pieces) or sheets[-1].is_empty):
        sheets.append(Sheet())
    for piece in pieces:
        if not sheets[-1].takes([piece]):
            sheets.append(Sheet())
        sheets[-1].add(piece)


def attach(sheets: list[Sheet], file: Upload) -> None:
    if not sheets or len(sheets[-1].files) >= MAX_FILES:
        sheets.append(Sheet())
    sheets[-1].files.append(file)


def _with(text: str, code: str, piece: Piece) -> tuple[str, str]:
    """The text with the piece, and the code block that is then open."""
    if piece.code and not piece.text.strip() and (not code or piece.gap != "\n"):
        return text, code  # a block begins with its first line that shows something
    if code and code == piece.code and piece.gap == "\n":
        return f"{text}\n{piece.text}", code
    gap: str = piece.gap if text else ""
    if code or (piece.code and text):
        text, gap = text + (_CLOSING if code else ""), "\n"
    begun = f"{piece.code}\n{piece.text.lstrip(_EMPTY)}" if piece.code else piece.text
    return f"{text}{gap}{begun}", piece.code
