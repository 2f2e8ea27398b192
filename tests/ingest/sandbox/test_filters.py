"""Filters on ids and on a row's own figures."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox

ACME = "100000000000001"
EDGE = f"act_{ACME}/insights"
DAY = json.dumps({"since": "2026-02-01", "until": "2026-02-01"})


def where(*conditions: tuple[str, str, Any]) -> str:
    return json.dumps(
        [
            {"field": name, "operator": how, "value": value}
            for name, how, value in conditions
        ]
    )


@pytest.mark.parametrize(
    ("how", "kept"), [("EQUAL", {0}), ("IN", {0}), ("NOT_IN", {1, 2, 3, 4, 5, 6})]
)
def test_campaigns_are_chosen_by_id(
    shared: Sandbox, insights: Any, statuses: Any, how: str, kept: set[int]
) -> None:
    ids = [campaign.id for campaign in shared.world.campaigns[:7]]
    condition = ("campaign.id", how, ids[0] if how == "EQUAL" else [ids[0]])
    filtering = json.loads(statuses("ad")) + json.loads(where(condition))

    rows = insights(
        shared, ACME, "ad", "2026-02-01", "2026-02-01", filtering=json.dumps(filtering)
    )

    every = insights(shared, ACME, "ad", "2026-02-01", "2026-02-01")
    delivered = {ids.index(row["campaign_id"]) for row in every}
    assert {ids.index(row["campaign_id"]) for row in rows} == kept & delivered
    assert kept & delivered


def test_conditions_on_ids_are_all_met(shared: Sandbox, ask_all: Any) -> None:
    ids = [campaign.id for campaign in shared.world.campaigns[:3]]

    rows = ask_all(
        shared,
        f"act_{ACME}/campaigns",
        filtering=where(
            ("campaign.id", "IN", ids[:2]),
            ("campaign.id", "NOT_IN", ids[1:2]),
            ("campaign.id", "IN", ids),
        ),
    )

    assert rows == [{"id": ids[0]}]


@pytest.mark.parametrize("metric", ["spend", "impressions"])
@pytest.mark.parametrize("breakdowns", ["", "country"])
def test_rows_are_chosen_by_their_own_figures(
    shared: Sandbox, ask_all: Any, metric: str, breakdowns: str
) -> None:
    asked = {"level": "ad", "time_range": DAY, "fields": f"ad_id,{metric}"}
    asked |= {"breakdowns": breakdowns}
    rows = ask_all(shared, EDGE, **asked)
    limit = sorted(Decimal(row[metric]) for row in rows)[len(rows) // 2]

    kept = ask_all(
        shared, EDGE, **asked, filtering=where((metric, "GREATER_THAN", str(limit)))
    )

    assert kept == [row for row in rows if Decimal(row[metric]) > limit]
    assert 0 < len(kept) < len(rows)


@pytest.mark.parametrize(
    ("edge", "condition"),
    [
        ("insights", ("clicks", "GREATER_THAN", 1)),
        ("insights", ("spend", "LESS_THAN", 1)),
        ("insights", ("spend", "GREATER_THAN", "much")),
        ("insights", ("campaign.id", "CONTAIN", ["1"])),
        ("campaigns", ("spend", "GREATER_THAN", 1)),
    ],
)
def test_other_filters_are_refused(
    shared: Sandbox, ask: Any, edge: str, condition: tuple[str, str, Any]
) -> None:
    answer = ask(shared, f"act_{ACME}/{edge}", filtering=where(condition))

    assert answer.json()["error"]["code"] == 100
