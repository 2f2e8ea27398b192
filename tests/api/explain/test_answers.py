"""Two readers on the same rows: every figure worked out by hand from the world."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.explain.conftest import World, steps_of

Row = dict[str, Any]


def test_the_two_readers_side_by_side_difference_steps_and_sum(
    explained: Callable[..., Row],
) -> None:
    data = explained()

    # AI Budget: all, from 25 February. The dashboard: from 4 March, without campaign 2.
    assert (data["a"]["reader"], data["a"]["value"]) == ("ai_budget", "143.00")
    assert (data["b"]["reader"], data["b"]["value"]) == ("dashboard", "20.00")
    assert data["difference"] == "-123.00"
    # 1 March goes with the window, 16 + 100; campaign 2's 7 of 5 March by its status.
    assert steps_of(data) == [("window", "-116.00"), ("status", "-7.00")]
    assert data["residual"] == "0.00"
    assert data["a"]["currency"] == data["b"]["currency"] == "EUR"


def test_each_step_carries_its_rows_and_the_sum_of_those_not_listed(
    explained: Callable[..., Row],
) -> None:
    window, status = explained(rows=1)["steps"]

    (row,) = window["rows"]
    assert (row["campaign_id"], row["date_day"]) == ("2", "2026-03-01")
    assert (row["country_code"], row["top_delta"]) == ("US", "-100.00")
    assert window["row_count"] == 2
    assert window["rest"] == {
        "row_count": 1,
        "top_delta": "-16.00",
        "bottom_delta": None,
    }
    assert [row["campaign_name"] for row in status["rows"]] == ["campaign 2"]
    assert status["rest"] is None


def test_a_step_is_told_with_figures_rows_and_what_to_do(
    explained: Callable[..., Row],
) -> None:
    window = explained()["steps"][0]

    assert window["sentence"] == (
        "AI Budget: 14 days, 2026-02-25 to 2026-03-10; Dashboard: 7 days, 2026-03-04 "
        "to 2026-03-10. Dashboard's rule makes it 116.00 EUR less, by 2 rows. Ask both "
        "for the same days: add since= and until=."
    )


def test_a_ratio_is_split_into_what_its_top_and_its_bottom_make(
    explained: Callable[..., Row],
) -> None:
    data = explained("roas")

    # 97 / 143, then 67 / 27 without 1 March, then 60 / 20 without campaign 2.
    assert data["a"]["value"] == "0.6783216783"
    assert data["b"]["value"] == "3"
    window, status = data["steps"]
    assert window["delta"] == "1.8031598032"  # 2.4814814815 - 0.6783216783
    assert status["delta"] == "0.5185185185"  # 3 - 2.4814814815
    assert (window["top_delta"], window["bottom_delta"]) == ("-30.00", "-116.00")
    # Half of (67/143 - 97/143) + (67/27 - 97/27) = -0.2097902098 - 1.1111111111.
    assert window["top_effect"] == "-0.66045066045"
    assert window["bottom_effect"] == "2.46361046365"  # 1.8031598032 + 0.66045066045
    assert data["residual"] == "0"


def test_days_that_were_asked_for_are_both_readers(
    explained: Callable[..., Row],
) -> None:
    data = explained(since="2026-03-04", until="2026-03-05")

    # 10 + 1.50 + 7 + 0.25 and the same without campaign 2.
    assert (data["a"]["value"], data["b"]["value"]) == ("18.75", "11.75")
    assert steps_of(data) == [("status", "-7.00")]


def test_country_and_campaign_narrow_both(explained: Callable[..., Row]) -> None:
    by_country = explained(country="US")
    by_campaign = explained(campaign_id=["1", "4"])

    # US: 16 + 100 + 10 + 7, and 10. Campaigns 1 and 4: 16 + 10 + 1.50 + 0.25 + 8.25.
    assert (by_country["a"]["value"], by_country["b"]["value"]) == ("133.00", "10.00")
    assert (by_campaign["a"]["value"], by_campaign["b"]["value"]) == ("36.00", "20.00")


def test_when_nothing_is_wrong_it_says_that_the_two_agree(
    explained: Callable[..., Row],
) -> None:
    data = explained(a="dashboard")

    assert data["summary"] == (
        "The two agree: Dashboard and Dashboard both show 20.00 EUR."
    )
    assert (data["steps"], data["difference"]) == ([], "0.00")
    assert {check["verdict"] for check in data["checks"]} == {"ok"}


def test_the_summary_names_the_largest_cause_first(
    explained: Callable[..., Row],
) -> None:
    assert explained()["summary"] == (
        "AI Budget shows 143.00 EUR, Dashboard 20.00 EUR. The difference is made by "
        "window (-116.00 EUR), status (-7.00 EUR)."
    )


def test_the_same_difference_without_an_order(explained: Callable[..., Row]) -> None:
    data = explained(shares=True)

    classes = {
        (row["name"], *row["left_out_of_b_by"]): (row["row_count"], row["top_delta"])
        for row in data["classes"]
    }
    assert classes == {
        ("a_only", "window"): (1, "-16.00"),
        ("a_only", "status"): (1, "-7.00"),
        ("a_only", "window", "status"): (1, "-100.00"),
        ("both_same_value",): (4, "0.00"),
    }
    # Campaign 2's 100 of 1 March go with whichever rule comes first: 16 + 50, 7 + 50.
    shares = {row["dimension"]: row for row in data["shares"]}
    assert (shares["window"]["weighted_sum"], shares["window"]["orders"]) == ("-132", 2)
    assert (shares["window"]["share"], shares["status"]["share"]) == (-66.0, -57.0)


def test_a_window_of_which_no_day_was_read_is_not_known(
    explained: Callable[..., Row],
) -> None:
    data = explained(since="2025-11-01", until="2025-11-02")

    assert (data["a"]["value"], data["a"]["reason"]) == (None, "not_read")
    assert data["difference"] is None
    assert data["summary"].startswith("AI Budget and Dashboard: Amount spent is not")


def test_money_of_which_no_row_has_a_rate_is_not_known(
    explained: Callable[..., Row],
) -> None:
    data = explained(store="bolt", country="DE")

    assert (data["b"]["value"], data["b"]["reason"]) == (None, "no_rate")


def test_a_ratio_without_its_divisor_says_what_it_lacks(
    explained: Callable[..., Row],
) -> None:
    data = explained("cac", country="ZZ")

    assert (data["b"]["value"], data["b"]["reason"]) == (None, "no_purchases")
    # What can be said is said: the rows still differ in spend.
    assert data["b"]["top"] == "1.50"


@pytest.mark.parametrize(
    ("asked", "status", "code", "said"),
    [
        ({"metric": "reach"}, 422, "API-422-NOT-ADDITIVE", "reach is never summed"),
        (
            {"metric": "daily_budget"},
            422,
            "API-422-NOT-ADDITIVE",
            "does not come from sums",
        ),
        ({"metric": "nothing"}, 422, "API-422-NAME", "no metric `nothing`"),
        ({"a": "nobody"}, 422, "API-422-READER", "no reader `nobody`"),
        ({"store": "else"}, 404, "API-404-STORE", "no store"),
        ({"campaign_id": "77"}, 404, "API-404-CAMPAIGN", "77"),
        ({"metric": "Spend"}, 422, "API-422-PARAMETER", "metric"),
        ({"bogus": "1"}, 422, "API-422-PARAMETER", "bogus"),
        (
            {"since": "2026-03-05", "until": "2026-03-04"},
            422,
            "API-422-RANGE",
            "before it starts",
        ),
        ({"since": "2010-01-01", "until": "2026-03-04"}, 422, "API-422-RANGE", "1200"),
        ({"since": "2010-01-01"}, 422, "API-422-RANGE", "1200"),
        ({"since": "2026-03-11"}, 422, "API-422-RANGE", "before it starts"),
        (
            {"as_of_a": "2026-03-10T09:31:00Z"},
            422,
            "API-422-PARAMETER",
            "has not come yet",
        ),
        ({"as_of_a": "2026-01-01T00:00:00Z"}, 410, "API-410-AS-OF", "2026-01-01"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_explained_is_refused_with_what_to_do(
    client: TestClient, published: None, asked: Row, status: int, code: str, said: str
) -> None:
    answer = client.get(
        "/v1/explain", params={"store": "acme", "metric": "spend"} | asked
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert said in problem["detail"]
    assert problem["hint"]


def test_numbers_that_agree_though_rows_differ_say_so(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    """Campaign 2, which only AI Budget counts: 7.00 in US, -7.00 in no country."""
    row = world["marts.explain_rows"][5]
    residual = row | {"country_code": "ZZ", "spend": "-7.00"}
    publish({**world, "marts.explain_rows": [row, residual]})
    report()

    data = client.get("/v1/explain?store=acme&metric=spend").json()["data"]

    assert data["summary"] == (
        "The two agree: AI Budget and Dashboard both show 0.00 EUR, though some of "
        "their rows differ."
    )
