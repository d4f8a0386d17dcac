"""Notifications as Alertmanager posts them, and the groups that they mean."""

import json
from datetime import UTC, datetime
from typing import Any

from bot.alerts.webhook import group_of
from bot.domain.alerts import AlertGroup

FIRED = "2026-11-23T14:02:00Z"


def alert(name: str = "a", *, status: str = "firing", starts_at: str = FIRED) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "CheckoutErrors", "instance": name},
        "annotations": {},
        "startsAt": starts_at,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.internal/graph",
        "fingerprint": f"print-{name}",
    }


def notification(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Of the receiver `payments-oncall`; it fires as long as one of the alerts does."""
    given = alerts or (alert(),)
    fires = any(each["status"] == "firing" for each in given)
    return {
        "version": "4",
        "groupKey": '{}/{service="checkout"}:{alertname="CheckoutErrors"}',
        "truncatedAlerts": 0,
        "status": "firing" if fires else "resolved",
        "receiver": "payments-oncall",
        "groupLabels": {"alertname": "CheckoutErrors"},
        "commonLabels": {"alertname": "CheckoutErrors", "severity": "critical"},
        "commonAnnotations": {"summary": "Checkout answers with errors"},
        "externalURL": "http://alertmanager.internal",
        "alerts": list(given),
    } | more


def group(*alerts: dict[str, Any], **more: Any) -> AlertGroup:
    return group_of(json.dumps(notification(*alerts, **more)).encode())


def labelled(**labels: str) -> AlertGroup:
    return AlertGroup(
        receiver="payments-oncall",
        key="k",
        labels=labels,
        firing=frozenset({"a"}),
        since=datetime(2026, 11, 23, 14, 2, tzinfo=UTC),
    )
