"""A model that is asked again without a question's images when it refuses them. It imports no SDK."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from bot.domain.errors import ImagesRefused
from bot.domain.ports import ChatModel
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta
from bot.llm.errors import TakesNoImages
from bot.llm.fallback import cut
from bot.llm.wrapping import Wrapper, imageless, joined

log = logging.getLogger("netspy.llm")


class SeeingModel(Wrapper):
    """Says in the notice of each completion which images it was given without.

    A model that takes none is never sent any again; one that refused these is not sent them again in the same turn,
    which stands in the request: in the notices of its rounds.
    """

    def __init__(self, model: ChatModel) -> None:
        super().__init__(model)
        self._is_blind = False

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        said, notice = "", self._told(request)
        if not notice:
            try:
                async with aclosing(self._model.answer(request)) as events:
                    async for event in events:
                        yield event
                        said += event.text if isinstance(event, TextDelta) else ""
            except ImagesRefused as refusal:
                if not request.images:
                    raise
                notice = self._learned(refusal, request)
            else:
                return
        if mark := cut(said):
            said += mark
            yield TextDelta(mark)
        async with aclosing(self._model.answer(replace(request, images=()))) as events:
            async for event in events:
                if isinstance(event, Completion):
                    yield replace(event, text=said + event.text, notice=joined(event.notice, notice))
                else:
                    yield event

    def _learned(self, refusal: ImagesRefused, request: ModelRequest) -> str:
        log.info("model.images_refused", extra={"model": self.name, "cause": str(refusal)})
        if isinstance(refusal, TakesNoImages):
            self._is_blind = True
            return self._takes_none(request)
        return self._refused(request)

    def _told(self, request: ModelRequest) -> str:
        """Why no images are to be sent: what is known of the model, or was found out in an earlier round."""
        if not request.images:
            return ""
        if self._is_blind:
            return self._takes_none(request)
        refused = self._refused(request)
        return refused if any(refused in past.completion.notice for past in request.rounds) else ""

    def _takes_none(self, request: ModelRequest) -> str:
        return imageless(f"{self.name} takes no images", request.images)

    def _refused(self, request: ModelRequest) -> str:
        one = len(request.images) == 1
        return imageless(f"{self.name} refused {'this image' if one else 'these images'}", request.images)
