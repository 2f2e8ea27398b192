"""The world is made from its seed alone; sizes and accounts are parameters."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from ingest.sandbox.plans import currency_plans
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import (
    DEFAULT_START,
    AccountPlan,
    build_world,
    default_plans,
    default_world,
)

EMPTY = AccountPlan(
    account_id="100000000000009",
    store="bare",
    name="Bare",
    currency="JPY",
    timezone="Asia/Tokyo",
    reporting_currency="USD",
    campaigns=0,
)


def test_the_same_seed_makes_the_same_world(insights: Any) -> None:
    bodies = []
    for _ in range(2):
        with Sandbox(default_world()) as sandbox:
            bodies.append(
                insights(sandbox, "100000000000001", "ad", "2026-03-01", "2026-03-10")
            )

    assert bodies[0] == bodies[1]


def test_another_seed_makes_another_world() -> None:
    plans = default_plans()

    first = build_world(plans, seed=1, start=DEFAULT_START)
    second = build_world(plans, seed=2, start=DEFAULT_START)

    assert first != second


def test_an_empty_account_answers_with_nothing(ask: Any) -> None:
    world = build_world([*default_plans(), EMPTY], seed=1, start=DEFAULT_START)

    with Sandbox(world) as sandbox:
        accounts = ask(sandbox, "me/adaccounts").json()["data"]
        for edge in ("campaigns", "adsets", "ads", "insights"):
            answer = ask(sandbox, f"act_{EMPTY.account_id}/{edge}")
            assert answer.json() == {"data": []}

    assert len(accounts) == 3


def test_a_currency_without_minor_units_is_served_whole(insights: Any) -> None:
    plan = replace(EMPTY, campaigns=1)
    world = build_world([plan], seed=1, start=DEFAULT_START)

    with Sandbox(world) as sandbox:
        (row,) = insights(
            sandbox, plan.account_id, "account", "2026-03-01", "2026-03-01"
        )
        truth = sandbox.truth(plan.account_id, "account", date(2026, 3, 1))

    assert row["spend"] == str(truth[plan.account_id]["spend"])
    assert "." not in row["spend"]


def test_sizes_are_what_the_plan_says() -> None:
    plan = replace(
        default_plans()[0], campaigns=9, adsets_per_campaign=3, ads_per_adset=(4,)
    )

    world = build_world([plan], seed=1, start=DEFAULT_START)

    assert (len(world.campaigns), len(world.adsets)) == (9, 27)
    assert len({ad.id for ad in world.ads}) == 108
    ids = {campaign.id for campaign in world.campaigns}
    ids |= {adset.id for adset in world.adsets} | {ad.id for ad in world.ads}
    assert all(15 <= len(one) <= 18 and one.isdigit() for one in ids)


def test_one_store_has_accounts_of_several_currencies() -> None:
    world = build_world(currency_plans(), seed=1, start=DEFAULT_START)

    with Sandbox(world) as sandbox:
        rates = sandbox.rates.on(date(2026, 3, 9))

    assert {account.store for account in world.accounts} == {"bazaar"}
    currencies = {account.currency: account for account in world.accounts}
    assert list(currencies) == ["TRY", "JPY", "EUR", "USD", "SAR", "KWD"]
    assert {"SAR", "KWD"} == set(currencies) - set(rates) - {"EUR"}
    assert {
        currency for currency, account in currencies.items() if account.minor_units == 1
    } == {"JPY"}
    clocks = {
        account.currency
        for account in world.accounts
        if account.zone.utcoffset(datetime(2026, 1, 1))
        != account.zone.utcoffset(datetime(2026, 7, 1))
    }
    assert clocks == {"EUR", "USD"}
