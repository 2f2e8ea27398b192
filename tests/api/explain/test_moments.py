"""Two moments: what was published then, and the link that keeps to it."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.explain.conftest import World, steps_of

Row = dict[str, Any]


def test_the_link_gives_the_same_answer_whatever_is_published_since(
    client: TestClient,
    explained: Callable[..., Row],
    publish: Callable[..., None],
    world: World,
) -> None:
    data = explained("cac", a="ref_ai_budget", campaign_id=["1", "2"], shares=True)

    publish({**world, "marts.explain_rows": []}, "s2", "2026-03-10T09:29:00+00:00")
    pinned = data["link"].replace("09%3A30", "09%3A28")
    again = client.get(pinned).json()["data"]

    assert "as_of_a=2026-03-10T09%3A30" in data["link"]
    for name in ("a", "b"):
        assert again[name].pop("now_at") != data[name].pop("now_at")
    unlike = ("link", "checks")
    assert {name: again[name] for name in again if name not in unlike} == {
        name: data[name] for name in data if name not in unlike
    }
    assert explained()["a"]["row_count"] == 0


def test_what_changed_since_mondays_report_is_one_step(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    """On Monday campaign 1 had spent 9.00 of its 10.00 of 4 March, campaign 4 was not
    known and campaign 2 ran."""
    rows = world["marts.explain_rows"]
    monday = [
        row | ({"spend": "9.00"} if row["spend"] == "10.00" else {})
        for row in rows
        if row["campaign_id"] != "4" and row["date_day"] != "2026-03-10"
    ]
    monday = [row | {"is_active": True} for row in monday]
    days = [
        row
        for row in world["marts.account_days"]
        if str(row["date_day"]) != "2026-03-10"
    ]
    before = {**world, "marts.explain_rows": monday, "marts.account_days": days}
    publish(before, "s1", "2026-03-09T09:00:00+00:00")
    publish(world, "s2", "2026-03-10T09:00:00+00:00")
    report()

    asked = {"store": "acme", "metric": "spend", "a": "dashboard"}
    asked |= {"as_of_a": "2026-03-09T10:00:00Z"}
    data = client.get("/v1/explain", params=asked).json()["data"]

    # Monday, 3 to 9 March: 9 + 1.50 + 7. Since then +1, -7 (paused) and +0.25; then the
    # window brings today's 8.25.
    assert (data["a"]["value"], data["b"]["value"]) == ("17.50", "20.00")
    assert (data["a"]["snapshot_id"], data["b"]["snapshot_id"]) == ("s1", "s2")
    assert (data["a"]["until"], data["b"]["until"]) == ("2026-03-09", "2026-03-10")
    assert steps_of(data) == [("as_of", "-5.75"), ("window", "8.25")]
    assert [
        (row["campaign_id"], row["top_delta"]) for row in data["steps"][0]["rows"]
    ] == [("2", "-7.00"), ("1", "1.00"), ("4", "0.25")]
    assert data["summary"].startswith(
        "Dashboard as of 2026-03-09 10:00 UTC shows 17.50 EUR, "
        "Dashboard as of 2026-03-10 09:30 UTC 20.00 EUR. "
    )
    restatements = data["checks"][8]
    assert (restatements["check"], restatements["verdict"]) == ("restatements", "warn")
    assert restatements["evidence"] == (
        "2 campaign days of those compared have other numbers in one snapshot than in "
        "the other."
    )
    # Campaign 4 came, campaign 1 has another rate; today was not read on Monday.
    assert [
        (row["name"], row["cause"], row["date_day"], row["spend_account_currency"])
        for row in restatements["rows"]
    ] == [
        ("campaign 4", "read_again", "2026-03-05", "0.25"),
        ("campaign 1", "other_rate", "2026-03-04", "0.00"),
    ]


@pytest.mark.parametrize("newer", ["a", "b"])
def test_what_was_read_anew_is_found_whichever_reader_is_the_older(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
    newer: str,
) -> None:
    """US and ZZ of 4 March: what one lost the other gained."""
    moved = [
        row | {"impressions": {1000: 1010, 100: 90}.get(row["impressions"])}
        if row["date_day"] == "2026-03-04"
        else row
        for row in world["marts.explain_rows"]
    ]
    publish({**world, "marts.explain_rows": moved}, "s1", "2026-03-09T09:00:00+00:00")
    publish(world, "s2", "2026-03-10T09:00:00+00:00")
    report()

    older = {"a": "as_of_b", "b": "as_of_a"}[newer]
    asked = {"store": "acme", "metric": "spend", "a": "dashboard"}
    asked |= {older: "2026-03-09T10:00:00Z"}
    data = client.get("/v1/explain", params=asked).json()["data"]

    (check,) = [each for each in data["checks"] if each["check"] == "restatements"]
    assert [(row["name"], row["date_day"]) for row in check["rows"]] == [
        ("campaign 1", "2026-03-04")
    ]


def test_as_of_alone_is_of_both(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    publish({**world, "marts.explain_rows": []}, "s1", "2026-03-09T09:00:00+00:00")
    publish(world, "s2", "2026-03-10T09:00:00+00:00")
    report()

    asked = {"store": "acme", "metric": "spend", "as_of": "2026-03-09T10:00:00Z"}
    answer = client.get("/v1/explain", params=asked).json()

    assert answer["data"]["a"]["snapshot_id"] == "s1"
    assert answer["data"]["b"]["today"] == "2026-03-09"
    assert answer["meta"]["as_of"]["holds_for"] == "2026-03-09T09:00:00Z"


def test_a_window_from_a_first_day_is_as_long_as_it_is(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    publish(world, "s1", "2026-03-09T09:00:00+00:00")
    publish(world, "s2", "2026-03-10T09:00:00+00:00")
    report()

    asked = {"store": "acme", "metric": "spend", "a": "dashboard"}
    asked |= {"since": "2026-03-01", "as_of_a": "2026-03-09T10:00:00Z"}
    steps = client.get("/v1/explain", params=asked).json()["data"]["steps"]

    (window,) = [step for step in steps if step["dimension"] == "window"]
    assert window["a"] == "9 days, 2026-03-01 to 2026-03-09"
    assert window["b"] == "10 days, 2026-03-01 to 2026-03-10"
