"""One message's visit: what its author may do where it was said, and where what they do is noted."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

from bot.conversation.auditing import Notes, Unaudited
from bot.conversation.command_names import command_names
from bot.domain.errors import NotPermitted
from bot.domain.message import Message
from bot.domain.turn import Made, Turn
from bot.policy.marks import marks_of
from bot.policy.permit import EVERYTHING_PERMITTED, Permit


@dataclass(frozen=True, slots=True)
class Visit:
    """It lasts as long as the turn, whatever becomes of the policy meanwhile."""

    permit: Permit
    notes: Notes
    began: float = field(default_factory=perf_counter)

    @property
    def made(self) -> Made:
        """The marks of all that is made in it."""
        return marks_of(self.permit.scope)

    def ended(self, turn: Turn) -> None:
        self.notes.ended(turn, rule=self.permit.rule, took_s=perf_counter() - self.began)

    def check_command(self, name: str) -> None:
        """Raises: NotPermitted."""
        check_command(self.permit, name)


def check_command(permit: Permit, name: str) -> None:
    """Raises: NotPermitted."""
    if not permit.command(name):
        raise NotPermitted(
            name, "the policy does not permit this command here", "ask whoever runs netspy", rule=permit.rule
        )


def check_said(permit: Permit, message: Message) -> None:
    """Raises: NotPermitted where the message is a command that is not permitted."""
    for name in command_names(message):
        check_command(permit, name)


def unbounded_visit(turn: Turn) -> Visit:
    """Of whoever uses netspy as a library: they have its source, and its log."""
    notes = Notes(audit=Unaudited(), message=turn.message, turn=turn.id, clock=lambda: datetime.now(UTC))
    return Visit(EVERYTHING_PERMITTED, notes)
