"""The dashboard's numbers, worked out by hand from the worlds in conftest.

acme, 2026-03-04 to 03-10, active campaigns:
    spend   10.00 + 1.50 + 0.25 + 8.25 = 20.00     revenue 30 + 0 + 4 + 26 = 60.00
    orders  2 + 0 + 1 + 2 = 5    impressions 1000 + 100 + 20 + 880 = 2000
    clicks  50 + 5 + 0 + 45 = 100
before it, 02-25 to 03-03: spend 16.00, revenue 30.00, orders 4, clicks 80 of 1600.
"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.settings import Settings
from tests.fixtures.local_client import LocalClient

WHOLE = ("spend", "revenue")
COUNTS = ("orders", "impressions", "clicks", "link_clicks", "add_to_cart")


def get(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/dashboard{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def summed(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum(
        (Decimal(row[name]) for row in rows if row[name] is not None), Decimal(0)
    )


@pytest.mark.usefixtures("acme_only")
def test_overview_sums_active_campaigns_of_the_last_seven_days(
    client: TestClient,
) -> None:
    overview = get(client)["data"]["overview"]

    assert overview["spend"]["value"] == "20.00"
    assert overview["revenue"]["value"] == "60.00"
    assert overview["orders"]["value"] == 5
    assert overview["impressions"]["value"] == 2000
    assert overview["clicks"]["value"] == 100
    # Four rows of three, two and one.
    assert overview["landing_page_views"]["value"] == 12
    assert overview["add_to_cart"]["value"] == 8
    assert overview["checkouts_initiated"]["value"] == 4


@pytest.mark.usefixtures("acme_only")
def test_ratios_divide_sums(client: TestClient) -> None:
    overview = get(client)["data"]["overview"]

    values = {name: overview[name]["value"] for name in overview}
    assert values["roas"] == 60 / 20
    assert values["cac"] == 20 / 5
    assert values["aov"] == 60 / 5
    assert values["ctr"] == 100 * 100 / 2000
    assert values["cpc"] == 20 / 100
    assert values["cpm"] == 1000 * 20 / 2000
    assert values["conversion_rate"] == 100 * 5 / 100


@pytest.mark.usefixtures("acme_only")
def test_change_is_percent_of_the_window_directly_before(client: TestClient) -> None:
    document = get(client)

    data = document["data"]
    assert data["compared_with"] == {
        "compare": "previous_period",
        "since": "2026-02-25",
        "until": "2026-03-03",
    }
    # (20 - 16) / 16; (60 - 30) / 30; (5 - 4) / 4; (3 - 30/16) / (30/16).
    assert data["overview"]["spend"]["previous"] == "16.00"
    assert data["overview"]["spend"]["change"] == 25
    assert data["overview"]["revenue"]["change"] == 100
    assert data["overview"]["orders"]["change"] == 25
    assert data["overview"]["roas"]["change"] == 60


@pytest.mark.usefixtures("acme_only")
def test_without_comparison_there_is_neither_previous_nor_change(
    client: TestClient,
) -> None:
    data = get(client, "?compare=none")["data"]

    spend = data["overview"]["spend"]
    assert (spend["value"], spend["previous"], spend["change"]) == ("20.00", None, None)
    assert spend["change_reason"] == "not_compared"
    assert data["compared_with"]["since"] is None


@pytest.mark.usefixtures("acme_only")
def test_change_is_null_where_the_compared_days_were_not_read(
    client: TestClient,
) -> None:
    document = get(client, "?compare=previous_year")

    spend = document["data"]["overview"]["spend"]
    assert document["data"]["compared_with"]["since"] == "2025-03-04"
    assert (spend["previous"], spend["change"]) == (None, None)
    assert spend["change_reason"] == "not_fully_read"
    assert len(document["meta"]["coverage"]["previous_missing_days"]) == 7


@pytest.mark.usefixtures("acme_only")
def test_change_is_null_where_the_value_before_is_zero(client: TestClient) -> None:
    # Before 2026-03-04 to 03-05 lie 03-02 and 03-03, read and without rows.
    data = get(client, "?since=2026-03-04&until=2026-03-05")["data"]

    spend = data["overview"]["spend"]
    assert (spend["previous"], spend["change"]) == ("0.00", None)
    assert spend["change_reason"] == "previous_zero"


@pytest.mark.usefixtures("acme_only")
def test_trends_have_every_day_and_zero_where_nothing_was_delivered(
    client: TestClient,
) -> None:
    trends = get(client)["data"]["trends"]

    assert [day["date_day"] for day in trends] == [
        f"2026-03-{day:02}" for day in range(4, 11)
    ]
    quiet = trends[2]
    assert (quiet["spend"], quiet["orders"], quiet["impressions"]) == ("0.00", 0, 0)
    assert quiet["roas"] is None
    assert quiet["reasons"]["roas"] == "no_spend"
    assert quiet["reasons"]["cac"] == "no_purchases"
    assert [day["is_partial_day"] for day in trends] == [False] * 6 + [True]


@pytest.mark.usefixtures("two_stores")
def test_each_day_says_how_much_of_its_purchases_is_known(client: TestClient) -> None:
    """The store's own share, whatever the filters; null where history is short."""
    for query in ("?store=acme", "?store=acme&country=US&include_inactive=true"):
        trends = get(client, query)["data"]["trends"]

        assert {day["date_day"]: day["settled_share"] for day in trends} == {
            "2026-03-04": 0.875,
            "2026-03-05": None,
            "2026-03-06": None,
            "2026-03-07": None,
            "2026-03-08": None,
            "2026-03-09": None,
            "2026-03-10": None,
        }


