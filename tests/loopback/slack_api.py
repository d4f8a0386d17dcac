"""HTTP of the loopback Slack: the Web API with tokens, scopes, limits and faults; uploads, downloads, response URLs."""

import asyncio
from collections.abc import Collection
from typing import Any, Protocol

from aiohttp import web

from tests.loopback import slack_files as files
from tests.loopback import slack_responses as responses
from tests.loopback.slack_arguments import Arguments, read
from tests.loopback.slack_faults import HTML, Buckets, Call, Fault, Faults, RateLimit, Refusal
from tests.loopback.slack_members import KINDS, OF_TYPES, types_of
from tests.loopback.slack_methods import METHODS, Method
from tests.loopback.slack_rules import Refused
from tests.loopback.slack_socket import Sockets
from tests.loopback.slack_workspace import Workspace

OPEN = "apps.connections.open"
SCOPES_OF = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
"""Kind of channel -> how its scopes begin."""
LIMITED = frozenset({"chat.postMessage"})
"""Methods under the limit of about one message per second and channel."""


class Owner(Protocol):
    """What the API stands on: the loopback itself."""

    bot_token: str
    app_token: str
    scopes: set[str]
    app_scopes: set[str]
    revoked: set[str]
    rate_limit: RateLimit | None
    latency_s: float
    calls: list[Call]
    refused: list[Refusal]
    ignored: list[tuple[str, str]]
    plans: Faults
    space: Workspace
    sockets: Sockets

    def publish(self) -> None: ...


class RateLimited(Exception):
    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(retry_after_s)


