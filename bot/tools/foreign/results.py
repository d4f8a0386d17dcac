"""What a foreign tool answered, as a `ToolResult`: tables for people, text for the model, pictures as files. Pure.

Everything is bounded, and what was cut is told to the model and to the person.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.codec import compact
from bot.domain.json_types import Json
from bot.domain.message import Attachment
from bot.domain.network import Coverage, Window
from bot.domain.turn import ToolCall, ToolResult
from bot.pictures import MEDIA_TYPES, suffix_of
from bot.tables.objects import Tabled, tabled
from bot.tables.untrusted import cleaned, one_line
from bot.tools.foreign.servers import ForeignServer

MAX_TEXT = 12_000
"""Characters of what a model reads of one answer: some 3,000 tokens."""
MAX_PICTURES = 4
MAX_PICTURE_BYTES = 1024 * 1024
"""Of one picture. It is stored with its turn."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`data` is base64, as the server gave it."""

    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What `tools/call` brought, in no SDK's terms. `others` are the kinds of parts that netspy has no use for."""

    texts: tuple[str, ...] = ()
    structured: Json = None
    pictures: tuple[Picture, ...] = ()
    others: tuple[str, ...] = ()
    failed: bool = False


def to_result(call: ToolCall, answer: Answer, *, server: ForeignServer, tool: str, at: datetime) -> ToolResult:
    """`tool` is what the server calls it; `at` when it answered."""
    title = one_line(tool, 80)
    if answer.failed:
        said = one_line(server.redacted(" ".join(answer.texts)), 2000) or "it failed, and does not say why"
        return failure(call, f"{title}: {said}", server=server, at=at)
    found = tabled(answer.structured, title=title, harmless=server.redacted)
    text, text_notes = _text(answer, found, server)
    files, file_notes = _files(answer, title)
    notes = [*(found.notes if found else ()), *text_notes, *file_notes]
    rows = found.table.total_rows if found else 0
    coverage = replace(_coverage(server, at), matched=rows, notes=tuple(notes))
    said = "\n\n".join(part for part in (text, *(f"({note})" for note in notes)) if part)
    tables = (found.table,) if found else ()
    return ToolResult(call, said or _nothing(found, files), tables, coverage, attachments=files)


def failure(call: ToolCall, told: str, *, server: ForeignServer, at: datetime) -> ToolResult:
    """`told` is a clause that begins with the tool."""
    return ToolResult(call, f"{server.name}: {told}", coverage=_coverage(server, at), failed=True)


def _coverage(server: ForeignServer, at: datetime) -> Coverage:
    return Coverage(source=server.name, kind="foreign", window=Window(at, at), seen=None, matched=0)


def _nothing(found: Tabled | None, files: Sequence[Attachment]) -> str:
    if found:
        return f"{found.table.total_rows:,} rows"
    return f"{len(files)} files" if files else "it answered with nothing"


def _text(answer: Answer, found: Tabled | None, server: ForeignServer) -> tuple[str, list[str]]:
    """The words, and the structured content where it is no table. Words that only repeat that as JSON are left out."""
    has_structure = answer.structured is not None
    words = [text for text in answer.texts if not (has_structure and _is_json(text))]
    rest = found.beside if found else answer.structured
    if rest:
        words.append(_json(rest))
    whole = server.redacted("\n\n".join(words))
    notes = [f"of {len(whole):,} characters of text the first {MAX_TEXT:,} are kept"] if len(whole) > MAX_TEXT else []
    return cleaned(whole, MAX_TEXT).strip(), notes


def _json(value: Json) -> str:
    try:
        return compact(value)
    except (ValueError, RecursionError):
        return "(structured content that cannot be written down)"


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in {"{", "[", '"'}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _files(answer: Answer, title: str) -> tuple[tuple[Attachment, ...], list[str]]:
    usable = [file for number, picture in enumerate(answer.pictures, 1) if (file := _file(picture, title, number))]
    kept = tuple(usable[:MAX_PICTURES])
    return kept, [*_left_out(len(answer.pictures) - len(kept), answer.others)]


def _left_out(pictures: int, others: Sequence[str]) -> Iterable[str]:
    if pictures:
        most = f"at most {MAX_PICTURES} of {MAX_PICTURE_BYTES // 1024:,} kB each are kept"
        yield f"left out: {pictures} of its images ({most}, in PNG, JPEG, GIF or WebP)"
    if others:
        yield f"left out: {', '.join(sorted(set(others)))}"


def _file(picture: Picture, title: str, number: int) -> Attachment | None:
    media_type = picture.media_type.lower()
    if media_type not in MEDIA_TYPES.values() or len(picture.data) > MAX_PICTURE_BYTES * 4 // 3 + 4:
        return None
    try:
        ending = suffix_of(b64decode(picture.data, validate=True))
    except ValueError:
        return None
    is_one = ending is not None and MEDIA_TYPES[ending] == media_type
    stem = "".join(char if char.isascii() and char.isalnum() else "-" for char in title)[:40].strip("-") or "image"
    return Attachment(f"{stem}-{number}.{ending}", picture.data, "base64") if is_one else None
