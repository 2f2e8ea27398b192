"""Scripted failures: the next requests that match are answered wrongly on purpose."""

import json
import re
from dataclasses import dataclass
from threading import Lock

_HTML = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry</body></html>"
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer.

    With a `status`, the answer is that status and `body`. Otherwise the true answer is
    worked out, and cut after half its body (`is_cut`) or never sent (`is_reset`).
    """

    status: int | None = None
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    is_cut: bool = False
    is_reset: bool = False


@dataclass
class _Order:
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
        self, *, match: str, fault: Fault, times: int | None = 1, after: int = 0
    ) -> None:
        """Lets the fault happen to requests whose line matches the pattern.

        The line is the method, a space, path and decoded query without the token, such
        as `GET /v25.0/act_1/insights?level=ad&limit=500`. The first `after` matching
        requests are spared; `times` None means for ever.
        """
        with self._lock:
            self._orders.append(_Order(re.compile(match), fault, times, after))

    def clear(self) -> None:
        """Forgets all faults that have not happened."""
        with self._lock:
            self._orders.clear()

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
    return Fault(status=500, body=_HTML, content_type="text/html; charset=utf-8")


def truncated() -> Fault:
    """HTTP 200 whose JSON ends in the middle."""
    return Fault(is_cut=True)


def connection_reset() -> Fault:
    """The connection breaks off without an answer."""
    return Fault(is_reset=True)
