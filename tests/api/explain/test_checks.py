"""The checks of an explanation: what they find, and what they cannot know."""

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.api.explain.conftest import World

Row = dict[str, Any]


def test_the_checks_come_in_the_order_in_which_to_look(
    explained: Callable[..., Row],
) -> None:
    checks = explained()["checks"]

    assert [(check["step"], check["check"]) for check in checks] == [
        (1, "freshness_and_backfill"),
        (1, "unread_days"),
        (2, "table_parity"),
        (2, "level_parity"),
        (2, "country_conservation"),
        (3, "status_mix"),
        (4, "hierarchy"),
        (None, "currency_coverage"),
        (None, "restatements"),
        (None, "level_gaps"),
        (None, "vanished_objects"),
    ]


def test_what_a_check_finds_in_the_days_compared_is_its_evidence(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    gap = {
        "store": "acme",
        "account_id": "111",
        "parent_id": "1",
        "parent_level": "campaign",
        "child_level": "adset",
        "cause": "hidden_by_meta",
        "spend_account_currency": "2.50",
        "purchases": 0,
    }
    world["marts.level_gaps"] = [
        {**gap, "date_day": "2026-03-04"},
        {**gap, "date_day": "2026-01-01"},
    ]
    world["marts.object_tree"][1]["is_present"] = False
    world["core.meta_adset_metrics"] = world["core.meta_adset_metrics"][1:]
    publish(world)
    report()

    data = client.get("/v1/explain?store=acme&metric=spend").json()["data"]

    checks = {check["check"]: check for check in data["checks"]}
    assert checks["table_parity"]["verdict"] == "warn"
    # Of both gaps one lies in the days compared.
    (found,) = checks["level_gaps"]["rows"]
    assert (found["name"], found["cause"]) == ("1", "hidden_by_meta")
    assert found["spend_account_currency"] == "2.50"
    assert "1 sums" in checks["level_gaps"]["evidence"]
    # Campaign 2 is no longer listed: 100 and 7.
    (gone,) = checks["vanished_objects"]["rows"]
    assert (gone["name"], gone["spend_account_currency"]) == ("campaign 2", "107.00")


def test_tables_that_differ_fail_and_are_named_first(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    world["core.meta_daily_metrics"] = world["core.meta_daily_metrics"][1:]
    publish(world)
    report()

    data = client.get("/v1/explain?store=acme&metric=spend").json()["data"]

    parity = data["checks"][2]
    assert (parity["check"], parity["verdict"]) == ("table_parity", "fail")
    assert [row["name"] for row in parity["rows"]][:2] == [
        "marts.dashboard_daily",
        "core.meta_daily_metrics",
    ]
    assert "look at them first" in data["summary"]


def test_where_no_day_was_read_nothing_is_called_alike(
    explained: Callable[..., Row],
) -> None:
    data = explained(since="2025-11-01", until="2025-11-02")

    verdicts = {check["check"]: check["verdict"] for check in data["checks"]}
    # The account is of January.
    assert verdicts["unread_days"] == "ok"
    assert {name for name in verdicts if verdicts[name] == "not_comparable"} == {
        "table_parity",
        "level_gaps",
        "vanished_objects",
    }


def test_a_rate_that_the_days_compared_lack_is_told_though_newer_days_have_theirs(
    client: TestClient,
    world: World,
    publish: Callable[..., None],
    report: Callable[..., None],
) -> None:
    """The store's own check looks at the newest thirty days."""
    world["marts.explain_rows"][0] |= {"spend": None, "purchase_value": None}
    publish(world)
    report()

    data = client.get("/v1/explain?store=acme&metric=spend").json()["data"]

    checks = {check["check"]: check for check in data["checks"]}
    assert checks["currency_coverage"]["verdict"] == "fail"
    (found,) = checks["currency_coverage"]["rows"]
    assert (found["date_day"], found["spend_account_currency"]) == (
        "2026-03-01",
        "16.00",
    )


def test_days_compared_that_were_not_read_are_counted(
    explained: Callable[..., Row],
) -> None:
    """Read from 25 February on."""
    checks = explained(since="2026-02-21", until="2026-03-10")["checks"]

    assert (checks[1]["check"], checks[1]["verdict"]) == ("unread_days", "warn")
    assert checks[1]["evidence"] == (
        "4 account days of those compared were not read, the first 2026-02-21 of "
        "account 111."
    )
