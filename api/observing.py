"""Each request is counted and may be logged; a failure is logged once, with its id.

A browser's question whether it may ask is answered before this, and counted nowhere.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.scraping import Requests

LOGGER = logging.getLogger("api.requests")
UNKNOWN_ROUTE = "unknown"
# nginx's word for a client that went away before it had an answer.
CLIENT_GONE = 499


class Observed:
    """Measures each request, and answers for what nobody foresaw."""

    def __init__(
        self,
        app: ASGIApp,
        requests: Requests,
        paths: Collection[str],
        unexpected: Callable[[Request, Exception], Response],
    ) -> None:
        """Stands within what gives requests their ids.

        Args:
            paths: of the routes, as they are written in the code: none of ours has a
                place for anything.
            unexpected: logs an error that nobody foresaw, and makes its answer. It ends
                here: a server would log it a second time, without the id. It does so
                with an answer that is broken off half-way, which only it can do.
        """
        self._app = app
        self._requests = requests
        self._paths = paths
        self._unexpected = unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        answered = CLIENT_GONE

        async def send_and_see(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, send_and_see, lambda: answered)
        finally:
            self._note(scope, answered, time.monotonic() - started)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Callable[[Message], Awaitable[None]],
        answered: Callable[[], int],
    ) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            answer = self._unexpected(Request(scope), error)
            if answered() != CLIENT_GONE:
                # Half of an answer is out: all that is left is to break it off.
                raise
            await answer(scope, receive, send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # Also where it was not reached: a kept answer, HEAD, a door that stayed shut.
        # What somebody sent is no label: there would be as many as there are wishes.
        route = scope["path"] if scope["path"] in self._paths else UNKNOWN_ROUTE
        self._requests.count(route, status, seconds)
        LOGGER.info(
            "%s %s %d",
            scope["method"],
            route,
            status,
            extra={
                "request_id": scope.get("state", {}).get("request_id"),
                "method": scope["method"],
                "route": route,
                "status": status,
                "seconds": round(seconds, 4),
            },
        )
