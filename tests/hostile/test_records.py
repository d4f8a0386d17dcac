"""Hostile texts in JSON logs, in the audit and in alerts: one line each, the exact text where machines read it."""

import json
import logging
from dataclasses import replace
from io import StringIO
from pathlib import Path

from bot.alerts.asking import Known, command_for, headline, question
from bot.alerts.webhook import group_of
from bot.audit_log import AuditFile
from bot.domain.alerts import AlertGroup
from bot.domain.audit import AuditEntry
from bot.telemetry import logs
from tests.alert_groups import labelled, notification
from tests.fakes import NOW
from tests.hostile.corpus import CORPUS
from tests.hostile.test_logs import loggers_as_before
from tests.hostile.test_terminal import hidden_in

LEVELS = {"error", "info"}


def test_an_event_is_one_object_on_one_line_whatever_its_fields_hold() -> None:
    log, written = logging.getLogger("netspy.hostile"), StringIO()
    with loggers_as_before():
        logs.configure("debug", written, form="json")
        for each in CORPUS:
            log.info("turn.failed", extra={"process_name": each.text, "cause": ValueError(each.text)})
            log.error("turn.failed", exc_info=ValueError(each.text))
    told = written.getvalue().splitlines()
    assert len(told) == 2 * len(CORPUS)
    for line in told:
        event = json.loads(line)
        assert (event["event"], event["logger"], event["level"] in LEVELS) == ("turn.failed", "netspy.hostile", True)
        assert hidden_in(line) == set()


def test_an_entry_of_the_audit_is_one_line_that_says_exactly_what_was_asked(tmp_path: Path) -> None:
    file = AuditFile(str(tmp_path / "audit.jsonl"))
    for each in CORPUS:
        file.add(entry(each.text))
    file.close()
    told = (tmp_path / "audit.jsonl").read_bytes()
    assert told.isascii()
    assert len(told.splitlines()) == len(CORPUS)
    for each, line in zip(CORPUS, told.decode().split("\n"), strict=False):
        assert json.loads(line)["arguments"] == {"process_name": each.text}, each
        assert json.loads(line)["author_name"] == each.text, each


def entry(text: str) -> AuditEntry:
    return AuditEntry(
        time=NOW,
        turn=text,
        platform="slack",
        workspace=text,
        channel=text,
        thread=text,
        author=text,
        author_name=text,
        kind="tool",
        act=text,
        arguments={"process_name": text},
        rule=text,
        reason=text,
        model=text,
    )


def test_the_first_message_of_an_alert_keeps_its_form_and_marks_nothing_up() -> None:
    plain = headline(hostile("harmless"))
    for each in filter(lambda each: each.text, CORPUS):
        told = headline(hostile(each.text))
        assert told.count("\n") == plain.count("\n"), each
        assert hidden_in(told.replace("\n", "")) == set(), each
        first, summary = told.split("\n\n")
        assert first.count("`") == plain.split("\n\n")[0].count("`"), each
        assert not set("[]<>@*|`~") & set(summary), each
        assert "\n" not in question(hostile(each.text)), each


def hostile(text: str) -> AlertGroup:
    labels = {"alertname": text, "severity": text, "pod": text}
    return replace(labelled(**labels), annotations={"summary": f"summary {text}"})


def test_a_label_that_names_nothing_here_asks_for_nothing() -> None:
    for each in CORPUS:
        labels = {"process": each.text, "pod": each.text, "instance": each.text, "node": each.text}
        assert command_for(labelled(**labels), Known({}), now=NOW).tool == "incident", each


def test_a_notification_with_any_text_is_a_group_or_refused() -> None:
    for each in CORPUS:
        if not each.text or each.text.isspace():
            continue
        written = each.text.encode(errors="replace").decode()
        group = group_of(json.dumps(notification(commonLabels={"alertname": written[:4000]})).encode())
        assert group.labels["alertname"] == written[:4000], each