@pytest.mark.usefixtures("acme_only")
def test_the_attribution_setting_stands_beside_the_numbers(client: TestClient) -> None:
    """Campaign 4, of the 5th alone, counts clicks of one day; where both are, mixed."""
    data = get(client, "?compare=none")["data"]
    one = get(client, "?compare=none&campaign_id=1")["data"]

    usual, other = "7d_click_1d_view", "1d_click"
    assert (data["attribution_setting"], one["attribution_setting"]) == ("mixed", usual)
    assert {
        row["campaign_id"]: row["attribution_setting"] for row in data["campaigns"]
    } == {"1": usual, "4": other, "3": None}
    assert {
        row["country_code"]: row["attribution_setting"] for row in data["countries"]
    } == {"US": usual, "ZZ": usual, "unknown": other, "DE": usual}
    assert [row["attribution_setting"] for row in data["trends"]] == [
        usual,
        other,
        *[None] * 4,
        usual,
    ]


@pytest.mark.usefixtures("acme_only")
def test_days_that_were_never_read_are_null_and_listed(client: TestClient) -> None:
    document = get(client, "?since=2026-02-23&until=2026-02-26&compare=none")

    trends = document["data"]["trends"]
    assert [day["spend"] for day in trends] == [None, None, "0.00", "0.00"]
    assert trends[0]["orders"] is None
    assert trends[0]["is_partial_day"] is None
    assert trends[0]["reasons"]["orders"] == "not_read"
    assert trends[0]["reasons"]["cac"] == "not_read"
    coverage = document["meta"]["coverage"]
    assert coverage["missing_days"] == ["2026-02-23", "2026-02-24"]
    assert coverage["missing"] == [
        {
            "account_id": "111",
            "since": "2026-02-23",
            "until": "2026-02-24",
            "why": "not_read",
        }
    ]


@pytest.mark.usefixtures("acme_only")
def test_a_window_of_unread_days_is_null_throughout(client: TestClient) -> None:
    data = get(client, "?since=2025-06-01&until=2025-06-03")["data"]

    assert data["overview"]["spend"]["value"] is None
    assert data["overview"]["spend"]["reason"] == "not_read"
    assert data["overview"]["orders"]["value"] is None
    assert {card["spend"] for card in data["campaigns"]} == {None}
    assert data["countries"] == []


