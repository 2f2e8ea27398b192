"""What is read and not believed at once: what shrank, and levels that are short."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.fields import LEVELS
from ingest.ledger import read_ledger
from ingest.sandbox.faults import graph_error
from ingest.sandbox.page_faults import emptied, page_edited, rows_dropped
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import EmptyDay, RestateDay
from ingest.sandbox.world import default_world
from ingest.sync import SyncSummary
from tests.fixtures.raw_tables import rows
from tests.fixtures.two_stores import ACME, NOOR, TOKEN, Run, read_once

DAYS = FIRST, SECOND = date(2026, 3, 7), date(2026, 3, 8)
# The first page of the ads in total: rows of the first day.
ADS_IN_TOTAL = rf"act_{ACME}/insights\?level=ad&(?!.*(breakdowns|after))"


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return read_once(tmp_path_factory.mktemp("once"))


@pytest.fixture
def run(loaded_once: Path, tmp_path: Path) -> Iterator[Run]:
    """The loaded folder, for one test to load into again, a day later."""
    shutil.copy(loaded_once / "warehouse.duckdb", tmp_path)
    with Sandbox(default_world(), token=TOKEN) as sandbox:
        sandbox.clock.advance(days=1)
        yield Run(tmp_path, sandbox)


def codes(summary: SyncSummary) -> list[str]:
    return [failure.code for failure in summary.failures]


def held_days(run: Run) -> list[tuple[Any, ...]]:
    return rows(
        run.data_dir,
        "select distinct account_id, date_day from raw_meta.receipts "
        "where outcome = 'held' order by all",
    )


def of_day(run: Run, day: date) -> dict[str, Decimal]:
    """Spend of acme's day by level, as it holds."""
    return {
        level: spend
        for (account, level, of_day), spend in run.spend().items()
        if (account, of_day) == (ACME, day)
    }


def empty_first_day(run: Run) -> None:
    run.sandbox.append(EmptyDay(run.sandbox.clock.now(), ACME, FIRST))


def test_day_that_became_empty_is_held_back_and_the_rest_is_read(run: Run) -> None:
    before = of_day(run, FIRST)
    empty_first_day(run)

    summary = run.sync()

    assert codes(summary) == ["META-SHRINK"]
    assert of_day(run, FIRST) == before
    assert held_days(run) == [(ACME, FIRST)]
    others = {key: spend for key, spend in run.truth().items() if key[2] == SECOND}
    assert {key: run.spend()[key] for key in others} == others


@pytest.mark.slow
def test_rows_of_what_is_held_back_are_not_stored(run: Run) -> None:
    of_the_day = (
        "select count(*) from raw_meta.account_insights "
        f"where account_id = '{ACME}' and date_start = '{FIRST}'"
    )
    (before,) = rows(run.data_dir, of_the_day)
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 100, 1000))

    summary = run.sync()

    assert codes(summary) == ["META-SHRINK"]
    assert rows(run.data_dir, of_the_day) == [before]


def test_day_that_is_empty_twice_is_empty(run: Run) -> None:
    empty_first_day(run)

    run.sync()
    run.sandbox.clock.advance(minutes=15)
    summary = run.sync()

    assert codes(summary) == []
    assert set(of_day(run, FIRST).values()) == {Decimal(0)}
    assert run.spend() == run.truth()


@pytest.mark.slow
def test_empty_answer_that_was_a_slip_changes_nothing(run: Run) -> None:
    of_acme = rf"act_{ACME}/insights"
    run.sandbox.faults.add(match=of_acme, fault=emptied(), times=None)

    slipped = run.sync()
    run.sandbox.faults.clear()
    run.sandbox.clock.advance(minutes=15)
    healed = run.sync()

    assert codes(slipped) == ["META-SHRINK"]
    assert codes(healed) == []
    assert run.spend() == run.truth()


@pytest.mark.slow
def test_loss_is_believed_at_once_when_told_so(run: Run) -> None:
    empty_first_day(run)

    summary = run.sync(accepts_shrink=True)

    assert codes(summary) == []
    assert held_days(run) == []
    assert run.spend() == run.truth()


def test_loss_within_the_share_is_a_restatement(run: Run) -> None:
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 600, 1000))

    summary = run.sync()

    assert codes(summary) == []
    assert run.spend() == run.truth()


