"""API-7, API-10, API-11: what each answer tells a browser and a cache."""

from pathlib import Path

import pytest
from fastapi.responses import PlainTextResponse

from api.caching import CACHEABLE
from api.main import create_app
from api.settings import Settings
from tests.fixtures.local_client import LocalClient


@pytest.fixture
def failing(settings: Settings) -> LocalClient:
    app = create_app(settings)

    def fail() -> None:
        raise RuntimeError("select * from /srv/warehouse.duckdb")

    app.add_api_route("/v1/fail", fail)
    return LocalClient(app, raise_server_exceptions=False)


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/healthz", 200),
        ("/v1/stores", 200),
        ("/docs", 200),
        ("/", 307),
        ("/v1/stores/", 307),
        ("/v1/dashboard?store=nobody", 404),
        ("/v1/dashboard?since=x", 422),
        ("/nothing", 404),
        ("/lineage", 404),
        ("/v1/fail", 500),
        ("/v1/stores?x=pathways_" + "A" * 43, 400),
    ],
)
def test_every_answer_tells_a_browser_to_do_nothing_with_it(
    failing: LocalClient, target: str, status: int
) -> None:
    answer = failing.get(target, follow_redirects=False)

    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Request-ID"]
    kept = "no-store" if status >= 400 else "private, no-cache"
    if target == "/v1/stores":
        kept = CACHEABLE
    assert answer.headers["Cache-Control"] == kept
    assert "Access-Control-Allow-Origin" not in answer.headers
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        for word in ("select", "warehouse", "Traceback", "duckdb"):
            assert word not in answer.text


def test_an_error_is_not_kept_whoever_makes_it(settings: Settings) -> None:
    app = create_app(settings)
    app.add_api_route("/v1/bare", lambda: PlainTextResponse("No.", 404))

    answer = LocalClient(app).get("/v1/bare")

    assert answer.headers["Cache-Control"] == "no-store"


def test_a_part_of_the_lineage_is_answered_whole(
    client: LocalClient, data_dir: Path
) -> None:
    (data_dir / "docs").mkdir()
    (data_dir / "docs" / "static_index.html").write_text("<title>Lineage</title>")

    answers = [
        client.get("/lineage", headers={"Range": part})
        for part in ("bytes=0-1", "bytes=99-", "bytes=x")
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {"<title>Lineage</title>"}


@pytest.mark.usefixtures("acme_only")
def test_what_a_cache_keeps_belongs_to_one_key(client: LocalClient) -> None:
    answer = client.get("/v1/dashboard")

    assert "Authorization" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"].startswith("private")
