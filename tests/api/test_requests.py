"""Stores, refusals, failures and the shape of problems."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.errors import ConfigurationError
from api.main import create_app
from api.settings import Settings
from tests.fixtures.local_client import LocalClient

V1 = [
    "/v1/stores",
    "/v1/accounts",
    "/v1/status",
    "/v1/dashboard",
    "/v1/objects",
    "/v1/rows/campaign",
    "/v1/rows/adset",
    "/v1/rows/ad",
    "/v1/rows/account",
    "/v1/budget",
]
META = {
    "snapshot_id",
    "data_through",
    "generated_at",
    "currency",
    "timezone",
    "status_filter",
    "coverage",
    "partial_days",
    "stale",
    "as_of",
    "pinned",
    "warnings",
    "next_cursor",
    "window",
}


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("path", V1)
def test_every_answer_says_what_it_is_made_of(client: TestClient, path: str) -> None:
    document = client.get(path).json()

    assert set(document) == {"data", "meta"}
    assert set(document["meta"]) == META
    assert document["meta"]["snapshot_id"] == "s1"
    assert document["meta"]["data_through"] == "2026-03-10"
    assert document["meta"]["generated_at"] == "2026-03-10T09:30:00Z"
    assert document["meta"]["currency"] == "EUR"
    assert document["meta"]["timezone"] == ["America/New_York"]
    assert document["meta"]["stale"] is None
    assert document["meta"]["warnings"] == []


@pytest.mark.usefixtures("two_stores")
def test_stores_tell_their_currency_zones_and_accounts(client: TestClient) -> None:
    document = client.get("/v1/stores").json()

    acme, bolt = document["data"]
    assert (acme["store"], acme["reporting_currency"]) == ("acme", "EUR")
    assert acme["target_roas"] == "2.50"
    assert bolt["account_ids"] == ["222", "333"]
    assert bolt["timezones"] == ["Asia/Riyadh", "Europe/London"]
    assert bolt["newest_day"] == "2026-03-10"
    # They differ: EUR and USD.
    assert document["meta"]["currency"] is None


@pytest.mark.usefixtures("two_stores")
def test_accounts_are_of_one_store_or_of_all(client: TestClient) -> None:
    everything = client.get("/v1/accounts").json()["data"]
    bolt = client.get("/v1/accounts?store=bolt").json()["data"]

    assert [one["account_id"] for one in everything] == ["111", "222", "333"]
    assert [one["account_id"] for one in bolt] == ["222", "333"]
    assert everything[0]["today"] == "2026-03-10"


@pytest.mark.usefixtures("two_stores")
@pytest.mark.parametrize("path", ["/v1/dashboard", "/v1/objects", "/v1/rows/ad"])
def test_one_of_several_stores_must_be_named(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-STORE")
    assert "acme, bolt" in answer.json()["hint"]


@pytest.mark.usefixtures("two_stores")
@pytest.mark.parametrize("path", V1)
def test_an_unknown_store_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"store": "nobody"})

    assert (answer.status_code, answer.json()["code"]) == (404, "API-404-STORE")


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("since=2026-13-01", "API-422-PARAMETER"),
        ("since=10.03.2026", "API-422-PARAMETER"),
        ("since=1770000000", "API-422-PARAMETER"),
        ("since=2026-03-10T00:00:00", "API-422-PARAMETER"),
        ("since=0001-01-01", "API-422-PARAMETER"),
        ("until=9999-12-31", "API-422-PARAMETER"),
        ("period=forever", "API-422-PARAMETER"),
        ("compare=yesteryear", "API-422-PARAMETER"),
        ("include_inactive=perhaps", "API-422-PARAMETER"),
        ("country=Germany", "API-422-PARAMETER"),
        ("campaign_id=abc", "API-422-PARAMETER"),
        ("sinse=2026-03-01", "API-422-PARAMETER"),
        ("since=2026-03-10&until=2026-03-09", "API-422-RANGE"),
        ("since=2026-03-11", "API-422-RANGE"),
        ("since=2020-01-01", "API-422-RANGE"),
        ("period=mtd&since=2026-03-01", "API-422-RANGE"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_hint(
    client: TestClient, query: str, code: str
) -> None:
    answer = client.get(f"/v1/dashboard?{query}")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["hint"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.usefixtures("acme_only")
def test_the_longest_window_is_answered_and_one_day_more_is_not(
    client: TestClient,
) -> None:
    # 2022-11-27 to 2026-03-10 are 1,200 days.
    longest = client.get("/v1/dashboard?since=2022-11-27&compare=none")
    longer = client.get("/v1/dashboard?since=2022-11-26&compare=none")

    assert longest.status_code == 200
    assert len(longest.json()["data"]["trends"]) == 1200
    assert longer.json()["code"] == "API-422-RANGE"


@pytest.mark.usefixtures("two_stores")
def test_a_campaign_of_another_store_is_not_found(client: TestClient) -> None:
    foreign = client.get("/v1/dashboard?store=acme&campaign_id=10").json()
    unknown = client.get("/v1/dashboard?store=acme&campaign_id=99").json()

    assert foreign["code"] == unknown["code"] == "API-404-CAMPAIGN"


@pytest.mark.parametrize("path", [*V1, "/readyz"])
def test_without_a_snapshot_the_answer_is_503_and_says_what_to_run(
    client: TestClient, path: str
) -> None:
    answer = client.get(path)

    if path == "/v1/status":
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-NO-DATA")
    assert answer.json()["hint"] == "Run `pathways run`."
    assert "Retry-After" in answer.headers


def test_the_process_is_alive_without_a_snapshot(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.usefixtures("acme_only")
def test_it_is_ready_once_a_snapshot_is_open(client: TestClient) -> None:
    told = client.get("/readyz").json()
    assert (told["status"], told["snapshot_id"]) == ("ok", "s1")


@pytest.mark.usefixtures("acme_only")
def test_the_root_leads_to_the_documentation(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


@pytest.mark.usefixtures("acme_only")
def test_documentation_can_be_turned_off(settings: Settings) -> None:
    client = LocalClient(create_app(replace(settings, has_docs=False)))

    for path in ("/", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 404


def test_lineage_is_served_once_generated(client: TestClient, data_dir: Path) -> None:
    before = client.get("/lineage")
    (data_dir / "docs").mkdir()
    (data_dir / "docs" / "static_index.html").write_text("<title>Lineage</title>")
    after = client.get("/lineage")

    assert (before.status_code, before.json()["code"]) == (404, "API-404-LINEAGE")
    assert before.json()["hint"] == "Run `pathways docs`."
    assert (after.status_code, after.text) == (200, "<title>Lineage</title>")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(client: TestClient, method: str) -> None:
    answer = getattr(client, method)("/v1/dashboard")

    assert (answer.status_code, answer.json()["code"]) == (405, "API-405")
    assert answer.headers["Allow"] == "GET"


def test_a_callers_plain_request_id_is_kept_and_any_other_replaced(
    client: TestClient,
) -> None:
    kept = client.get("/healthz", headers={"X-Request-ID": "trace-7"})
    replaced = client.get("/healthz", headers={"X-Request-ID": "a b\tc"})

    assert kept.headers["X-Request-ID"] == "trace-7"
    assert len(replaced.headers["X-Request-ID"]) == 32


@pytest.mark.usefixtures("acme_only")
def test_an_unforeseen_failure_tells_nothing_but_its_id_and_is_logged(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("select secret from /srv/pathways/warehouse.duckdb")

    monkeypatch.setattr("api.routes.stores.meta", fail)
    with caplog.at_level(logging.ERROR, "api"):
        answer = client.get("/v1/stores")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "API-500")
    assert answer.headers["content-type"] == "application/problem+json"
    for word in ("select", "warehouse", "RuntimeError", "Traceback"):
        assert word not in answer.text
    assert problem["request_id"] in caplog.text
    assert "warehouse" in caplog.text


@pytest.mark.usefixtures("acme_only")
def test_refusals_are_not_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "api"):
        client.get("/v1/dashboard?period=forever")
        client.get("/v1/nothing")

    assert [record for record in caplog.records if record.name == "api"] == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"]
)
def test_it_listens_on_loopback(settings: Settings, host: str) -> None:
    assert create_app(replace(settings, host=host))


def test_it_refuses_a_clock_without_a_zone(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="time zone"):
        create_app(replace(settings, now=datetime(2026, 3, 10)))


@pytest.mark.usefixtures("acme_only")
def test_hostile_names_in_the_data_come_back_as_they_are(
    client: TestClient, publish: Callable[..., None], acme_world: Any
) -> None:
    name = '=HYPERLINK("x") \'; drop table t; -- <img onerror=1> \u202e نور'
    acme_world["marts.dashboard_campaigns"][0]["campaign_name"] = name
    publish(acme_world, "s2")

    cards = json.loads(client.get("/v1/dashboard").content)["data"]["campaigns"]

    assert cards[0]["campaign_name"] == name
