"""Receives messages and presses: asks the gate whether they are let in, and says who notes what becomes of them.

The manager asks it before anything is stored, an attempt once more before it works: the policy may have changed.
"""

from dataclasses import replace

from bot.conversation.auditing import Notes
from bot.conversation.gate import Gate
from bot.conversation.pacing import LIMITS
from bot.conversation.parts import Parts
from bot.conversation.visit import Visit, check_said
from bot.domain.errors import NotPermitted
from bot.domain.message import Channel, Message, Press
from bot.domain.observing import Refused
from bot.domain.turn import Turn
from bot.policy.permit import Permit


class Reception:
    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts = parts
        self._gate = gate

    async def lets_in(self, message: Message) -> bool:
        """False for a message that speaks to others, which nobody need be told of. Raises: NotPermitted for others."""
        try:
            check_said(await self._gate.permit(message.author, message.channel), message)
        except NotPermitted as error:
            if message.addressee != "netspy":
                return False
            self.refused(message, error)
            raise
        return True

    def refused(self, message: Message, error: NotPermitted) -> None:
        self._parts.answering.observer.note(Refused("limits" if error.rule == LIMITS else "policy"))
        self._notes(message).refused(error)

    async def visit(self, turn: Turn) -> Visit:
        """What the turn's author may do now. Raises: NotPermitted."""
        notes = self._notes(turn.message, turn.id)
        try:
            permit = await self._gate.permit(turn.message.author, turn.message.channel)
            check_said(permit, turn.message)
        except NotPermitted as error:
            self._parts.answering.observer.note(Refused("policy"))
            notes.refused(error)
            raise
        return Visit(permit, notes)

    async def permit_to_press(self, press: Press, turn: Turn) -> Permit:
        """What whoever pressed a button of this turn may do. Raises: NotPermitted."""
        channel = turn.message.channel
        if press.channel is not None and not _is_same(press.channel, channel):
            raise NotPermitted("this button", "it belongs to an answer in another channel", "press it there")
        return await self._gate.permit(press.by, channel)

    def notes_of(self, press: Press, turn: Turn) -> Notes:
        return self._notes(replace(turn.message, author=press.by), turn.id)

    def _notes(self, message: Message, turn: str = "") -> Notes:
        parts = self._parts
        return Notes(audit=parts.audit, message=message, clock=parts.clock, turn=turn, tools=parts.answering.tools)


def _is_same(one: Channel, other: Channel) -> bool:
    """A channel of two workspaces is one channel."""
    return (one.platform, one.id) == (other.platform, other.id)
