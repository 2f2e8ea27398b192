"""A run that ends midway, by limits, time or a bad listing, harms no later one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.fields import OBJECT_TYPES
from ingest.ledger import read_ledger
from ingest.request_shape import ANY_DAYS
from ingest.sandbox.faults import Fault, graph_error
from ingest.sandbox.field_faults import fields_lost
from ingest.sandbox.page_faults import edited, page_overlapping
from ingest.sandbox.params import Request
from ingest.sandbox.plans import many_plans
from ingest.sandbox.response import Response
from ingest.sandbox.server import Sandbox
from ingest.sandbox.size_limits import SizeLimits
from ingest.sandbox.story import EmptyDay, Rename, RestateDay, SetStatus
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world
from ingest.sync import (
    SyncSummary,
    history_missing,
    sync_all_history,
    sync_days,
    sync_history,
)
from ingest.warehouse import known_objects
from ingest.windows import DateWindow
from tests.promises.fault_run import BAD, FaultRun, copied, first_run, small_world

OF_BAD = rf"act_{BAD}/insights"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_run(tmp_path_factory.mktemp("first"))


@pytest.fixture
def run(base: Path, tmp_path: Path) -> Iterator[FaultRun]:
    """Three days after the first run, and again read whole."""
    with small_world() as sandbox:
        sandbox.clock.advance(days=3)
        run = FaultRun(copied(base, tmp_path), sandbox)
        summary, _ = run.sync()
        assert summary.failures == []
        sandbox.clock.advance(minutes=15)
        yield run


def codes(summary: SyncSummary) -> list[str]:
    return [failure.code for failure in summary.failures]


def told_to_wait(minutes: int) -> Fault:
    refused = graph_error(80000, status=400, message="(#80000) too many calls")
    return replace(refused, headers={"Retry-After": str(60 * minutes)})


def slow(sandbox: Sandbox, seconds: float) -> Fault:
    """True answers that each take so long by the sandbox's clock."""

    def change(_: Request, true: Response) -> Response:
        sandbox.clock.advance_to(sandbox.clock.now() + timedelta(seconds=seconds))
        return true

    return Fault(change=change)


def broken_adsets(sandbox: Sandbox) -> None:
    fault = fields_lost("id")
    sandbox.faults.add(match=rf"act_{BAD}/adsets", fault=fault, times=None)


def shown_is_true(run: FaultRun) -> bool:
    """Whether every day before today is shown, as Meta's cells have it."""
    now = run.sandbox.clock.now()
    today = run.sandbox.world.accounts[0].local_day(now)
    wanted = [window for window in run.all_windows() if window[3] < today]
    shown = run.visible()
    return {key: shown.get(key) for key in wanted} == run.truth(wanted, now)


def test_day_that_was_left_after_its_totals_is_read_whole_by_the_next_run(
    run: FaultRun,
) -> None:
    """Three days old and just read, it is due again only since its totals moved."""
    sandbox = run.sandbox
    today = sandbox.world.accounts[0].local_day(sandbox.clock.now())
    day = today - timedelta(days=3)
    sandbox.append(RestateDay(sandbox.clock.now(), BAD, day, 900, 1000))
    by_country = rf'{OF_BAD}\?(?=.*breakdowns=country)(?=.*"since":"{day}")'
    sandbox.faults.add(match=by_country, fault=told_to_wait(40))

    left, _ = run.sync()
    was_true = shown_is_true(run)
    sandbox.clock.advance(minutes=45)
    healed, _ = run.sync()

    assert codes(left) == codes(healed) == []
    assert any(account.deferred for account in left.accounts)
    assert not was_true
    assert shown_is_true(run)


@pytest.mark.slow
def test_day_that_became_empty_is_not_read_for_ever(run: FaultRun) -> None:
    """Held back, confirmed, and then as quiet as any other day."""
    sandbox = run.sandbox
    today = sandbox.world.accounts[0].local_day(sandbox.clock.now())
    day = today - timedelta(days=3)
    sandbox.append(EmptyDay(sandbox.clock.now(), BAD, day))

    summaries = []
    for _ in range(3):
        summaries.append(run.sync()[0])
        sandbox.clock.advance(minutes=15)

    read = [
        {plan.tier for plan in summary.accounts[0].planned if day in plan.window.days()}
        for summary in summaries
    ]
    assert [codes(summary) for summary in summaries] == [["META-SHRINK"], [], []]
    assert read == [{"probe"}, {"held_back"}, set()]
    assert shown_is_true(run)


