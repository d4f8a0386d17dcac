"""A scope survives being written; what is not understood is refused, never left out."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.query import EVERYTHING, Limits, Scope
from bot.scope_text import MAX_CHARACTERS, read, written

limits = st.builds(
    Limits,
    processes=st.frozensets(st.text(max_size=8), max_size=3),
    pids=st.frozensets(st.integers(), max_size=3),
    nodes=st.frozensets(st.text(max_size=8), max_size=3),
    namespaces=st.frozensets(st.text(max_size=8), max_size=3),
    networks=st.frozensets(st.ip_addresses().map(ip_network), max_size=3),
)


@given(scope=st.builds(Scope, st.frozensets(limits, max_size=4)))
def test_what_is_written_is_read_as_it_was(scope: Scope) -> None:
    assert read(written(scope)) == scope


def test_the_same_scope_has_the_same_text_whatever_the_order() -> None:
    a, b = Limits(processes=frozenset({"a", "b"})), Limits(pids=frozenset({2, 1}))
    assert written(Scope(frozenset({a, b}))) == '[{"pids":[1,2]},{"processes":["a","b"]}]'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is not JSON"),
        ("{}", "it is no list of objects"),
        ("[[]]", "it is no list of objects"),
        ("null", "it is no list of objects"),
        ('[{"processes":["curl"],"user":["x"]}]', "there is no condition 'user'"),
        ('[{"pids":[]}]', "pids: it is no list with something in it"),
        ('[{"pids":7}]', "pids: it is no list with something in it"),
        ('[{"nodes":null}]', "nodes: it is no list with something in it"),
        ('[{"pids":["7"]}]', "pids: '7' is no pid"),
        ('[{"pids":[true]}]', "pids: True is no pid"),
        ('[{"processes":[1]}]', "processes: 1 is no text"),
        ('[{"networks":["10.0.0.1/8"]}]', "networks: 10.0.0.1/8 has host bits set"),
        ("[" * 5000, "it is not JSON"),
        ("[" + "9" * 5000 + "]", "it is not JSON"),
        ("[" * (MAX_CHARACTERS + 1), "it has 8,001 characters, and 8,000 are the most"),
    ],
)
def test_what_is_no_scope_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(text)


def test_an_empty_list_sees_nothing_and_an_empty_limit_everything() -> None:
    assert read("[]") == Scope(frozenset())
    assert read("[{}]") == Scope(frozenset({Limits()}))


def test_everything_and_too_much_have_no_text() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        written(EVERYTHING)
    names = frozenset(f"process-{number}" for number in range(1000))
    with pytest.raises(ValueError, match=r"it takes 1\d,\d{3} characters"):
        written(Scope(frozenset({Limits(processes=names)})))
