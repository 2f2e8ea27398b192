"""API-11: answers packed with gzip are the same answers, for who takes them alone."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from api.packing import LEAST_BYTES, takes_gzip
from tests.fixtures.local_client import LocalClient

DASHBOARD = "/v1/dashboard?period=last_7d"


def asked(client: LocalClient, target: str, encoding: str, **more: str) -> Any:
    """Status, headers and body as it came; `encoding` is what the client takes."""
    headers = {"Accept-Encoding": encoding, **more}
    with client.stream("GET", target, headers=headers) as answer:
        return answer.status_code, answer.headers, b"".join(answer.iter_raw())


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "target", [DASHBOARD, "/v1/explain?metric=spend&a=dashboard&b=ai_budget", "/docs"]
)
def test_who_takes_gzip_gets_the_same_answer_in_fewer_bytes(
    client: LocalClient, target: str
) -> None:
    _, plain_headers, plain = asked(client, target, "identity")
    for _ in ("made", "kept"):
        _, headers, packed = asked(client, target, "gzip, deflate, br")

        assert headers["Content-Encoding"] == "gzip"
        assert headers["Content-Length"] == str(len(packed))
        assert 3 * len(packed) < len(plain)
        # Of one `generated_at`, since the clock stands still.
        assert gzip.decompress(packed) == plain
        assert "Accept-Encoding" in headers["Vary"]
    assert "Content-Encoding" not in plain_headers
    assert plain_headers["Content-Length"] == str(len(plain))


@pytest.mark.usefixtures("acme_only")
def test_each_form_has_an_etag_of_its_own_and_304_is_for_that_form(
    client: LocalClient,
) -> None:
    tags = {
        encoding: asked(client, DASHBOARD, encoding)[1]["ETag"]
        for encoding in ("identity", "gzip")
    }

    statuses = {
        (encoding, having): asked(
            client, DASHBOARD, encoding, **{"If-None-Match": tags[having]}
        )[0]
        for encoding in tags
        for having in tags
    }

    assert statuses == {
        ("identity", "identity"): 304,
        ("identity", "gzip"): 200,
        ("gzip", "identity"): 200,
        ("gzip", "gzip"): 304,
    }
    told = asked(client, DASHBOARD, "gzip", **{"If-None-Match": tags["gzip"]})[1]
    assert "Accept-Encoding" in told["Vary"]
    assert "Content-Encoding" not in told


@pytest.mark.usefixtures("acme_only")
def test_head_tells_of_the_packed_answer(client: LocalClient) -> None:
    _, headers, packed = asked(client, DASHBOARD, "gzip")

    answer = client.head(DASHBOARD, headers={"Accept-Encoding": "gzip"})

    assert answer.content == b""
    assert answer.headers["Content-Length"] == str(len(packed))
    for name in ("Content-Encoding", "ETag", "Vary"):
        assert answer.headers[name] == headers[name]


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_exports_go_as_they_are_with_their_length(
    client: LocalClient, form: str
) -> None:
    _, headers, body = asked(
        client, f"/v1/rows/campaign?since=2026-03-01&format={form}", "gzip"
    )

    assert "Content-Encoding" not in headers
    assert headers["Content-Length"] == str(len(body))


def test_what_fits_in_a_packet_goes_as_it_is(
    client: LocalClient, publish: Callable[..., None], acme_world: Any
) -> None:
    publish(acme_world)

    _, headers, body = asked(client, "/v1/stores", "gzip")

    assert len(body) < LEAST_BYTES
    assert "Content-Encoding" not in headers
    # It may be larger one day.
    assert "Accept-Encoding" in headers["Vary"]


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("br, gzip; q=0.000", False),
        ("gzip;q=0, br", False),
        ("gzipped", False),
        ("*", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_for_who_asks_for_it_alone(accepted: str, takes: bool) -> None:
    scope = {"type": "http", "headers": [(b"accept-encoding", accepted.encode())]}

    assert takes_gzip(scope) is takes


@pytest.mark.usefixtures("acme_only")
def test_who_refuses_gzip_is_not_sent_it(client: LocalClient) -> None:
    _, headers, body = asked(client, DASHBOARD, "gzip;q=0, identity")

    assert "Content-Encoding" not in headers
    assert body.startswith(b"{")
