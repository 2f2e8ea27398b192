"""What is served adds up to the truth; what Meta hides is hidden."""

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ingest.sandbox.nodes import LEVELS, Level
from ingest.sandbox.server import Sandbox

ACME, NOOR = "100000000000001", "100000000000002"
SINCE, UNTIL = "2026-02-20", "2026-03-11"
RANKED = (
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
    "offsite_conversion.purchase",
    "onsite_conversion.purchase",
)
ID = {
    "account": "account_id",
    "campaign": "campaign_id",
    "adset": "adset_id",
    "ad": "ad_id",
}


def of(items: list[dict[str, str]], action_type: str) -> Decimal:
    return sum(
        (
            Decimal(item["value"])
            for item in items
            if item["action_type"] == action_type
        ),
        Decimal(0),
    )


def measured(row: dict[str, Any], purchase_type: str) -> dict[str, Decimal]:
    actions = row.get("actions", [])
    return {
        "spend": Decimal(row["spend"]),
        "impressions": Decimal(row["impressions"]),
        "clicks": Decimal(row.get("clicks", 0)),
        "inline_link_clicks": Decimal(row.get("inline_link_clicks", 0)),
        "outbound_clicks": of(row.get("outbound_clicks", []), "outbound_click"),
        "landing_page_views": of(actions, "landing_page_view"),
        "add_to_cart": of(actions, "add_to_cart"),
        "initiate_checkout": of(actions, "initiate_checkout"),
        "purchases": of(actions, purchase_type),
        "purchase_value": of(row.get("action_values", []), purchase_type),
    }


def purchase_type(row: dict[str, Any]) -> str:
    present = {item["action_type"] for item in row.get("actions", [])}
    return next((kind for kind in RANKED if kind in present), "none")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("account_id", [ACME, NOOR])
def test_every_row_equals_the_truth(
    shared: Sandbox, insights: Any, account_id: str, level: Level
) -> None:
    served = {
        (row[ID[level]], row["date_start"]): measured(row, purchase_type(row))
        for row in insights(shared, account_id, level, SINCE, UNTIL, limit=17)
    }

    truth = {
        (row.object_id, row.day.isoformat()): row.metrics
        for row in shared.truth_rows(
            account_id, level, date.fromisoformat(SINCE), date.fromisoformat(UNTIL)
        )
    }
    assert served == truth
    assert len(served) >= 19


@pytest.mark.parametrize("level", LEVELS)
def test_country_rows_equal_the_truth_with_the_type_of_the_total(
    shared: Sandbox, insights: Any, level: Level
) -> None:
    kinds = {
        (row[ID[level]], row["date_start"]): purchase_type(row)
        for row in insights(shared, ACME, level, SINCE, UNTIL)
    }

    served = {
        (row[ID[level]], row["date_start"], row["country"]): measured(
            row, kinds[row[ID[level]], row["date_start"]]
        )
        for row in insights(shared, ACME, level, SINCE, UNTIL, breakdowns="country")
    }

    truth = {
        (row.object_id, row.day.isoformat(), row.country): row.metrics
        for row in shared.truth_rows(
            ACME,
            level,
            date.fromisoformat(SINCE),
            date.fromisoformat(UNTIL),
            by_country=True,
        )
        if row.country != "ZZ"
    }
    assert served == truth
    assert {country for _, _, country in served} == {"US", "GB", "CA", "DE", "unknown"}


def test_levels_agree(shared: Sandbox, insights: Any) -> None:
    spend = {
        level: sum(
            Decimal(row["spend"]) for row in insights(shared, ACME, level, SINCE, UNTIL)
        )
        for level in LEVELS
    }

    assert len(set(spend.values())) == 1


def test_countries_fall_short_of_the_total(shared: Sandbox, insights: Any) -> None:
    total = insights(shared, ACME, "account", SINCE, UNTIL)
    countries = insights(shared, ACME, "account", SINCE, UNTIL, breakdowns="country")

    whole = sum(int(row["impressions"]) for row in total)
    parts = sum(int(row["impressions"]) for row in countries)
    assert 0 < whole - parts < whole / 10


