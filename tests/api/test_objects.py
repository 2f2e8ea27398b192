"""Objects as they are now.

acme lists campaigns 1 (active) and 2 (paused); ad sets 21 (active), 22 (paused above);
ads 31 (with issues: active), 32 archived, 33 deleted, 34 disapproved, 35 not listed any
more.
"""

from typing import Any

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.usefixtures("acme_only")


def get(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/objects{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ids(document: dict[str, Any]) -> dict[str, list[str]]:
    parts = ("campaigns", "adsets", "ads")
    return {
        part: [one["object_id"] for one in document["data"][part]] for part in parts
    }


def test_objects_have_budgets_as_text_and_their_place_in_the_tree(
    client: TestClient,
) -> None:
    data = get(client)["data"]

    campaign, adset, ad = data["campaigns"][0], data["adsets"][0], data["ads"][0]
    assert (campaign["object_name"], campaign["daily_budget"]) == (
        "campaign 1",
        "60.00",
    )
    assert (adset["parent_id"], adset["parent_name"]) == ("1", "campaign 1")
    assert (ad["parent_id"], ad["grandparent_id"]) == ("21", "1")


def test_groups_of_status_add_up_to_the_total(client: TestClient) -> None:
    summary = get(client)["data"]["summary"]

    by_type = summary.pop("by_type")
    # Active 1, 21, 31; paused 2, 22; other 34. Ad 35 is absent.
    assert summary == {
        "total": 8,
        "active": 3,
        "paused": 2,
        "archived": 1,
        "deleted": 1,
        "other": 1,
    }
    assert {name: counts["total"] for name, counts in by_type.items()} == {
        "campaign": 2,
        "adset": 2,
        "ad": 4,
    }


def test_absent_objects_are_hidden_and_counted_unless_asked_for(
    client: TestClient,
) -> None:
    hiding, showing = get(client), get(client, "?include_absent=true")

    assert "35" not in ids(hiding)["ads"]
    assert hiding["meta"]["status_filter"]["hidden"]["objects"] == 1
    assert "35" in ids(showing)["ads"]
    assert showing["meta"]["status_filter"]["hidden"]["objects"] == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?type=adset", ([], ["21", "22"], [])),
        ("?status=paused", (["2"], ["22"], [])),
        ("?status=CAMPAIGN_PAUSED", ([], ["22"], [])),
        ("?status=archived&status=deleted", ([], [], ["32", "33"])),
        ("?type=ad&status=active", ([], [], ["31"])),
    ],
)
def test_filters_by_type_and_status(
    client: TestClient, query: str, expected: tuple[list[str], list[str], list[str]]
) -> None:
    assert tuple(ids(get(client, query)).values()) == expected


def test_pages_join_to_all_objects_once(client: TestClient) -> None:
    found: list[str] = []
    query = "?limit=3"
    while query:
        document = get(client, query)
        found += [one for part in ids(document).values() for one in part]
        cursor = document["meta"]["next_cursor"]
        query = f"?limit=3&cursor={cursor}" if cursor else ""
        assert document["data"]["summary"]["total"] == 8

    assert found == ["1", "2", "21", "22", "31", "32", "33", "34"]
