"""What netspy needs to be somebody in Discord."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordCredentials:
    """Without URLs Discord's own are used. `api_url` includes the version: `.../api/v10`."""

    token: str = field(repr=False)
    api_url: str | None = None
    gateway_url: str | None = None
