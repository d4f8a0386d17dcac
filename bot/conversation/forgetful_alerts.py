"""Which thread is about which alerts, without a database: known until the process ends."""

from datetime import datetime, timedelta

from bot.domain.alerts import BEGINNING_S, AlertGroup, AlertThread, Opened

MAX_KEPT = 1000


class ForgetfulAlertBook:
    """An `AlertBook` in memory, for one process."""

    def __init__(self) -> None:
        self._threads: dict[tuple[str, str], tuple[AlertThread | None, datetime]] = {}

    async def open(self, group: AlertGroup, *, at: datetime, within_s: float) -> Opened:
        place = (group.receiver, group.key)
        thread, told_at = self._threads.get(place, (None, None))
        if thread and told_at and at - told_at <= timedelta(seconds=within_s):
            return thread
        if thread is None and told_at and at - told_at <= timedelta(seconds=BEGINNING_S):
            return False
        self._put(place, None, at)
        return True

    async def keep(self, group: AlertGroup, thread: AlertThread, *, at: datetime) -> None:
        self._put((group.receiver, group.key), thread, at)

    async def give_up(self, group: AlertGroup) -> None:
        place = (group.receiver, group.key)
        if self._threads.get(place, (None, None))[0] is None:
            self._threads.pop(place, None)

    def _put(self, place: tuple[str, str], thread: AlertThread | None, at: datetime) -> None:
        """The newest stand last, the oldest go."""
        self._threads.pop(place, None)
        self._threads[place] = (thread, at)
        while len(self._threads) > MAX_KEPT:
            del self._threads[next(iter(self._threads))]
