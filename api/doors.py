"""What a request passes before anything is done for it, cheapest first.

Its host, its length, no key where others read it, who asks, how often and how many at
once. Whoever is refused here costs no thread and no query.
"""

import re
import time
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import Keyring
from api.callers import NOBODY
from api.errors import ApiError, BodyTooLarge, KeyInUrl, UrlTooLong, refusal
from api.hosts import Hosts
from api.keys import PREFIX
from api.limits import Buckets, Turns
from api.settings import Settings

# The same for everybody, and of no store.
OPEN_PATHS = frozenset({"/", "/docs", "/healthz", "/openapi.json"})
LONGEST_URL = 8192
LARGEST_BODY = 65_536
# A little shorter, so that one cut off at the end is seen too. A store may be named so.
_LIKE_A_KEY = re.compile(PREFIX.encode() + rb"[A-Za-z0-9_-]{40}")


class Doors:
    """Lets a request in with its caller in `scope["state"]`, or refuses it."""

    def __init__(self, app: ASGIApp, settings: Settings, keyring: Keyring) -> None:
        self._app = app
        self._hosts = Hosts(settings.host, *settings.hosts)
        self._keyring = keyring
        self._buckets = Buckets(
            settings.requests_per_second, settings.burst, time.monotonic
        )
        self._turns = Turns(settings.requests_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_open = scope["path"] in OPEN_PATHS
        said: list[tuple[bytes, bytes]] = []
        try:
            self._check(scope)
            caller = NOBODY
            if not is_open:
                caller = self._keyring.caller(_all(scope, b"authorization"))
                if caller.key_id:
                    said = self._buckets.take(caller.key_id).headers()
                self._turns.take(caller)
        except ApiError as error:
            await refusal(Request(scope), error)(scope, receive, send)
            return
        scope["state"]["caller"] = caller

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *said]
            await send(message)

        try:
            await self._app(scope, _bounded(receive), send_with_limits)
        finally:
            if not is_open:
                self._turns.give_back(caller)

    def _check(self, scope: Scope) -> None:
        self._hosts.check(_all(scope, b"host"))
        target = scope.get("raw_path") or scope["path"].encode()
        target += b"?" + scope["query_string"]
        if len(target) > LONGEST_URL:
            raise UrlTooLong(
                f"The URL has {len(target)} bytes; {LONGEST_URL} are the most.",
                "Ask for fewer things at a time.",
            )
        if _LIKE_A_KEY.search(unquote_to_bytes(target)):
            raise KeyInUrl(
                "A key stands in the URL, where logs and histories keep it.",
                "Revoke it with `pathways keys revoke`, and send another one as "
                "`Authorization: Bearer <key>`.",
            )
        if any(map(_is_too_large, _all(scope, b"content-length"))):
            raise BodyTooLarge(
                f"The body is larger than {LARGEST_BODY} bytes.",
                "Ask for fewer things at a time.",
            )


def _all(scope: Scope, name: bytes) -> list[bytes]:
    return [value for known, value in scope["headers"] if known == name]


def _is_too_large(length: bytes) -> bool:
    # What is no number is the server's to refuse; a body is counted as it comes, too.
    return length.isdigit() and (len(length) > 9 or int(length) > LARGEST_BODY)


def _bounded(receive: Receive) -> Receive:
    """The same, up to LARGEST_BODY bytes: a body need not say how long it is."""
    read = 0

    async def receive_bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST_BODY:
            # FastAPI takes any other error while it reads a body for a broken body.
            raise HTTPException(413)
        return message

    return receive_bounded