@pytest.mark.usefixtures("acme_only")
def test_status_filter_says_what_it_hides(client: TestClient) -> None:
    hiding, showing = get(client), get(client, "?include_inactive=true")

    assert hiding["meta"]["status_filter"] == {
        "include_inactive": False,
        "hidden": {"spend": "7.00", "purchases": 1, "objects": 1},
    }
    assert showing["meta"]["status_filter"] == {
        "include_inactive": True,
        "hidden": {"spend": "0.00", "purchases": 0, "objects": 0},
    }
    # 20.00 + 7.00 and 5 + 1.
    assert showing["data"]["overview"]["spend"]["value"] == "27.00"
    assert showing["data"]["overview"]["orders"]["value"] == 6


@pytest.mark.usefixtures("acme_only")
def test_cards_show_active_campaigns_with_and_without_delivery(
    client: TestClient,
) -> None:
    cards = {card["campaign_id"]: card for card in get(client)["data"]["campaigns"]}

    assert list(cards) == ["1", "4", "3"]
    assert cards["1"]["spend"] == "19.75"
    assert cards["1"]["daily_budget"] == "60.00"
    # Never listed: shown, its status not known.
    assert (cards["4"]["spend"], cards["4"]["status"]) == ("0.25", None)
    assert (cards["3"]["spend"], cards["3"]["orders"]) == ("0.00", 0)


@pytest.mark.usefixtures("acme_only")
def test_inactive_campaigns_have_cards_when_asked_for(client: TestClient) -> None:
    data = get(client, "?include_inactive=true")["data"]

    card = next(card for card in data["campaigns"] if card["campaign_id"] == "2")
    assert (card["status"], card["is_active"]) == ("PAUSED", False)
    assert (card["spend"], card["lifetime_budget"]) == ("7.00", "1234.5678")


@pytest.mark.usefixtures("acme_only")
def test_countries_hide_neither_residual_nor_unknown(client: TestClient) -> None:
    countries = get(client)["data"]["countries"]

    assert {row["country_code"]: row["spend"] for row in countries} == {
        "US": "10.00",
        "DE": "8.25",
        "ZZ": "1.50",
        "unknown": "0.25",
    }


@pytest.mark.usefixtures("two_stores")
@pytest.mark.parametrize(
    "query",
    [
        "?store=acme",
        "?store=acme&include_inactive=true",
        "?store=acme&country=US",
        "?store=acme&campaign_id=1&campaign_id=4",
        "?store=acme&period=last_30d",
        "?store=bolt",
    ],
)
def test_each_part_adds_up_to_the_overview(client: TestClient, query: str) -> None:
    data = get(client, query)["data"]

    for part in ("trends", "campaigns", "countries"):
        for name in WHOLE + COUNTS:
            whole = Decimal(data["overview"][name]["value"])
            assert summed(data[part], name) == whole, (part, name)


@pytest.mark.usefixtures("acme_only")
def test_filters_by_country_and_campaign_narrow_every_part(client: TestClient) -> None:
    document = get(client, "?campaign_id=1&country=ZZ")

    data = document["data"]
    assert data["overview"]["spend"]["value"] == "1.50"
    assert [card["campaign_id"] for card in data["campaigns"]] == ["1"]
    assert [row["country_code"] for row in data["countries"]] == ["ZZ"]
    assert document["meta"]["status_filter"]["hidden"]["objects"] == 0


@pytest.mark.usefixtures("acme_only")
def test_a_hidden_campaign_asked_for_by_id_gives_a_warning(client: TestClient) -> None:
    document = get(client, "?campaign_id=2")

    assert document["data"]["overview"]["spend"]["value"] == "0.00"
    assert document["meta"]["status_filter"]["hidden"]["spend"] == "7.00"
    assert any("include_inactive=true" in text for text in document["meta"]["warnings"])


@pytest.mark.usefixtures("two_stores")
def test_rows_without_a_rate_are_left_out_of_money_and_orders_and_counted(
    client: TestClient,
) -> None:
    document = get(client, "?store=bolt")

    overview = document["data"]["overview"]
    values = {name: overview[name]["value"] for name in overview}
    assert values["spend"] == "10.00"
    assert values["orders"] == 2
    assert values["conversion_rate"] == 100 * 2 / 10
    # Delivery needs no rate: 1000 + 500 impressions, 10 + 5 clicks.
    assert values["impressions"] == 1500
    assert values["cac"] == 10 / 2
    assert values["roas"] == 40 / 10
    assert values["aov"] == 40 / 2
    assert values["cpm"] == 1000 * 10 / 1000
    assert values["ctr"] == 100 * 15 / 1500
    assert document["meta"]["coverage"]["unconverted"] == [
        {
            "account_currency": "EUR",
            "rows": 1,
            "spend_account_currency": "33.00",
            "purchases": 3,
            "purchase_value_account_currency": "99.00",
        }
    ]


