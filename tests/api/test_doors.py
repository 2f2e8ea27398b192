"""API-4: how large a request may be, how often one may come and how many at once."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.callers import EVERYONE
from api.errors import Busy
from api.keys import new_key
from api.main import create_app
from api.settings import Settings
from api.snapshots import Snapshots
from tests.fixtures.keys_file import bearer, write
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW


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
