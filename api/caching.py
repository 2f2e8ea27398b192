"""Answers kept in memory, and HTTP's question whether one still holds.

An answer is kept under all that it depends on: the caller's state (`api.moving`), path,
query, Accept and whether it is packed. Its ETag is that key. It is weak because an
answer that was dropped and made again differs in `generated_at`.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.callers import Caller
from api.errors import ApiError
from api.moving import State, States
from api.packing import takes_gzip
from api.single_flight import SingleFlight

CACHEABLE = "private, max-age=0, must-revalidate"
# On Authorization too, as all answers.
VARY = "Accept, Accept-Encoding"
# Paths whose answers cost most and are kept: of equal ones at once one is made.
SHARED = frozenset({"/v1/budget", "/v1/dashboard", "/v1/objects"})
# Of an entry's key, headers and places in tables, about.
OVERHEAD_BYTES = 1000


async def cacheable(response: Response) -> None:
    """A dependency of routes whose answers depend on nothing but their key."""
    response.headers["Cache-Control"] = CACHEABLE


@dataclass(frozen=True)
class Answered:
    """The headers and body of an answer with status 200."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


class Kept:
    """Answers by ETag; those that were not asked for the longest go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[str, Answered] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, etag: str) -> Answered | None:
        """The answer of an ETag, if it is still kept."""
        with self._lock:
            if etag in self._answers:
                self._answers.move_to_end(etag)
            return self._answers.get(etag)

    def put(self, etag: str, answer: Answered) -> None:
        """Keep an answer, unless it alone would take an eighth of the room."""
        size = len(answer.body) + OVERHEAD_BYTES
        if size > self._most_bytes // 8:
            return
        with self._lock:
            before = self._answers.pop(etag, None)
            if before is not None:
                self._bytes -= len(before.body) + OVERHEAD_BYTES
            self._answers[etag] = answer
            self._bytes += size
            while self._bytes > self._most_bytes:
                _, dropped = self._answers.popitem(last=False)
                self._bytes -= len(dropped.body) + OVERHEAD_BYTES


class Caching:
    """Answers what was asked before from memory, 304 where the caller has it, and HEAD.

    Only what a route marks as `cacheable` is kept, and only where state and snapshot
    were the same before and after it was made.
    """

    def __init__(self, app: ASGIApp, states: States, most_bytes: int) -> None:
        self._app = app
        self._states = states
        self._kept = Kept(most_bytes)
        self._flights = SingleFlight[Answered]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
            send = _without_body(send)
        # Whether the process is alive is told without a look at any snapshot.
        is_data = scope["path"].startswith("/v1/")
        state = await self._state(scope) if is_data else None
        if state is None:
            await self._app(scope, receive, send)
            return
        etag = _etag(state, scope)
        asked = Headers(scope=scope).get("if-none-match", "")
        if _is_among(etag, asked):
            await _unchanged(etag)(scope, receive, send)
            return
        if asked.strip() == "*":
            # Whether there is an answer at all is known once it is made.
            send = _unless_any(scope, receive, send)
        answer = self._kept.get(etag)
        if answer is None and scope["path"] in SHARED:
            answer = await self._flights.made_by_another(etag)
        if answer is None:
            with self._flights.making(etag) as is_made:
                keeping = self._keeping(scope, send, state, etag, is_made)
                await self._app(scope, receive, keeping)
            return
        await send(
            {"type": "http.response.start", "status": 200, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _state(self, scope: Scope) -> State | None:
        caller: Caller = scope["state"]["caller"]
        state = self._states.known(caller)
        if state is not None:
            return state
        try:
            return await run_in_threadpool(self._states.read, caller)
        except ApiError:
            # The route says what is wrong.
            return None

    def _keeping(
        self,
        scope: Scope,
        send: Send,
        state: State,
        etag: str,
        is_made: Callable[[Answered | None], None],
    ) -> Send:
        start: Message | None = None

        async def send_and_keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                # Before it is sent: a client that reads slowly is waited for by nobody.
                is_made(await self._finished(scope, state, etag, start, message))
                await send(start)
                start = None
            await send(message)

        return send_and_keep

    async def _finished(
        self, scope: Scope, state: State, etag: str, start: Message, body: Message
    ) -> Answered | None:
        """What equal requests may have, kept; None where each must make its own."""
        headers = MutableHeaders(scope=start)
        if start["status"] != 200 or headers.get("cache-control") != CACHEABLE:
            return None
        headers["Vary"] = VARY
        if scope["state"].get("snapshot_id") != state.snapshot_id:
            return None
        # Requests side by side may each have read the state: one and the same.
        state_now = await self._state(scope)
        if state_now is None or state_now.digest != state.digest:
            return None
        headers["ETag"] = etag
        if body.get("more_body", False):
            return None
        answer = Answered(list(start["headers"]), body["body"])
        self._kept.put(etag, answer)
        return answer


def _etag(state: State, scope: Scope) -> str:
    accept = Headers(scope=scope).get("accept", "")
    form = (accept, takes_gzip(scope))
    key = (state.digest, scope["path"], scope["query_string"], form)
    digest = hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()
    return f'W/"{digest}"'


def _is_among(etag: str, asked: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
    return etag.removeprefix("W/") in tags


def _unchanged(etag: str) -> Response:
    headers = {"ETag": etag, "Cache-Control": CACHEABLE, "Vary": VARY}
    return Response(status_code=304, headers=headers)


def _unless_any(scope: Scope, receive: Receive, send: Send) -> Send:
    """Sends 304 in place of whatever answer has an ETag."""
    is_sent = False

    async def send_unless_any(message: Message) -> None:
        nonlocal is_sent
        if message["type"] == "http.response.start":
            etag = Headers(raw=message["headers"]).get("etag")
            if etag is not None:
                is_sent = True
                await _unchanged(etag)(scope, receive, send)
        if not is_sent:
            await send(message)

    return send_unless_any


def _without_body(send: Send) -> Send:
    async def send_without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_without_body
