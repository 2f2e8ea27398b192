"""The budget reader over HTTP: its shape, window and filter. Its numbers are dbt's."""

from typing import Any

import pytest
from fastapi.testclient import TestClient


def get(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/budget{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.usefixtures("acme_only")
def test_the_window_is_fourteen_days_up_to_today(client: TestClient) -> None:
    assert get(client)["meta"]["window"] == {
        "since": "2026-02-25",
        "until": "2026-03-10",
    }


@pytest.mark.usefixtures("acme_only")
def test_advice_is_told_by_level(client: TestClient) -> None:
    data = get(client)["data"]

    assert [row["spend"] for row in data["campaigns"]] == ["35.75"]
    assert data["campaigns"][0]["posterior_cac"] == 4.25
    assert [row["country_code"] for row in data["campaign_countries"]] == ["US", "DE"]
    assert [row["adset_id"] for row in data["adsets"]] == ["21"]


@pytest.mark.usefixtures("acme_only")
def test_start_plans_reallocation_and_trust_are_told(client: TestClient) -> None:
    data = get(client)["data"]

    assert [plan["country_code"] for plan in data["start_plans"]] == ["DE", "US"]
    assert data["start_plans"][0]["daily_budget"] == "12.50"
    assert data["reallocation"]["totals"]["total_daily_spend"] == "30.00"
    assert data["reallocation"]["campaigns"][0]["campaign_id"] == "1"
    assert data["trust"]["formula_version"] == "test-1"


@pytest.mark.usefixtures("acme_only")
def test_a_country_narrows_what_is_by_country_and_leaves_totals(
    client: TestClient,
) -> None:
    data = get(client, "?country=DE")["data"]

    assert [prior["country_code"] for prior in data["priors"]] == [None, "DE"]
    assert [row["country_code"] for row in data["campaign_countries"]] == ["DE"]
    assert [plan["country_code"] for plan in data["start_plans"]] == ["DE"]
    assert [row["spend"] for row in data["campaigns"]] == ["35.75"]


@pytest.mark.usefixtures("acme_only")
def test_all_statuses_are_answered(client: TestClient) -> None:
    assert get(client)["meta"]["status_filter"] == {
        "include_inactive": True,
        "hidden": {"spend": "0.00", "purchases": 0, "objects": 0},
    }


@pytest.mark.usefixtures("two_stores")
def test_what_lacks_a_rate_is_counted_per_currency(client: TestClient) -> None:
    document = get(client, "?store=bolt")

    assert document["meta"]["coverage"]["unconverted"] == [
        {
            "account_currency": "EUR",
            "rows": 1,
            "spend_account_currency": "33.00",
            "purchases": 3,
            "purchase_value_account_currency": "99.00",
        }
    ]
    assert any("no exchange rate" in text for text in document["meta"]["warnings"])


@pytest.mark.usefixtures("acme_only")
def test_where_everything_has_a_rate_nothing_is_counted(client: TestClient) -> None:
    meta = get(client)["meta"]

    assert meta["coverage"]["unconverted"] == []
    assert not any("no exchange rate" in text for text in meta["warnings"])
