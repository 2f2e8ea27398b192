"""What an operator sees of the API: readiness, metrics, one line for each failure."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import StreamingResponse

from api.callers import EVERYONE
from api.main import create_app
from api.settings import Settings
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW

Report = Callable[..., None]


def scraped(client: TestClient) -> dict[tuple[str, ...], float]:
    """Values by name and labels in turn, as Prometheus' own parser reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *dict(sorted(sample.labels.items())).values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def ready(settings: Settings, minutes: int) -> Any:
    """What /readyz says so many minutes after 09:25, when account 111 was read."""
    now = NOW + timedelta(minutes=minutes - 5)
    app = create_app(replace(settings, now=now))
    return LocalClient(app).get("/readyz").json()


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("minutes", "freshness"),
    # A cycle is 15 minutes. The report is a minute younger than the reading.
    [(5, "fresh"), (30, "fresh"), (31, "late"), (60, "late"), (61, "stale")],
)
def test_ready_is_late_after_two_cycles_and_stale_after_four(
    settings: Settings, minutes: int, freshness: str
) -> None:
    told = ready(settings, minutes)

    assert told["freshness"] == freshness
    assert (told["stale"] is not None) == (freshness == "stale")
    assert (told["status"], told["snapshot_id"]) == ("ok", "s1")


@pytest.mark.usefixtures("acme_only")
def test_ready_says_why_it_is_stale(client: TestClient, report: Report) -> None:
    report(stale={"since": "2026-03-10T08:00:00+00:00", "why": "The audit failed."})

    told = client.get("/readyz").json()

    assert told["freshness"] == "stale"
    assert told["stale"]["why"] == "The audit failed."


@pytest.mark.usefixtures("acme_only")
def test_an_account_that_failed_alone_is_as_old_as_its_last_reading(
    client: TestClient, report: Report
) -> None:
    failure = {"code": "META-190", "message": "m", "hint": "h"}
    cycle = {"started_at": "2026-03-10T09:24:00+00:00", "finished_at": None}
    report(
        {"failures": [failure | {"at": "2026-03-10T09:26:00+00:00"}]},
        cycle=cycle | {"outcome": "failed", "exit_code": 1, "steps": []},
    )

    assert client.get("/readyz").json()["freshness"] == "fresh"
    assert scraped(client)["pathways_cycle_succeeded",] == 0
    assert scraped(client)["pathways_account_failures", "111"] == 1


def test_an_older_one_in_the_place_of_a_damaged_one_is_stale_everywhere(
    client: TestClient,
    publish: Callable[..., None],
    acme_world: Any,
    report: Report,
    data_dir: Path,
) -> None:
    publish(acme_world, "s1", "2026-03-10T09:00:00+00:00")
    publish(acme_world, "s2")
    report()
    file = data_dir / "snapshots" / "s2.duckdb"
    file.write_bytes(file.read_bytes()[:-4096])

    told = client.get("/readyz").json()
    meta = client.get("/v1/dashboard").json()["meta"]
    status = client.get("/v1/status").json()["data"]

    assert (told["snapshot_id"], told["freshness"]) == ("s1", "stale")
    assert told["stale"] == meta["stale"] == status["stale"]
    assert told["stale"]["since"] == "2026-03-10T09:00:00Z"
    assert "cannot be used" in told["stale"]["why"]
    assert scraped(client)["pathways_data_stale",] == 1


@pytest.mark.usefixtures("acme_only")
def test_watching_waits_for_no_turn(settings: Settings) -> None:
    """Every turn is taken by answers that take long."""
    app = create_app(replace(settings, queries_at_once=1))
    client = LocalClient(app)

    with app.state.snapshots.reading(EVERYONE):
        statuses = [client.get(path).status_code for path in ("/readyz", "/metrics")]
        found = scraped(client)

    assert statuses == [200, 200]
    assert found["pathways_snapshot_age_seconds",] == 300