@pytest.mark.slow
def test_days_that_take_too_long_together_are_read_one_by_one(tmp_path: Path) -> None:
    with small_world() as sandbox:
        sandbox.faults.add(match=OF_BAD, fault=slow(sandbox, 4), times=None)
        run = FaultRun(tmp_path, sandbox, {"load_seconds": 100})
        run.sync()
        was_true = shown_is_true(run)
        for _ in range(4):
            sandbox.clock.advance(minutes=15)
            run.sync()

        assert not was_true
        assert shown_is_true(run)


@pytest.mark.slow
def test_children_follow_a_parent_that_was_paused_before_their_listing_failed(
    run: FaultRun,
) -> None:
    sandbox = run.sandbox
    paused = known_objects(run.data_dir, BAD, "campaign")["id"][0].as_py()
    sandbox.append(SetStatus(sandbox.clock.now(), paused, "PAUSED"))
    broken_adsets(sandbox)

    broken, _ = run.sync()
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=15)
    healed, _ = run.sync()

    statuses = {
        row["effective_status"]
        for object_type in OBJECT_TYPES[1:]
        for row in known_objects(run.data_dir, BAD, object_type).to_pylist()
        if row["campaign_id"] == paused
    }
    assert codes(broken) == ["SPOOL-ROWS"]
    assert codes(healed) == []
    assert statuses == {"CAMPAIGN_PAUSED"}


@pytest.mark.slow
def test_listing_that_fails_keeps_no_changed_day_from_being_read(run: FaultRun) -> None:
    sandbox = run.sandbox
    today = sandbox.world.accounts[0].local_day(sandbox.clock.now())
    day = today - timedelta(days=3)
    sandbox.append(RestateDay(sandbox.clock.now(), BAD, day, 900, 1000))
    campaign = known_objects(run.data_dir, BAD, "campaign")["id"][0].as_py()
    sandbox.append(Rename(sandbox.clock.now(), campaign, "Renamed"))
    broken_adsets(sandbox)

    summary, _ = run.sync()

    assert codes(summary) == ["SPOOL-ROWS"]
    assert shown_is_true(run)


@pytest.mark.slow
def test_listing_begins_again_where_an_object_changed_between_two_pages(
    base: Path, tmp_path: Path
) -> None:
    ads = rf"act_{BAD}/ads\?"
    with small_world() as sandbox:
        sandbox.clock.advance(days=1, hours=1)
        run = FaultRun(copied(base, tmp_path), sandbox)

        def renamed(_: Request, true: Response) -> Response:
            last = re.findall(rb'"id":"(\d+)"', true.body)[-1].decode()
            sandbox.append(Rename(sandbox.clock.now(), last, "Renamed meanwhile"))
            return true

        sandbox.faults.add(match=rf"{ads}(?!.*after=)", fault=Fault(change=renamed))
        sandbox.faults.add(match=rf"{ads}.*after=", fault=page_overlapping(5))

        summary, _ = run.sync()

        names = known_objects(run.data_dir, BAD, "ad")["name"].to_pylist()
        assert codes(summary) == []
        assert names.count("Renamed meanwhile") == 1


def test_days_asked_for_by_hand_and_left_are_a_failure(run: FaultRun) -> None:
    sandbox = run.sandbox
    today = sandbox.world.accounts[0].local_day(sandbox.clock.now())
    sandbox.faults.add(match=OF_BAD, fault=told_to_wait(40))

    window = DateWindow(today - timedelta(days=2), today)
    summary = sync_days(run.settings, window, run.options)

    assert codes(summary) == ["META-WAIT"]
    assert summary.exit_code == 1
    assert "Ask for the same days again after" in str(summary.failures[0])


