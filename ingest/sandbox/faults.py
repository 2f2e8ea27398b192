"""Scripted failures: the next requests that match are answered wrongly on purpose.

Here: what a fault is, the plan of them, and whole answers put in place of the true one.
Changed pages are in `page_faults`, changed fields in `field_faults`, bad connections
and bodies in `wire_faults`; `named_faults` lists all of them by name.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from ingest.sandbox.params import Request
from ingest.sandbox.response import JSON, Outlet, Response

HTML = "text/html; charset=utf-8"
_HTML = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry</body></html>"
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer.

    With a `status`, the answer is that status, `body` and `headers` beside the true
    ones. Otherwise the true answer is worked out, of the request as `rewrite` makes it,
    and sent as `change` makes it of the original request and that answer.
    """

    status: int | None = None
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    rewrite: Callable[[Request], Request] | None = None
    change: Callable[[Request, Response], Response] | None = None

    def asked(self, request: Request) -> Request:
        """The request to be answered in place of this one."""
        return self.rewrite(request) if self.rewrite else request

    def spoiled(self, request: Request, true: Response) -> Response:
        """What goes out in place of the true answer."""
        if self.status is not None:
            return replace(
                true,
                status=self.status,
                body=self.body,
                headers={**true.headers, **self.headers},
                content_type=self.content_type,
            )
        return self.change(request, true) if self.change else true


@dataclass
class _Order:
    name: str
    match: re.Pattern[str]
    fault: Fault
    left: int | None
    skipped: int


class FaultPlan:
    """Faults waiting for their requests; the first that matches is used up first."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []
        self._lock = Lock()

    def add(
        self,
        *,
        match: str,
        fault: Fault,
        times: int | None = 1,
        after: int = 0,
        name: str = "fault",
    ) -> None:
        """Lets the fault happen to requests whose line matches the pattern.

        The line is the method, a space, path and decoded query without the token, such
        as `GET /v25.0/act_1/insights?level=ad&limit=500`. The first `after` matching
        requests are spared; `times` None means for ever. `name` is for `waiting`.
        """
        order = _Order(name, re.compile(match), fault, times, after)
        with self._lock:
            self._orders.append(order)

    def clear(self) -> None:
        """Forgets all faults that have not happened."""
        with self._lock:
            self._orders.clear()

    def waiting(self) -> list[dict[str, object]]:
        """The orders with their name, pattern and how often they are yet to happen."""
        with self._lock:
            return [
                {
                    "name": order.name,
                    "match": order.match.pattern,
                    "times": order.left,
                    "after": order.skipped,
                }
                for order in self._orders
                if order.left != 0
            ]

    def due(self, line: str) -> Fault | None:
        """The fault that this request meets; it is used up by the asking."""
        with self._lock:
            for order in self._orders:
                if order.left == 0 or not order.match.search(line):
                    continue
                if order.skipped > 0:
                    order.skipped -= 1
                    continue
                if order.left is not None:
                    order.left -= 1
                return order.fault
        return None


def graph_error(
    code: int,
    *,
    status: int,
    message: str,
    subcode: int | None = None,
    is_transient: bool = False,
) -> Fault:
    """An error body of the Graph API."""
    error: dict[str, object] = {
        "message": message,
        "type": "OAuthException",
        "code": code,
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    error |= {"is_transient": is_transient, "fbtrace_id": "AFault0000000000000000"}
    return Fault(status=status, body=json.dumps({"error": error}).encode())


def server_error() -> Fault:
    """A plain HTTP 500 with a page for people."""
    return Fault(status=500, body=_HTML, content_type=HTML)


def http_error(
    status: int,
    body: bytes = b"",
    content_type: str = HTML,
    headers: Mapping[str, str] | None = None,
) -> Fault:
    """This status with this body, which may be none, and headers like Retry-After."""
    return Fault(
        status=status, body=body, content_type=content_type, headers=headers or {}
    )


def truncated() -> Fault:
    """HTTP 200 whose JSON ends in the middle."""
    return Fault(
        change=lambda _, true: replace(true, body=true.body[: len(true.body) // 2])
    )


def connection_reset() -> Fault:
    """The connection breaks off without an answer."""

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        outlet.reset()

    return Fault(
        change=lambda _, true: replace(true, deliver=deliver, has_answer=False)
    )
