"""What is wrong with one place of a workflow file. `reading.py` makes a whole sentence of it."""

from bot.tools.workflows.lines import Place


class Wrong(Exception):
    """`place` is one inside its workflow. It never leaves this package."""

    def __init__(self, place: Place, got: str, remedy: str) -> None:
        super().__init__(place, got, remedy)
        self.place = place
        self.got = got
        self.remedy = remedy
