"""What netspy needs to be somebody in a Slack workspace, and who it is there."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackCredentials:
    """With `app_token` events come over Socket Mode, without it by HTTP, signed with `signing_secret`."""

    bot_token: str = field(repr=False)
    app_token: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    api_url: str = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class Identity:
    """netspy as `auth.test` knows it. `enterprise` is empty outside Enterprise Grid."""

    team: str
    user: str
    bot: str
    enterprise: str
    workspace_name: str
    user_name: str
