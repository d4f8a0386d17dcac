"""HTTP of the loopback Discord: the API with its token, limits and faults, the way to the gateway, attachments."""

import asyncio
import math
import time
from functools import partial
from typing import Any, Protocol

from aiohttp import web

from tests.loopback.discord_faults import HTML, VIA, Buckets, Call, Fault, Faults, RateLimit, Refusal, Taken
from tests.loopback.discord_gateway import Gateway
from tests.loopback.discord_operations import OPERATIONS, Operation
from tests.loopback.discord_payloads import KNOWN
from tests.loopback.discord_refusals import UNAUTHORIZED, Refused
from tests.loopback.discord_requests import Given, read
from tests.loopback.discord_space import Space

BASE = "/api/v10"
_MESSAGES = {"create_message", "edit_message", "edit_response", "follow_up", "edit_followup"}


class Owner(Protocol):
    """What the API stands on: the loopback itself."""

    token: str
    limits: dict[str, RateLimit]
    global_limit: RateLimit | None
    latency_s: float
    calls: list[Call]
    refused: list[Refusal]
    ignored: list[tuple[str, str]]
    plans: Faults
    space: Space
    gateway: Gateway

    @property
    def faults(self) -> list[str]: ...

    def publish(self) -> None: ...


class Limited(Exception):
    """Too many calls. `scope`: user, global or shared."""

    def __init__(self, retry_after_s: float, scope: str, headers: dict[str, str]) -> None:
        self.retry_after_s = retry_after_s
        self.scope = scope
        self.headers = headers
        super().__init__(retry_after_s, scope)


class Api:
    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._buckets = Buckets(owner.space.clock_s)

    def add_routes(self, application: web.Application) -> None:
        for one in OPERATIONS:
            application.router.add_route(one.method, BASE + one.path, partial(self.call, one))
        application.router.add_get(BASE + "/gateway", self._gateway)
        application.router.add_get(BASE + "/gateway/bot", self._gateway)
        application.router.add_get("/attachments/{channel}/{attachment}/{name}", self._attachment)
        application.router.add_get("/gateway{rest:.*}", self._owner.gateway.serve)
        application.router.add_route("*", "/api/{rest:.*}", self._nothing)

    async def call(self, operation: Operation, request: web.Request) -> web.StreamResponse:
        owner = self._owner
        agent = request.headers.get("user-agent", "")
        call = Call(operation.name, operation.method, request.path, agent, owner.space.clock_s())
        owner.calls.append(call)
        fault = owner.plans.next(operation.name)
        try:
            given = await read(request)
            call.arguments, call.files = given.body, tuple(file.name for file in given.files.values())
            response = await self._answer(operation, request, call, (given, fault))
        except Refused as refused:
            response = self._refuse(call, refused)
        except Limited as limited:
            response = _too_many(limited)
        except Exception as error:  # recorded, so that a test fails of it and not of what follows
            owner.faults.append(f"the loopback failed in {operation.name}: {error!r}")
            raise
        await asyncio.sleep(owner.latency_s)
        call.status = response.status
        return response

    async def _answer(
        self, operation: Operation, request: web.Request, call: Call, given: tuple[Given, Fault | None]
    ) -> web.Response:
        asked, fault = given
        if fault and not fault.lost:
            return await self._faulty(fault, call)
        if operation.needs_token and request.headers.get("authorization") != f"Bot {self._owner.token}":
            raise Refused(UNAUTHORIZED)
        headers = self._take(operation, asked)
        self._note_ignored(operation, asked)
        answer = operation.run(self._owner.space, asked)
        self._owner.publish()
        if fault:
            await self._lose(fault, request)
        return _answered(answer, headers)

    async def _faulty(self, fault: Fault, call: Call) -> web.Response:
        call.code = fault.code
        if fault.hangs:
            await asyncio.get_running_loop().create_future()
        if fault.retry_after_s is not None:
            return _too_many(Limited(fault.retry_after_s, "global" if fault.everywhere else "user", {}))
        if fault.code is not None:
            body = {"message": fault.message or "an error that a test asked for", "code": fault.code}
            return _json(body, fault.status)
        return web.Response(text=fault.html or HTML, status=fault.status, content_type="text/html")

    async def _lose(self, fault: Fault, request: web.Request) -> None:
        if not fault.hangs and request.transport:
            request.transport.abort()
        await asyncio.get_running_loop().create_future()

    def _take(self, operation: Operation, given: Given) -> dict[str, str]:
        """Raises: Limited."""
        owner, bucket = self._owner, operation.bucket or operation.name
        if owner.global_limit and operation.needs_token:
            everywhere = self._buckets.take("global", "", owner.global_limit)
            if not everywhere.allowed:
                raise Limited(everywhere.resets_after_s, "global", {})
        limit = owner.limits.get(bucket)
        if limit is None:
            return {}
        taken = self._buckets.take(bucket, given.path.get(operation.major, ""), limit)
        if not taken.allowed:
            raise Limited(taken.resets_after_s, "user", _headers(taken))
        return _headers(taken)

    def _note_ignored(self, operation: Operation, given: Given) -> None:
        if operation.name in _MESSAGES and isinstance(given.body, dict):
            self._owner.ignored += [(operation.name, one) for one in given.body if one not in KNOWN]

    def _refuse(self, call: Call, refused: Refused) -> web.Response:
        call.code = refused.code
        why = tuple(f"{'.'.join(flaw.path)}: {flaw.code}: {flaw.message}" for flaw in refused.flaws)
        self._owner.refused.append(Refusal(call.name, refused.code, refused.message, why, call.arguments))
        return _json(refused.answer, refused.status)

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        is_bot = request.path.endswith("/bot")
        if is_bot and request.headers.get("authorization") != f"Bot {self._owner.token}":
            refused = Refused(UNAUTHORIZED)
            return _json(refused.answer, refused.status)
        about = {"url": self._owner.gateway.url}
        left = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
        return _json(about | ({"shards": 1, "session_start_limit": left} if is_bot else {}), 200)

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        for messages in self._owner.space.stored.values():
            for message in messages.values():
                for one in message.attachments:
                    if one.id == request.match_info["attachment"]:
                        return web.Response(body=one.content, content_type="application/octet-stream")
        return web.Response(status=404, text="This content is no longer available.")

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        """A call that Discord, or this loopback, does not know."""
        name = f"{request.method} {request.path}"
        self._owner.calls.append(Call(name, request.method, request.path, "", self._owner.space.clock_s(), status=404))
        self._owner.refused.append(Refusal(name, 0, "404: Not Found", (), None))
        return _json({"message": "404: Not Found", "code": 0}, 404)


def _headers(taken: Taken) -> dict[str, str]:
    return taken.headers(time.time())


def _answered(answer: Any, headers: dict[str, str]) -> web.Response:
    if answer is None:
        return web.Response(status=204, headers={"via": VIA, **headers})
    return _json(answer, 200, headers)


def _json(body: Any, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """Discord names no character set, and its library knows JSON by that."""
    response = web.json_response(body, status=status, headers={"via": VIA, **(headers or {})})
    response.headers["content-type"] = "application/json"
    return response


def _too_many(limited: Limited) -> web.Response:
    everywhere = limited.scope == "global"
    body = {"message": "You are being rate limited.", "retry_after": limited.retry_after_s, "global": everywhere}
    headers = {"retry-after": str(math.ceil(limited.retry_after_s)), "x-ratelimit-scope": limited.scope}
    headers |= {"x-ratelimit-global": "true"} if everywhere else {}
    return _json(body, 429, limited.headers | headers)