def test_without_a_snapshot_it_is_alive_but_not_ready(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


@pytest.mark.usefixtures("acme_only")
def test_ages_are_by_the_clock_and_by_account(client: TestClient) -> None:
    found = scraped(client)

    # Read and published at 09:25, reported at 09:26; it is 09:30.
    assert found["pathways_data_age_seconds", "111"] == 300
    assert found["pathways_snapshot_age_seconds",] == 300
    assert found["pathways_cycle_age_seconds",] == 240
    assert found["pathways_cycle_succeeded",] == 1
    assert found["pathways_data_stale",] == 0
    assert found["pathways_snapshot_pinned",] == 0
    assert found["pathways_account_failures", "111"] == 0


def test_what_is_not_known_has_no_value(client: TestClient) -> None:
    names = {name for name, *_ in scraped(client)}

    assert "pathways_snapshot_age_seconds" not in names
    assert "pathways_cycle_succeeded" not in names
    assert "pathways_data_age_seconds" not in names


@pytest.mark.usefixtures("acme_only")
def test_an_account_that_was_never_read_has_no_age(
    client: TestClient, report: Report
) -> None:
    report({"last_read_at": None})

    assert ("pathways_data_age_seconds", "111") not in scraped(client)
    assert scraped(client)["pathways_data_stale",] == 1


@pytest.mark.usefixtures("acme_only")
def test_requests_are_counted_by_route_and_status_alone(client: TestClient) -> None:
    client.get("/v1/stores")
    client.get("/v1/stores")
    client.get("/v1/stores?store=none")
    client.head("/v1/objects")
    client.get("/acme/secret-path?token=EAAsecret")

    found = scraped(client)

    requests = "pathways_http_requests_total"
    assert found[requests, "/v1/stores", "200"] == 2
    assert found[requests, "/v1/stores", "404"] == 1
    assert found[requests, "/v1/objects", "200"] == 1
    assert found[requests, "unknown", "404"] == 1
    assert found["pathways_http_request_seconds_count", "/v1/stores"] == 3
    assert found["pathways_http_request_seconds_bucket", "10.0", "/v1/stores"] == 3


@pytest.mark.usefixtures("two_stores")
def test_a_scrape_names_no_store_and_no_campaign(client: TestClient) -> None:
    client.get("/v1/dashboard?store=acme")

    text = client.get("/metrics").text

    assert not [name for name in ("acme", "bolt", "campaign 1") if name in text]


@pytest.mark.usefixtures("acme_only")
def test_a_failure_nobody_foresaw_is_logged_once_with_its_id(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("api.routes.stores.meta", lambda *_, **__: 1 / 0, raising=True)
    # No exception reaches the server, which would log it once more.
    client = LocalClient(create_app(settings))

    answer = client.get("/v1/stores", headers={"X-Request-ID": "r-500"})

    assert (answer.status_code, answer.json()["request_id"]) == (500, "r-500")
    assert answer.headers["X-Request-ID"] == "r-500"
    failed = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.request_id for record in failed] == ["r-500"]  # type: ignore[attr-defined]
    # A redaction that an earlier test set up turns the one into the other.
    assert failed[0].exc_info or failed[0].exc_text
    assert "division" not in answer.text
    count = scraped(client)["pathways_http_requests_total", "/v1/stores", "500"]
    assert count == 1


def test_an_answer_that_fails_half_way_is_logged_once_and_broken_off(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def half() -> Iterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    app = create_app(settings)
    app.add_api_route("/half", lambda: StreamingResponse(half()))

    with pytest.raises(ZeroDivisionError):
        LocalClient(app).get("/half", headers={"X-Request-ID": "r-half"})

    failed = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.request_id for record in failed] == ["r-half"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("acme_only")
def test_each_request_may_have_a_line_without_what_was_sent(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "api.requests")

    client.get("/v1/stores?store=acme", headers={"X-Request-ID": "r-1"})

    (line,) = [one for one in caplog.records if one.name == "api.requests"]
    assert line.getMessage() == "GET /v1/stores 200"
    assert line.request_id == "r-1"  # type: ignore[attr-defined]
    assert line.status == 200  # type: ignore[attr-defined]


def test_a_rollback_shows_in_ready_and_metrics(
    client: TestClient,
    publish: Callable[..., None],
    acme_world: Any,
    report: Report,
    data_dir: Path,
) -> None:
    import json

    publish(acme_world)
    report()
    # Kept from before it, of the same snapshot.
    assert client.get("/v1/dashboard").json()["meta"]["pinned"] is None
    pointer = json.loads((data_dir / "current.json").read_text())
    by_hand = {
        "verb": "rollback",
        "snapshot_id": "s1",
        "instead_of": None,
        "at": "2026-03-10T09:00:00+00:00",
        "by": "ana",
        "why": "wrong rates",
    }
    (data_dir / "current.json").write_text(json.dumps(pointer | {"by_hand": by_hand}))

    assert scraped(client)["pathways_snapshot_pinned",] == 1
    told = client.get("/readyz").json()
    assert told["stale"]["since"] == "2026-03-10T09:00:00Z"
    assert "wrong rates" in told["stale"]["why"]
    meta = client.get("/v1/dashboard").json()["meta"]
    assert meta["pinned"] == {"since": "2026-03-10T09:00:00Z", "why": "wrong rates"}
