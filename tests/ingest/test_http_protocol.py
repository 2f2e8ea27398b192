"""API-4: requests that do not end, or not soon, and answers that nobody reads, over
real sockets."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest import http_protocol
from ingest.http_protocol import BoundedProtocol
from tests.fixtures.listening import listening

HEAD = b"GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LARGE = 8_000_000
TOO_LARGE = b"431 Request Header Fields Too Large"


async def read(request: Request) -> int:
    return len(await request.body())


def wait() -> str:
    time.sleep(1.2)
    return "yes"


class UnderWay:
    """How many requests are under way, and how many failed."""

    count = 0
    failed = 0

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_request = scope["type"] == "http"
        UnderWay.count += is_request
        try:
            await self._app(scope, receive, send)
        except Exception:  # counted, whatever it is, and raised on
            UnderWay.failed += 1
            raise
        finally:
            UnderWay.count -= is_request


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server that waits half a second for a request, and for a reader."""
    monkeypatch.setattr(http_protocol, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(http_protocol, "UNREAD_SECONDS", 0.5)
    app = FastAPI()
    app.add_middleware(UnderWay)
    app.add_api_route("/alive", lambda: "yes", methods=["GET", "POST"])
    app.add_api_route("/read", read, methods=["POST"])
    app.add_api_route("/wait", wait)
    app.add_api_route("/large", lambda: Response(b"x" * LARGE))
    with listening(app, http=BoundedProtocol) as url:
        host, port = url.removeprefix("http://").split(":")
        yield host, int(port)


def answered(connection: socket.socket) -> bytes:
    """All that comes until the server closes.

    Raises:
        TimeoutError: it does not close.
    """
    connection.settimeout(3)
    found = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            found += part
    return found


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
def test_a_request_that_does_not_come_is_not_waited_for(
    address: tuple[str, int], sent: bytes
) -> None:
    started = time.monotonic()
    with socket.create_connection(address) as connection:
        connection.sendall(sent)
        answer = answered(connection)

    assert time.monotonic() - started < 2.5
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize("path", [b"/alive", b"/read"])
def test_a_body_that_does_not_come_is_not_waited_for(
    address: tuple[str, int], path: bytes
) -> None:
    head = HEAD.replace(b"GET /alive", b"POST " + path)
    started = time.monotonic()
    with socket.create_connection(address) as connection:
        connection.sendall(head + b"Content-Length: 9\r\n\r\n{")
        answer = answered(connection)

    assert time.monotonic() - started < 2.5
    # What is answered without the body is answered, and nothing is written behind it.
    assert (b"HTTP/1.1 200 " in answer) is (path == b"/alive")
    assert b"408" not in answer


@pytest.mark.parametrize(
    ("first", "later"),
    [
        pytest.param(HEAD, b"X-Slow: 1\r\n", id="headers"),
        pytest.param(HEAD + b"\r\n", b"\r\n", id="blank lines after a request"),
    ],
)
def test_bytes_that_trickle_in_do_not_keep_a_connection(
    address: tuple[str, int], first: bytes, later: bytes
) -> None:
    started = time.monotonic()
    with socket.create_connection(address) as connection:
        connection.sendall(first)
        with suppress(OSError):
            while time.monotonic() - started < 5:
                connection.sendall(later)
                time.sleep(0.05)

    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"X-Long: " + b"x" * 400_000, id="one header without an end"),
        pytest.param(b"X-Many: 1\r\n" * 40_000, id="headers without an end"),
    ],
)
def test_a_head_without_an_end_is_refused(
    address: tuple[str, int], rest: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For its size, however busy the machine is.
    monkeypatch.setattr(http_protocol, "REQUEST_SECONDS", 60.0)
    with socket.create_connection(address) as connection:
        with suppress(OSError):
            connection.sendall(HEAD + rest)
        answer = answered(connection)

    # A connection that is reset may lose what was said last.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(b"X-A: " + b"a" * 30_000 + b"\r\n", b"200 OK", id="within"),
        pytest.param(b"X-A: " + b"a" * 60_000 + b"\r\n", TOO_LARGE, id="one"),
        pytest.param(b"a:\r\n" * 15_000, TOO_LARGE, id="many"),
    ],
)
def test_a_head_that_comes_whole_has_the_same_bound(
    address: tuple[str, int], headers: bytes, status: bytes
) -> None:
    """32,768 bytes, with what stands between names and values."""
    with socket.create_connection(address) as connection:
        with suppress(OSError):
            connection.sendall(HEAD + headers + b"Connection: close\r\n\r\n")
        answer = answered(connection)

    # A connection that is reset may lose what was said last.
    is_lost = answer == b"" and status == TOO_LARGE
    assert is_lost or answer.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert answer.count(b"HTTP/1.1 ") <= 1


