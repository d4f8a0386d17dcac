"""A message of netspy's own, in the first form that Slack takes."""

from contextlib import suppress
from typing import Any

from adapters.slack.calls import Calls, Method, RefusedBlocks
from adapters.slack.post import Post


async def say(calls: Calls, method: Method, post: Post, **where: Any) -> dict[str, Any]:
    """The last form is mere text. Raises what `Calls` raises."""
    for blocks in (post.blocks, post.plain):
        with suppress(RefusedBlocks):
            return await calls.do(method, **where, text=post.text, blocks=list(blocks))
    return await calls.do(method, **where, text=post.text)
