"""Events change what is served from their moment on, and the truth with it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import (
    ChangeAttribution,
    ChangeBudget,
    EmptyDay,
    NewAd,
    Rename,
    RestateDay,
    SetStatus,
    VanishAd,
    default_story,
)
from ingest.sandbox.world import default_world

ACME = "100000000000001"
AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)


def spend_of(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["spend"]) for row in rows), Decimal(0))


def test_an_event_waits_for_its_moment(sandbox: Sandbox, ask: Any) -> None:
    campaign_id = sandbox.world.campaigns[0].id
    sandbox.append(Rename(AT, campaign_id, "New name"))

    before = ask(sandbox, campaign_id, fields="name").json()["name"]
    sandbox.clock.set(AT)
    after = ask(sandbox, campaign_id, fields="name,updated_time").json()

    assert before != "New name"
    assert after["name"] == "New name"
    assert after["updated_time"] == "2026-03-10T08:00:00-0400"


def test_a_restated_day_changes_alone(sandbox: Sandbox, insights: Any) -> None:
    before = insights(sandbox, ACME, "account", "2026-02-28", "2026-03-02")
    sandbox.append(RestateDay(AT, ACME, DAY, spend_permille=500, sales_permille=2000))
    sandbox.clock.set(AT)

    after = insights(sandbox, ACME, "account", "2026-02-28", "2026-03-02")

    assert (before[0], before[2]) == (after[0], after[2])
    # Each cell's cent is rounded down: half, less at most one cent a cell.
    lost = Decimal(before[1]["spend"]) / 2 - Decimal(after[1]["spend"])
    assert Decimal(0) <= lost < Decimal(2)
    truth = sandbox.truth(ACME, "account", DAY)[ACME]
    bought = {item["action_type"]: item["value"] for item in after[1]["actions"]}
    assert Decimal(bought["omni_purchase"]) == truth["purchases"]
    assert (
        truth["purchases"]
        > sandbox.truth(ACME, "account", DAY, AT - timedelta(hours=1))[ACME][
            "purchases"
        ]
    )


@pytest.mark.parametrize("level", ["account", "campaign", "adset", "ad"])
def test_an_emptied_day_has_no_rows(
    sandbox: Sandbox, insights: Any, level: str
) -> None:
    sandbox.append(EmptyDay(AT, ACME, DAY))
    sandbox.clock.set(AT)

    rows = insights(sandbox, ACME, level, "2026-02-28", "2026-03-02")

    assert {row["date_start"] for row in rows} == {"2026-02-28", "2026-03-02"}
    assert sandbox.truth(ACME, "account", DAY) == {}


def test_a_paused_campaign_delivers_to_the_end_of_the_day(
    sandbox: Sandbox, insights: Any, ask: Any
) -> None:
    campaign = sandbox.world.campaigns[0]
    sandbox.append(SetStatus(AT, campaign.id, "PAUSED"))
    sandbox.clock.set(AT + timedelta(days=3))

    rows = insights(sandbox, ACME, "campaign", "2026-03-08", "2026-03-13")
    ads = ask(sandbox, f"{campaign.id}/ads", fields="effective_status").json()

    days = {row["date_start"] for row in rows if row["campaign_id"] == campaign.id}
    assert max(days) == "2026-03-10"
    assert "CAMPAIGN_PAUSED" in {row["effective_status"] for row in ads["data"]}


def test_a_new_ad_delivers_and_changes_no_other(
    sandbox: Sandbox, insights: Any, ask_all: Any
) -> None:
    adset = sandbox.world.adsets[0]
    before = insights(sandbox, ACME, "ad", "2026-03-10", "2026-03-10")
    moment = sandbox.clock.now()
    sandbox.append(NewAd(moment, adset.id, "120299999999999999", "Extra"))

    after = insights(sandbox, ACME, "ad", "2026-03-10", "2026-03-10")
    listed = ask_all(sandbox, f"{adset.id}/ads", fields="name")

    assert [row for row in after if row["ad_id"] != "120299999999999999"] == before
    assert len(after) == len(before) + 1
    assert "Extra" in [row["name"] for row in listed]


def test_a_vanished_ad_is_in_no_listing_but_keeps_its_insights(
    sandbox: Sandbox, insights: Any, ask: Any, ask_all: Any, statuses: Any
) -> None:
    ad = sandbox.world.ads[0]
    sandbox.append(VanishAd(AT, ad.id))
    sandbox.clock.set(AT)

    listed = ask_all(sandbox, f"act_{ACME}/ads", filtering=statuses("ad"))
    rows = insights(sandbox, ACME, "ad", "2026-03-01", "2026-03-01")
    unfiltered = insights(
        sandbox, ACME, "ad", "2026-03-01", "2026-03-01", filtering="[]"
    )

    assert ad.id not in {row["id"] for row in listed}
    assert ask(sandbox, ad.id).json()["error"]["error_subcode"] == 33
    assert ad.id in {row["ad_id"] for row in rows}
    assert ad.id not in {row["ad_id"] for row in unfiltered}
    account = insights(sandbox, ACME, "account", "2026-03-01", "2026-03-01")
    assert spend_of(account) == spend_of(rows)


def test_a_budget_change_shows_at_once(sandbox: Sandbox, ask: Any) -> None:
    campaign = sandbox.world.campaigns[0]
    sandbox.append(ChangeBudget(sandbox.clock.now(), campaign.id, 12_345))

    shown = ask(sandbox, campaign.id, fields="daily_budget").json()

    assert shown["daily_budget"] == "12345"


def test_a_change_of_attribution_shows_in_ad_set_and_insights(
    sandbox: Sandbox, ask: Any, insights: Any
) -> None:
    adset = sandbox.world.adsets[0]
    sandbox.append(ChangeAttribution(sandbox.clock.now(), adset.id, "1d_click"))

    shown = ask(sandbox, adset.id, fields="attribution_spec").json()
    rows = insights(
        sandbox,
        ACME,
        "adset",
        "2026-03-01",
        "2026-03-01",
        fields="adset_id,attribution_setting",
    )

    assert adset.attribution_setting == "7d_click_1d_view"
    assert shown["attribution_spec"] == [
        {"event_type": "CLICK_THROUGH", "window_days": 1}
    ]
    settings = {row["adset_id"]: row["attribution_setting"] for row in rows}
    assert settings[adset.id] == "1d_click"


def test_an_attribution_that_nobody_knows_is_refused(sandbox: Sandbox) -> None:
    adset = sandbox.world.adsets[0]

    with pytest.raises(ValueError, match="attribution_setting must be one of"):
        sandbox.append(ChangeAttribution(AT, adset.id, "28d_view"))


def test_an_event_for_an_unknown_object_is_refused_at_once(sandbox: Sandbox) -> None:
    with pytest.raises(KeyError):
        sandbox.append(Rename(AT, "999", "Nobody"))

    sandbox.clock.set(AT)
    assert sandbox.truth(ACME, "account", DAY)


def test_the_default_story_keeps_levels_equal(insights: Any) -> None:
    world = default_world()

    with Sandbox(world, story=default_story(world)) as sandbox:
        sandbox.clock.advance(days=3)
        spend = {
            spend_of(insights(sandbox, ACME, level, "2026-03-05", "2026-03-13"))
            for level in ("account", "campaign", "adset", "ad")
        }

    assert len(spend) == 1
