"""HTTP whose answers come in time: a read time-out is of each byte, not of all of them.

A server that sends its headers a byte a minute, or the sizes of its chunks, would
otherwise never time out.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

_LOOKS_EVERY_SECONDS = 0.2


class BoundedAdapter(HTTPAdapter):
    """Ends a connection whose status line and headers take longer than so many seconds.

    The request then fails as one whose read timed out.
    """

    def __init__(self, seconds: float, connections: int) -> None:
        """Args: connections: so many are kept open, for as many threads."""
        self._seconds = seconds
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return self._bound(super().proxy_manager_for(proxy, **kwargs))

    def _bound(self, manager: PoolManager) -> PoolManager:
        limit = {"head_seconds": self._seconds}
        plain = type("_Plain", (_Bounded, HTTPConnection), limit)
        secure = type("_Secure", (_Bounded, HTTPSConnection), limit)
        manager.pool_classes_by_scheme = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type(
                "_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}
            ),
        }
        return manager


@contextmanager
def body_in_time(raw: HTTPResponse, seconds: float) -> Iterator[None]:
    """Hang up on an answer of this adapter whose body takes longer than that.

    Raises:
        TimeoutError: it did.
    """
    connection: socket.socket = raw._pathways_socket  # type: ignore[attr-defined]
    with _in_time(connection, seconds):
        yield


class _Bounded(HTTPConnection):
    head_seconds: float

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        # A connection that is not kept forgets its socket with the head.
        connection = self.sock
        with _in_time(connection, self.head_seconds):
            response = super().getresponse()
        response._pathways_socket = connection  # type: ignore[attr-defined]
        return response


@contextmanager
def _in_time(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Hang up when the time is up, and say so whatever the reader made of it."""
    call = _Call(connection, time.monotonic() + seconds)
    _WATCH.add(call)
    try:
        yield
    except Exception:
        if not call.is_over:
            raise
    finally:
        _WATCH.calls.pop(id(call), None)
    if call.is_over:
        raise TimeoutError(f"no answer in {seconds:.0f} s: timed out")


@dataclass
class _Call:
    """What is waited for on a connection."""

    connection: socket.socket
    ends_at: float
    is_over: bool = False

    def hang_up(self) -> None:
        self.is_over = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except Exception:  # a socket within a proxy's has no `shutdown`
            with suppress(Exception):
                self.connection.close()


class _Watch:
    """One thread that looks now and then and hangs up on calls whose time is up.

    A timer each would be a thread for each page, and a lock a queue of all of them.
    """

    def __init__(self) -> None:
        self.calls: dict[int, _Call] = {}
        self._starts = Lock()
        self._thread: Thread | None = None

    def add(self, call: _Call) -> None:
        self.calls[id(call)] = call
        if self._thread is None:
            with self._starts:
                if self._thread is None:
                    self._thread = Thread(target=self._run, daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_LOOKS_EVERY_SECONDS)
            for key, call in [*self.calls.items()]:
                if time.monotonic() > call.ends_at and key in self.calls:
                    call.hang_up()


_WATCH = _Watch()
