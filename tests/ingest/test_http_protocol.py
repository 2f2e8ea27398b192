"""API-4: requests that do not end, or not soon, over real sockets."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fastapi import FastAPI, Request

from ingest import http_protocol
from ingest.http_protocol import BoundedProtocol
from tests.fixtures.listening import listening

HEAD = b"GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\n"


async def read(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server that waits half a second for a request."""
    monkeypatch.setattr(http_protocol, "REQUEST_SECONDS", 0.5)
    app = FastAPI()
    app.add_api_route("/alive", lambda: "yes", methods=["GET", "POST"])
    app.add_api_route("/read", read, methods=["POST"])
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
