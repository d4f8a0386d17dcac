"""Attached files that are pictures, and those that nothing can be made of: each costs a sentence, and no more."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias
from unicodedata import category

import pytest

from bot.conversation.attachments import (
    MAX_FILES,
    MAX_IMAGE_BYTES,
    MAX_NAME,
    MAX_TEXT_BYTES,
    Attached,
    read_all,
    unread,
)
from bot.domain.errors import FileTooLarge, PlatformError
from bot.domain.message import FileRef
from tests.fakes import NOW, HeldFiles, result
from tests.unit.attached_files import GIF, JPG, PNG, WEBP, read, read_named, ref, result_of, told


@pytest.mark.parametrize(("content", "suffix"), [(PNG, "png"), (JPG, "jpg"), (GIF, "gif"), (WEBP, "webp")])
@pytest.mark.parametrize("name", ["shot", "shot.txt", "SHOT.PNG", "shot.jpeg"])
async def test_a_picture_is_known_by_its_content_and_named_after_it(name: str, content: bytes, suffix: str) -> None:
    attached = await read_named({name: content})
    (image,) = attached.images
    assert (attached.results, attached.notices) == ((), ())
    assert image.body == content
    fits = name.lower().endswith((".jpg", ".jpeg") if suffix == "jpg" else f".{suffix}")
    assert image.name == (name if fits else f"{name}.{suffix}")


async def test_a_text_that_calls_itself_a_picture_is_text() -> None:
    assert (await result_of("a.png", "GIF8 is no picture")).summary.endswith("\nGIF8 is no picture")


async def test_a_drawing_in_svg_is_text() -> None:
    found = await result_of("a.svg", "<svg><script>alert(1)</script></svg>", media_type="image/svg+xml")
    assert found.summary == "attached by the person:\n<svg><script>alert(1)</script></svg>"


async def test_a_sound_that_begins_like_a_picture_is_none() -> None:
    assert "it is neither text in UTF-8 nor a picture" in await told("a.webp", b"RIFF\x1a\x00\x00\x00WAVEfmt ")


async def test_pictures_may_be_larger_than_texts_and_a_text_in_disguise_may_not() -> None:
    attached = await read(a__png=PNG.ljust(MAX_TEXT_BYTES + 1, b"\x00"))
    assert len(attached.images) == 1
    said = await told("a.png", b"a" * (MAX_TEXT_BYTES + 1))
    assert said.startswith("the file a.png: it holds more than 1.0 MiB and is no picture. Attach the part")


async def test_no_more_is_asked_for_than_a_file_of_its_kind_may_have() -> None:
    files = HeldFiles({"at a.csv": b"a", "at b.jpeg": JPG, "at c": PNG})
    refs = [ref("a.csv"), ref("b.jpeg"), ref("c", "image/png")]
    await read_all(refs, files, now=NOW)
    assert files.limits == [MAX_TEXT_BYTES, MAX_IMAGE_BYTES, MAX_IMAGE_BYTES]


@pytest.mark.parametrize("content", [b"a\x00b", b"\xff\xfe\x00\xd8", b"caf\xe9", b"\x7fELF\x02\x01\x01\x00"])
async def test_what_is_no_text_is_refused(content: bytes) -> None:
    assert await told("a.log", content) == (
        "the file a.log: it is neither text in UTF-8 nor a picture that is known. "
        "Attach one of: text, CSV, JSON, and pictures as PNG, JPEG, GIF or WebP"
    )


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf", b"\xff\xfe"])
@pytest.mark.parametrize("name", ["a.csv", "a.png", "a"])
async def test_an_empty_file_is_refused(name: str, content: bytes) -> None:
    assert await told(name, content) == f"the file {name}: it is empty. Attach it again"


Pack: TypeAlias = Callable[[bytes], bytes]


def zipped(content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return held.getvalue()


@pytest.mark.parametrize("name", ["a.zip", "a.csv", "a.csv.gz", "a.png"])
@pytest.mark.parametrize("pack", [zipped, gzip.compress])
async def test_archives_are_refused_whatever_they_are_called(name: str, pack: Pack) -> None:
    said = await told(name, pack(b"a,b\n1,2\n"))
    assert said.startswith(f"the file {name}: it is an archive. Unpack it, and attach one of: text, CSV, JSON, and")


@pytest.mark.parametrize("pack", [zipped, gzip.compress])
async def test_of_an_archive_that_holds_far_more_than_it_weighs_nothing_is_unpacked(
    pack: Callable[[bytes], bytes],
) -> None:
    bomb = pack(bytes(20_000_000))
    assert len(bomb) < 30_000
    tracemalloc.start()
    try:
        said = await told("a.zip", bomb)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "it is an archive" in said
    assert most_bytes < 2_000_000


@pytest.mark.parametrize("text", ["BZhang said so", "Rar! is a format", "PK is short"])
async def test_words_that_begin_like_an_archive_are_text(text: str) -> None:
    assert (await result_of("a.txt", text)).summary.endswith(text)


async def test_documents_and_captures_are_refused_with_what_helps() -> None:
    assert await told("a.xlsx", zipped(b"<x/>")) == (
        "the file a.xlsx: it is a document of an office program. Save it as CSV or text, and attach that"
    )
    assert await told("a.pcapng", b"\n\r\r\n\x6c\x00\x00\x00\x4d\x3c\x2b\x1a") == (
        "the file a.pcapng: it is a packet capture. Export what matters as text or CSV, and attach that"
    )


async def test_a_file_that_cannot_be_had_costs_a_sentence_and_the_others_are_read() -> None:
    attached = await read(
        a__csv=FileTooLarge("the file a.csv", "it holds more than 1.0 MiB", "attach the part that matters"),
        b__csv="a,b\n1,2\n",
        c__csv=PlatformError("the file c.csv", "it did not arrive (ClientError)", "ask again later"),
        d__png=PNG,
    )
    assert [found.call.arguments["name"] for found in attached.results] == ["b.csv"]
    assert [image.name for image in attached.images] == ["d.png"]
    assert [notice.text for notice in attached.notices] == [
        "the file a.csv: it holds more than 1.0 MiB. Attach the part that matters",
        "the file c.csv: it did not arrive (ClientError). Ask again later",
    ]


async def test_files_beyond_the_first_are_named_and_not_read() -> None:
    files = HeldFiles({f"at {number}.txt": b"a" for number in range(MAX_FILES)})
    refs = [ref(f"{number}.txt") for number in range(MAX_FILES + 1)]
    attached = await read_all(refs, files, now=NOW)
    assert len(attached.results) == MAX_FILES
    assert [notice.text for notice in attached.notices] == [
        f"The file {MAX_FILES}.txt was not read: {MAX_FILES} files are read of one message. Send it in another one."
    ]
    assert len({found.call.id for found in attached.results}) == MAX_FILES


async def test_where_no_files_can_be_read_each_costs_a_sentence() -> None:
    attached = await read_all([ref("a.csv")], None, now=NOW)
    assert [notice.text for notice in attached.notices] == [
        "the file a.csv: files cannot be read here. Paste the part that matters"
    ]
    assert await read_all([], None, now=NOW) == Attached()


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "a,b\n" + "1,2\n" * 99, b"\x00", PNG])
async def test_a_hostile_name_stays_one_short_line(content: bytes | str) -> None:
    name = "a\n# <!channel>\r\u202e\u200b\x1b[31m\U000e0041`" + "x" * 500
    attached = await read_named({name: content})
    names = [
        *(notice.text for notice in attached.notices),
        *(image.name for image in attached.images),
        *(str(found.call.arguments["name"]) for found in attached.results),
        *(table.title for found in attached.results for table in found.tables),
    ]
    assert names
    for shown in names:
        assert not [char for char in shown if category(char) in {"Cc", "Cf"}]
        assert "a # <!channel>[31m`xxx" in shown
        assert shown.count("x") <= MAX_NAME


async def test_a_file_without_a_name_is_called_that() -> None:
    assert (await told("\u202e\n", b"\x00")).startswith("the file without a name: ")


async def test_what_is_known_is_not_read_again_and_is_told_again() -> None:
    first = await read(big__csv="a,b\n" + "1,2\n" * 99, shot__png=PNG)
    files = HeldFiles({"at shot.png": PNG})
    again = await read_all(
        [ref("big.csv"), ref("shot.png")], files, now=NOW, known=[result("list_connections"), *first.results]
    )
    assert again == first
    assert files.limits == [MAX_IMAGE_BYTES]


async def test_of_two_files_with_one_name_each_keeps_its_own() -> None:
    files = HeldFiles({"1": b"one", "2": b"two"})
    refs = [FileRef("1", "a.txt"), FileRef("2", "a.txt")]
    first = await read_all(refs, files, now=NOW)
    again = await read_all(refs, HeldFiles({"1": b"one"}), now=NOW, known=first.results[1:])
    assert again == first


async def test_a_tool_of_somebody_else_is_no_file() -> None:
    other = replace(result("other"), call=replace(result("other").call, id="file0"))
    attached = await read_all([ref("a.txt")], HeldFiles({"at a.txt": b"text"}), now=NOW, known=[other])
    assert [found.summary for found in attached.results] == ["attached by the person:\ntext"]


async def test_of_files_with_a_command_it_is_said_that_nobody_looked_into_them() -> None:
    (notice,) = unread([ref("a.csv"), ref("b\n.png")])
    assert notice.text.startswith("Commands read no files, so nobody has looked into a.csv, b .png.")
    assert unread([]) == ()
