"""What the figures of a turn's prose may rest on: the thread, the question, and the results that have come so far.

It grows with the turn, and is worked out only when somebody asks: the planner's prose needs nobody to look.
"""

from collections.abc import Sequence
from itertools import chain

from bot.conversation.grounding.evidence import Evidence, evidence_of
from bot.domain.turn import ModelRequest, ToolCall, ToolResult


class Grounds:
    """For one turn. `upto` is asked with more and more of the same results."""

    def __init__(self, request: ModelRequest) -> None:
        self._request = request
        self._evidence: Evidence | None = None
        self._known = 0

    def upto(self, results: Sequence[ToolResult]) -> Evidence:
        """With these results, of which those that were given before are known already."""
        evidence = self._evidence or self._of_thread()
        if len(results) > self._known:
            evidence = evidence.with_more(results[self._known :])
        self._evidence, self._known = evidence, len(results)
        return evidence

    def with_calls(self, results: Sequence[ToolResult], calls: Sequence[ToolCall]) -> Evidence:
        """The same, and what a model may say of the calls that it makes now: their arguments."""
        return self.upto(results).with_more([ToolResult(call, "") for call in calls])

    def _of_thread(self) -> Evidence:
        request = self._request
        said = chain.from_iterable((turn.message.text, turn.answer) for turn in request.history)
        earlier = [result for turn in request.history for result in turn.results]
        return evidence_of(earlier, said=[request.question, request.summary, *said])
