"""What a loopback platform holds: posts, progress and the calls that made them, in the order in which they came."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from bot.domain.message import MessageId, TurnId


@dataclass(frozen=True, slots=True)
class Event:
    """Something that people did, and bots have to acknowledge. `message` is empty for a press."""

    id: int
    kind: str
    message: MessageId
    fields: dict[str, str]

    @property
    def line(self) -> dict[str, Any]:
        return {"event": self.id, "kind": self.kind, **self.fields}


@dataclass(slots=True)
class Called:
    """A bot's call. `by` is its pid."""

    by: int
    name: str
    arguments: dict[str, Any]
    refused: bool = False

    @property
    def is_final(self) -> bool:
        return self.name in {"post", "update"} and bool(self.arguments["final"])


@dataclass(slots=True)
class Post:
    """`by` is the pid of the bot that wrote to it last."""

    id: str
    turn: TurnId
    thread: str
    message: MessageId
    text: str
    final: bool
    by: int


@dataclass
class Records:
    """`ended` holds posts in the order in which they became final; `shown` what people saw of their presses."""

    calls: list[Called] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    posts_by_id: dict[str, Post] = field(default_factory=dict)
    ended: list[Post] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)
    """`turn`, `message`, `id`, `title`, `state` of each."""
    shown: dict[int, str] = field(default_factory=dict)

    def finals(self, message: MessageId) -> list[Post]:
        """The final posts that answer a message; a doubled answer is two of them."""
        return [post for post in self.ended if post.message == message]

    def unfinished(self, messages: Collection[MessageId]) -> list[Post]:
        """Posts that show the beginning of an answer."""
        return [post for post in self.posts if post.message in messages and not post.final]

    def unanswered(self, messages: Collection[MessageId]) -> list[MessageId]:
        return [message for message in messages if not self.finals(message)]

    def order(self, thread: str) -> list[MessageId]:
        """The messages of a thread in the order in which their answers came."""
        return [post.message for post in self.ended if post.thread == thread]

    def refused(self, message: MessageId) -> list[Called]:
        """Calls for a message's answer that were refused."""
        return [called for called in self.calls if called.refused and self.message_of(called) == message]

    def message_of(self, called: Called) -> MessageId:
        """Which message a `post` or an `update` answers."""
        if called.name == "update":
            return self.posts_by_id[called.arguments["post"]].message
        return MessageId(called.arguments.get("message", ""))

    def done(self, called: Called) -> Any:
        """Do a call. Returns its result."""
        given = called.arguments
        match called.name:
            case "post":
                return self._post(called)
            case "update":
                return self._update(self.posts_by_id[given["post"]], called)
            case "find":
                found = [post for post in self.posts if post.turn == given["turn"]]
                return [{"post": post.id, "final": post.final} for post in found]
            case "step":
                self.steps.append(given)
            case "show":
                self.shown[given["event"]] = given["text"]
            case _:
                raise ValueError(f"a call that does not exist: {called}")
        return None

    def _post(self, called: Called) -> str:
        given = called.arguments
        turn, message = TurnId(given["turn"]), MessageId(given["message"])
        post = Post(f"p{len(self.posts)}", turn, given["thread"], message, given["text"], final=False, by=called.by)
        self.posts.append(post)
        self.posts_by_id[post.id] = post
        self._update(post, called)
        return post.id

    def _update(self, post: Post, called: Called) -> None:
        post.text, post.by = called.arguments["text"], called.by
        if called.arguments["final"] and not post.final:
            post.final = True
            self.ended.append(post)
