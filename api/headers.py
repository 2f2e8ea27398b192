"""The headers that every answer has. A browser is told to do nothing with it."""

import re
import uuid

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.keys import PREFIX

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
    # No page of another origin can embed an answer as a script or an image.
    "Cross-Origin-Resource-Policy": "same-origin",
}


class AnswerHeaders:
    """Gives each request an id: the caller's own where it is plain, else a new one.

    Answers get that and SECURITY, but for what they say themselves; what may be kept of
    them belongs to one key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _PLAIN.fullmatch(asked) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        own = [*_SECURITY, (b"x-request-id", request_id.encode())]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                keeping = _KEPT_BY_ONE if message["status"] < 400 else _NOT_KEPT
                headers += [pair for pair in (*own, keeping) if pair[0] not in said]
                # Another header of this name says nothing against this one.
                headers.append((b"vary", b"Authorization"))
            await send(message)

        await self._app(scope, receive, send_with_headers)


# Ids are logged and told, so a key that came in the wrong header is none.
_PLAIN = re.compile(rf"(?!{PREFIX})[A-Za-z0-9._-]{{1,64}}")
_SECURITY = [(name.lower().encode(), text.encode()) for name, text in SECURITY.items()]
_KEPT_BY_ONE = (b"cache-control", b"private, no-cache")
_NOT_KEPT = (b"cache-control", b"no-store")
