"""Prose for Discord: the model's Markdown, as Discord reads it, and nothing more."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.discord.markup import escaped, in_code
from adapters.discord.prose import pieces
from adapters.discord.sheet import Piece, Sheet, put, say, size
from bot.tables.text import ZERO_WIDTH, plain
from tests.golden.discord_reading import LOUD, PINGS, Seen, kinds, read, shown
from tests.hostile.corpus import CORPUS

SIGNS = st.text(st.sampled_from("`*_~|[]():!<>@#-\\&/ \na0."), max_size=60)
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "```",
                "```\n",
                "~~~\n",
                "`",
                "``",
                "\\`",
                "\n",
                "\n\n",
                "> ",
                "- ",
                "   ",
                "    ",
                "1. ",
                "# ",
                "-# ",
                ">>> ",
            ),
            *(
                "[a](http://e.example)",
                "[a][b]",
                "<http://e.example>",
                "http://",
                "e.example",
                "<@1",
                ">",
                "@here",
                ":a:",
            ),
            *(
                "| a | b |\n",
                "|---|:-:|\n",
                "a | b\n",
                "- | -\n",
                "**",
                "*",
                "_",
                "__",
                "~~",
                "||",
                "\\",
                "word ",
                "x",
                "](",
            ),
            *("**bold** ", "*it* ", "_it_ ", "`code` ", "~~gone~~ ", "**a `b` c** ", "***both*** ", "snake_case_name "),
        ]
    ),
    max_size=16,
).map("".join)
PROSE = st.one_of(SIGNS, PIECES)


LANGUAGE = re.compile(r"^ *(`{3,}|~{3,}) *[\w.-]+ *$")


def said(markdown: str, *, is_whole: bool = True) -> list[str]:
    sheets: list[Sheet] = []
    say(sheets, pieces(markdown, is_whole=is_whole))
    return [sheet.content for sheet in sheets]


def one(markdown: str) -> str:
    """Its only message."""
    (content,) = said(markdown)
    return content


def letters(text: str) -> str:
    return "".join(each for each in text if each.isalnum())


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("**a**", Seen("text", "a", ("bold",))),
        ("*a* and", Seen("text", "a", ("italic",))),
        ("_a_", Seen("text", "a", ("italic",))),
        ("~~a~~", Seen("text", "a", ("strike",))),
        ("**use `a` now**", Seen("code", "a", ("bold",))),
        ("***a***", Seen("text", "a", ("bold", "italic"))),
        ("# a", Seen("text", "a", ("heading",))),
        ("- a", Seen("text", "a", ("item",))),
        ("2. a", Seen("text", "a", ("item",))),
        ("> a", Seen("text", "a", ("quote",))),
        ("- `a`", Seen("code", "a", ("item",))),
        ("```\na\n```", Seen("code block", "a\n")),
    ],
)
def test_markdown_keeps_its_form(markdown: str, seen: Seen) -> None:
    assert seen in list(read(one(markdown)))


@pytest.mark.parametrize(
    ("markdown", "known"),
    [
        ("~~~sh\nls\n~~~", "```sh\nls\n```"),
        ("`````\na ``` b\n`````", f"```\na `{ZERO_WIDTH}`{ZERO_WIDTH}` b\n```"),
        ("1. run\n\n   ```sh\n   ls\n     -l\n   ```", "1. run\n```sh\nls\n  -l\n```"),
        ("#### small", "### small"),
        (">>> a\n> > b", "> a\n> b"),
        ("+ a", "- a"),
        ("-# a", "\\-# a"),
        ("| a | b |\n|---|--:|\n| `x` | 3 |\nafter", "```\n| a | b |\n|---|--:|\n| `x` | 3 |\n```\nafter"),
        ("a | b\n--- | ---", "a | b\n--- | ---"),
        ("a ** b, x_y_z, 2 * 3 and a || b", "a \\*\\* b, x\\_y\\_z, 2 \\* 3 and a \\|\\| b"),
        ("```` a`b ````", "`` a`b ``"),
        ("```\n\n```", ""),
    ],
)
def test_what_discord_lacks_is_written_with_what_it_has(markdown: str, known: str) -> None:
    assert "".join(said(markdown)) == known


@pytest.mark.parametrize(
    "text", ["at 14:02:03, [::1]:443 [T1]", "a < b, c > d & e (f) <>", "~5 ms | 3", "run `curl http://e/`"]
)
def test_what_needs_no_change_has_none(text: str) -> None:
    assert one(text) == text


@settings(max_examples=400, deadline=None)
@given(PROSE)
@example("[`a](http://e.example)`")
@example("*a `b* [c](http://e.example)`")
@example("**a\n```\nb** <@1>\n```")
@example("\\@everyone")
@example("<a ` b `` `<c:/d> [e](f)``")
@example("*-# a* **>>> b**")
@example("http\\://e.example")
def test_prose_never_mentions_or_links(markdown: str) -> None:
    for content in said(markdown):
        assert kinds(content) & (LOUD | {"small", "long quote"}) == set()
        assert not PINGS.search(content)


@settings(max_examples=400, deadline=None)
@given(PROSE)
@example("**a **b")
@example("*a _b* c_ `d")
@example("~~a~~_b_")
def test_what_follows_prose_is_read_as_if_it_stood_alone(markdown: str) -> None:
    """Nothing is left open that could end in a table below it."""
    table = "```\n**a** *b* _c_ __d__ ~~e~~ ||f|| `g`\n```"
    for content in said(markdown):
        assert list(read(f"{content}\n{table}"))[-1] == Seen("code block", "**a** *b* _c_ __d__ ~~e~~ ||f|| `g`\n")


@settings(max_examples=400, deadline=None)
@given(PROSE)
def test_nothing_is_lost(markdown: str) -> None:
    """But the language of code, and the numbers of lists, which Discord writes itself."""
    kept = iter(letters("".join(map(shown, said(markdown)))))
    wanted = letters("".join(plain(LANGUAGE.sub("", line)) for line in markdown.split("\n")))
    assert [each for each in wanted if each.isalpha() and each not in kept] == []


@settings(max_examples=600, deadline=None)
@given(PROSE, st.integers(0, 90))
@example("| a | b |\n|---|---|\n| 1 | 2 |\n", 10)
@example("see http://e.example", 9)
@example("a `list <x [a](b)` c", 18)
@example("#### head", 4)
@example("10. item", 2)
@example("**bold** and", 7)
@example("```py\nx", 5)
@example("```0:`", 5)
@example("tell @everyone", 6)
def test_what_is_there_of_a_growing_text_is_never_taken_back(markdown: str, length: int) -> None:
    some, full = said(markdown[:length], is_whole=False), said(markdown)
    assert len(some) <= len(full)
    assert all(now.startswith(before.removesuffix("\n```")) for before, now in zip(some, full, strict=False))
    assert some[:-1] == full[: max(0, len(some) - 1)]


def test_growing_text_is_held_back_at_its_very_end_only() -> None:
    text = "Most of `curl` failed, as [T1] tells.\n```\nnetspy list\n```\nNext: look at 10.0.0.1:443 and"

    assert said(text, is_whole=False) == [text]


def test_any_text_is_shown_as_it_is() -> None:
    for each in CORPUS:
        content = f"- {escaped(each.text)}"

        assert kinds(content) <= {"item"}, each
        assert shown(content).replace(ZERO_WIDTH, "").lstrip() == plain(each.text).lstrip(), each


@given(st.text("`@<>#](:a0", max_size=40))
def test_code_ends_where_it_should(text: str) -> None:
    (seen,) = read(f"```\n{in_code(text)}x\n```")

    assert seen.text.replace(ZERO_WIDTH, "") == f"{text}x\n"


@pytest.mark.parametrize(
    "text",
    [
        "line\n" * 1500,
        "A sentence. " * 600,
        "word " * 1500,
        "x" * 9000,
        "🚀" * 4000,
        "**bold text** " * 500,
        "a `b c` " * 900,
    ],
    ids=["lines", "sentences", "words", "none", "astral", "bold", "code"],
)
def test_long_prose_goes_on_in_the_next_message(text: str) -> None:
    contents = said(text)
    assert all(1000 < size(content) <= 2000 for content in contents[:-1])
    assert letters("".join(map(shown, contents))) == letters(shown(text))


def test_a_message_ends_between_paragraphs_if_that_is_possible() -> None:
    text = "\n\n".join(f"{n}. " + "word " * 100 for n in range(8))

    assert all(content.endswith("word") and content[0].isdigit() for content in said(text))


def test_sentences_stay_whole_where_a_paragraph_does_not() -> None:
    text = "This is a sentence of some words. " * 120

    assert all(content.startswith("This") and content.endswith("words. ") for content in said(text)[:-1])


@pytest.mark.parametrize("line", ["code\n", "x" * 700 + "\n", "a" + "`" * 899 + "\n", "x" * 5000 + "\n", "\n\n\nx\n"])
def test_code_of_any_length_comes_in_whole_fences(line: str) -> None:
    contents = said("```python\n" + line * (12_000 // len(line)) + "```\nafter")

    assert all(content.startswith("```python\n") for content in contents[:-1])
    assert all(content.count("```") == 2 for content in contents[:-1])
    assert max(map(size, contents)) <= 2000
    assert contents[-1].endswith("after")


def test_the_end_of_a_fence_has_its_room() -> None:
    code = [Piece("y" * 900, "\n\n", "```"), Piece("z" * 900, "\n", "```")]
    for before in range(170, 200):
        sheets: list[Sheet] = []
        put(sheets, [Piece("x" * before), *code])
        assert max(size(sheet.content) for sheet in sheets) <= 2000
