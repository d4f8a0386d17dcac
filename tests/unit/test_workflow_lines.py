import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.workflows.lines import Place, line_of, lines_of

TEXT = '''# a comment with [brackets] and = signs
top = 1

[first]   # behind a header
plain = "a # no comment, [ no array"
dotted.inner = { one = 1, two = [1, 2] }
"quoted key" = 'x'
long = """
[not a header]
key = "none" """

items = [
    "zero",  # a comment, with a comma
    { name = "one", more = ["]", '}'] },
    """two
""",
    1.5, 2026-11-23 14:02:00,
]

[[first.steps]]
run = "a"
[first.steps.arguments]
x = 1
[[first.steps]]
run = "b"
[first.steps.arguments]
x = 2
[second.table]
y = 1
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("top",), 2),
        (("first",), 4),
        (("first", "plain"), 5),
        (("first", "dotted"), 6),
        (("first", "dotted", "inner", "two", 1), 6),
        (("first", "quoted key"), 7),
        (("first", "long"), 8),
        (("first", "items"), 12),
        (("first", "items", 0), 13),
        (("first", "items", 1), 14),
        (("first", "items", 1, "more", 1), 14),
        (("first", "items", 2), 15),
        (("first", "items", 3), 17),
        (("first", "items", 4), 17),
        (("first", "steps", 0, "run"), 21),
        (("first", "steps", 0, "arguments", "x"), 23),
        (("first", "steps", 1), 24),
        (("first", "steps", 1, "run"), 25),
        (("first", "steps", 1, "arguments", "x"), 27),
        (("second", "table", "y"), 29),
    ],
)
def test_a_place_has_the_line_where_it_begins(place: Place, line: int) -> None:
    assert lines_of(TEXT)[place] == line


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    lines = lines_of(TEXT)
    assert line_of(("first", "items", 1, "absent"), lines) == 14
    assert line_of(("absent", "key"), lines) == 1


def places_of(value: Any, place: Place = ()) -> list[Place]:
    """Every place that tomllib finds."""
    if isinstance(value, dict):
        return [inner for key, each in value.items() for inner in [(*place, key), *places_of(each, (*place, key))]]
    if isinstance(value, list):
        numbered = enumerate(value)
        return [inner for at, each in numbered for inner in [(*place, at), *places_of(each, (*place, at))]]
    return []


def test_every_place_that_tomllib_knows_has_a_line_and_there_is_no_other() -> None:
    assert sorted(map(str, lines_of(TEXT))) == sorted(map(str, places_of(tomllib.loads(TEXT))))


_LITERAL = st.text(st.characters(codec="utf-8", exclude_characters="'", exclude_categories=["Cc", "Cs"]), max_size=12)
_SCALARS = (
    _LITERAL.map(lambda text: f"'{text}'") | st.integers().map(str) | st.sampled_from(["true", '"\\"#]}"', "1e5"])
)
_GAPS = st.sampled_from(["", " ", "\n", " # ], }\n", "\n\n\t"])


@st.composite
def _values(draw: st.DrawFn, depth: int = 0) -> str:
    kind = draw(st.sampled_from(["scalar", "array", "table"] if depth < 3 else ["scalar"]))
    if kind == "scalar":
        return draw(_SCALARS)
    inner = [draw(_values(depth=depth + 1)) for _ in range(draw(st.integers(0, 3)))]
    if kind == "array":
        return "[" + ",".join(draw(_GAPS) + each + draw(_GAPS) for each in inner) + "]"
    return "{" + ", ".join(f"k{number} = {each}" for number, each in enumerate(inner)) + "}"


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


@given(st.lists(_values(), max_size=4), st.lists(_GAPS, min_size=4, max_size=4))
def test_any_file_has_a_line_for_every_place(values: list[str], gaps: list[str]) -> None:
    lines = [f"{gap}\nkey{number} = {value}" for number, (value, gap) in enumerate(zip(values, gaps, strict=False))]
    text = "\n".join(lines)
    if _is_toml(text):  # before TOML 1.1 an inline table is one line
        assert set(lines_of(text)) == set(places_of(tomllib.loads(text)))
        for number in range(len(values)):
            assert text.split("\n")[lines_of(text)[(f"key{number}",)] - 1].startswith(f"key{number} = ")