@pytest.mark.usefixtures("two_stores")
def test_money_that_no_row_converts_is_null_for_want_of_a_rate(
    client: TestClient,
) -> None:
    data = get(client, "?store=bolt&campaign_id=11")["data"]

    overview = data["overview"]
    assert (overview["spend"]["value"], overview["spend"]["reason"]) == (
        None,
        "no_rate",
    )
    assert (overview["cac"]["value"], overview["cac"]["reason"]) == (None, "no_rate")
    assert (overview["orders"]["value"], overview["orders"]["reason"]) == (
        None,
        "no_rate",
    )
    assert overview["impressions"]["value"] == 500


@pytest.mark.usefixtures("two_stores")
def test_a_day_that_one_account_lacks_is_listed_for_that_account(
    client: TestClient,
) -> None:
    document = get(client, "?store=bolt")

    coverage = document["meta"]["coverage"]
    assert coverage["missing_days"] == ["2026-03-10"]
    assert [
        (one["account_id"], one["since"], one["why"]) for one in coverage["missing"]
    ] == [
        ("222", "2026-03-04", "before_account"),
        ("222", "2026-03-10", "not_read"),
    ]
    assert document["meta"]["timezone"] == ["Asia/Riyadh", "Europe/London"]
    assert document["meta"]["data_through"] == "2026-03-09"


@pytest.mark.usefixtures("acme_only")
def test_partial_days_of_the_window_are_named(client: TestClient) -> None:
    assert get(client)["meta"]["partial_days"] == ["2026-03-10"]
    assert get(client, "?until=2026-03-09")["meta"]["partial_days"] == []


@pytest.mark.usefixtures("acme_only")
def test_reach_is_not_summed(client: TestClient) -> None:
    assert "reach" not in client.get("/v1/dashboard").text


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        ("", "2026-03-04", "2026-03-10"),
        ("?until=2026-02-28", "2026-02-22", "2026-02-28"),
        ("?since=2026-03-09", "2026-03-09", "2026-03-10"),
        ("?period=today", "2026-03-10", "2026-03-10"),
        ("?period=yesterday", "2026-03-09", "2026-03-09"),
        ("?period=last_7d", "2026-03-04", "2026-03-10"),
        ("?period=last_14d", "2026-02-25", "2026-03-10"),
        ("?period=last_30d", "2026-02-09", "2026-03-10"),
        ("?period=last_60d", "2026-01-10", "2026-03-10"),
        ("?period=last_90d", "2025-12-11", "2026-03-10"),
        ("?period=mtd", "2026-03-01", "2026-03-10"),
        ("?period=last_month", "2026-02-01", "2026-02-28"),
    ],
)
def test_windows_include_both_ends(
    client: TestClient, query: str, since: str, until: str
) -> None:
    document = get(client, query)

    assert document["meta"]["window"] == {"since": since, "until": until}
    trends = document["data"]["trends"]
    assert (trends[0]["date_day"], trends[-1]["date_day"]) == (since, until)


@pytest.mark.usefixtures("two_stores")
def test_today_is_the_stores_newest_local_day(settings: Settings) -> None:
    # 02:30 UTC on 03-11: still 03-10 in New York, already 03-11 in Riyadh and London.
    night = replace(settings, now=datetime(2026, 3, 11, 2, 30, tzinfo=UTC))
    with LocalClient(create_app(night)) as client:
        assert get(client, "?store=acme&period=today")["meta"]["window"]["until"] == (
            "2026-03-10"
        )
        assert get(client, "?store=bolt&period=today")["meta"]["window"]["until"] == (
            "2026-03-11"
        )
