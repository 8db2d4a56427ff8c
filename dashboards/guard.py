"""What every request passes: the content policy, and the token where one is needed."""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
DOCS_POLICY = POLICY + "; style-src 'self' 'unsafe-inline'"  # Swagger UI sets styles in markup; nothing else may


class Guard:
    """ASGI middleware: security headers on everything, a token on everything if one is set."""

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._token is not None and not self._allowed(scope):
            refusal = {"errors": [{"field": "authorization", "message": "a token is needed: Authorization: Bearer …"}]}
            await JSONResponse(refusal, status_code=401, headers={"www-authenticate": "Bearer"})(scope, receive, send)
            return
        policy = DOCS_POLICY if scope["path"] == "/api/docs" else POLICY

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = policy
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                if scope["path"].startswith("/page/") or scope["path"] == "/":
                    headers["cache-control"] = "no-cache"
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _allowed(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        given = [headers.get("authorization", "").removeprefix("Bearer ").strip()]
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        if "shopfloor" in cookies:
            given.append(cookies["shopfloor"].value)
        if scope["path"] == "/":
            given += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return any(secrets.compare_digest(word.encode(), (self._token or "").encode()) for word in given)