class Api:
    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._buckets = Buckets(owner.space.clock_s)

    def add_routes(self, application: web.Application) -> None:
        application.router.add_route("*", "/api/{method}", self._call)
        application.router.add_get("/link/", self._owner.sockets.serve)
        application.router.add_post("/upload/v1/{file}", self._upload)
        application.router.add_get("/files-pri/{file}/{name}", self._download)
        application.router.add_post("/commands/{response}", self._respond)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        owner, method = self._owner, request.match_info["method"]
        call = Call(method, {}, request.headers.get("user-agent", ""), owner.space.clock_s())
        owner.calls.append(call)
        try:
            call.arguments = await read(request)
            fault = owner.plans.next(method)
            response = await self._faulty(fault, request, call) if fault else self._answer(request, call)
            await asyncio.sleep(owner.latency_s)
        except Refused as refused:
            response = self._refuse(call, refused)
        except RateLimited as limited:
            call.error = "ratelimited"
            response = _too_many(limited.retry_after_s)
        call.status = response.status
        return response

    def _refuse(self, call: Call, refused: Refused) -> web.Response:
        call.error = refused.error
        self._owner.refused.append(Refusal(call.method, refused.error, refused.messages, call.arguments))
        return web.json_response(refused.answer, headers=self._scope_headers())

    async def _faulty(self, fault: Fault, request: web.Request, call: Call) -> web.Response:
        call.error = fault.error
        if fault.lost:
            self._answer(request, call)
        if fault.hangs:
            await asyncio.get_running_loop().create_future()
        if fault.lost and request.transport:
            request.transport.abort()
        if fault.retry_after_s is not None:
            return _too_many(fault.retry_after_s)
        if fault.error:
            return web.json_response({"ok": False, "error": fault.error}, status=fault.status)
        return web.Response(text=fault.html or HTML, status=fault.status, content_type="text/html")

    def _answer(self, request: web.Request, call: Call) -> web.Response:
        given = Arguments({name: value for name, value in call.arguments.items() if name != "token"})
        token = _token(request, call.arguments)
        if call.method == OPEN:
            answer = self._open(token, call)
        elif call.method not in METHODS:
            raise Refused("unknown_method", req_method=call.method)
        else:
            answer = self._run(METHODS[call.method], token, call, given)
        self._owner.publish()
        return web.json_response({"ok": True, **answer}, headers=self._scope_headers())

    def _run(self, method: Method, token: str, call: Call, given: Arguments) -> dict[str, Any]:
        owner = self._owner
        self._check_token(token, owner.bot_token, method.token)
        self._check_scope(method.scope, given)
        owner.ignored += [(call.method, one) for one in given.values if one not in {*method.needs, *method.takes}]
        given.require(method.needs)
        owner.space.expire()
        if owner.rate_limit and call.method in LIMITED:
            wait_s = self._buckets.wait_s(given.text("channel"), owner.rate_limit)
            if wait_s:
                raise RateLimited(wait_s)
        return method.run(owner.space, given)

    def _open(self, token: str, call: Call) -> dict[str, Any]:
        self._check_token(token, self._owner.app_token, "app")
        self._need("connections:write", self._owner.app_scopes)
        ticket = self._owner.sockets.ticket(call.agent)
        base = self._owner.space.base_url.replace("http://", "ws://")
        return {"url": f"{base}link/?ticket={ticket}&app_id=A0NETSPY"}

    def _check_token(self, token: str, expected: str, kind: str) -> None:
        owner = self._owner
        if not token:
            raise Refused("not_authed")
        if token not in {owner.bot_token, owner.app_token}:
            raise Refused("invalid_auth")
        if token in owner.revoked:
            raise Refused("token_revoked")
        if kind != "any" and token != expected:
            raise Refused("not_allowed_token_type")

    def _check_scope(self, scope: str, given: Arguments) -> None:
        """Which of `channels:history`, `groups:history`, ... is needed hangs on the channel, or on those asked for."""
        if scope == OF_TYPES:
            for kind in types_of(given):
                self._need(f"{KINDS[kind]}:read", self._owner.scopes)
            return
        if "{}" in scope:
            channel = self._owner.space.channels.get(given.text("channel"))
            kind = channel.kind if channel else "channel"
            scope = scope.format(SCOPES_OF[kind])
        if scope:
            self._need(scope, self._owner.scopes)

    def _need(self, scope: str, scopes: Collection[str]) -> None:
        if scope not in scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(scopes)))

    def _scope_headers(self) -> dict[str, str]:
        return {"x-oauth-scopes": ",".join(sorted(self._owner.scopes))}

    async def _upload(self, request: web.Request) -> web.Response:
        """The bytes alone, or as the first file of a form."""
        content = await request.read()
        if request.content_type == "multipart/form-data":
            fields = [*(await request.post()).values()]
            content = fields[0].file.read() if fields and isinstance(fields[0], web.FileField) else b""
        if files.take(self._owner.space, request.match_info["file"], content):
            return web.Response(text=f"OK - {len(content)}")
        return web.Response(status=400, text="the upload is not what was announced")

    async def _download(self, request: web.Request) -> web.Response:
        """Without a token that may read files Slack answers with its sign-in page, as if all were well."""
        file = self._owner.space.files.get(request.match_info["file"])
        if _token(request, {}) != self._owner.bot_token or "files:read" not in self._owner.scopes:
            return web.Response(text="<!DOCTYPE html><html>Sign in</html>", content_type="text/html")
        if not file or file.content is None:
            return web.Response(status=404, text="file_not_found")
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def _respond(self, request: web.Request) -> web.Response:
        call = Call("response_url", {}, request.headers.get("user-agent", ""), self._owner.space.clock_s())
        self._owner.calls.append(call)
        fault = self._owner.plans.next("response_url")
        try:
            call.arguments = await read(request)
            if fault:
                response = await self._faulty(fault, request, call)
            else:
                responses.respond(self._owner.space, request.match_info["response"], call.arguments)
                response = web.Response(text="ok")
        except Refused as refused:
            status = 404 if refused.error in {"used_url", "expired_url", "no_service"} else 400
            self._refuse(call, refused)
            response = web.Response(text=refused.error, status=status)
        call.status = response.status
        self._owner.publish()
        return response


def _token(request: web.Request, arguments: dict[str, Any]) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else str(arguments.get("token", ""))


def _too_many(retry_after_s: int) -> web.Response:
    headers = {"retry-after": str(retry_after_s)}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
