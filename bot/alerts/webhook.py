"""What Alertmanager posts, as a group of alerts (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).

It knows the format, version 4, and takes its texts as they are: they are untrusted.
"""

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError

from bot.domain.alerts import AlertGroup
from bot.domain.errors import InvalidArguments

MAX_ALERTS = 1000
_Text = Annotated[str, StringConstraints(max_length=4096)]
_Texts = Annotated[dict[_Text, _Text], Field(max_length=256)]


class _Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: _Texts = {}
    starts_at: AwareDatetime = Field(alias="startsAt")
    fingerprint: _Text = ""

    @property
    def identity(self) -> str:
        """One that fires anew is another one."""
        named = self.fingerprint or repr(sorted(self.labels.items()))
        return hashlib.sha256(f"{named}@{self.starts_at.isoformat()}".encode()).hexdigest()[:16]


class _Notification(BaseModel):
    version: Literal["4"]
    group_key: _Text = Field(alias="groupKey", min_length=1)
    status: Literal["firing", "resolved"]
    receiver: _Text
    common_labels: _Texts = Field({}, alias="commonLabels")
    common_annotations: _Texts = Field({}, alias="commonAnnotations")
    alerts: Annotated[list[_Alert], Field(min_length=1, max_length=MAX_ALERTS)]


def group_of(body: bytes) -> AlertGroup:
    """Raises: InvalidArguments, which names the field."""
    try:
        read = _Notification.model_validate_json(body)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, wrong["loc"])) or "the body"
        remedy = "send what Alertmanager's webhook_configs send, version 4"
        raise InvalidArguments("an alert", f"{where}: {wrong['msg'].lower()}", remedy) from None
    fires = [alert for alert in read.alerts if alert.status == "firing"] if read.status == "firing" else []
    return AlertGroup(
        receiver=read.receiver,
        key=read.group_key,
        labels=read.common_labels,
        annotations=read.common_annotations,
        firing=frozenset(alert.identity for alert in fires),
        since=_first(fires),
    )


def _first(alerts: list[_Alert]) -> datetime | None:
    return min((alert.starts_at for alert in alerts), default=None)
