"""Hostile names towards language models that may know none: none can be read, none is taken for a placeholder."""

from itertools import product

from bot.llm.masking.names import PLACEHOLDER, Names
from bot.llm.masking.request import Masking
from bot.llm.masking.streaming import Unmasking
from bot.llm.masking.text import Mask
from bot.llm.masking.vocabulary import KINDS
from tests.hostile.corpus import SHORT

SECRET = "zxqvault"
"""In every name: whoever can read it, can read a part of one."""
FORGED = (
    *(f"{kind}-{number}" for kind in KINDS for number in (1, 2, 7)),
    *("ip\u20103", "PROCESS-1", "Process-1", "ip-01", "ip-1.host-2", "ip-1:443", "process-1-process-2", "xip-1"),
    *(
        "\u2060ip-1\u2060",
        "ip\u2060-1",
        "\ue000ip-1",
        "ip-",
        "ip-1234567",
        "net-1/24",
        "[ip-1]",
        r"\g<1>",
        r"\1",
        "{0}",
    ),
    *("%s", "(?i)ip", ".*", "[a-z]+", "(", "\\", "$", "^ip-1$", "ip-1|ip-2", "Curl", "curl", "CURL"),
)
"""Names that look like what stands for others, or that mean something to a pattern or a format."""


def sentence_of(names: list[str]) -> str:
    return "\n".join(f"process '{name}' failed" for name in names)


def test_no_name_stands_for_another_one_not_even_in_other_letters() -> None:
    names = Names()
    for value in FORGED:
        names.learn(value, "process")
    shown = {value: names.hide(value, "process") for value in FORGED}
    assert len(set(shown.values())) == len(set(FORGED))
    for value, placeholder in shown.items():
        assert PLACEHOLDER.fullmatch(placeholder), value
        assert Mask(names).unmask(placeholder) == value


def test_names_that_look_like_placeholders_come_back_as_they_were() -> None:
    """Whether they are known as names, or somebody only writes them into a question."""
    for value, is_known in product(FORGED, (True, False)):
        names = Names()
        mask = Mask(names)
        names.learn("checkout", "process")
        if is_known:
            names.learn(value, "process")
        text = f"checkout and {value} and 10.2.0.14 and {value}"
        told = mask.mask(text)
        assert "checkout" not in told, value
        assert mask.unmask(told).lower() == text.lower(), (value, is_known)


def test_names_of_all_kinds_are_hidden_in_cells_and_in_sentences() -> None:
    for each in SHORT:
        names = Names()
        value = f"{each.text}{SECRET}{each.text}"[:255]
        names.learn(value, "process")
        mask = Mask(names)
        for text in (value, f"process '{value}' failed", f"a {value}, b", f"{value}\n{value}"):
            told = mask.mask(text)
            assert SECRET not in told, each
            assert mask.unmask(told) == text, each
        assert mask.unmask(mask.name(value, "process")) == value, each


def test_an_answer_that_is_cut_anywhere_is_the_whole_answer() -> None:
    names = Names()
    masking, mask = Masking(names), Mask(names)
    values = [*FORGED, *(each.text for each in SHORT if 1 < len(each.text) <= 40)]
    told = sentence_of([mask.name(value, "process") for value in values])
    whole = masking.unmasked(told)
    for size in (1, 2, 3, 5, 7, 11):
        unmasking = Unmasking(masking)
        pieces = [unmasking.feed(told[start : start + size]) for start in range(0, len(told), size)]
        assert "".join([*pieces, unmasking.rest()]) == whole, size
    assert SECRET not in whole
    assert all(f"'{value.lower()}'" in whole.lower() for value in values)
