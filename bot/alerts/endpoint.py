"""`POST /alerts`: what Alertmanager's webhook sends, behind a token. It knows HTTP and nothing of threads."""

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.access import Door
from bot.alerts.desk import AlertDesk
from bot.alerts.webhook import group_of
from bot.domain.errors import InvalidArguments, NetspyError, NotPermitted, PeerError, StorageError

log = logging.getLogger("netspy.alerts")

PATH = "/alerts"
RETRY_AFTER_S = 5


class AlertsEndpoint:
    """`post` is an endpoint. Alertmanager sends again what was answered with 5xx, and drops what got 4xx."""

    def __init__(self, desk: AlertDesk, token: str) -> None:
        self._desk = desk
        self._door = Door(token, of="webhook", remedy="set NETSPY_ALERTS_TOKEN")

    async def post(self, request: Request) -> Response:
        given = request.headers
        if refusal := self._door.refusal(host=given.get("host"), authorization=given.get("authorization")):
            headers = {"WWW-Authenticate": refusal.challenge}
            return JSONResponse({"error": refusal.reason}, status_code=refusal.status, headers=headers)
        try:
            taken = await self._desk.take(group_of(await request.body()))
        except (InvalidArguments, NotPermitted) as error:
            log.warning("alert.refused", extra={"cause": str(error)})
            return _told(error, 403 if isinstance(error, NotPermitted) else 422)
        except (PeerError, StorageError) as error:
            log.warning("alert.postponed", extra={"cause": str(error)})
            return _told(error, 503)
        log.info("alert.taken", extra={"taken": taken})
        return JSONResponse({"state": taken})


def _told(error: NetspyError, status: int) -> Response:
    again = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return JSONResponse({"error": str(error)}, status_code=status, headers=again)