def test_a_connection_goes_on_from_request_to_request(
    address: tuple[str, int],
) -> None:
    with socket.create_connection(address) as connection:
        for _ in range(4):
            connection.sendall(HEAD + b"\r\n")
            answer = b""
            while not answer.endswith(b'"yes"'):
                part = connection.recv(65_536)
                assert part, "the server closed the connection"
                answer += part
            assert answer.startswith(b"HTTP/1.1 200 ")
            # Longer, all in all, than one request may take.
            time.sleep(0.2)


def test_a_request_is_answered_however_slowly_with_blank_lines_behind_it(
    address: tuple[str, int],
) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(HEAD.replace(b"/alive", b"/wait") + b"\r\n")
        # Of its own, so that it comes behind the request.
        time.sleep(0.2)
        connection.sendall(b"\r\n")
        answer = answered(connection)

    assert b'"yes"' in answer


def narrow(address: tuple[str, int], buffer_bytes: int = 4096) -> socket.socket:
    """A connection whose client buffers little."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    connection.connect(address)
    return connection


def becomes(count: int) -> bool:
    """Whether so many requests are under way before five seconds are over."""
    deadline = time.monotonic() + 5
    while UnderWay.count != count and time.monotonic() < deadline:
        time.sleep(0.02)
    return UnderWay.count == count


@pytest.mark.parametrize("requests", [1, 3], ids=["one", "one behind the other"])
def test_who_reads_nothing_is_not_waited_for(
    address: tuple[str, int], requests: int
) -> None:
    with narrow(address) as connection:
        connection.sendall((HEAD.replace(b"/alive", b"/large") + b"\r\n") * requests)
        if requests > 1:
            assert becomes(1)
        # A request that waits for the one before to be read ends with it.
        assert becomes(0)
        time.sleep(1.2)
        with suppress(ConnectionResetError):
            assert len(answered(connection)) < LARGE


def test_who_reads_slowly_gets_all_of_an_answer(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "UNREAD_SECONDS", 1)
    found = 0
    started = time.monotonic()
    with narrow(address, 65_536) as connection:
        connection.sendall(
            HEAD.replace(b"/alive", b"/large") + b"Connection: close\r\n\r\n"
        )
        while part := connection.recv(65_536):
            found += len(part)
            time.sleep(0.01)

    assert found > LARGE
    # Longer than a client may read nothing.
    assert time.monotonic() - started > 1.5


def test_clients_that_go_away_are_no_failures(address: tuple[str, int]) -> None:
    failed_before = UnderWay.failed
    reset = (1).to_bytes(4, "little") + bytes(4)
    connection = narrow(address)
    connection.sendall((HEAD.replace(b"/alive", b"/large") + b"\r\n") * 9)
    assert becomes(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    connection.close()

    assert becomes(0)
    assert UnderWay.failed == failed_before


def test_on_top_of_so_many_connections_none_is_taken(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 2)

    def asked(connection: socket.socket) -> bytes:
        with suppress(OSError):
            connection.sendall(HEAD + b"Connection: close\r\n\r\n")
            return answered(connection)
        return b""

    connections = [socket.create_connection(address) for _ in range(2)]
    with socket.create_connection(address) as third:
        refused = asked(third)
    answers = [asked(connection) for connection in connections]
    for connection in connections:
        connection.close()
    with socket.create_connection(address) as later:
        answers.append(asked(later))

    assert refused == b""
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
