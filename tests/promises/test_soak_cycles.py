"""Cycles for days and weeks over a world that moves: the end equals the truth."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.build import dbt_build
from tests.conftest import ROOT, Pathways, table_hashes
from tests.fixtures.truth import our_rows, true_in_reporting_currency, true_rows
from tests.promises.soak_cycles import Soak, figures, run_soak
from tests.promises.soak_story import ACME, NOOR, SHUT_AT, expected_exit_codes

# Three hours at 96 a day and two days at 2; two days at 96 and 28 days at 2.
SHORT, LONG = (12, 4), (192, 56)
LENGTHS = [
    pytest.param(SHORT, marks=pytest.mark.slow, id="hours"),
    pytest.param(LONG, marks=pytest.mark.soak, id="weeks"),
]


@pytest.fixture(scope="module", params=LENGTHS)
def soak(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Soak]:
    folder: Path = tmp_path_factory.mktemp("soak") / "data"
    for done in run_soak(folder, *request.param):
        document = figures(done.cycles)
        print(json.dumps(document, indent=1))
        if request.param == LONG:
            text = json.dumps(document, indent=1) + "\n"
            (ROOT / "bench" / "soak.json").write_text(text)
        yield done


def published(soak: Soak) -> Pathways:
    return Pathways(soak.data_dir, soak.sandbox)


def test_cycles_end_well_but_for_those_where_something_was_wrong(soak: Soak) -> None:
    codes = [cycle.exit_code for cycle in soak.cycles]

    assert codes == expected_exit_codes(len(soak.cycles))


def test_every_object_and_day_equals_the_truth_in_the_end(soak: Soak) -> None:
    truth = dict(true_rows(soak.sandbox))
    ours = dict(our_rows(published(soak)))

    # Forty days and more of one account, one campaign, two ad sets and five ads, twice.
    assert len(truth) > 500
    wrong = {key for key in truth.keys() | ours if truth.get(key) != ours.get(key)}
    assert sorted(wrong) == []


@pytest.mark.parametrize("store", ["acme", "noor"])
def test_money_is_converted_at_the_days_rate_in_the_end(soak: Soak, store: str) -> None:
    since, until = date(2026, 1, 20), soak.sandbox.clock.now().date()
    truth = true_in_reporting_currency(soak.sandbox, store, since, until)

    ours = published(soak).query(
        "select sum(spend), sum(purchase_value) from core.meta_level_totals "
        f"where store = '{store}' and level = 'account'"
    )

    assert ours == [(truth["spend"], truth["purchase_value"])]


def test_history_has_no_hole_in_the_end(soak: Soak) -> None:
    first = date(2026, 3, 7) - timedelta(days=40)

    days = published(soak).query(
        "select account_id, min(date_day), max(date_day), count(*) "
        "from marts.account_days group by all order by 1"
    )

    for (account_id, oldest, newest, count), known in zip(
        days, (ACME, NOOR), strict=True
    ):
        account = next(a for a in soak.sandbox.world.accounts if a.id == account_id)
        today = account.local_day(soak.sandbox.clock.now())
        assert (account_id, oldest, newest) == (known, first, today)
        assert count == (newest - oldest).days + 1


def test_no_window_was_read_twice_in_one_load(soak: Soak) -> None:
    twice = published(soak).query(
        "select count(*) from (select 1 from raw_meta.receipts "
        "where resource = 'insights' and outcome = 'complete' "
        "group by _dlt_load_id, account_id, level, breakdown, date_day "
        "having count(*) > 1)",
        "warehouse.duckdb",
    )

    assert twice == [(0,)]


def test_a_shut_account_is_left_alone_until_it_opens(soak: Soak) -> None:
    start = int(SHUT_AT * len(soak.cycles))
    shut = soak.cycles[start : start + 4]

    assert [cycle.outcomes.split()[0] for cycle in shut[:3]] == ["deferred"] * 3
    # The one that was refused; then none in the cycles 15 and 30 minutes later.
    assert [cycle.insights_calls[ACME] for cycle in shut[:3]] == [1, 0, 0]
    assert shut[3].insights_calls[ACME] > 1
    assert [cycle.insights_calls[NOOR] > 0 for cycle in shut] == [True] * 4


def test_what_grew_over_many_cycles_equals_a_full_refresh(soak: Soak) -> None:
    # The last cycle thinned out old readings after it had built its tables.
    dbt_build(soak.settings())
    grown = list(table_hashes(published(soak), "build.duckdb"))

    dbt_build(soak.settings(), full_refresh=True)

    assert list(table_hashes(published(soak), "build.duckdb")) == grown


def test_memory_does_not_grow_with_the_cycles(soak: Soak) -> None:
    early = soak.cycles[len(soak.cycles) // 4].peak_mb

    assert soak.cycles[-1].peak_mb < early * 1.5


def test_status_of_the_end_says_that_nothing_is_missing(soak: Soak) -> None:
    status = json.loads((soak.data_dir / "status.json").read_text())

    assert status["cycle"]["outcome"] == "ok"
    for account in status["accounts"]:
        assert account["backfill"]["is_complete"]
        assert account["held_back_days"] == 0
        assert (account["failures"], account["deferred"]) == ([], [])
    assert Decimal(status["interval_seconds"]) == 900
