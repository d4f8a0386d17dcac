"""The words behind `netspy record`."""

from pathlib import Path

import pytest

from bot import usage
from bot.domain.errors import InvalidArguments
from bot.record_usage import RecordUsage


def asked(*words: str) -> RecordUsage:
    found = usage.read(["record", *words])
    assert (found.mode, found.command) == ("record", None)
    assert found.record is not None
    return found.record


def test_a_file_alone_is_recorded_until_it_is_told_to_end() -> None:
    assert asked("today.jsonl") == RecordUsage(
        file=Path("today.jsonl"),
        duration_s=None,
        mask=False,
        force=False,
        describe=False,
        json=False,
        verbose=False,
    )


def test_every_flag_is_read_on_either_side_of_the_file() -> None:
    found = asked("--mask", "a.jsonl", "--duration", "1.5", "--force", "--verbose")
    assert (found.duration_s, found.mask, found.force, found.verbose) == (1.5, True, True, True)


def test_a_file_is_described_as_text_or_json() -> None:
    found = asked("--describe", "a.jsonl", "--json")
    assert (found.describe, found.json, found.file) == (True, True, Path("a.jsonl"))
    assert usage.read(["record", "--describe", "a.jsonl", "--json"]).json


def test_a_dash_is_stdout() -> None:
    assert asked("-").file == Path("-")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "FILE is missing"),
        ([""], "FILE is missing"),
        (["a", "b"], "it does not take 'b'"),
        (["a", "--msk"], "it does not take '--msk'. It takes FILE, --duration, --mask"),
        (["a", "--duration"], "expected one argument"),
        (["a", "--duration", "0"], "--duration: '0' was given. Give seconds"),
        (["a", "--duration", "-1"], "--duration: '-1' was given"),
        (["a", "--duration", "nan"], "--duration: 'nan' was given"),
        (["a", "--duration", "inf"], "--duration: 'inf' was given"),
        (["a", "--duration", "1e400"], "--duration: '1e400' was given"),
        (["a", "--duration", "soon"], "--duration: 'soon' was given"),
        (["a", "--json"], "--json belongs to --describe"),
        (["a", "--describe", "--mask"], "--describe records nothing, so it does not take --mask"),
        (["a", "--describe", "--duration", "5"], "so it does not take --duration"),
        (["a", "--describe", "--force"], "so it does not take --force"),
    ],
)
def test_words_that_make_no_sense_are_named(words: list[str], told: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        asked(*words)
    assert told in str(refused.value)


def test_help_tells_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in ((["--help"], "netspy record FILE"), (["record", "--help"], "--describe")):
        with pytest.raises(SystemExit) as ended:
            usage.read(words)
        assert ended.value.code == 0
        assert told in capsys.readouterr().out
