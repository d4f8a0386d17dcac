import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.prose import GrowingProse, finished, render_prose

ANSWER = """# Comprehensive analysis

Over the last **60 seconds** there were `10` attempts,
all by one process.
1. **Summary**:
   - nested
   - items

   and a paragraph
2. Second

## Next
| process | count |
|---|---:|
| curl | 10 |

> a quote

```bash
netspy collect

  indented
```

---
tail"""

BLOCKS = (
    "# Heading",
    "Heading\n---",
    "one line",
    "two\nlines",
    "- item\n- item\n  more",
    "1. a\n2. b\n\n   c",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```\ncode\n\nmore\n```",
    "> quoted\n> twice",
    "***",
    "    indented code",
    "<b>not html</b>",
    "[x]: http://e.f",
    "",
)


def plain_text(markdown: str, width: int = 80) -> str:
    return render_prose(markdown, width=width, colour=False)


def grown(parts: list[str]) -> str:
    prose = GrowingProse(80, colour=False)
    return "".join(map(prose.add, parts)) + prose.end()


@pytest.mark.parametrize("size", [1, 2, 7, 40, 1000])
def test_prose_reads_the_same_however_it_arrives(size: int) -> None:
    parts = [ANSWER[start : start + size] for start in range(0, len(ANSWER), size)]

    assert grown(parts) == plain_text(ANSWER)


@given(st.lists(st.sampled_from(BLOCKS)), st.sampled_from(["\n", "\n\n", "\r\n\r\n"]), st.integers(1, 9))
def test_any_blocks_read_the_same_however_they_arrive(blocks: list[str], between: str, size: int) -> None:
    text = between.join(blocks)

    assert grown([text[start : start + size] for start in range(0, len(text), size)]) == plain_text(text)


@pytest.mark.parametrize(
    ("so_far", "said"),
    [
        ("A paragraph that", ""),
        ("A paragraph that\nmay go on\n", ""),
        ("A paragraph that\nended.\n\n", "A paragraph that ended.\n"),
        ("Before\n- first\n", "Before\n"),
        ("- first\n- sec", ""),
        ("- first\n- second\n", " • first\n"),
        ("## Heading\n", "Heading\n"),
        ("```\ncode\n\nmore\n", ""),
        ("```\ncode\n```\nbehind\n", "  code\n"),
        ("| a |\n|---|\n| 1 |\n", ""),
    ],
)
def test_a_piece_is_said_once_nothing_can_change_it(so_far: str, said: str) -> None:
    assert GrowingProse(80, colour=False).add(so_far) == said


@given(st.lists(st.sampled_from(BLOCKS)))
def test_pieces_and_rest_are_the_whole_text(blocks: list[str]) -> None:
    text = "\n".join(blocks)
    pieces, rest = finished(text)

    whole = "".join(piece.markdown for piece in pieces) + rest

    assert whole.lstrip("\n") == text.lstrip("\n")


def test_list_items_said_one_by_one_stay_together_and_keep_their_numbers() -> None:
    assert plain_text("Next:\n\n3. look\n4. wait") == "Next:\n\n 3 look\n 4 wait\n"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("use --process <name> here", "use --process <name> here\n"),
        ("<none>\nwas seen", "<none> was seen\n"),
        ("[red]not markup[/red]", "[red]not markup[/red]\n"),
        ("see [docs](http://e.f/g)", "see docs (http://e.f/g)\n"),
        ("![chart](http://e.f/g.png)", "!chart (http://e.f/g.png)\n"),
        ("[1]: http://e.f", "[1]: http://e.f\n"),
        ("waited 2.0\u202fs", "waited 2.0 s\n"),
        (":warning: 5 > 3 & 2", ":warning: 5 > 3 & 2\n"),
        ("   \n\n", ""),
    ],
)
def test_nothing_of_a_text_vanishes(markdown: str, shown: str) -> None:
    assert plain_text(markdown) == shown


def test_controls_are_written_out_in_prose_and_code() -> None:
    text = plain_text("evil\x1b[31m\n\n```\nevil\x1b]0;title\x07\u202e\n```\n`a\x1bb`")

    assert text == "evil\\x1b[31m\n\n  evil\\x1b]0;title\\x07\\u202e\n\n`a\\x1bb`\n"


def test_words_are_wrapped_and_code_is_not() -> None:
    code = "netspy --tool list_connections --process curl"
    text = plain_text(f"some words that need two lines\n```\n{code}\n```", width=20)

    assert text == f"some words that need\ntwo lines\n\n  {code}\n"


def test_headings_stand_left_without_a_box() -> None:
    assert render_prose("# Top\n## Below", width=40, colour=True) == "\x1b[1mTop\x1b[0m\n\n\x1b[1mBelow\x1b[0m\n"


def test_without_colour_there_is_no_escape_and_commands_keep_their_backticks() -> None:
    text = plain_text(ANSWER)

    assert "\x1b" not in text
    assert "`10`" in text


def test_no_line_has_trailing_blanks() -> None:
    assert [line for line in plain_text(ANSWER).split("\n") if line != line.rstrip()] == []
