"""Which messages this process posts for which turn: to go on in them when it begins anew, and to stop it."""

from adapters.bounded import Bounded
from adapters.slack.calls import Calls
from adapters.slack.lookback import found_in
from adapters.slack.place import Place
from adapters.slack.writer import Writer
from bot.domain.message import TurnId

MAX_WRITERS = 2000
"""Those of older answers are forgotten; what they posted can be found in Slack."""


class Writers:
    """`bot` is netspy's own user id. `fresh_roots`: roots that were posted for commands and that nothing fills yet."""

    def __init__(self, calls: Calls) -> None:
        self.bot = ""
        self.fresh_roots: set[str] = set()
        self._calls = calls
        self._known: Bounded[TurnId, Writer] = Bounded(MAX_WRITERS)

    def of(self, turn: TurnId, place: Place) -> Writer:
        """The turn's own, or a new one."""
        if writer := self._known.get(turn):
            writer.begin_anew()
            return writer
        is_fresh = not place.root or place.root in self.fresh_roots
        self.fresh_roots.discard(place.root)
        writer = self._known[turn] = Writer(self._calls, turn, place, bot=self.bot, is_fresh=is_fresh)
        return writer

    async def running(self, channel: str, thread: str) -> TurnId | None:
        """The turn that is at work in a thread: the first of this process's, or the one that Slack shows last."""
        for turn, writer in self._known.items():
            if (writer.place.channel, writer.place.thread) == (channel, thread) and not writer.has_ended:
                return turn
        method = self._calls.client.conversations_replies
        page = await self._calls.do(method, channel=channel, ts=thread, include_all_metadata=True)
        turns = (found_in(message).turn for message in reversed(page.get("messages", ())))
        return next((turn for turn in turns if turn), None)
