"""HEAD, and parts that are asked for: what is sent is the head of GET, or all of it."""

import asyncio

import pytest
from starlette.types import ASGIApp, Message

from tests.api.test_caching import DASHBOARD, KEPT
from tests.fixtures.local_client import LocalClient


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("is_kept", [False, True], ids=["made", "kept"])
def test_head_is_get_without_its_body(client: LocalClient, is_kept: bool) -> None:
    for path in (*KEPT, "/v1/status", "/healthz"):
        if is_kept:
            client.get(path)
        head = client.head(path)
        whole = client.get(path)

        assert (head.status_code, head.content) == (200, b"")
        for name in ("Content-Length", "Content-Type", "ETag"):
            assert head.headers.get(name) == whole.headers.get(name)
        assert sent(client.app, "HEAD", path) == b""
        assert sent(client.app, "GET", path) != b""


def sent(app: ASGIApp, method: str, path: str) -> bytes:
    """The body as the application sends it: clients and servers drop that of HEAD."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000")],
        "state": {},
    }
    pieces = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pieces.append(message.get("body", b""))

    async def ask() -> None:
        await app(scope, receive, send)

    asyncio.run(ask())
    return b"".join(pieces)


@pytest.mark.usefixtures("acme_only")
def test_a_part_that_is_asked_for_is_answered_whole(client: LocalClient) -> None:
    whole = client.get(DASHBOARD)
    part = client.get(DASHBOARD, headers={"Range": "bytes=0-9"})

    assert (part.status_code, part.content) == (200, whole.content)
