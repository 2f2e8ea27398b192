"""Connections and bodies that misbehave."""

import gzip
import json
import socket
import time
from typing import Any

import pytest
import requests

from ingest.sandbox.faults import HTML, Fault, http_error
from ingest.sandbox.server import Sandbox
from ingest.sandbox.wire_faults import (
    closed_mid_body,
    gzip_bomb,
    hanging,
    huge,
    redirected,
    reset_mid_body,
    slow,
)
from ingest.sandbox.world import default_world

CAMPAIGNS = "act_100000000000001/campaigns"


def opened(sandbox: Sandbox, fault: Fault) -> socket.socket:
    """A connection that has asked for campaigns under the fault."""
    sandbox.faults.add(match="/campaigns", fault=fault)
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    path = f"/v25.0/{CAMPAIGNS}?access_token={sandbox.token}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (500, b"", HTML),
        (502, b"<html>Bad Gateway</html>", HTML),
        (503, b'{"error":{"code":2,"message":"x"}}', "application/json"),
        (504, b"", HTML),
        (429, b"", HTML),
    ],
)
def test_an_http_error_has_its_body_and_headers(
    sandbox: Sandbox, ask: Any, status: int, body: bytes, content_type: str
) -> None:
    fault = http_error(status, body, content_type, {"Retry-After": "7"})
    sandbox.faults.add(match="/campaigns", fault=fault)

    answer = ask(sandbox, CAMPAIGNS)

    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers["content-type"] == content_type
    assert answer.headers["retry-after"] == "7"


def test_a_redirect_leads_elsewhere(sandbox: Sandbox) -> None:
    sandbox.faults.add(match="/campaigns", fault=redirected("http://192.0.2.1/x"))

    answer = requests.get(
        f"{sandbox.url}/v25.0/{CAMPAIGNS}",
        params={"access_token": sandbox.token},
        allow_redirects=False,
        timeout=10,
    )

    assert answer.status_code == 302
    assert answer.headers["location"] == "http://192.0.2.1/x"


def test_a_hanging_server_says_nothing_and_then_goodbye(sandbox: Sandbox) -> None:
    with opened(sandbox, hanging(0.05)) as connection:
        assert connection.recv(1) == b""

    assert sandbox.requests[0].status == 0


def test_a_hanging_server_does_not_outlive_the_sandbox() -> None:
    begin = time.monotonic()

    with Sandbox(default_world()) as sandbox:
        connection = opened(sandbox, hanging(60))
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    answer = connection.recv(1)
    connection.close()

    assert answer == b""
    assert time.monotonic() - begin < 5


def test_a_slow_body_comes_at_its_speed(sandbox: Sandbox) -> None:
    with opened(sandbox, slow(1_000)) as connection:
        begin = time.monotonic()
        received = b""
        while b"]" not in received.partition(b"\r\n\r\n")[2]:
            received += connection.recv(10_000)

    # Five ids are over 100 bytes: two steps of a tenth of a second.
    assert time.monotonic() - begin >= 0.2


@pytest.mark.parametrize("fault", [reset_mid_body(), closed_mid_body()])
def test_a_body_breaks_off_in_its_middle(
    sandbox: Sandbox, ask: Any, fault: Fault
) -> None:
    sandbox.faults.add(match="/campaigns", fault=fault)

    with pytest.raises(
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    ):
        ask(sandbox, CAMPAIGNS)

    assert ask(sandbox, CAMPAIGNS).status_code == 200


def test_a_huge_page_is_valid_and_as_long_as_it_says(
    sandbox: Sandbox, ask: Any
) -> None:
    sandbox.faults.add(match="/campaigns", fault=huge(3_000_000))

    body = ask(sandbox, CAMPAIGNS).content

    assert 3_000_000 <= len(body) < 4_100_000
    page = json.loads(body)
    assert {row["id"] for row in page["data"]} == {"601000000000000"}
    assert "next" not in page["paging"]


def test_a_gzip_bomb_is_small_on_the_wire_and_whole(sandbox: Sandbox) -> None:
    sandbox.faults.add(match="/campaigns", fault=gzip_bomb(20_000_000))

    answer = requests.get(
        f"{sandbox.url}/v25.0/{CAMPAIGNS}",
        params={"access_token": sandbox.token},
        stream=True,
        timeout=10,
    )
    packed = answer.raw.read(decode_content=False)

    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 200_000
    unpacked = gzip.decompress(packed)
    assert len(unpacked) >= 20_000_000
    assert unpacked.endswith(b"}")