@pytest.mark.slow
def test_days_asked_for_by_hand_end_today(run: FaultRun) -> None:
    sandbox = run.sandbox
    today = sandbox.world.accounts[0].local_day(sandbox.clock.now())

    window = DateWindow(today, today + timedelta(days=5))
    summary = sync_days(run.settings, window, run.options)

    asked = {days for outcome in summary.accounts for days in outcome.planned}
    assert codes(summary) == []
    assert {plan.window for plan in asked} == {DateWindow(today, today)}
    assert max(day for *_, day in run.visible()) == today


@pytest.mark.slow
def test_account_that_fails_keeps_no_other_from_its_whole_history(
    tmp_path: Path,
) -> None:
    plans = many_plans(2, accounts_per_store=1, campaigns=1, created_days_ago=110)
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    with Sandbox(world) as sandbox:
        run = FaultRun(tmp_path, sandbox, {"page_limit": 500})
        run.sync()
        missing = history_missing(run.settings)
        gone = graph_error(200, status=403, message="(#200) Permissions error")
        sandbox.faults.add(match=OF_BAD, fault=gone, times=None)
        asked = len(sandbox.requests)

        summaries = list(sync_all_history(run.settings, run.options))

        # 110 days before today and today; 36 of them are no history.
        assert missing == 2 * 75
        assert history_missing(run.settings) == 75
        # Three loads of 30 days at most; the account that fails is in the first only.
        assert [len(summary.accounts) for summary in summaries] == [2, 1, 1]
        of_bad = [e for e in sandbox.requests[asked:] if f"act_{BAD}" in e.path]
        assert len(of_bad) == 1


@pytest.mark.slow
def test_account_whose_creation_is_no_moment_is_read(tmp_path: Path) -> None:
    odd = edited(
        lambda body: re.sub(rb'("created_time":")[^"]+', rb"\g<1>long ago", body)
    )
    with small_world() as sandbox:
        sandbox.faults.add(match=rf"act_{BAD}\?", fault=odd, times=None)
        run = FaultRun(tmp_path, sandbox)

        first, _ = run.sync()
        sandbox.clock.advance(hours=1)
        second, _ = run.sync()

        assert codes(first) == codes(second) == []
        notices: list[Any] = [each.notices for each in first.accounts]
        assert "'long ago', which is no moment" in notices[0][0]
        assert notices[1] == []
        assert shown_is_true(run)
        assert history_missing(run.settings) > 1000


@pytest.mark.slow
def test_account_named_by_half_a_pair_is_read(tmp_path: Path) -> None:
    odd = edited(lambda body: re.sub(rb'("name":")[^"]+', rb"\g<1>\\ud83d shop", body))
    with small_world() as sandbox:
        sandbox.faults.add(match=rf"act_{BAD}\?", fault=odd, times=None)
        run = FaultRun(tmp_path, sandbox)

        summary, _ = run.sync()

        assert codes(summary) == []
        assert shown_is_true(run)


@pytest.mark.slow
def test_what_had_to_be_split_is_asked_for_so_at_once_in_the_days_before(
    tmp_path: Path,
) -> None:
    plans = many_plans(1, accounts_per_store=1, campaigns=1, created_days_ago=110)
    world = build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)
    with Sandbox(world) as sandbox:
        run = FaultRun(tmp_path, sandbox, {"page_limit": 500})
        run.sync()
        sandbox.size_limits = SizeLimits(days_a_request=4)
        asked = len(sandbox.requests)

        sync_history(run.settings, 30, run.options)

        refused = [e for e in sandbox.requests[asked:] if e.status != 200]
        # Two slices of 15 days, eight windows: 15 days by pages of 500, 125, 31 and 25,
        # then 4 days are answered; the second slice begins with those.
        assert len(refused) == 8 * 4


@pytest.mark.slow
def test_smaller_pages_of_few_days_do_not_limit_the_days_of_later_runs(
    tmp_path: Path,
) -> None:
    with small_world() as sandbox:
        sandbox.size_limits = SizeLimits(rows_a_page=26)
        run = FaultRun(tmp_path, sandbox, {"page_limit": 500})

        run.sync()

        shapes = read_ledger(tmp_path, sandbox.clock.now()).shapes
        assert {(shape.days, shape.page_limit) for shape in shapes.values()} == {
            (ANY_DAYS, 25)
        }
