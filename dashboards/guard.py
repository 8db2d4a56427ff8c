"""What every request passes: the content policy, the token where one is needed, and what a change has to look like.

A page of another site can make a browser send forms, and anything that a form can send, to the loopback interface. So
whatever changes something must be JSON, which no form is, and must not come from another origin.
"""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
DOCS_POLICY = POLICY + "; style-src 'self' 'unsafe-inline'"  # Swagger UI sets styles in markup; nothing else may
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 1 << 20
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """ASGI middleware: security headers on everything, a token on everything if one is set, no forged changes."""

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
        if scope["method"] not in HARMLESS and (wrong := self._suspicious(scope)) is not None:
            status, field, message = wrong
            await JSONResponse({"errors": [{"field": field, "message": message}]}, status_code=status)(
                scope, receive, send
            )
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

    def _suspicious(self, scope: Scope) -> tuple[int, str, str] | None:
        """Status, field and message of a refusal of what is to change something; none if all is well."""
        headers = Headers(scope=scope)
        if self._token is None or not self._is_token(_bearer(headers)):  # who has the token is no stranger's form
            origin, host = headers.get("origin"), headers.get("host", "")
            if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
                return 403, "sec-fetch-site", "changes are taken from pages of this server only"
            if origin is not None and not self._own(origin, host):
                return 403, "origin", f"changes are taken from pages of this server only, not of {origin[:100]}"
        length = headers.get("content-length", "")
        body = scope["method"] != "DELETE" or length not in {"", "0"}
        if body and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return 415, "content-type", "application/json is needed"
        if body and not (length.isascii() and length.isdigit()):
            return 411, "content-length", "the length of the body is needed"
        if body and int(length) > LARGEST_BODY:
            return 413, "content-length", f"at most {LARGEST_BODY} bytes are taken"
        return None

    def _own(self, origin: str, host: str) -> bool:
        """Whether a page comes from this server.

        Without a token it must also be called by a name of the loopback interface: any other name can be made to lead
        there by whoever owns it.
        """
        try:
            page = urlsplit(origin)
            named = page.hostname or ""
        except ValueError:
            return False
        return page.netloc.lower() == host.lower() and (self._token is not None or named in LOOPBACK)

    def _is_token(self, word: str) -> bool:
        return secrets.compare_digest(word.encode(), (self._token or "").encode())

    def _allowed(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        given = [_bearer(headers)]
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        if "shopfloor" in cookies:
            given.append(cookies["shopfloor"].value)
        if scope["path"] == "/":
            given += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return any(map(self._is_token, given))


def _bearer(headers: Headers) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ").strip()
