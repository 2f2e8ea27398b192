"""HTTP around the sandbox: requests in, whole answers out in one write each.

One write an answer and no delay on the socket, so that a kept connection never waits
for an acknowledgement.
"""

import socket
import socketserver
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ingest.sandbox.params import Request


@dataclass(frozen=True)
class Response:
    """What goes out. A broken one is cut after half its body, or reset without one."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=UTF-8"
    is_cut: bool = False
    is_reset: bool = False


Respond = Callable[[Request, bytes], Response]


class Server:
    """A running HTTP server on loopback; each connection has its thread."""

    def __init__(self, port: int, respond: Respond) -> None:
        self._http = _Http(("127.0.0.1", port), _handler(respond))
        self._thread = Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Refuses new connections and breaks off those that are open."""
        self._http.shutdown()
        self._http.server_close()
        self._http.break_off()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def server_bind(self) -> None:
        # The parent looks its own name up in the DNS, which can take seconds.
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def break_off(self) -> None:
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that hang up; a fault of ours is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            payload = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            host = self.headers.get("Host", "")
            request = parsed(
                self.command, self.path, host, self.headers.get("Authorization")
            )
            self._send(respond(request, payload))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

        def _send(self, response: Response) -> None:
            if response.is_reset:
                # Lingering for no time makes the system send a reset, not a goodbye.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.connection.close()
                self.close_connection = True
                return
            body = response.body
            if response.is_cut:
                body = body[: len(body) // 2]
            lines = [
                f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
                f"Date: {self.date_time_string()}",
                f"Content-Type: {response.content_type}",
                f"Content-Length: {len(body)}",
                *(f"{name}: {value}" for name, value in response.headers.items()),
            ]
            head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
            self.wfile.write(head if self.command == "HEAD" else head + body)

        def log_message(self, format: str, *args: Any) -> None:
            """The request log is the only log."""

    return Handler


def parsed(method: str, target: str, host: str, authorization: str | None) -> Request:
    """The request; the token comes from the header, else from the query."""
    parts = urlsplit(target)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    token = params.pop("access_token", None)
    if authorization is not None and authorization.startswith("Bearer "):
        token = authorization.removeprefix("Bearer ")
    return Request(f"http://{host}", method, parts.path, params, token)
