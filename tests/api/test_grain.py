"""Trends by week and month. 2026-03-02 and 2026-03-09 are Mondays.

acme was read from 02-25 to 03-10, today. Active campaigns have in the default window
03-04 to 03-10: on 03-04 spend 10.00 + 1.50, value 30.00, 2 purchases, 1,100
impressions; on 03-05 spend 0.25, value 4.00, 1 purchase, 20 impressions; on 03-10
spend 8.25, value 26.00, 2 purchases, 880 impressions. On 03-01: 16.00, 30.00, 4, 1,600.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import served
from tests.fixtures.worlds import acme

Trend = dict[str, Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    # The Monday that a week of the default window stands under has a share too.
    monday = {"store": "acme", "date_day": "2026-03-02", "settled_share": 0.5}
    world = acme()
    world["marts.settled_days"].append(monday)
    with served(tmp_path_factory.mktemp("acme"), world) as client:
        yield client


def trends(client: LocalClient, query: str) -> list[Trend]:
    answer = client.get(f"/v1/dashboard?{query}")
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["grain"] in query
    found: list[Trend] = data["trends"]
    return found


def test_a_week_is_the_sum_of_its_days_in_the_window(client: LocalClient) -> None:
    first, second = trends(client, "grain=week")

    assert (first["date_day"], second["date_day"]) == ("2026-03-02", "2026-03-09")
    assert (first["since"], first["until"]) == ("2026-03-04", "2026-03-08")
    assert (second["since"], second["until"]) == ("2026-03-09", "2026-03-10")
    assert (first["spend"], first["revenue"], first["orders"]) == ("11.75", "34.00", 3)
    assert first["impressions"] == 1120
    assert (second["spend"], second["revenue"]) == ("8.25", "26.00")


def test_ratios_of_a_week_are_of_its_sums(client: LocalClient) -> None:
    first, second = trends(client, "grain=week")

    assert first["roas"] == pytest.approx(34 / 11.75)
    assert first["cac"] == pytest.approx(11.75 / 3)
    assert first["ctr"] == pytest.approx(100 * 55 / 1120)
    assert second["roas"] == pytest.approx(26 / 8.25)


def test_weeks_and_months_add_up_to_the_overview(client: LocalClient) -> None:
    for grain in ("day", "week", "month"):
        query = f"/v1/dashboard?grain={grain}&since=2026-02-25"
        data = client.get(query).json()["data"]

        # 16.00 + 11.75 + 8.25.
        assert data["overview"]["spend"]["value"] == "36.00"
        assert sum(float(row["spend"]) for row in data["trends"]) == 36


@pytest.mark.parametrize(
    ("query", "is_cut"),
    [
        ("grain=week&since=2026-03-02&until=2026-03-08", [False]),
        ("grain=week&since=2026-03-02&until=2026-03-09", [False, True]),
        ("grain=week&since=2026-03-03&until=2026-03-08", [True]),
        ("grain=month&since=2026-02-01&until=2026-02-28", [False]),
        ("grain=month&since=2026-02-02&until=2026-03-10", [True, True]),
        ("grain=month&since=2024-02-01&until=2024-02-28", [True]),
        ("grain=month&since=2024-02-01&until=2024-02-29", [False]),
        ("grain=day&since=2026-03-09&until=2026-03-10", [False, False]),
    ],
)
def test_a_week_or_month_that_goes_beyond_the_window_is_cut(
    client: LocalClient, query: str, is_cut: list[bool]
) -> None:
    assert [row["is_cut"] for row in trends(client, query)] == is_cut


def test_a_week_is_of_two_years_where_its_days_are(client: LocalClient) -> None:
    (week,) = trends(client, "grain=week&since=2025-12-29&until=2026-01-04")

    assert (week["date_day"], week["is_cut"]) == ("2025-12-29", False)


def test_a_week_with_a_running_day_is_partial(client: LocalClient) -> None:
    before, current = trends(client, "grain=week")

    assert (before["is_partial_day"], current["is_partial_day"]) == (False, True)


def test_a_month_that_was_read_in_part_says_so(client: LocalClient) -> None:
    january, february, march = trends(client, "grain=month&since=2026-01-15")

    # No day of January was read; of February the last four were, without delivery.
    assert january["spend"] is None
    assert january["reasons"]["spend"] == "not_read"
    assert january["is_partial_day"] is None
    assert (february["spend"], march["spend"]) == ("0.00", "36.00")
    assert [row["has_missing_days"] for row in (january, february, march)] == [
        True,
        True,
        False,
    ]


def test_a_share_of_a_day_is_none_of_its_week(client: LocalClient) -> None:
    days = trends(client, "grain=day")
    weeks = trends(client, "grain=week")

    assert [row["settled_share"] for row in days if row["settled_share"]] == [0.875]
    assert {row["settled_share"] for row in weeks} == {None}


def test_the_longest_window_by_week_has_no_gap(client: LocalClient) -> None:
    weeks = trends(client, "grain=week&since=2022-11-27&compare=none")

    # From Sunday 2022-11-27 to Tuesday 2026-03-10: 1 day, 171 weeks (1,197 days), 2.
    assert len(weeks) == 173
    assert len({row["date_day"] for row in weeks}) == 173


@pytest.mark.parametrize("grain", ["hour", "Week", "year", "", "day'--"])
def test_another_grain_is_refused(client: LocalClient, grain: str) -> None:
    answer = client.get("/v1/dashboard", params={"grain": grain})

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")
