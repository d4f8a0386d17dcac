"""Whether everything that netspy needs in Slack is there: what `netspy doctor` says of it."""

from collections.abc import Collection
from dataclasses import replace

from adapters.slack.calls import Calls, Refused
from adapters.slack.credentials import SlackCredentials
from adapters.slack.scopes import REQUIRED, SCOPES, missing
from bot.domain.errors import PlatformError
from bot.domain.ports import Check

PATIENCE_S = 3.0
_OF_TOKENS = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
)
"""What Slack says of a token that it does not take."""
GROUPS = "usergroups:read"
NO_GROUPS = "plan_upgrade_required"


async def check(calls: Calls, credentials: SlackCredentials) -> tuple[Check, ...]:
    """Token, scopes, and how events arrive. No connection is made: it would take events from a netspy that runs."""
    token, granted = await _token(calls)
    scopes = [_scopes(granted)] if granted is not None else []
    groups = await _groups(calls) if token.state == "ok" and (granted is None or GROUPS in granted) else ()
    return (token, *scopes, *groups, await _delivery(calls, credentials))


async def _token(calls: Calls) -> tuple[Check, Collection[str] | None]:
    """`None` for scopes that Slack did not name."""
    try:
        response = await calls.answer(calls.client.auth_test, patience_s=PATIENCE_S)
    except PlatformError as error:
        return replace(Check.of("slack", error), finding=_finding(error)), None
    given = {name.lower(): value for name, value in response.headers.items()}.get("x-oauth-scopes")
    data = response.data if isinstance(response.data, dict) else {}
    told = f"{data.get('user', '?')} in {data.get('team', '?')}"
    return Check("slack", "ok", told), None if given is None else {scope.strip() for scope in given.split(",")}


def _scopes(granted: Collection[str]) -> Check:
    lacking = missing(granted)
    if not lacking:
        return Check("slack scopes", "ok", "all that netspy can use")
    is_fault = any(scope in REQUIRED for scope in lacking)
    without = "; ".join(f"without {scope} {SCOPES[scope]}" for scope in lacking)
    remedy = f"add {', '.join(lacking)} to the app's bot scopes and install it again"
    return Check("slack scopes", "fault" if is_fault else "warning", without, remedy, "scopes-missing")


async def _groups(calls: Calls) -> tuple[Check, ...]:
    """Nothing where Slack tells of user groups, or gives no answer at all: what is wrong then is said of the token."""
    try:
        await calls.do(calls.client.usergroups_list, patience_s=PATIENCE_S)
    except Refused as error:
        plan = "this workspace's plan has no user groups" if error.word == NO_GROUPS else error.got
        detail = f"{plan}: what a policy allows to one is allowed to nobody"
        return (Check("slack groups", "warning", detail, "let the policy name people and channels"),)
    except PlatformError:
        pass
    return ()


async def _delivery(calls: Calls, credentials: SlackCredentials) -> Check:
    if credentials.app_token is None:
        detail = "over HTTP: Slack must reach POST /slack/events of netspy serve"
        return Check("slack events", "ok", detail, "set that address as request URL in the app's settings")
    try:
        await calls.do(calls.client.apps_connections_open, patience_s=PATIENCE_S, app_token=credentials.app_token)
    except PlatformError as error:
        remedy = error.remedy or "SLACK_APP_TOKEN needs the scope connections:write, the app Socket Mode switched on"
        return Check("slack events", "fault", f"{error.asked}: {error.got}", remedy, _finding(error))
    return Check("slack events", "ok", "over Socket Mode")


def _finding(error: PlatformError) -> str:
    """What Slack's own word means, as far as it decides what to do."""
    word = getattr(error, "word", "")
    if word in _OF_TOKENS:
        return "token-refused"
    return "platform-refused" if word else "unreachable"