def test_level_that_is_short_is_read_again_before_it_is_believed(run: Run) -> None:
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=rows_dropped(3))

    summary = run.sync()

    assert codes(summary) == []
    assert run.spend() == run.truth()


@pytest.mark.slow
def test_level_that_a_second_reading_makes_short_is_read_again_too(run: Run) -> None:
    """Every level lacks a row of the first day; ads look whole beside the others."""
    first_row_lost = page_edited(lambda _, page: page | {"data": page["data"][1:]})
    for level in LEVELS:
        in_total = rf"act_{ACME}/insights\?level={level}&(?!.*(breakdowns|after))"
        run.sandbox.faults.add(match=in_total, fault=first_row_lost)

    summary = run.sync()

    assert codes(summary) == []
    assert run.spend() == run.truth()


@pytest.mark.slow
def test_second_look_that_has_to_wait_is_left_for_a_later_run(run: Run) -> None:
    before = run.spend()
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 900, 1000))
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=rows_dropped(3))
    wait = graph_error(80000, status=400, message="(#80000) too many calls")
    long_wait = replace(wait, headers={"Retry-After": "2400"})
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=long_wait)

    summary = run.sync()

    unsure = (ACME, "ad", FIRST)
    assert codes(summary) == ["META-WAIT"]
    assert run.spend()[unsure] == before[unsure]


@pytest.mark.slow
def test_second_look_that_is_refused_is_reported(run: Run) -> None:
    before = run.spend()
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 900, 1000))
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=rows_dropped(3))
    refused = graph_error(100, status=400, message="(#100) no such field")
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=refused)

    summary = run.sync()

    unsure = (ACME, "ad", FIRST)
    assert codes(summary) == ["META-100"]
    assert run.spend()[unsure] == before[unsure]


@pytest.mark.slow
def test_level_that_is_short_twice_alike_is_believed(run: Run) -> None:
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=rows_dropped(1), times=2)

    summary = run.sync()

    # What Meta says twice is what Meta says; the level gap is reported downstream.
    assert codes(summary) == []
    short = {key for key, spend in run.spend().items() if spend != run.truth()[key]}
    assert {(account, level) for account, level, _ in short} == {(ACME, "ad")}


def test_level_that_is_short_twice_unlike_keeps_what_was_known(run: Run) -> None:
    before = run.spend()
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 900, 1000))
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=rows_dropped(3))
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=rows_dropped(1))

    summary = run.sync()

    unsure = (ACME, "ad", FIRST)
    truth = run.truth()
    assert codes(summary) == ["META-SHORT"]
    assert run.spend()[unsure] == before[unsure] != truth[unsure]
    assert run.spend() == truth | {unsure: before[unsure]}


@pytest.mark.slow
def test_level_that_is_refused_leaves_the_others_read(run: Run) -> None:
    before = run.spend()
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 900, 1000))
    refused = graph_error(100, status=400, message="(#100) no such field")
    in_total = rf"act_{ACME}/insights\?level=campaign&(?!.*breakdowns)"
    run.sandbox.faults.add(match=in_total, fault=refused)

    summary = run.sync()

    unread = {(ACME, "campaign", day): before[ACME, "campaign", day] for day in DAYS}
    assert codes(summary) == ["META-100"]
    assert run.spend() == run.truth() | unread


@pytest.mark.slow
def test_account_beside_one_that_is_held_back_is_read(run: Run) -> None:
    empty_first_day(run)

    run.sync()

    truth = {key: spend for key, spend in run.truth().items() if key[0] == NOOR}
    assert {key: run.spend()[key] for key in truth} == truth


@pytest.mark.slow
def test_day_of_which_one_level_failed_is_split_until_it_is_read_again(
    run: Run,
) -> None:
    gone = graph_error(100, status=400, message="(#100) no such field")
    run.sandbox.append(RestateDay(run.sandbox.clock.now(), ACME, FIRST, 900, 1000))
    run.sandbox.faults.add(match=ADS_IN_TOTAL, fault=gone)

    run.sync()
    split = read_ledger(run.data_dir).split_days
    run.sync()

    # Both days were asked for in the request that failed.
    assert split == {(ACME, FIRST), (ACME, SECOND)}
    assert read_ledger(run.data_dir).split_days == frozenset()
    assert run.spend() == run.truth()
