"""Files as Slack tells of them, and where the bot's token may go."""

from typing import Any

import pytest
from yarl import URL

from adapters.downloads import Answer, Hosts
from adapters.slack.files import HOSTS, downloads, files_of, refuse_unreadable
from bot.domain.errors import UnusableFile
from bot.domain.message import FileRef

URL_OF_FILE = "https://files.slack.com/files-pri/T1-F1/a.csv"
FILE: dict[str, Any] = {"id": "F1", "name": "a.csv", "size": 3, "mimetype": "text/csv", "url_private": URL_OF_FILE}


def of(**more: Any) -> FileRef:
    (file,) = files_of({"files": [{**FILE, **more}]})
    return file


def test_a_file_is_read_from_its_download() -> None:
    assert of() == FileRef(URL_OF_FILE, "a.csv", 3, "text/csv")
    assert of(url_private_download=f"{URL_OF_FILE}?d").id == f"{URL_OF_FILE}?d"


def test_a_file_without_a_name_goes_by_its_title() -> None:
    assert of(name=None, title="Capture").name == "Capture"


@pytest.mark.parametrize("files", [None, "a.csv", {}, [None, "a.csv"], []])
def test_what_are_no_files_are_none(files: object) -> None:
    assert files_of({"files": files}) == ()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"is_external": True, "url_private": "https://docs.example/a"}, "another service keeps it"),
        ({"mode": "external", "url_private": "https://docs.example/a"}, "another service keeps it"),
        ({"file_access": "check_file_info"}, "it comes from another workspace"),
        ({"file_access": "access_denied"}, "Slack does not let netspy read it"),
        ({"file_access": "something_new"}, "Slack does not say where it is"),
        ({"file_access": "file_not_found"}, "it was deleted"),
        ({"mode": "tombstone"}, "it was deleted"),
        ({"mode": "hidden_by_limit"}, "the workspace's plan keeps no older files"),
        ({"url_private": None}, "Slack does not say where it is"),
    ],
)
def test_a_file_that_slack_does_not_hand_out_says_why(more: dict[str, Any], told: str) -> None:
    with pytest.raises(UnusableFile, match=f"the file a.csv: .*{told}"):
        refuse_unreadable(of(**more))


def test_a_file_that_slack_keeps_is_not_refused() -> None:
    refuse_unreadable(of(file_access="visible", mode="snippet"))


@pytest.mark.parametrize(
    "url", [URL_OF_FILE, "https://acme.slack.com/files/a", "https://slack.com/a", "HTTPS://A.Slack.Com/"]
)
def test_slack_is_where_slack_is(url: str) -> None:
    assert Hosts(HOSTS, "https://slack.com/api/").hold(URL(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/a",
        "https://files.slack.com:8443/a",
        "https://files.slack.com.evil.example/a",
        "https://evilslack.com/a",
        "https://files.slack.com@evil.example/a",
        "https://dana:secret@files.slack.com/a",
        "https://evil.example/files.slack.com",
        "https://files.slack.com./a",
        "//files.slack.com/a",
        "files.slack.com",
        "",
    ],
)
def test_slack_is_nowhere_else(url: str) -> None:
    assert not Hosts(HOSTS, "https://slack.com/api/").hold(URL(url))


@pytest.mark.parametrize(
    ("url", "held"), [("http://proxy:8080/f", True), ("http://proxy/f", False), ("https://proxy:8080/f", False)]
)
def test_a_proxy_of_slack_is_slack(url: str, *, held: bool) -> None:
    assert Hosts(HOSTS, "http://proxy:8080/api/").hold(URL(url)) is held


@pytest.mark.parametrize(
    ("declared", "answer", "is_page"),
    [
        ("text/csv", Answer(200, "text/html", moved=False), True),
        ("", Answer(200, "text/html", moved=False), True),
        ("text/html", Answer(200, "text/html", moved=True), True),
        ("text/csv", Answer(403, "text/plain", moved=False), True),
        ("text/html", Answer(200, "text/html", moved=False), False),
        ("text/csv", Answer(200, "text/csv", moved=True), False),
        ("text/csv", Answer(404, "text/html", moved=False), False),
    ],
)
def test_a_sign_in_page_is_not_taken_for_the_file(declared: str, answer: Answer, *, is_page: bool) -> None:
    reading = downloads(api_url="https://slack.com/api/", token="xoxb-1", proxy=None)
    objection = reading.objection(FileRef(URL_OF_FILE, "a", media_type=declared), answer)
    assert (objection is not None and "files:read" in objection.remedy) is is_page
