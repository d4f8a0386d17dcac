"""`POST /alerts`: what Alertmanager's webhook sends, behind a token. It knows HTTP and nothing of threads."""

import logging
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.access import Door
from bot.alerts.desk import AlertDesk
from bot.alerts.webhook import group_of
from bot.domain.correlation import about
from bot.domain.errors import InvalidArguments, NetspyError, NotPermitted, PeerError, StorageError
from bot.domain.observing import UNOBSERVED, AlertTaken, Observer

log = logging.getLogger("netspy.alerts")

PATH = "/alerts"
RETRY_AFTER_S = 5


class AlertsEndpoint:
    """`post` is an endpoint. Alertmanager sends again what was answered with 5xx, and drops what got 4xx."""

    def __init__(self, desk: AlertDesk, token: str, observer: Observer = UNOBSERVED) -> None:
        self._desk = desk
        self._observer = observer
        self._door = Door(token, of="webhook", remedy="set NETSPY_ALERTS_TOKEN")

    async def post(self, request: Request) -> Response:
        given = request.headers
        if refusal := self._door.refusal(host=given.get("host"), authorization=given.get("authorization")):
            headers = {"WWW-Authenticate": refusal.challenge}
            return JSONResponse({"error": refusal.reason}, status_code=refusal.status, headers=headers)
        with about(f"alert-{uuid4().hex[:12]}"):
            return await self._take(await request.body())

    async def _take(self, body: bytes) -> Response:
        try:
            taken = await self._desk.take(group_of(body))
        except (InvalidArguments, NotPermitted) as error:
            log.warning("alert.refused", extra={"cause": str(error)})
            self._observer.note(AlertTaken("refused"))
            return _told(error, 403 if isinstance(error, NotPermitted) else 422)
        except (PeerError, StorageError) as error:
            log.warning("alert.postponed", extra={"cause": str(error)})
            self._observer.note(AlertTaken("postponed"))
            return _told(error, 503)
        log.info("alert.taken", extra={"taken": taken})
        self._observer.note(AlertTaken(taken))
        return JSONResponse({"state": taken})


def _told(error: NetspyError, status: int) -> Response:
    again = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return JSONResponse({"error": str(error)}, status_code=status, headers=again)
