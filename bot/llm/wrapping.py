"""What the wrappers around a `ChatModel` have in common: they are models, under the name and the check of their own."""

from bot.domain.ports import ChatModel, Check


class Wrapper:
    """`answer` is left to each wrapper: it is all that they differ in."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def check(self) -> Check:
        return await self._model.check()
