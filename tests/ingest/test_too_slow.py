"""What takes longer than a load has is named, asked for in smaller parts, and holds up
nothing else.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.ledger import read_ledger
from ingest.request_shape import RequestShape
from ingest.sandbox.faults import Fault
from ingest.sandbox.params import Request
from ingest.sandbox.plans import many_plans
from ingest.sandbox.response import Response
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world
from ingest.sync import (
    SyncSummary,
    history_days_missing,
    sync_all_history,
    sync_fresh,
)
from tests.promises.fault_run import BAD, GOOD, FaultRun, changed, small_world

LOAD_SECONDS = 600
OF_BAD = rf"act_{BAD}/insights"
ACCOUNT_BY_COUNTRY = rf"{OF_BAD}(?=.*level=account)(?=.*breakdowns=country)"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """One account of eleven days, of which nothing was read yet.

    One only: who waits moves the clock of all.
    """
    plans = many_plans(1, accounts_per_store=1, campaigns=1, created_days_ago=10)
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    with Sandbox(world) as running:
        yield running


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> FaultRun:
    return FaultRun(tmp_path, sandbox, {"load_seconds": LOAD_SECONDS, "page_limit": 1})


def slow(sandbox: Sandbox, seconds: float, match: str) -> None:
    """True answers that each take so long by the sandbox's clock, for ever."""

    def change(_: Request, true: Response) -> Response:
        sandbox.clock.advance_to(sandbox.clock.now() + timedelta(seconds=seconds))
        return true

    sandbox.faults.add(match=match, fault=Fault(change=change), times=None)


def sync(run: FaultRun) -> SyncSummary:
    summary = sync_fresh(run.settings, run.options)
    run.sandbox.clock.advance(minutes=15)
    return summary


def codes(summary: SyncSummary) -> list[str]:
    return [failure.code for failure in summary.failures]


def days_shown(run: FaultRun, account_id: str = BAD) -> int:
    """Days of the account that are shown at every level."""
    shown = run.visible()
    levels = [(day, level) for account, level, _, day in shown if account == account_id]
    return sum(
        len({level for day, level in levels if day == each}) == 4
        for each in {day for day, _ in levels}
    )


@pytest.mark.slow
def test_window_that_no_load_has_time_for_is_read_in_parts_by_later_ones(
    run: FaultRun,
) -> None:
    """Five pages of the newest two days, 160 seconds each: it ends before the fifth."""
    slow(run.sandbox, 160, ACCOUNT_BY_COUNTRY)

    first = sync(run)
    shape = read_ledger(run.data_dir, run.sandbox.clock.now()).shapes[
        BAD, "account", "country"
    ]
    later = [sync(run) for _ in range(14)]

    assert codes(first) == ["META-TIME"]
    assert first.exit_code == 1
    assert "were not read whole in 640 s" in str(first.failures[0])
    # A quarter of the two days that were asked for, rounded up.
    assert shape.days == 1
    assert codes(later[-1]) == []
    assert days_shown(run) == 11


def test_days_that_take_too_long_together_are_left_and_one_that_does_alone_is_named(
    run: FaultRun,
) -> None:
    """Eight windows of 100 seconds at least, where a load has 600."""
    run = changed(run, page_limit=25)
    sync(run)
    run.sandbox.clock.advance(days=3)
    slow(run.sandbox, 100, OF_BAD)

    together, alone = sync(run), sync(run)

    assert codes(together) == []
    assert [account.word for account in together.accounts] == ["deferred"]
    assert codes(alone) == ["META-TIME"]
    assert alone.exit_code == 1
    assert "a load has 600 s" in str(alone.failures[0])
    assert "`load_seconds`" in alone.failures[0].hint


@pytest.mark.slow
def test_history_goes_on_before_days_that_no_load_has_time_for(
    tmp_path: Path,
) -> None:
    plans = many_plans(1, accounts_per_store=1, campaigns=1, created_days_ago=100)
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    with Sandbox(world) as sandbox:
        run = FaultRun(tmp_path, sandbox, {"page_limit": 500})
        sync(run)
        run = changed(run, page_limit=2)
        newest = sandbox.world.accounts[0].local_day(sandbox.clock.now())
        hanging = newest - timedelta(days=36)
        slow(sandbox, 400, rf'{OF_BAD}(?=.*"until":"{hanging}").*breakdowns=country')

        loads = list(sync_all_history(run.settings, run.options, LOAD_SECONDS))

        missing = history_days_missing(run.settings, read_ledger(run.data_dir))
        assert codes(loads[0]) == codes(loads[-1]) == ["META-TIME"]
        assert missing == {BAD: [hanging]}


@pytest.mark.slow
def test_urgent_day_that_no_load_has_time_for_keeps_no_other_from_being_read(
    run: FaultRun,
) -> None:
    """Today takes 150 seconds a window, of eight, where a load has 600."""
    run = changed(run, page_limit=25)
    today = run.sandbox.world.accounts[0].local_day(run.sandbox.clock.now())
    slow(run.sandbox, 150, rf'{OF_BAD}.*"until":"{today}"')

    loads = [sync(run) for _ in range(6)]

    assert "META-TIME" in codes(loads[-1])
    assert days_shown(run) == 10


def test_day_that_takes_too_long_is_asked_for_by_campaign_not_in_smaller_pages(
    tmp_path: Path,
) -> None:
    """Two pages of one day, 700 seconds each."""
    plans = many_plans(1, accounts_per_store=1, campaigns=20, created_days_ago=0)
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    with Sandbox(world) as sandbox:
        run = FaultRun(
            tmp_path, sandbox, {"load_seconds": LOAD_SECONDS, "page_limit": 26}
        )
        slow(sandbox, 700, rf"{OF_BAD}(?=.*level=ad&)(?=.*breakdowns=country)")

        summary = sync(run)

        shapes = read_ledger(tmp_path, sandbox.clock.now()).shapes
        assert "META-TIME" in codes(summary)
        assert shapes[BAD, "ad", "country"] == RequestShape("now", 1, 26, campaigns=25)


def test_account_that_the_time_did_not_reach_comes_first_in_the_next_load(
    tmp_path: Path,
) -> None:
    """One account at a time, and the first takes all the time there is."""
    with small_world() as sandbox:
        run = FaultRun(tmp_path, sandbox, {"load_seconds": LOAD_SECONDS})
        slow(sandbox, 700, rf"act_{BAD}/campaigns")

        first, second = [
            sync_fresh(
                run.settings.model_copy(update={"parallel_accounts": 1}), run.options
            )
            for _ in range(2)
        ]

        assert [account.account_id for account in first.accounts] == [BAD, GOOD]
        assert first.accounts[1].usage.calls == 0
        assert [account.account_id for account in second.accounts] == [GOOD, BAD]
        # Today and yesterday, which are urgent.
        assert days_shown(run, GOOD) == 2
