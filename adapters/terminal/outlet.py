"""Where one turn's answer goes on a terminal: tables at once, prose piece by piece, the rest with the reply.

It knows blocks and what of them stands on the screen already. The adapter makes one for each turn.
"""

from collections.abc import Callable, Iterable, Iterator

from adapters.terminal.prose import GrowingProse
from adapters.terminal.render import gap, render_block
from adapters.terminal.screen import Screen
from bot.domain.message import Block, Prose, Reply, Step


class TerminalOutlet:
    """`on_reply` is called when the whole answer stands on the screen."""

    def __init__(self, screen: Screen, *, on_reply: Callable[[], None]) -> None:
        self._screen = screen
        self._on_reply = on_reply
        self._given: list[Block] = []
        self._said = ""
        self._growing: GrowingProse | None = None
        self._last: Block | None = None

    async def step(self, step: Step) -> None:
        self._screen.step(step)

    async def prose(self, delta: str) -> None:
        if self._growing is None:
            look = self._screen.look()
            self._growing = GrowingProse(look.width, colour=look.colour, above=gap(self._last, Prose(delta)))
        self._said += delta
        self._say(self._growing.add(delta))

    async def show(self, block: Block) -> None:
        self._end_prose()
        self._given.append(block)
        self._write(block)

    async def reply(self, reply: Reply) -> None:
        self._end_prose()
        for block in _not_given(reply.blocks, self._given):
            self._write(block)
        self._screen.end()
        self._screen.tell("\n")
        self._on_reply()

    async def delivered(self) -> bool:
        """Nobody knows what was on a screen that is gone: the answer is shown again."""
        return False

    def _end_prose(self) -> None:
        if self._growing:
            self._say(self._growing.end())
            self._given.append(Prose(self._said))
            self._growing, self._said = None, ""

    def _say(self, text: str) -> None:
        if text:
            self._screen.tell(text)
            self._last = Prose(text)

    def _write(self, block: Block) -> None:
        if text := render_block(block, self._screen.look()):
            self._screen.tell(gap(self._last, block) + text)
            self._last = block


def _not_given(blocks: Iterable[Block], given: Iterable[Block]) -> Iterator[Block]:
    """The blocks of a reply that were not on the screen before it came; of prose that was cut off, its end."""
    left = list(given)
    for block in blocks:
        begun = _begun(block, left)
        if block in left:
            left.remove(block)
        elif isinstance(block, Prose) and begun:
            left.remove(begun)
            yield Prose(block.markdown.removeprefix(begun.markdown))
        else:
            yield block


def _begun(block: Block, given: Iterable[Block]) -> Prose | None:
    """The prose on the screen that `block` continues."""
    if not isinstance(block, Prose):
        return None
    prose = (other for other in given if isinstance(other, Prose) and other.markdown)
    return next((other for other in prose if block.markdown.startswith(other.markdown)), None)
