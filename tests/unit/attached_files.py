"""Attached files, read for the tests of `bot/conversation/attachments.py`."""

from bot.conversation.attachments import Attached, read_all
from bot.domain.errors import NetspyError
from bot.domain.message import FileRef
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolResult
from tests.fakes import NOW, HeldFiles

PNG = b"\x89PNG\r\n\x1a\n\x00\x00"
JPG = b"\xff\xd8\xff\xe0\x00"
GIF = b"GIF89a\x01\x00"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L"


def ref(name: str, media_type: str = "") -> FileRef:
    return FileRef(f"at {name}", name, media_type=media_type)


async def read(**contents: bytes | str | NetspyError) -> Attached:
    """Files whose names have a point where these have `__`."""
    named = {name.replace("__", "."): content for name, content in contents.items()}
    return await read_named(named)


async def read_named(named: dict[str, bytes | str | NetspyError], media_type: str = "") -> Attached:
    held = {f"at {name}": text.encode() if isinstance(text, str) else text for name, text in named.items()}
    return await read_all([ref(name, media_type) for name in named], HeldFiles(held), now=NOW)


async def result_of(name: str, content: bytes | str, media_type: str = "") -> ToolResult:
    """The one result of a file of which there is nothing else to say."""
    attached = await read_named({name: content}, media_type)
    assert (attached.images, attached.notices) == ((), ())
    (found,) = attached.results
    return found


async def table_of(name: str, content: bytes | str) -> Table:
    (table,) = (await result_of(name, content)).tables
    return table


async def told(name: str, content: bytes | str | NetspyError) -> str:
    """What is said of a file that nothing can be made of."""
    attached = await read_named({name: content})
    assert (attached.results, attached.images) == ((), ())
    (notice,) = attached.notices
    assert notice.level == "warning"
    return notice.text


def values(table: Table) -> list[tuple[Cell, ...]]:
    return [*table.rows]
