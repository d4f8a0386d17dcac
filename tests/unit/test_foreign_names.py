"""Names that models call foreign tools by: they fit, they differ, and they lead back."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.tools.foreign.names import Origin, function_names

RESERVED = frozenset({"list_connections", "find_failures"})
PREFIXES = {"git": "git", "web hub": "web_hub", "long": "x" * 24}


def names(*origins: Origin) -> list[str]:
    return list(function_names(origins, prefixes=PREFIXES, reserved=RESERVED).values())


def test_a_name_that_fits_and_is_nobody_elses_stays() -> None:
    assert names(Origin("git", "log"), Origin("web hub", "get-url")) == ["log", "get-url"]


def test_names_that_clash_get_their_servers_prefix_whoever_came_first() -> None:
    assert names(Origin("git", "search"), Origin("web hub", "search")) == ["git__search", "web_hub__search"]


def test_a_foreign_tool_never_takes_the_name_of_one_of_netspys_own() -> None:
    assert names(Origin("git", "find_failures")) == ["git__find_failures"]


def test_a_name_that_has_to_be_changed_says_so_with_digits_of_its_own() -> None:
    dotted, spaced, long = names(Origin("git", "a.b"), Origin("git", "a b"), Origin("long", "y" * 200))
    assert dotted.startswith("git__a_b_")
    assert spaced.startswith("git__a_b_")
    assert dotted != spaced
    assert len(long) == 64


def test_a_name_made_to_look_like_anothers_prefixed_one_takes_nothing_from_it() -> None:
    every = (
        Origin("web hub", "git__find_failures"),
        Origin("git", "find_failures"),
        Origin("git", "git__find_failures"),
    )
    found = function_names(every, prefixes=PREFIXES, reserved=RESERVED)
    assert len(set(found.values())) == 3


def test_a_prefixed_name_that_somebody_elses_tool_has_already_gets_digits() -> None:
    found = names(Origin("web hub", "git__log"), Origin("git", "log"), Origin("long", "log"))
    assert found[0] == "git__log"
    assert found[1].startswith("git__log_")


TOOLS = st.one_of(
    st.text(max_size=80),
    st.text("ab_-. ", max_size=6),
    st.sampled_from(["find_failures", "git__find_failures", "x" * 64, "", "é", "\ud800", "a" * 100]),
)
ORIGINS = st.lists(st.builds(Origin, st.sampled_from(sorted(PREFIXES)), TOOLS), max_size=40)


@given(ORIGINS)
def test_every_name_fits_differs_and_leads_back_to_its_tool(origins: list[Origin]) -> None:
    found = function_names(origins, prefixes=PREFIXES, reserved=RESERVED)
    back = {name: origin for origin, name in found.items()}
    assert len(back) == len(found) == len(set(origins))
    assert all(back[found[origin]] == origin for origin in origins)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) and name not in RESERVED for name in back)


@given(ORIGINS)
def test_the_same_tools_have_the_same_names_in_every_process(origins: list[Origin]) -> None:
    once = function_names(origins, prefixes=PREFIXES, reserved=RESERVED)
    assert function_names(list(origins), prefixes=PREFIXES, reserved=RESERVED) == once
