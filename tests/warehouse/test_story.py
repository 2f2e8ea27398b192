"""The whole way: sandbox, dlt, dbt, snapshot; every number against the world's cells.

One warehouse lives through a first day, a history filled in, and three more days with a
restatement, a vanished ad, a new ad, a day that becomes empty, a pause, a rename and a
late rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.settings import Settings
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import (
    EmptyDay,
    NewAd,
    Rename,
    RestateDay,
    SetStatus,
    VanishAd,
)
from ingest.sandbox.world import default_world
from tests.conftest import Pathways, table_hashes
from tests.fixtures.local_client import LocalClient
from tests.fixtures.truth import (
    METRICS,
    Key,
    Metrics,
    our_rows,
    true_in_reporting_currency,
    true_rows,
)


@dataclass
class Told:
    """What was seen at each point of the story."""

    sandbox: Sandbox
    run: Pathways
    exits: list[tuple[str, int, str]] = field(default_factory=list)
    truth: dict[str, dict[Key, Metrics]] = field(default_factory=dict)
    ours: dict[str, dict[Key, Metrics]] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    def cycle(self, name: str, *arguments: str) -> None:
        ended = self.run("run", *arguments)
        self.exits.append((name, ended.exit_code, ended.err + ended.out))

    def compare(self, name: str) -> None:
        """Keep truth and published numbers of every object and day."""
        self.truth[name] = dict(true_rows(self.sandbox))
        self.ours[name] = dict(our_rows(self.run))


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    world = default_world()
    with Sandbox(world, empty_page_every=5) as sandbox:
        folder: Path = tmp_path_factory.mktemp("story")
        story = Told(sandbox, Pathways(folder / "data", sandbox))
        acme, noor = (account.id for account in world.accounts)
        late_rate = date(2026, 3, 11)
        sandbox.rates.withhold(late_rate)

        story.cycle("first day", "--backfill-minutes", "0")
        story.compare("first day")
        story.seen["first objects"] = story.run.query(
            "select object_id, object_name, effective_status from core.meta_objects"
        )

        start = sandbox.clock.now()
        campaigns = [
            campaign
            for campaign in world.campaigns
            if campaign.account_id == acme and campaign.status == "ACTIVE"
        ]
        ads = [ad for ad in world.ads if ad.account_id == noor]
        adset = next(a for a in world.adsets if a.account_id == acme)
        story.seen["renamed"] = campaigns[0].id
        story.seen["paused"] = campaigns[1].id
        story.seen["vanished"] = ads[0].id
        story.seen["new"] = "901000000000000077"
        story.seen["emptied"] = (noor, date(2026, 3, 3))
        sandbox.append(
            RestateDay(start + timedelta(hours=20), acme, date(2026, 2, 20), 900, 1300),
            Rename(
                start + timedelta(hours=21), campaigns[0].id, "Renamed 'é' \"quoted\""
            ),
            SetStatus(start + timedelta(hours=22), campaigns[1].id, "PAUSED"),
            NewAd(start + timedelta(hours=23), adset.id, story.seen["new"], "Fresh"),
            VanishAd(start + timedelta(hours=30), ads[0].id),
            EmptyDay(start + timedelta(hours=31), noor, date(2026, 3, 3)),
        )
        sandbox.clock.advance(days=3)
        # A day of it became empty: believed at once here, elsewhere held back.
        story.cycle("three days on", "--accept-shrink")
        story.compare("three days on")
        story.seen["before the rate"] = rate_rows(story.run, late_rate)

        story.seen["snapshot"] = (story.run.data_dir / "current.json").read_text()
        story.cycle("nothing new")
        story.seen["snapshot after nothing new"] = (
            story.run.data_dir / "current.json"
        ).read_text()

        sandbox.rates.release(late_rate)
        sandbox.clock.advance(hours=2)
        story.cycle("the late rate")
        story.compare("the late rate")
        story.seen["after the rate"] = rate_rows(story.run, late_rate)
        story.seen["incremental"] = list(table_hashes(story.run, "build.duckdb"))
        ended = story.run("build", "--full-refresh")
        story.exits.append(("full refresh", ended.exit_code, ended.err))
        story.seen["full refresh"] = list(table_hashes(story.run, "build.duckdb"))
        yield story


def rate_rows(run: Pathways, day: date) -> list[tuple[Any, ...]]:
    return run.query(
        "select distinct fx_status, fx_rate, fx_rate_date from core.meta_daily_metrics "
        f"where store = 'acme' and date_day = '{day}'"
    )


def test_every_cycle_of_the_story_ends_well(told: Told) -> None:
    assert [(name, code) for name, code, text in told.exits if code] == [], told.exits


@pytest.mark.parametrize("moment", ["first day", "three days on", "the late rate"])
def test_every_object_and_day_equals_the_truth(told: Told, moment: str) -> None:
    truth, ours = told.truth[moment], told.ours[moment]
    if moment == "first day":
        # Five weeks are read first; history follows in the next cycle.
        truth = {key: row for key, row in truth.items() if key[3] >= date(2026, 2, 3)}

    assert len(truth) > 1000
    assert ours == truth


def test_deleted_and_vanished_ads_keep_their_numbers(told: Told) -> None:
    vanished = told.seen["vanished"]

    rows = [key for key in told.ours["three days on"] if key[2] == vanished]

    assert rows
    assert told.run.query(
        "select is_present, is_active from core.meta_objects "
        f"where object_id = '{vanished}'"
    ) == [(False, False)]


def test_countries_add_up_to_the_total_of_every_object_and_day(told: Told) -> None:
    additive = [*METRICS.values(), "spend", "purchase_value"]
    gaps = " or ".join(f"totals.{m} is distinct from countries.{m}" for m in additive)
    sums = ", ".join(f"sum({m}) as {m}" for m in additive)

    broken = told.run.query(
        "with countries as (select level, object_id, date_day, "
        f"{sums} from core.meta_insights where not is_total group by all) "
        "select count(*), count(countries.object_id) "
        "from core.meta_level_totals as totals "
        "left join countries using (level, object_id, date_day) "
        f"where ({gaps}) and (totals.impressions <> 0 or totals.spend <> 0)"
    )
    residual = told.run.query(
        "select count(*), count(reach) from core.meta_daily_metrics "
        "where country_code = 'ZZ'"
    )

    assert broken == [(0, 0)]
    assert residual[0][0] > 0
    assert residual[0][1] == 0


def test_a_day_that_became_empty_is_read_and_has_no_rows(told: Told) -> None:
    account_id, day = told.seen["emptied"]
    where = f"account_id = '{account_id}' and date_day = '{day}'"

    assert any(key[0] == account_id and key[3] == day for key in told.ours["first day"])
    assert told.run.query(f"select count(*) from core.meta_insights where {where}") == [
        (0,)
    ]
    assert told.run.query(f"select count(*) from marts.account_days where {where}") == [
        (1,)
    ]


def test_a_rename_is_a_version_and_splits_nothing(told: Told) -> None:
    renamed = told.seen["renamed"]

    names = told.run.query(
        "select distinct campaign_name from core.meta_daily_metrics "
        f"where campaign_id = '{renamed}'"
    )
    versions = told.run.query(
        "select object_name from core.meta_objects_history "
        f"where object_id = '{renamed}' order by valid_from"
    )

    assert names == [("Renamed 'é' \"quoted\"",)]
    assert len(versions) >= 2
    assert versions[-1] == names[0]


def test_a_pause_changes_the_status_now_and_not_the_status_then(told: Told) -> None:
    paused = told.seen["paused"]

    statuses = told.run.query(
        "select date_day, effective_status, effective_status_now, is_active "
        f"from core.meta_daily_metrics where campaign_id = '{paused}' "
        "and date_day in ('2026-03-09', '2026-03-10') group by all order by 1"
    )

    # First listed on the 10th: what it was on the 9th is not known.
    assert statuses == [
        (date(2026, 3, 9), None, "PAUSED", False),
        (date(2026, 3, 10), "ACTIVE", "PAUSED", False),
    ]


def test_children_of_a_paused_campaign_follow_it(told: Told) -> None:
    statuses = told.run.query(
        "select distinct effective_status from core.meta_objects "
        f"where object_type = 'adset' and parent_id = '{told.seen['paused']}' "
        "and status = 'ACTIVE'"
    )

    assert statuses == [("CAMPAIGN_PAUSED",)]


def test_a_new_ad_appears_in_the_tree_with_its_parents(told: Told) -> None:
    rows = told.run.query(
        "select object_name, parent_name is not null, grandparent_name is not null "
        f"from marts.object_tree where object_id = '{told.seen['new']}'"
    )

    assert rows == [("Fresh", True, True)]


def test_a_late_rate_replaces_the_carried_one_when_it_appears(told: Told) -> None:
    before, after = told.seen["before the rate"], told.seen["after the rate"]
    day = date(2026, 3, 11)

    assert [(row[0], row[2]) for row in before] == [("carried", date(2026, 3, 10))]
    assert [(row[0], row[2]) for row in after] == [("exact", day)]
    rates = told.sandbox.rates.on(day)
    assert after[0][1] == (1 / rates["USD"]).quantize(Decimal("1e-10"))


def test_converted_money_is_the_exact_product_of_amount_and_rate(told: Told) -> None:
    broken = told.run.query(
        "select count(*) from core.meta_insights where country_code <> 'ZZ' and ("
        "spend <> spend_account_currency * fx_rate or "
        "purchase_value <> purchase_value_account_currency * fx_rate)"
    )

    assert broken == [(0,)]


def test_a_pegged_currency_has_the_declared_rate_on_every_day(told: Told) -> None:
    rates = told.run.query(
        "select distinct fx_status, fx_source, fx_rate from core.meta_insights "
        "where store = 'noor'"
    )

    # 1 / 3.75
    assert rates == [("exact", "peg", Decimal("0.2666666667"))]


def test_a_cycle_that_changes_nothing_publishes_nothing(told: Told) -> None:
    assert told.seen["snapshot after nothing new"] == told.seen["snapshot"]


def test_incremental_equals_full_refresh_hash_for_hash(told: Told) -> None:
    assert len(told.seen["full refresh"]) > 8
    assert told.seen["incremental"] == told.seen["full refresh"]


def test_history_is_whole_after_the_backfill(told: Told) -> None:
    missing = told.run.query(
        "select account_id, count(*), min(date_day), max(date_day) "
        "from marts.account_days group by all order by 1"
    )
    created = {
        account.id: account.created_at.astimezone(account.zone).date()
        for account in told.sandbox.world.accounts
    }

    for account_id, count, first, last in missing:
        assert first == created[account_id]
        assert count == (last - first).days + 1


def test_no_window_was_read_twice_in_one_load(told: Told) -> None:
    twice = told.run.query(
        "select count(*) from (select 1 from core.meta_receipts "
        "where resource = 'insights' "
        "group by load_id, account_id, level, breakdown, date_day having count(*) > 1)"
    )

    assert twice == [(0,)]


def test_rows_to_explain_are_those_of_the_public_tables(told: Told) -> None:
    for table, level, key, own in (
        ("meta_daily_metrics", "campaign", "campaign_id", ""),
        ("meta_adset_metrics", "adset", "adset_id", "adset_"),
        ("meta_ad_metrics", "ad", "ad_id", "ad_"),
    ):
        shared = (
            "account_id, date_day, country_code, spend, purchases, campaign_id, "
            "effective_status, effective_status_now, is_active, is_partial_day"
        )
        public = (
            f"select {key} as object_id, {own}effective_status as own_then, "
            f"{own}effective_status_now as own_now, {shared} from core.{table}"
        )
        judged = (
            "select object_id, object_effective_status as own_then, "
            f"object_effective_status_now as own_now, {shared} "
            f"from marts.explain_rows where level = '{level}'"
        )

        unlike = told.run.query(
            f"(({public}) except all ({judged})) union all "
            f"(({judged}) except all ({public}))"
        )

        assert unlike == [], table
        assert told.run.query(f"select 1 from ({judged}) limit 1"), table


@pytest.fixture(scope="session")
def client(told: Told) -> TestClient:
    return LocalClient(
        create_app(Settings(data_dir=told.run.data_dir, now=told.sandbox.clock.now()))
    )


@pytest.mark.parametrize("store", ["acme", "noor"])
def test_the_dashboard_over_http_sums_to_the_truth(
    told: Told, client: TestClient, store: str
) -> None:
    since, until = date(2025, 12, 1), date(2026, 3, 13)
    truth = true_in_reporting_currency(told.sandbox, store, since, until)

    answer = client.get(
        "/v1/dashboard",
        params={
            "store": store,
            "since": str(since),
            "until": str(until),
            "include_inactive": "true",
        },
    ).json()

    overview = answer["data"]["overview"]
    assert Decimal(overview["spend"]["value"]) == truth["spend"]
    assert Decimal(overview["revenue"]["value"]) == truth["purchase_value"]
    assert overview["orders"]["value"] == truth["purchases"]
    for part in ("trends", "campaigns", "countries"):
        rows = answer["data"][part]
        assert sum(Decimal(row["spend"] or 0) for row in rows) == truth["spend"], part


@pytest.mark.parametrize("store", ["acme", "noor"])
def test_every_figure_of_the_dashboard_is_what_its_definition_says(
    told: Told, client: TestClient, store: str
) -> None:
    window = {"store": store, "since": "2026-02-20", "until": "2026-03-13"}
    defined = client.get("/v1/definitions").json()["data"]["metrics"]
    sums = {}
    for metric in defined:
        if metric["agg"] == "sum" and metric["adds_up_over_days"]:
            column, _, where = metric["formula"].partition(" where ")
            sums[metric["name"]] = told.run.query(
                f"select {column} from {metric['model']} where store = '{store}' "
                f"and date_day between '{window['since']}' and '{window['until']}' "
                f"and {where or 'true'}",
                "build.duckdb",
            )[0][0]
    given = ", ".join(
        f"cast({sum_} as double) as {name}" for name, sum_ in sums.items()
    )
    ratios = {
        metric["name"]: told.run.query(
            f"select {metric['formula']} from (select {given})", "build.duckdb"
        )
        for metric in defined
        if metric["inputs"]
    }

    answer = client.get(
        "/v1/dashboard", params={**window, "include_inactive": "true"}
    ).json()

    overview = answer["data"]["overview"]
    assert len(overview) == 17
    for name, figure in overview.items():
        if name in sums:
            assert Decimal(figure["value"]) == sums[name], name
        else:
            assert figure["value"] == pytest.approx(ratios[name][0][0]), name


@pytest.mark.parametrize("store", ["acme", "noor"])
def test_the_budget_rows_over_http_sum_to_the_truth(
    told: Told, client: TestClient, store: str
) -> None:
    since, until = date(2026, 2, 20), date(2026, 3, 13)
    truth = true_in_reporting_currency(told.sandbox, store, since, until)

    answer = client.get(
        "/v1/budget", params={"store": store, "since": str(since), "until": str(until)}
    ).json()

    campaigns = answer["data"]["campaigns"]
    assert sum(Decimal(row["spend"]) for row in campaigns) == truth["spend"]
    assert sum(row["purchases"] for row in campaigns) == truth["purchases"]


def test_what_the_status_filter_hides_makes_up_the_difference(
    client: TestClient,
) -> None:
    window = {"store": "acme", "since": "2026-02-20", "until": "2026-03-12"}

    shown = client.get("/v1/dashboard", params=window).json()
    whole = client.get(
        "/v1/dashboard", params={**window, "include_inactive": "true"}
    ).json()

    hidden = Decimal(shown["meta"]["status_filter"]["hidden"]["spend"])
    spend = [Decimal(a["data"]["overview"]["spend"]["value"]) for a in (shown, whole)]
    assert hidden > 0
    assert spend[0] + hidden == spend[1]


def test_the_status_over_http_reads_what_the_cycle_wrote(client: TestClient) -> None:
    answer = client.get("/v1/status", params={"store": "acme"}).json()

    verdicts = {row["check"]: row["verdict"] for row in answer["data"]["checks"]}
    assert verdicts["freshness_and_backfill"] == "ok", answer
    assert verdicts["level_parity"] == "ok"
    assert verdicts["hierarchy"] == "ok"
    assert verdicts["status_mix"] == "warn"
    assert answer["meta"]["stale"] is None


@pytest.mark.parametrize("store", ["acme", "noor"])
def test_both_readers_show_what_their_contracts_say(
    client: TestClient, store: str
) -> None:
    dashboard = client.get("/v1/dashboard", params={"store": store}).json()["data"]
    budget = client.get("/v1/budget", params={"store": store}).json()["data"]

    names = {"spend": "spend", "revenue": "purchase_value", "orders": "purchases"}
    for metric, column in names.items():
        asked = {"store": store, "metric": metric, "a": "ai_budget", "b": "dashboard"}
        told = client.get("/v1/explain", params=asked).json()["data"]
        advised = sum(Decimal(row[column] or 0) for row in budget["campaigns"])
        shown = Decimal(dashboard["overview"][metric]["value"])
        assert Decimal(told["a"]["value"]) == advised, metric
        assert Decimal(told["b"]["value"]) == shown, metric
        steps = sum(Decimal(step["delta"]) for step in told["steps"])
        assert steps == shown - advised, metric
