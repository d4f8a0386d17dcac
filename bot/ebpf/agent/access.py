"""Who may ask the agent. /health is open to all: it tells nothing, and probers have no token."""

from bot.access import Door, Refusal

OPEN_PATH = "/health"


class Access:
    def __init__(self, token: str | None) -> None:
        """Raises: ValueError for a token that cannot be in a header."""
        self._door = Door(token, of="collector", remedy="set NETSPY_EBPF_TOKEN on both sides")

    def refusal(self, *, path: str, host: str | None, authorization: str | None) -> Refusal | None:
        """Why a request with these headers is not answered; None when it is."""
        return None if path == OPEN_PATH else self._door.refusal(host=host, authorization=authorization)
