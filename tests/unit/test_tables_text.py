"""Cell widths, cuts and the neutraliser."""

from unicodedata import category

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from bot.tables.text import cell_width, control_in, cut_end, cut_middle, pad_end, pad_start, plain, short

NASTY = (
    "\x00\x07\t\n\r\x1b\x7f\x9b\xa0\u200b\u200d\u202e\u2028\u2066\ufeff\udc80\ud83d\U000e0041\u0301\u0903\u102b\ufe0f"
)
hostile = st.text(st.sampled_from(NASTY + "aあ👩🇩क्각é… :]") | st.characters(exclude_categories=()), max_size=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("curl", "curl"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("\x9b2J", r"\x9b2J"),
        ("ad\u202enimda", r"ad\u202enimda"),
        ("ng\u200binx", r"ng\u200binx"),
        ("12\u00a0ms\u202f\u3000", "12 ms  "),
        ("ng\u3164inx", r"ng\u3164inx"),
        ("bad\udcff", r"bad\udcff"),
        ("\ue000", r"\ue000"),
        ("C:\\x", "C:\\x"),
        ("日本語 Ωμέγα", "日本語 Ωμέγα"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_emoji_keeps_its_style_and_a_letter_gets_none() -> None:
    assert plain("⚠\ufe0f") == "⚠\ufe0f"
    assert plain("a\ufe0f") == r"a\ufe0f"


def test_mark_combines_with_a_letter_but_not_with_the_gap_before_its_cell() -> None:
    assert plain("e\u0301") == "e\u0301"
    assert plain("\u0301e") == r"\u0301e"


@settings(deadline=None)
@given(hostile)
def test_no_text_yields_controls_formats_or_surrogates(text: str) -> None:
    assert not [char for char in plain(text) if category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}]


@settings(deadline=None)
@given(hostile)
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_widths_are_cells_not_characters() -> None:
    assert [cell_width(text) for text in ("ab", "日本", "e\u0301", "🚀", "⚠\ufe0f")] == [2, 4, 1, 2, 2]


def test_padding_counts_cells() -> None:
    assert pad_end("日", 4) + "|" == "日  |"
    assert pad_start("日", 4) == "  日"
    assert pad_end("longer", 3) == "longer"


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("checkout", 8, "checkout"),
        ("checkout", 7, "checko…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("checkout", 1, "…"),
        ("checkout", 0, ""),
        ("ae\u0301i", 2, "a…"),
        ("xe\u0301iou", 3, "xe\u0301…"),
    ],
)
def test_text_loses_its_end(text: str, width: int, cut: str) -> None:
    assert cut_end(text, width) == cut


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("10.2.0.14:5432", 14, "10.2.0.14:5432"),
        ("10.2.0.14:5432", 12, "10.….14:5432"),
        ("[2001:db8:85a3::8a2e:370:7334]:443", 20, "[2001:d…70:7334]:443"),
        ("db.internal 10.2.0.14:65535", 15, "db.i…0.14:65535"),
        ("2001:db8:85a3::8a2e:370:7334", 15, "2001…e:370:7334"),
        ("/var/run/some/where.sock", 15, "/var/ru…re.sock"),
        ("10.2.0.14:5432", 7, "10.…432"),
        ("10.2.0.14:5432", 1, "…"),
        ("10.2.0.14:5432", 0, ""),
    ],
)
def test_address_loses_its_middle_and_keeps_its_port(text: str, width: int, cut: str) -> None:
    assert cut_middle(text, width) == cut


@settings(deadline=None)
@given(hostile, st.integers(0, 30))
def test_no_cut_is_wider_than_asked(text: str, width: int) -> None:
    assert wcswidth(cut_end(plain(text), width)) <= width
    assert wcswidth(cut_middle(plain(text), width)) <= width


def test_first_control_or_lone_surrogate_is_found_unless_allowed() -> None:
    assert control_in("a\tb\x1bc", allowed="\t") == "\x1b"
    assert control_in("a\tb", allowed="") == "\t"
    assert control_in("\ud800", allowed="\n") == "\ud800"
    assert control_in("ok \N{ZERO WIDTH JOINER} \u202e", allowed="") is None


@example("000000\x1f\x1f\x08\u1100", 21, 2)
@given(st.text(max_size=50), st.integers(1, 30), st.integers(0, 400))
def test_short_text_is_short_in_characters_and_in_cells(text: str, most: int, marks: int) -> None:
    line = short(text + "a" + "\u0301" * marks, most)

    assert max(len(line), cell_width(line)) <= most
