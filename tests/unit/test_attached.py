"""What people attach, as messages tell of it."""

import pytest

from adapters.attached import MAX_FILES, file_ref, kept, left_out
from bot.domain.message import FileRef


def refs(count: int) -> tuple[FileRef, ...]:
    return tuple(FileRef(f"https://a/{number}", f"{number}.csv") for number in range(count))


def test_a_file_is_told_as_the_platform_tells_it() -> None:
    told = file_ref("https://a/b", name="a.csv", size=3, media_type="Text/CSV; charset=utf-8")
    assert told == FileRef("https://a/b", "a.csv", 3, "text/csv")


@pytest.mark.parametrize("odd", [None, 1.5, [], {}, True])
def test_what_is_not_what_it_should_be_is_left_open(odd: object) -> None:
    assert file_ref("https://a/b", name=odd, size=odd, media_type=odd) == FileRef("https://a/b", "a file")


@pytest.mark.parametrize("size", [-1, False, "3"])
def test_what_is_no_size_is_not_told(size: object) -> None:
    assert file_ref("https://a/b", name="a", size=size, media_type="").size_bytes is None


def test_a_name_is_one_short_harmless_line() -> None:
    name = file_ref("https://a/b", name="a\n\x1b[31m\u202e" + "x" * 500, size=0, media_type="").name
    assert name.startswith(r"a\n\x1b[31m\u202e")
    assert len(name) == 100


def test_ten_files_are_taken() -> None:
    assert kept(refs(10)) == refs(10)
    assert left_out(refs(10)) == ""


def test_more_are_named() -> None:
    assert kept(refs(12)) == refs(12)[:MAX_FILES]
    assert "leave out: 10.csv, 11.csv. Attach those that matter" in left_out(refs(12))
