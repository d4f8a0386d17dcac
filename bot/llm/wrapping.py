"""What the wrappers around a `ChatModel` have in common: they are models, under the name and the check of their own.

And how they put what they have to tell the person into one notice.
"""

from collections.abc import Iterable

from bot.domain.message import Attachment
from bot.domain.ports import ChatModel, Check
from bot.tables.text import plain

_MAX_NAME = 60


class Wrapper:
    """`answer` is left to each wrapper: it is all that they differ in."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def check(self) -> Check:
        return await self._model.check()


def joined(*notices: str) -> str:
    """Notices as one, each as a sentence, and none twice."""
    kept: list[str] = []
    for notice in notices:
        if notice and not any(notice in other for other in kept):
            kept.append(notice)
    return ". ".join([*(notice.rstrip(".") for notice in kept[:-1]), *kept[-1:]])


def imageless(who: str, images: Iterable[Attachment]) -> str:
    """That an answer was given without these images; `who` with what it does about them, such as "gpt takes none"."""
    return without(who, (image.name for image in images))


def without(who: str, names: Iterable[str]) -> str:
    """The same of anything that has a name."""
    return f"{who}: answered without {', '.join(plain(name)[:_MAX_NAME] for name in names)}"
