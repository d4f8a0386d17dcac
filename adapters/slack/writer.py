"""The messages of one answer in Slack, from the first progress to the last button.

A message begins as a stream, which only grows; where Slack does not stream (any more), it is edited as a whole. What it
is to hold comes from `render.py`. Of a turn it knows the id, by which it finds what an earlier process posted.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.slack.buttons import stop_button
from adapters.slack.calls import Busy, Calls, Gone, Method, Refused, RefusedBlocks
from adapters.slack.chunks import chunks, rest_of, texts
from adapters.slack.lookback import Found, metadata, posted
from adapters.slack.place import Place
from adapters.slack.post import Part, Post, Upload
from adapters.slack.progress import PLAN, lines, task
from adapters.slack.render import word_of_netspy
from bot.domain.json_types import JsonObject
from bot.domain.message import Step, TurnId

log = logging.getLogger("netspy.slack")

MAX_TEXT = 39_000
"""Characters of a message's text: Slack takes 40,000 (https://docs.slack.dev/reference/methods/chat.postMessage)."""


@dataclass(slots=True)
class Sheet:
    """One message. `sent`: the parts that were streamed into it; `torn`: it holds something else as well."""

    ts: str = ""
    streams: bool = False
    torn: bool = False
    whole: bool = False
    """It holds all that it is to hold in the end."""
    sent: list[Part] = field(default_factory=list)


