"""Names, ids and fields that are allowed and rare; figures stay what they are."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ingest.sandbox.faults import Fault
from ingest.sandbox.field_faults import (
    absent_fields,
    extra_fields,
    fields_lost,
    new_action_types,
    null_fields,
)
from ingest.sandbox.plans import many_plans
from ingest.sandbox.server import Sandbox, environment
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world, default_plans

ACME = "100000000000001"
DAY = "2026-03-01"


def test_odd_names_are_served_and_change_no_figure(
    shared: Sandbox, insights: Any, ask_all: Any, statuses: Any, ask: Any
) -> None:
    plans = [replace(plan, odd_names=True) for plan in default_plans()]
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)

    with Sandbox(world) as sandbox:
        raw = ask(sandbox, f"act_{ACME}/ads", fields="name", limit=100).content
        ads = ask_all(
            sandbox, f"act_{ACME}/ads", fields="name", filtering=statuses("ad")
        )
        rows = insights(sandbox, ACME, "ad", DAY, DAY, fields="ad_id,ad_name,spend")

    plain = insights(shared, ACME, "ad", DAY, DAY, fields="ad_id,spend")
    assert [{k: row[k] for k in plain[0]} for row in rows] == plain
    names = {ad.id: ad.name for ad in world.ads}
    assert {row["id"]: row["name"] for row in ads} == {
        ad.id: ad.name for ad in world.ads if ad.account_id == ACME
    }
    assert all(row["ad_name"] == names[row["ad_id"]] for row in rows)
    joined = "".join(names.values())
    for odd in ('"', "\\", "\n", "\u200f", "\u202e", "🛍️", "=HYPERLINK(", "\u0000"):
        assert odd in joined
    assert b"\\ud800" in raw
    assert b"\\u0000" in raw


def test_huge_ids_are_past_63_bits_and_change_no_figure(
    shared: Sandbox, insights: Any, ask: Any
) -> None:
    plans = [replace(plan, huge_ids=True) for plan in default_plans()]
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)

    with Sandbox(world) as sandbox:
        rows = insights(sandbox, ACME, "ad", DAY, DAY)
        found = ask(sandbox, world.ads[0].id, fields="campaign_id").json()

    plain = insights(shared, ACME, "ad", DAY, DAY)
    assert [row["spend"] for row in rows] == [row["spend"] for row in plain]
    assert all(int(row["ad_id"]) > 2**63 for row in rows)
    assert found["campaign_id"] == world.campaigns[0].id


@pytest.mark.parametrize(
    "fault",
    [
        extra_fields(),
        new_action_types(),
        null_fields("clicks", "actions", "outbound_clicks"),
        absent_fields("clicks", "spend", "impressions"),
    ],
    ids=["extra", "new types", "nulls", "absent"],
)
def test_changed_fields_leave_the_figures_true(
    sandbox: Sandbox, insights: Any, fault: Fault
) -> None:
    true = insights(sandbox, ACME, "ad", DAY, DAY)
    sandbox.faults.add(match="/insights", fault=fault, times=None)

    false = insights(sandbox, ACME, "ad", DAY, DAY)

    truth = sandbox.truth(ACME, "ad", date(2026, 3, 1))
    for row in false:
        metrics = truth[row["ad_id"]]
        assert Decimal(row.get("spend") or 0) == metrics["spend"]
        assert Decimal(row.get("clicks") or 0) == metrics["clicks"]
        carts = [
            a for a in row.get("actions") or [] if a["action_type"] == "add_to_cart"
        ]
        assert sum(Decimal(a["value"]) for a in carts) == metrics["add_to_cart"]
    assert len(false) == len(true)
    assert len(false) == len(truth)


def test_nulls_absent_extra_and_new_are_there(sandbox: Sandbox, ask: Any) -> None:
    asked = {"fields": "spend,clicks,actions", "level": "account"}
    asked["time_range"] = json.dumps({"since": DAY, "until": DAY})
    faults = {
        "extra": extra_fields(),
        "new": new_action_types(),
        "null": null_fields("unheard_of", "spend"),
        "lost": fields_lost("spend"),
    }
    rows = {}
    for name, fault in faults.items():
        sandbox.faults.add(match="/insights", fault=fault)
        (rows[name],) = ask(sandbox, f"act_{ACME}/insights", **asked).json()["data"]

    assert rows["extra"]["new_flag"] is True
    assert rows["new"]["actions"][-1]["action_type"] == "ünïcode.type"
    assert rows["null"]["unheard_of"] is None
    assert Decimal(rows["null"]["spend"]) > 0
    assert "spend" not in rows["lost"]


def test_many_accounts_stand_in_several_stores_currencies_and_zones() -> None:
    plans = many_plans(20)
    world = build_world(plans, seed=1, start=DEFAULT_START)

    with Sandbox(world) as sandbox:
        found = environment(sandbox)
        days = [date(2026, 2, 20)] * 20
        spent = [
            sandbox.truth(account.id, "account", day)
            for account, day in zip(world.accounts, days, strict=True)
        ]

    assert len({plan.account_id for plan in plans}) == 20
    assert len({plan.store for plan in plans}) == 10
    assert len({(plan.currency, plan.timezone) for plan in plans}) == 8
    assert len(json.loads(found["SOURCES__META__STORES__SHOP10__ACCOUNTS"])) == 2
    assert all(spent)
    assert len({ad.id for ad in world.ads}) == len(world.ads) == 20 * 2 * 2
