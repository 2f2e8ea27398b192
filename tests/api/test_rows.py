"""Rows of metrics in pages. acme has five rows in its default window, 03-04 to 03-10:
campaigns 1 (US, ZZ), 2 and 4 on 03-04 and 03-05, campaign 1 (DE) on 03-10."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

ALL = [
    ("2026-03-04", "1", "US"),
    ("2026-03-04", "1", "ZZ"),
    ("2026-03-05", "2", "US"),
    ("2026-03-05", "4", "unknown"),
    ("2026-03-10", "1", "DE"),
]


def get(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(f"/v1/rows/{path}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def keys(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (row["date_day"], row["campaign_id"], row["country_code"])
        for row in document["data"]
    ]


@pytest.mark.usefixtures("acme_only")
def test_rows_are_of_every_status_with_their_own_reach(client: TestClient) -> None:
    document = get(client, "campaign")

    assert keys(document) == ALL
    assert document["data"][0]["spend"] == "10.00"
    assert document["data"][0]["reach"] == 90
    assert document["meta"]["status_filter"]["include_inactive"] is True


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("level", ["campaign", "adset", "ad"])
def test_pages_join_to_all_rows_once(
    client: TestClient, publish: Callable[..., None], acme_world: Any, level: str
) -> None:
    # One ad set and one ad a campaign, so that rows of a day are told apart.
    for table in ("core.meta_adset_metrics", "core.meta_ad_metrics"):
        acme_world[table] = [
            row
            | {"adset_id": "2" + row["campaign_id"], "ad_id": "3" + row["campaign_id"]}
            for row in acme_world["core.meta_daily_metrics"]
        ]
    publish(acme_world, "s2")

    found: list[tuple[str, str, str]] = []
    path = f"{level}?limit=2"
    while path:
        document = get(client, path)
        assert len(document["data"]) <= 2
        found += keys(document)
        cursor = document["meta"]["next_cursor"]
        path = f"{level}?limit=2&cursor={cursor}" if cursor else ""

    assert found == ALL


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("country=US", [ALL[0], ALL[2]]),
        ("campaign_id=2&campaign_id=4", [ALL[2], ALL[3]]),
        ("object_id=4", [ALL[3]]),
        ("since=2026-03-05&until=2026-03-09", [ALL[2], ALL[3]]),
        ("period=today", [ALL[4]]),
    ],
)
def test_filters_narrow_the_rows(
    client: TestClient, query: str, expected: list[tuple[str, str, str]]
) -> None:
    assert keys(get(client, f"campaign?{query}")) == expected


@pytest.mark.usefixtures("acme_only")
def test_account_rows_have_the_true_daily_reach(client: TestClient) -> None:
    (row,) = get(client, "account?since=2026-03-01&until=2026-03-01")["data"]

    assert row["reach"] == 700
    assert "country_code" not in row


@pytest.mark.usefixtures("acme_only")
def test_account_rows_cannot_be_asked_by_country(client: TestClient) -> None:
    answer = client.get("/v1/rows/account?country=US")

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


@pytest.mark.usefixtures("acme_only")
def test_an_unknown_level_is_not_found(client: TestClient) -> None:
    answer = client.get("/v1/rows/creative")

    assert (answer.status_code, answer.json()["code"]) == (404, "API-404")


@pytest.mark.usefixtures("acme_only")
def test_a_cursor_of_another_snapshot_is_gone(
    client: TestClient, publish: Callable[..., None], acme_world: Any
) -> None:
    cursor = get(client, "campaign?limit=1")["meta"]["next_cursor"]

    publish(acme_world, "s2")
    answer = client.get(f"/v1/rows/campaign?limit=1&cursor={cursor}")

    assert answer.status_code == 410
    assert answer.json()["code"] == "API-410-CURSOR"
    assert "first page" in answer.json()["hint"]


def _changed(cursor: str) -> str:
    snapshot, key, digest = json.loads(base64.urlsafe_b64decode(cursor + "==="))
    text = json.dumps([snapshot, ["2026-03-01", *key[1:]], digest])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(_changed, id="another key"),
        pytest.param(lambda cursor: cursor[:-3], id="cut short"),
        pytest.param(lambda cursor: cursor + "&country=US", id="other parameters"),
        pytest.param(lambda _: "x'; drop table core.meta_objects; --", id="SQL"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: base64.b64encode(b"[" * 300).decode(), id="deep"),
        pytest.param(lambda _: base64.b64encode(b'["s1"]').decode(), id="short list"),
        pytest.param(lambda _: base64.b64encode(b'{"a":1}').decode(), id="object"),
        pytest.param(lambda _: base64.b64encode(b"\xff\xfe").decode(), id="not text"),
    ],
)
def test_a_changed_cursor_is_refused(
    client: TestClient, tamper: Callable[[str], str]
) -> None:
    cursor = get(client, "campaign?limit=1")["meta"]["next_cursor"]

    answer = client.get(f"/v1/rows/campaign?limit=1&cursor={tamper(cursor)}")

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-CURSOR")


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("limit", ["0", "-1", "1001", "1e9", "all"])
def test_a_page_holds_one_to_a_thousand_rows(client: TestClient, limit: str) -> None:
    assert client.get(f"/v1/rows/ad?limit={limit}").status_code == 422


@pytest.mark.usefixtures("two_stores")
def test_amounts_keep_all_their_digits(
    client: TestClient, publish: Callable[..., None], acme_world: Any
) -> None:
    exact = {"spend": "0.12345678901234", "fx_rate": "0.5000000000"}
    acme_world["core.meta_daily_metrics"] = [
        acme_world["core.meta_daily_metrics"][2] | exact
    ]
    publish(acme_world, "s2")

    (row,) = get(client, "campaign")["data"]

    assert (row["spend"], row["fx_rate"]) == ("0.12345678901234", "0.50")
    assert row["purchase_value"] == "30.00"
