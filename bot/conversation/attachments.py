"""Files that people attach, as what a turn can use: rows and text as results of a call, pictures for the model.

A file is read when its turn is at work, through the adapter of its platform. Nothing of it is trusted: what it says is
data, it is bounded in bytes, rows and depth, and a file that nothing can be made of costs a sentence, never the answer.
"""

import asyncio
import csv
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Literal

from bot.codec import MAX_CHARACTERS, MODEL_ROWS, compact, encode
from bot.domain.errors import FileTooLarge, NetspyError, UnusableFile
from bot.domain.json_types import Json
from bot.domain.message import Attachment, FileRef, Notice
from bot.domain.network import Coverage, Window
from bot.domain.ports import Files
from bot.domain.turn import ATTACHED_FILE, ToolCall, ToolResult
from bot.pictures import MEDIA_TYPES, media_type_of, suffix_of
from bot.tables.delimited import delimited
from bot.tables.objects import Tabled, tabled
from bot.tables.units import human_bytes
from bot.tables.untrusted import cleaned, one_line

MAX_FILES = 4
MAX_TEXT_BYTES = 1024 * 1024
MAX_IMAGE_BYTES = 4 * 1024 * 1024
MAX_TEXT = 12_000
"""Characters of a text that a model reads: some 3,000 tokens."""
MAX_NAME = 80
_MAX_ROWS_TEXT = MAX_CHARACTERS - 2_000
"""Of rows as a model reads them, beside what else stands in their result."""
_TAKEN = "text, CSV, JSON, and pictures as PNG, JPEG, GIF or WebP"
_OFFICE = frozenset({"xlsx", "xlsm", "xls", "ods", "docx", "doc", "odt", "pptx"})
_NO_TEXT: Sequence[tuple[re.Pattern[bytes], str, str]] = (
    (
        re.compile(rb"PK\x03\x04|\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd"),
        "it is an archive",
        f"unpack it, and attach one of: {_TAKEN}",
    ),
    (
        re.compile(rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d|\n\r\r\n"),
        "it is a packet capture",
        "export what matters as text or CSV, and attach that",
    ),
)
"""What begins like this and is no text, and what to do about it."""

Form = Literal["image", "csv", "json", "text"]


@dataclass(frozen=True, slots=True)
class Attached:
    """`results` stand for files with text or rows, `images` for pictures; `notices` say what could not be used."""

    results: tuple[ToolResult, ...] = ()
    images: tuple[Attachment, ...] = ()
    notices: tuple[Notice, ...] = ()


async def read_all(
    refs: Sequence[FileRef], files: Files | None, *, now: datetime, known: Iterable[ToolResult] = ()
) -> Attached:
    """All files of a message, one after the other: what they hold in memory together is bounded, too.

    Files whose result is among `known`, of an earlier attempt or turn, are not read again.
    """
    earlier = {result.call.id: result for result in known if result.call.name == ATTACHED_FILE}
    read = Attached(notices=tuple(map(_too_many, refs[MAX_FILES:])))
    for place, ref in enumerate(refs[:MAX_FILES]):
        call = ToolCall(f"file{place}", ATTACHED_FILE, {"name": _name(ref)})
        found = _kept(earlier[call.id]) if call.id in earlier else await _found(ref, call, files, now)
        read = Attached(read.results + found.results, read.images + found.images, read.notices + found.notices)
    return read


def unread(refs: Sequence[FileRef]) -> tuple[Notice, ...]:
    """What is told of files that came with a command."""
    if not refs:
        return ()
    names = ", ".join(map(_name, refs))
    told = f"Commands read no files, so nobody has looked into {names}. Ask a question in plain words about them."
    return (Notice("warning", told),)


async def _found(ref: FileRef, call: ToolCall, files: Files | None, now: datetime) -> Attached:
    asked = f"the file {_name(ref)}"
    try:
        if files is None:
            raise UnusableFile(asked, "files cannot be read here", "paste the part that matters")
        form = _form(ref)
        content = await files.read(ref, max_bytes=MAX_IMAGE_BYTES if form == "image" else MAX_TEXT_BYTES)
        if suffix := suffix_of(content):
            name = _with_suffix(_name(ref), suffix)
            return Attached(images=(Attachment(name, b64encode(content).decode(), "base64"),))
        text = _text(content, asked, ref)
        return _kept(await asyncio.to_thread(_result, call, form, text, now))
    except NetspyError as error:
        return Attached(notices=(Notice("warning", str(error)),))


def _kept(result: ToolResult) -> Attached:
    """With what the person has to know: how much of the file is read."""
    notes = "; ".join(result.coverage.notes) if result.coverage else ""
    notices = (Notice("warning", f"the file {result.call.arguments['name']}: {notes}."),) if notes else ()
    return Attached(results=(result,), notices=notices)


def _name(ref: FileRef) -> str:
    return one_line(ref.name, MAX_NAME) or "without a name"


def _form(ref: FileRef) -> Form:
    """What a file is by its name and by what its platform says of it; its content decides in the end."""
    suffix, media_type = _suffix(ref), ref.media_type.lower()
    if media_type.startswith("image/") or media_type_of(ref.name):
        return "image"
    if suffix in {"csv", "tsv"} or media_type.startswith(("text/csv", "text/tab-separated")):
        return "csv"
    return "json" if suffix in {"json", "ndjson", "jsonl"} or "json" in media_type else "text"


def _suffix(ref: FileRef) -> str:
    return PurePath(ref.name.lower()).suffix.lstrip(".")


def _with_suffix(name: str, suffix: str) -> str:
    return name if media_type_of(name) == MEDIA_TYPES[suffix] else f"{name}.{suffix}"


def _text(content: bytes, asked: str, ref: FileRef) -> str:
    """Raises: UnusableFile for what is no text."""
    if len(content) > MAX_TEXT_BYTES:
        got = f"it holds more than {human_bytes(MAX_TEXT_BYTES)} and is no picture"
        raise FileTooLarge(asked, got, "attach the part that matters")
    text = _decoded(content)
    if text is not None and not text.strip():
        raise UnusableFile(asked, "it is empty", "attach it again")
    if text is not None:
        return text
    if _suffix(ref) in _OFFICE:
        raise UnusableFile(asked, "it is a document of an office program", "save it as CSV or text, and attach that")
    for begins, got, remedy in _NO_TEXT:
        if begins.match(content):
            raise UnusableFile(asked, got, remedy)
    raise UnusableFile(asked, "it is neither text in UTF-8 nor a picture that is known", f"attach one of: {_TAKEN}")


def _decoded(content: bytes) -> str | None:
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except ValueError:
        return None
    return None if "\x00" in text else text


def _result(call: ToolCall, form: Form, text: str, now: datetime) -> ToolResult:
    name = str(call.arguments["name"])
    coverage = Coverage(source=name, kind="foreign", window=Window(now, now), seen=None, matched=0)
    found, doubts = _tabled(form, text, name)
    if found and not found.beside:
        said = f"attached by the person: {found.table.total_rows:,} rows"
        coverage = replace(coverage, matched=found.table.total_rows, notes=found.notes)
        return ToolResult(call, "; ".join((said, *found.notes)), (found.table,), coverage)
    notes = (*doubts, *([f"only its first {MAX_TEXT:,} characters of {len(text):,}"] if len(text) > MAX_TEXT else []))
    heading = "; ".join(("attached by the person", *notes))
    return ToolResult(call, f"{heading}:\n{cleaned(text, MAX_TEXT)}", coverage=replace(coverage, notes=notes))


def _tabled(form: Form, text: str, name: str) -> tuple[Tabled | None, tuple[str, ...]]:
    """The rows of a file, where it has any, and why it has none where its name says that it should."""
    try:
        match form:
            case "csv":
                found = delimited(text, most=MODEL_ROWS)
                return _fitting(found.rows, name, found.total_rows), ()
            case "json":
                return _fitting(_json(text), name), ()
    except (ValueError, RecursionError, csv.Error) as error:
        return None, (f"it is no valid {form.upper()} ({one_line(str(error), 100)}), so it is read as text",)
    return None, ()


def _fitting(content: Json, name: str, total_rows: int = 0) -> Tabled | None:
    """With as many rows as a model is given, so that what is said of them is true."""
    most = MODEL_ROWS
    while True:
        found = tabled(content, title=name, harmless=str, most_rows=most, total_rows=total_rows)
        if found is None or most == 1 or len(compact(encode(found.table))) <= _MAX_ROWS_TEXT:
            return found
        most = max(1, most // 2)


def _json(text: str) -> Json:
    """A document, or one value a line."""
    try:
        value: Json = json.loads(text)
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
        value = [json.loads(line) for line in lines]
    return value


def _too_many(ref: FileRef) -> Notice:
    told = f"The file {_name(ref)} was not read: {MAX_FILES} files are read of one message. Send it in another one."
    return Notice("warning", told)
