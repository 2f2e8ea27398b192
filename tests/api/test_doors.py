"""API-4, API-7, API-10, API-11: what a request passes, and what each answer says."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from api.caching import CACHEABLE
from api.callers import EVERYONE
from api.errors import Busy
from api.keys import new_key
from api.main import create_app
from api.settings import Settings
from api.snapshots import Snapshots
from tests.api.conftest import NOW
from tests.api.test_keys import bearer, write
from tests.fixtures.local_client import LocalClient

PAGE = "https://app.example.com"


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8000", True),
        ("LocalHost:9", True),
        ("[::1]:8000", True),
        ("127.8.8.8", True),
        ("testserver", False),
        ("attacker.example", False),
        ("127.0.0.1.attacker.example", False),
        ("localhost.attacker.example:8000", False),
        ("attacker.example@127.0.0.1", False),
        ("127.0.0.1/", False),
        ("127.0.0.1:8000:8000", False),
        ("0.0.0.0", False),
        ("[::ffff:10.0.0.1]", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/stores", "/nothing"])
def test_it_answers_for_its_own_names_alone(
    client: LocalClient, path: str, host: str, is_ours: bool
) -> None:
    answer = client.get(path, headers={"Host": host})

    refused = answer.status_code == 400 and answer.json()["code"] == "API-400-HOST"
    assert refused is not is_ours
    if refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "attacker" not in answer.text


def test_a_name_that_was_added_is_answered_for(
    settings: Settings, data_dir: Path
) -> None:
    key, _ = new_key("proxy", ["*"], NOW, None)
    write(data_dir, key)
    app = create_app(replace(settings, hosts=("ads.example.com",)))
    client = LocalClient(app)

    statuses = [
        client.get("/healthz", headers={"Host": host}).status_code
        for host in ("ADS.example.com", "127.0.0.1", "example.com", "x.ads.example.com")
    ]

    assert statuses == [200, 200, 400, 400]


def test_two_hosts_are_none(client: LocalClient) -> None:
    answer = client.get("/healthz", headers=[("Host", "127.0.0.1")] * 2)

    assert answer.json()["code"] == "API-400-HOST"


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


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("origin", [PAGE, "null", "http://127.0.0.1:8000"])
@pytest.mark.parametrize("method", ["get", "options"])
def test_no_page_of_another_origin_reads_anything_by_default(
    client: LocalClient, origin: str, method: str
) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    answer = client.request(method, "/v1/stores", headers=asked)

    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.fixture
def listed(settings: Settings) -> LocalClient:
    """The API that lists one origin."""
    app = create_app(replace(settings, cors_origins=(PAGE,)))
    app.add_api_route("/v1/fail", lambda: 1 / 0)
    return LocalClient(app, raise_server_exceptions=False)


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "origin",
    [
        PAGE,
        "null",
        "https://app.example.com.attacker.example",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://APP.example.com",
    ],
)
def test_only_the_listed_origin_reads_answers_and_never_with_cookies(
    listed: LocalClient, origin: str
) -> None:
    answer = listed.get("/v1/stores", headers={"Origin": origin, "Cookie": "a=b"})

    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed == (PAGE if origin == PAGE else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.usefixtures("acme_only")
def test_a_listed_page_may_send_its_key_and_read_why_it_is_refused(
    listed: LocalClient, data_dir: Path
) -> None:
    write(data_dir, new_key("page", ["acme"], NOW, None)[0])
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }

    before = listed.options("/v1/stores", headers=asked)
    refused = listed.get("/v1/stores", headers={"Origin": PAGE})

    assert before.status_code == 200
    assert before.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


def test_a_listed_page_may_read_of_a_failure_that_nobody_foresaw(
    listed: LocalClient,
) -> None:
    answer = listed.get("/v1/fail", headers={"Origin": PAGE})

    assert (answer.status_code, answer.json()["code"]) == (500, "API-500")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "asked",
    [
        {"Origin": "https://attacker.example", "Access-Control-Request-Method": "GET"},
        {"Origin": PAGE, "Access-Control-Request-Method": "DELETE"},
        {
            "Origin": PAGE,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-anything",
        },
    ],
    ids=["origin", "method", "header"],
)
def test_what_a_page_may_not_send_is_refused_before_it_does(
    listed: LocalClient, asked: dict[str, str]
) -> None:
    answer = listed.options("/v1/stores", headers=asked)

    assert (answer.status_code, answer.json()["code"]) == (403, "API-403-ORIGIN")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_url_is_8192_bytes_long_at_most(client: LocalClient) -> None:
    # "/healthz?" are nine of them.
    longest = client.get("/healthz?" + "x" * 8183)
    longer = client.get("/healthz?" + "x" * 8184)

    assert longest.status_code == 200
    assert (longer.status_code, longer.json()["code"]) == (414, "API-414")


@pytest.fixture
def reading_bodies(settings: Settings) -> LocalClient:
    app = create_app(settings)

    def length(body: dict[str, Any]) -> int:
        return len(body["text"])

    app.add_api_route("/v1/length", length, methods=["POST"])
    return LocalClient(app)


def _chunked(text: bytes) -> Iterator[bytes]:
    yield text[:10]
    yield text[10:]


@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "in chunks"])
def test_a_body_is_65536_bytes_long_at_most(
    reading_bodies: LocalClient, is_announced: bool
) -> None:
    # {"text": ""} are twelve of them.
    bodies = [b'{"text": "' + b"x" * length + b'"}' for length in (65_524, 65_525)]

    longest, longer = (
        reading_bodies.post(
            "/v1/length",
            content=body if is_announced else _chunked(body),
            headers={"Content-Type": "application/json"},
        )
        for body in bodies
    )

    assert (longest.status_code, longest.json()) == (200, 65_524)
    assert (longer.status_code, longer.json()["code"]) == (413, "API-413")


def test_a_body_nobody_reads_is_refused_too(client: LocalClient) -> None:
    answer = client.request("GET", "/healthz", content=b"x" * 65_537)

    assert answer.status_code == 413


@pytest.mark.usefixtures("acme_only")
def test_a_key_that_asks_too_often_waits_and_no_other_does(
    settings: Settings, data_dir: Path
) -> None:
    (one, mine), (other, others) = (
        new_key(name, ["acme"], NOW, None) for name in ("one", "other")
    )
    write(data_dir, one, other)
    # A token in a thousand seconds: none comes back during the test.
    app = create_app(replace(settings, burst=2, requests_per_second=0.001))
    client = LocalClient(app)

    answers = [client.get("/v1/stores", headers=bearer(mine)) for _ in range(3)]
    elsewhere = client.get("/v1/stores", headers=bearer(others))
    without = client.get("/v1/stores")
    alive = client.get("/healthz", headers=bearer(mine))

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=2;w=2000'
    assert answers[0].headers["RateLimit"] == '"key";r=1;t=1000'
    assert answers[1].headers["RateLimit"] == '"key";r=0;t=2000'
    assert answers[2].json()["code"] == "API-429-RATE"
    assert answers[2].headers["Retry-After"] == "1000"
    assert answers[2].headers["RateLimit"] == '"key";r=0;t=1000'
    assert (elsewhere.status_code, without.status_code) == (200, 401)
    assert alive.status_code == 200


class Waiting:
    """A route that answers when it is told to."""

    def __init__(self, app: FastAPI) -> None:
        self.entered = threading.Semaphore(0)
        self.may_end = threading.Event()
        app.add_api_route("/v1/wait", self.wait)

    def wait(self) -> None:
        self.entered.release()
        assert self.may_end.wait(30)


@pytest.mark.usefixtures("acme_only")
def test_on_top_of_so_many_requests_at_once_one_is_told_to_come_again(
    settings: Settings, data_dir: Path
) -> None:
    (one, mine), (other, others) = (
        new_key(name, ["acme"], NOW, None) for name in ("one", "other")
    )
    write(data_dir, one, other)
    app = create_app(replace(settings, requests_at_once=4))
    waiting = Waiting(app)

    def asked(target: str, text: str) -> Any:
        return LocalClient(app).get(target, headers=bearer(text))

    threads = [threading.Thread(target=asked, args=("/v1/wait", mine)) for _ in "12"]
    for thread in threads:
        thread.start()
        assert waiting.entered.acquire(timeout=30)
    # Half of four is all that one key gets; another one gets the rest.
    third, elsewhere = asked("/v1/stores", mine), asked("/v1/stores", others)
    threads += [threading.Thread(target=asked, args=("/v1/wait", others)) for _ in "12"]
    for thread in threads[2:]:
        thread.start()
        assert waiting.entered.acquire(timeout=30)
    alive = LocalClient(app).get("/healthz")
    waiting.may_end.set()
    for thread in threads:
        thread.join()
    afterwards = asked("/v1/stores", mine)

    assert (third.status_code, third.json()["code"]) == (503, "API-503-BUSY")
    assert third.headers["Retry-After"] == "1"
    assert (elsewhere.status_code, alive.status_code) == (200, 200)
    assert afterwards.status_code == 200


def test_so_many_read_a_snapshot_at_once_and_the_next_one_is_told_to_come_again(
    settings: Settings,
    publish: Callable[..., None],
    acme_world: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.snapshots.TURN_SECONDS", 0.01)
    publish(acme_world)
    snapshots = Snapshots(replace(settings, queries_at_once=2))

    one, other = snapshots.reading(EVERYONE), snapshots.reading(EVERYONE)
    with one, other, pytest.raises(Busy), snapshots.reading(EVERYONE):
        pass
    with snapshots.reading(EVERYONE), snapshots.reading(EVERYONE) as reader:
        assert reader.snapshot_id == "s1"
    snapshots.close()
