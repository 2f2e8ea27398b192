"""Listings of campaigns, ad sets and ads."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import Rename

ACME = "100000000000001"


def test_an_edge_without_fields_gives_ids_only(shared: Sandbox, ask: Any) -> None:
    body = ask(shared, f"act_{ACME}/campaigns").json()

    assert all(set(row) == {"id"} for row in body["data"])


@pytest.mark.parametrize("edge", ["campaigns", "adsets", "ads"])
def test_gone_objects_are_listed_only_when_asked_for(
    shared: Sandbox, ask_all: Any, statuses: Any, edge: str
) -> None:
    level = edge.removesuffix("s")
    fields = "id,effective_status"

    default = ask_all(shared, f"act_{ACME}/{edge}", fields=fields)
    everything = ask_all(
        shared, f"act_{ACME}/{edge}", fields=fields, filtering=statuses(level)
    )

    hidden = {row["effective_status"] for row in everything if row not in default}
    assert hidden == {"ARCHIVED", "DELETED"}
    assert not {row["effective_status"] for row in default} & hidden


def test_every_campaign_status_is_there(
    shared: Sandbox, ask_all: Any, statuses: Any
) -> None:
    rows = ask_all(
        shared,
        f"act_{ACME}/campaigns",
        fields="effective_status",
        filtering=statuses("campaign"),
    )

    assert sorted(row["effective_status"] for row in rows) == [
        "ACTIVE",
        "ACTIVE",
        "ARCHIVED",
        "DELETED",
        "IN_PROCESS",
        "PAUSED",
        "WITH_ISSUES",
    ]


def test_children_follow_their_parents(shared: Sandbox, ask_all: Any) -> None:
    asked = json.dumps(["CAMPAIGN_PAUSED"])
    paused = next(node for node in shared.world.campaigns if node.status == "PAUSED")

    rows = ask_all(
        shared,
        f"act_{ACME}/ads",
        fields="campaign_id,status,effective_status",
        effective_status=asked,
    )

    assert {row["campaign_id"] for row in rows} == {paused.id}
    assert {row["status"] for row in rows} == {"ACTIVE"}


def test_budgets_are_minor_units_on_campaign_or_ad_sets(
    shared: Sandbox, ask_all: Any, statuses: Any
) -> None:
    fields = "id,daily_budget,lifetime_budget,campaign_id"
    campaigns = ask_all(
        shared,
        f"act_{ACME}/campaigns",
        fields="id,daily_budget,lifetime_budget",
        filtering=statuses("campaign"),
    )
    adsets = ask_all(
        shared, f"act_{ACME}/adsets", fields=fields, filtering=statuses("adset")
    )

    own = {
        row["id"]: row["daily_budget"] != "0" or row["lifetime_budget"] != "0"
        for row in campaigns
    }
    assert set(own.values()) == {True, False}
    assert sum(row["lifetime_budget"] != "0" for row in campaigns) == 1
    for row in adsets:
        assert (row["daily_budget"] != "0") == (not own[row["campaign_id"]])


def test_times_are_in_the_zone_of_the_account(shared: Sandbox, ask: Any) -> None:
    body = ask(shared, "act_100000000000002/campaigns", fields="start_time").json()

    assert body["data"][0]["start_time"] == "2025-11-30T00:00:00+0300"


def test_updated_time_moves_with_the_object_and_not_with_its_parent(
    sandbox: Sandbox, ask_all: Any
) -> None:
    campaign = sandbox.world.campaigns[0]
    at = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
    sandbox.append(Rename(at, campaign.id, "Another name"))
    sandbox.clock.advance(hours=1)
    since = int((at - timedelta(seconds=1)).timestamp())

    def changed(level: str) -> list[dict[str, Any]]:
        condition = {
            "field": f"{level}.updated_time",
            "operator": "GREATER_THAN",
            "value": since,
        }
        return ask_all(
            sandbox, f"act_{ACME}/{level}s", filtering=json.dumps([condition])
        )

    assert changed("campaign") == [{"id": campaign.id}]
    assert changed("adset") == []


def test_parents_list_their_own_children(shared: Sandbox, ask_all: Any) -> None:
    campaign = shared.world.campaigns[0]
    adsets = ask_all(shared, f"{campaign.id}/adsets", fields="campaign_id")

    ads = [
        ad for adset in adsets for ad in ask_all(shared, f"{adset['id']}/ads", limit=1)
    ]

    assert {row["campaign_id"] for row in adsets} == {campaign.id}
    assert ads == ask_all(shared, f"{campaign.id}/ads")


def test_accounts_carry_currency_and_zone(shared: Sandbox, ask: Any) -> None:
    fields = "currency,timezone_name,timezone_offset_hours_utc,account_status"

    body = ask(shared, "me/adaccounts", fields=fields).json()

    assert body["data"] == [
        {
            "currency": "USD",
            "timezone_name": "America/New_York",
            "timezone_offset_hours_utc": -4.0,
            "account_status": 1,
            "id": "act_100000000000001",
        },
        {
            "currency": "SAR",
            "timezone_name": "Asia/Riyadh",
            "timezone_offset_hours_utc": 3.0,
            "account_status": 1,
            "id": "act_100000000000002",
        },
    ]
