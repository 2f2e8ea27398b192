"""HTTP around the sandbox: requests in, whole answers out in one write each.

One write an answer and no delay on the socket, so that a kept connection never waits
for an acknowledgement. Faults may deliver in their own way (see `response`).
"""

import socket
import socketserver
import sys
from collections.abc import Callable
from contextlib import suppress
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ingest.sandbox.params import Request
from ingest.sandbox.response import Outlet, Response

_FORM = "application/x-www-form-urlencoded"

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
            is_form = (self.headers.get("Content-Type") or "").startswith(_FORM)
            request = parsed(
                self.command,
                self.path,
                self.headers.get("Host", ""),
                self.headers.get("Authorization"),
                form=payload.decode("utf-8", "replace") if is_form else "",
            )
            self._send(respond(request, payload))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

        def _send(self, response: Response) -> None:
            outlet = Outlet(self.connection)
            head, body = self._head(response), response.body
            if response.deliver is not None:
                response.deliver(outlet, head, body)
                self.close_connection = self.close_connection or outlet.is_closed
            else:
                outlet.write(head if self.command == "HEAD" else head + body)

        def _head(self, response: Response) -> bytes:
            length = response.length
            if length is None:
                length = len(response.body)
            size = f"Content-Length: {length}"
            if response.is_chunked:
                size = "Transfer-Encoding: chunked"
            date = self.date_time_string()
            if response.date is not None:
                date = format_datetime(response.date, usegmt=True)
            lines = [
                f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
                f"Date: {date}",
                f"Content-Type: {response.content_type}",
                size,
                *(f"{name}: {value}" for name, value in response.headers.items()),
            ]
            return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

        def log_message(self, format: str, *args: Any) -> None:
            """The request log is the only log."""

    return Handler


def parsed(
    method: str, target: str, host: str, authorization: str | None, *, form: str = ""
) -> Request:
    """The request; the token comes from the header, else from the query or the form."""
    parts = urlsplit(target)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    if method == "POST":
        params |= dict(parse_qsl(form, keep_blank_values=True))
    token = params.pop("access_token", None)
    if authorization is not None and authorization.startswith("Bearer "):
        token = authorization.removeprefix("Bearer ")
    return Request(f"http://{host}", method, parts.path, params, token)
