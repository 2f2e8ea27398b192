"""Conservation: what adds up, which check says so when it does not, and its cause."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.sandbox.server import Sandbox
from tests.conftest import Pathways
from tests.warehouse.test_runs import small_world

pytestmark = pytest.mark.slow

METRICS = (
    "spend_account_currency",
    "impressions",
    "clicks",
    "purchases",
    "purchase_value_account_currency",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("laws") / "data"
    with Sandbox(small_world()) as sandbox:
        ended = Pathways(data_dir, sandbox)("run", "--backfill-minutes", "0")
    assert ended.exit_code == 0, ended.err
    return data_dir


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "data", symlinks=True))


def changed(folder: Path, file: str, *statements: str) -> None:
    with duckdb.connect(str(folder / file)) as connection:
        for statement in statements:
            connection.execute(statement)


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    return Pathways(folder).query(sql, "build.duckdb")


def test_the_parts_of_every_law_add_up(built: Path) -> None:
    sums = ", ".join(
        f"sum(case when is_total then {metric} else -{metric} end) as {metric}"
        for metric in METRICS
    )
    differs = " or ".join(f"{metric} <> 0" for metric in METRICS)

    found = rows(
        built,
        f"select law, count(*), count(*) filter ({differs}) from ("
        f"select account_id, date_day, law, level, {sums} "
        "from marts.conservation group by all) group by law order by law",
    )

    assert [(law, broken) for law, _, broken in found] == [
        ("conversion", 0),
        ("countries", 0),
        ("levels", 0),
    ]
    assert min(count for _, count, _ in found) > 100


def test_what_meta_gave_to_no_country_is_named(built: Path) -> None:
    parts = dict(
        rows(
            built,
            "select part, sum(impressions) from marts.conservation "
            "where law = 'countries' and level = 'account' group by all",
        )
    )
    residual = rows(
        built,
        "select sum(impressions) from core.meta_insights "
        "where level = 'account' and country_code = 'ZZ'",
    )

    assert sorted(parts) == [
        "breakdown_shortfall",
        "countries",
        "total",
        "unknown_country",
    ]
    assert parts["breakdown_shortfall"] == residual[0][0] > 0


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        (
            "update core.meta_insights set impressions = impressions + 1 "
            "where country_code = 'US' and level = 'ad' "
            "and date_day = (select max(date_day) from core.meta_insights)",
            "assert_countries_add_up_to_the_total",
        ),
        (
            "update core.meta_insights set spend = spend + 0.0001 where level = 'ad'",
            "assert_every_fact_row_keeps_its_laws",
        ),
        (
            "delete from core.meta_insights where level = 'ad' and ad_id = "
            "(select min(ad_id) from core.meta_insights)",
            "assert_parts_add_up_to_their_total",
        ),
        (
            "insert into marts.restatements by name "
            "select store, account_id, object_id, load_id, level, date_day, "
            "0 as spend_account_currency_before, 1 as spend_account_currency_change "
            "from core.meta_insights where level = 'account' and is_total limit 1",
            "assert_restatements_lead_to_what_is_shown",
        ),
    ],
    ids=["countries", "conversion", "levels", "restatements"],
)
def test_a_law_that_is_broken_on_purpose_fails_its_check_and_no_other(
    folder: Path, statement: str, check: str
) -> None:
    changed(folder, "build.duckdb", statement)

    said = Pathways(folder).dbt("test", "--select", "path:dbt_project/tests")

    failed = {
        word.split(".")[-1]
        for line in said.splitlines()
        if " FAIL " in line
        for word in line.split()
        if word.startswith("assert_")
    }
    assert check in failed
    # Wrong countries make a wrong total of parts as well, and readers differ.
    assert failed <= {
        check,
        "assert_parts_add_up_to_their_total",
        "assert_countries_add_up_to_the_total",
        "assert_dashboard_equals_daily_metrics",
    }


def test_an_ad_that_meta_leaves_out_is_the_named_part_of_what_lacks(
    folder: Path,
) -> None:
    """Its rows are gone from the ads, its ad set still counts them, and it vanished."""
    (ad_id, adset_id), *_ = rows(
        folder,
        "select ad_id, adset_id from core.meta_insights where level = 'ad' "
        "and is_total and spend > 0 order by spend desc limit 1",
    )
    own = rows(
        folder,
        "select date_day, spend_account_currency, purchases from core.meta_insights "
        f"where level = 'ad' and is_total and ad_id = '{ad_id}' "
        "and (spend > 0 or impressions > 0) order by date_day",
    )
    changed(
        folder,
        "warehouse.duckdb",
        "create temp table left_out as from raw_meta.ad_insights "
        f"where ad_id = '{ad_id}'",
        f"delete from raw_meta.ad_insights where ad_id = '{ad_id}'",
        "update raw_meta.receipts set row_count = row_count - gone.rows, "
        "spend = receipts.spend - gone.spend, "
        "impressions = receipts.impressions - gone.impressions, "
        "clicks = receipts.clicks - gone.clicks, content_hash = 'other' from ("
        "select account_id, breakdown, date_start, _dlt_load_id as load_id, "
        "count(*) as rows, coalesce(sum(spend::decimal(18, 4)), 0) as spend, "
        "coalesce(sum(impressions::bigint), 0) as impressions, "
        "coalesce(sum(clicks::bigint), 0) as clicks from left_out group by all) "
        "as gone where receipts.level = 'ad' "
        "and receipts.account_id = gone.account_id "
        "and receipts.breakdown = gone.breakdown "
        "and receipts.date_day = gone.date_start "
        "and receipts._dlt_load_id = gone.load_id",
        f"update raw_meta.ads set is_present = false where id = '{ad_id}'",
    )

    said = Pathways(folder).dbt(
        "build", "--full-refresh", "--exclude-resource-type", "unit_test"
    )

    assert "Completed successfully" in said, said
    gaps = rows(
        folder,
        "select date_day, spend_account_currency, purchases from marts.level_gaps "
        f"where parent_id = '{adset_id}' and cause = 'deleted_child' "
        f"and lost_child_id = '{ad_id}' order by date_day",
    )
    part = rows(
        folder,
        "select sum(spend_account_currency) from marts.conservation "
        "where law = 'levels' and level = 'ad' and part = 'deleted_child'",
    )
    assert len(gaps) > 20
    assert gaps == own
    assert part[0][0] == sum(spend for _, spend, _ in own)