def test_reach_does_not_add_up(shared: Sandbox, insights: Any) -> None:
    by_ad: dict[tuple[str, str], int] = defaultdict(int)
    for row in insights(shared, ACME, "ad", SINCE, UNTIL):
        assert int(row["reach"]) <= int(row["impressions"])
        by_ad[row["campaign_id"], row["date_start"]] += int(row["reach"])

    for row in insights(shared, ACME, "campaign", SINCE, UNTIL):
        assert int(row["reach"]) < by_ad[row["campaign_id"], row["date_start"]]


def test_one_sale_shows_up_under_overlapping_types(
    shared: Sandbox, insights: Any
) -> None:
    rows = insights(shared, ACME, "campaign", "2025-12-05", "2025-12-06")

    seen = {
        tuple(
            item["action_type"]
            for item in row["actions"]
            if item["action_type"] in RANKED
        )
        for row in rows
    }
    assert RANKED[:3] in seen
    assert (RANKED[2],) in seen
    assert (RANKED[4],) in seen
    for row in rows:
        values = [of(row["actions"], kind) for kind in RANKED]
        assert len({value for value in values if value}) == 1


def test_gone_objects_are_hidden_without_a_filter_but_stay_in_totals(
    shared: Sandbox, insights: Any
) -> None:
    all_ads = insights(shared, ACME, "ad", "2026-02-01", "2026-02-01")
    unfiltered = insights(
        shared, ACME, "ad", "2026-02-01", "2026-02-01", filtering="[]"
    )
    (account,) = insights(shared, ACME, "account", "2026-02-01", "2026-02-01")

    hidden = {row["ad_id"] for row in all_ads} - {row["ad_id"] for row in unfiltered}
    assert len(hidden) > 0
    assert Decimal(account["spend"]) == sum(Decimal(row["spend"]) for row in all_ads)
    assert Decimal(account["spend"]) > sum(Decimal(row["spend"]) for row in unfiltered)


def test_a_deleted_ad_answers_by_its_own_id(
    shared: Sandbox, insights: Any, ask_all: Any
) -> None:
    deleted = next(ad for ad in shared.world.ads if ad.status == "DELETED")
    asked = json.dumps({"since": "2026-02-01", "until": "2026-02-01"})

    (row,) = ask_all(
        shared, f"{deleted.id}/insights", time_range=asked, fields="ad_id,spend"
    )

    assert row["ad_id"] == deleted.id


def test_all_days_is_one_row_an_object(shared: Sandbox, insights: Any) -> None:
    daily = insights(shared, NOOR, "campaign", SINCE, UNTIL)

    whole = insights(shared, NOOR, "campaign", SINCE, UNTIL, time_increment="all_days")

    assert len(whole) == len({row["campaign_id"] for row in daily})
    assert {(row["date_start"], row["date_stop"]) for row in whole} == {(SINCE, UNTIL)}
    assert sum(Decimal(row["spend"]) for row in whole) == sum(
        Decimal(row["spend"]) for row in daily
    )


def test_attribution_setting_is_mixed_where_ad_sets_differ(
    shared: Sandbox, insights: Any
) -> None:
    adsets = insights(shared, ACME, "adset", "2025-12-05", "2025-12-05")
    campaigns = insights(shared, ACME, "campaign", "2025-12-05", "2025-12-05")

    of_campaign = defaultdict(set)
    for row in adsets:
        of_campaign[row["campaign_id"]].add(row["attribution_setting"])
    settings = {row["campaign_id"]: row["attribution_setting"] for row in campaigns}
    assert "mixed" in settings.values()
    for campaign_id, found in of_campaign.items():
        assert settings[campaign_id] == ("mixed" if len(found) > 1 else found.pop())


def test_reach_by_country_is_left_out_beyond_13_months(
    shared: Sandbox, ask: Any
) -> None:
    asked = json.dumps({"since": "2025-02-09", "until": "2026-03-01"})

    body = ask(
        shared,
        f"act_{ACME}/insights",
        time_range=asked,
        fields="reach,impressions",
        breakdowns="country",
    ).json()

    assert body["data"]
    assert all("reach" not in row for row in body["data"])
