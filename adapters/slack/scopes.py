"""The scopes of the app, and what netspy cannot do without each. The manifests in `deploy` grant them. Pure."""

from collections.abc import Collection

SCOPES = {
    "chat:write": "netspy cannot answer at all",
    "app_mentions:read": "netspy does not hear when it is mentioned",
    "commands": "there is no /netspy and no shortcut",
    "users:read": "netspy cannot tell guests and people of other workspaces from members",
    "usergroups:read": "netspy does not know the user groups that a policy may name",
    "channels:read": "netspy does not know which public channels people share with it, and a policy by channels knows "
    "none of them in direct messages",
    "groups:read": "netspy does not know which private channels people share with it, and a policy by channels knows "
    "none of them in direct messages",
    "mpim:read": "netspy does not know which group messages people share with it, and a policy by channels knows "
    "none of them in direct messages",
    "files:read": "netspy cannot read the files that people attach",
    "files:write": "tables that are too long for Slack come without their CSV file",
    "channels:history": "follow-ups in public channels need a mention, and an answer cut off there may be posted twice",
    "groups:history": "follow-ups in private channels need a mention, and an answer cut off there may be posted twice",
    "mpim:history": "follow-ups in group messages need a mention",
    "im:history": "netspy does not hear direct messages",
    "im:write": "netspy cannot tell you directly when it may not answer in a channel",
    "assistant:write": "there is no status line, no suggested prompts and no stop button of Slack's own",
    "reactions:write": "nothing shows that a question waits for the one before it",
}
"""Bot scope -> what is missing without it, as the end of a sentence."""
REQUIRED = frozenset({"chat:write", "app_mentions:read", "commands"})
EVENTS = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.mpim": "mpim:history",
    "message.im": "im:history",
    "app_home_opened": None,
    "app_context_changed": "assistant:write",
    "agent_session_stopped": "assistant:write",
}
"""Event -> the scope that it comes with (https://docs.slack.dev/reference/events). The last two come to apps with the
feature `agent_view`, which brings its scope along."""


def missing(granted: Collection[str]) -> tuple[str, ...]:
    """In the order of `SCOPES`."""
    return tuple(scope for scope in SCOPES if scope not in granted)