class Writer:
    """Raises what `Calls` raises. Not for concurrent calls.

    `is_fresh`: nobody can have posted anything for the turn yet.
    """

    def __init__(self, calls: Calls, turn: TurnId, place: Place, *, bot: str, is_fresh: bool) -> None:
        self.turn = turn
        self._calls = calls
        self._place = place
        self._bot = bot
        self._told: dict[str, Step] = {}
        self._can_stream = bool(place.user) and not place.root  # Slack streams to somebody only
        self._in_doubt = not is_fresh
        self._uploaded: set[str] = set()
        self._sheets = self._begun()
        self.needs_stop_button = True
        """False where Slack itself shows one while netspy works."""
        self.is_answered = False
        """Whether the whole reply was found in Slack."""
        self.has_ended = False

    @property
    def place(self) -> Place:
        return self._place

    def begin_anew(self) -> None:
        """What stands there so far is to be replaced."""
        self.has_ended = False
        for sheet in self._sheets:
            sheet.torn, sheet.whole, sheet.sent = True, False, []

    async def show(self, posts: Sequence[Post], steps: Mapping[str, Step]) -> None:
        """Progress: the last message still grows. Raises Busy when a rate limit leaves no room for it now."""
        if self._in_doubt:
            await self.find()
        for number, post in enumerate(posts[:-1]):
            await self._complete(number, post, is_last=False)
        await self._grow(self._sheet(len(posts) - 1), posts[-1], steps)

    async def finish(self, items: Sequence[Post | Upload]) -> None:
        """The whole answer; may be called again when it raised. The last message is the last to be whole."""
        if self._in_doubt:
            await self.find()
        posts = [item for item in items if isinstance(item, Post)]
        for number, post in enumerate(posts[:-1]):
            await self._complete(number, post, is_last=False)
        for item in items:
            if isinstance(item, Upload):
                await self._upload(item)
        if posts:
            await self._complete(len(posts) - 1, posts[-1], is_last=True)
        for surplus in self._sheets[len(posts) :]:
            await self._remove(surplus)
        del self._sheets[len(posts) :]
        self.has_ended = True
        for sheet in self._sheets:
            sheet.sent = []  # nobody needs it any more, and writers are kept

    async def find(self) -> None:
        """Look up what of this answer is in Slack already, by whichever process."""
        try:
            found = [each async for each in posted(self._calls, self._place, bot=self._bot)]
        except Refused as error:
            log.warning("slack.cannot_look_back", extra={"turn": self.turn, "cause": str(error)})
            self._in_doubt = False
            self.begin_anew()
            return
        self._in_doubt = False
        root = next((each for each in found if each.ts == self._place.root), None)
        if root and root.turn and root.turn != self.turn:  # asked again: the first answer keeps its place
            self._place, self._can_stream = replace(self._place, root="", header=""), True
        self._sheets = self._begun()
        for each in found:
            self._uploaded.update(name for name in each.files if name.startswith(self._file("")))
            if each.turn == self.turn:
                await self._take(each)

    async def _take(self, found: Found) -> None:
        sheet = self._sheet(len(self._sheets) if found.part is None else found.part)
        sheet.ts, sheet.torn, sheet.streams = found.ts, True, found.part is None
        self.is_answered = self.has_ended = self.is_answered or found.is_last
        await self._stop_stream(sheet)

    async def _grow(self, sheet: Sheet, post: Post, steps: Mapping[str, Step]) -> None:
        if not sheet.ts and self._can_stream and await self._begin_stream(sheet, post, steps):
            return
        if sheet.streams and not sheet.torn and await self._append(sheet, post, steps):
            return
        await self._stop_stream(sheet)
        stop, progress = stop_button(self.turn), lines(steps.values())
        forms = [(*progress, *post.blocks, *stop.blocks), (*progress, *post.plain, *stop.plain)]
        await self._put(sheet, forms, post, metadata=metadata(self.turn), patience_s=0.0)

    async def _begin_stream(self, sheet: Sheet, post: Post, steps: Mapping[str, Step]) -> bool:
        """False where Slack does not stream here, or not now."""
        stop = [stop_button(self.turn)] if self.needs_stop_button else []
        first = [*([PLAN] if steps else ()), *self._news(steps), *chunks([*post.parts, *stop])]
        try:
            begun = await self._send(
                self._calls.client.chat_startStream,
                patience_s=0.0,
                channel=self._place.channel,
                thread_ts=self._place.thread,
                recipient_team_id=self._place.team,
                recipient_user_id=self._place.user,
                task_display_mode="plan",
                chunks=first,
            )
        except (Refused, Busy) as error:
            log.info("slack.not_streamed", extra={"turn": self.turn, "cause": str(error)})
            self._can_stream = False
            return False
        sheet.ts, sheet.streams, sheet.sent = str(begun["ts"]), True, list(post.parts)
        self._told |= steps
        return True

    async def _append(self, sheet: Sheet, post: Post, steps: Mapping[str, Step]) -> bool:
        """Whether the stream holds all there is now."""
        rest = rest_of(sheet.sent, post.parts)
        if rest is None:
            return False
        if news := [*self._news(steps), *rest]:
            where = {"channel": self._place.channel, "ts": sheet.ts}
            try:
                await self._send(self._calls.client.chat_appendStream, patience_s=0.0, chunks=news, **where)
            except Refused as error:
                log.info("slack.stream_ended", extra={"turn": self.turn, "cause": str(error)})
                self._can_stream = False
                return False
            sheet.sent = list(post.parts)
            self._told |= steps
        return True

    async def _complete(self, number: int, post: Post, *, is_last: bool) -> None:
        sheet = self._sheet(number)
        if sheet.whole:
            return
        about = metadata(self.turn, part=number, is_last=is_last)
        if not await self._end_stream(sheet, post, about):
            forms = [(*post.blocks, *post.buttons.blocks), (*post.plain, *post.buttons.plain)]
            await self._put(sheet, forms, post, metadata=about)
        sheet.whole = True

    async def _end_stream(self, sheet: Sheet, post: Post, about: JsonObject) -> bool:
        """Whether the streamed message is now as it is to be."""
        rest = None if sheet.torn or self.needs_stop_button else rest_of(sheet.sent, post.parts)
        if not sheet.streams or rest is None:
            await self._stop_stream(sheet)
            return False
        try:
            await self._send(
                self._calls.client.chat_stopStream,
                channel=self._place.channel,
                ts=sheet.ts,
                metadata=about,
                chunks=rest or None,
                blocks=list(post.buttons.blocks) or None,
            )
        except Refused as error:
            log.info("slack.stream_ended", extra={"turn": self.turn, "cause": str(error)})
            await self._stop_stream(sheet)
            return False
        sheet.streams = False
        return True

    async def _stop_stream(self, sheet: Sheet) -> None:
        """As it is: what it lacks is put there by an edit."""
        if sheet.streams:
            with suppress(Refused):
                await self._send(self._calls.client.chat_stopStream, channel=self._place.channel, ts=sheet.ts)
            sheet.streams, sheet.torn = False, True

    async def _put(self, sheet: Sheet, forms: Sequence[Sequence[JsonObject]], post: Post, **more: Any) -> None:
        """Edit or post a message in the first form that Slack takes; the last one is mere text."""
        head = word_of_netspy(self._place.header).blocks if sheet.ts and sheet.ts == self._place.root else ()
        for blocks in forms:
            with suppress(RefusedBlocks):
                await self._write(sheet, text=post.text, blocks=[*head, *blocks], **more)
                return
            log.warning("slack.blocks_refused", extra={"turn": self.turn, "ts": sheet.ts})
        text = "\n".join(texts([*head, *forms[-1]]))[:MAX_TEXT]
        await self._write(sheet, text=text, blocks=[], **more)

    async def _write(self, sheet: Sheet, **message: Any) -> None:
        place, client = self._place, self._calls.client
        if sheet.ts:
            await self._send(client.chat_update, channel=place.channel, ts=sheet.ts, **message)
        else:
            where = {"channel": place.channel, "thread_ts": place.thread}
            quiet = {"unfurl_links": False, "unfurl_media": False}
            sheet.ts = str((await self._send(client.chat_postMessage, **where, **quiet, **message))["ts"])

    async def _upload(self, file: Upload) -> None:
        name, client = self._file(file.name), self._calls.client
        if name in self._uploaded:
            return
        where: dict[str, Any] = {"channel": self._place.channel, "thread_ts": self._place.thread}
        try:
            await self._send(client.files_upload_v2, filename=name, title=file.title, content=file.content, **where)
        except Refused as error:
            told = word_of_netspy(f"The file {file.name} could not be sent. {error}")
            await self._send(client.chat_postMessage, text=told.text, blocks=list(told.blocks), **where)
        self._uploaded.add(name)

    async def _remove(self, sheet: Sheet) -> None:
        await self._stop_stream(sheet)
        with suppress(Refused, Gone):
            if sheet.ts and sheet.ts != self._place.root:
                await self._send(self._calls.client.chat_delete, channel=self._place.channel, ts=sheet.ts)

    async def _send(self, method: Method, /, **arguments: Any) -> dict[str, Any]:
        try:
            return await self._calls.do(method, **arguments)
        except (Refused, Gone, Busy):
            raise
        except BaseException:
            self._in_doubt = True  # it may have been done all the same
            raise

    def _begun(self) -> list[Sheet]:
        return [Sheet(ts=self._place.root, torn=True)] if self._place.root else []

    def _sheet(self, number: int) -> Sheet:
        while len(self._sheets) <= number:
            self._sheets.append(Sheet())
        return self._sheets[number]

    def _file(self, name: str) -> str:
        """Named after the turn, so that it is known again."""
        return f"netspy-{self.turn[:8]}-{name}"

    def _news(self, steps: Mapping[str, Step]) -> list[JsonObject]:
        """The tasks of steps that changed since they were told last."""
        return [task(step, id_prefix=self.turn) for name, step in steps.items() if self._told.get(name) != step]
