"""What people attach to a message, as far as it is alike on every platform. Pure; what a file holds is read later."""

from collections.abc import Sequence

from bot.domain.message import FileRef
from bot.tables.text import short

MAX_FILES = 10
"""Of one message: whoever attaches more has to say which matter."""
MAX_NAME = 100
MAX_NAMED = 300
"""Characters of a list of names."""


def file_ref(where: str, *, name: object, size: object, media_type: object) -> FileRef:
    """A file as its platform tells of it; what is not told, or is something else than it should be, is left open."""
    kind = media_type.partition(";")[0].strip().lower() if isinstance(media_type, str) else ""
    size_bytes = size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None
    named = short(name, MAX_NAME).strip() if isinstance(name, str) else ""
    return FileRef(where, named or "a file", size_bytes, kind)


def kept(files: Sequence[FileRef]) -> tuple[FileRef, ...]:
    return tuple(files[:MAX_FILES])


def left_out(files: Sequence[FileRef]) -> str:
    """What the person is told of files that are too many; empty where there are none."""
    names = short(", ".join(file.name for file in files[MAX_FILES:]), MAX_NAMED)
    remedy = "Attach those that matter to another message."
    return f"I take {MAX_FILES} files of a message, so I leave out: {names}. {remedy}" if names else ""
