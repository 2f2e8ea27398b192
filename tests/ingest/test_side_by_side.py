"""Days whose reports Meta makes are read side by side, and each still counts alone."""

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest import reading, request_shape
from ingest.errors import Deferred, TokenInvalid
from ingest.levels import LevelsReader, LevelsReading
from ingest.load import MOST_SLICES
from ingest.sandbox.faults import graph_error
from ingest.sandbox.plans import many_plans
from ingest.sandbox.request_log import Entry
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world
from ingest.sync import SyncSummary, sync_days
from ingest.windows import DateWindow
from tests.fixtures.raw_tables import rows
from tests.promises.fault_run import FaultRun

DAYS = 75


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """One account, whose ads by country of fifteen days are worth a report."""
    monkeypatch.setattr(request_shape, "REPORT_FROM_ROWS", 60)
    plans = many_plans(1, campaigns=3, created_days_ago=100)
    with Sandbox(build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START)) as sandbox:
        yield sandbox


def read(sandbox: Sandbox, tmp_path: Path, **more: object) -> SyncSummary:
    run = FaultRun(tmp_path, sandbox, {"page_limit": 500, **more})
    return sync_days(run.settings, asked(sandbox), run.options)


def asked(sandbox: Sandbox) -> DateWindow:
    """Up to yesterday: today moves while it is read."""
    account = sandbox.world.accounts[0]
    today = account.local_day(sandbox.clock.now())
    return DateWindow(today - timedelta(days=DAYS), today - timedelta(days=1))


def most_at_once(requests: list[Entry]) -> int:
    """How many slices had a report that was asked for and not read yet."""
    open_slices: set[str] = set()
    slice_of: dict[str, str] = {}
    most = 0
    posts = [entry for entry in requests if entry.method == "POST"]
    run_ids = sorted(
        {
            found[1]
            for entry in requests
            if (found := re.fullmatch(r"/v[\d.]+/(\d+)/insights", entry.path))
        }
    )
    for entry, run_id in zip(posts, run_ids, strict=True):
        slice_of[run_id] = entry.params["time_range"]
    left = dict.fromkeys(slice_of.values(), 0)
    for days in slice_of.values():
        left[days] += 1
    for entry in requests:
        if entry.method == "POST":
            open_slices.add(entry.params["time_range"])
            most = max(most, len(open_slices))
        elif found := re.fullmatch(r"/v[\d.]+/(\d+)/insights", entry.path):
            days = slice_of[found[1]]
            left[days] -= 1
            if left[days] <= 0:
                open_slices.discard(days)
    return most


def is_true(sandbox: Sandbox, data_dir: Path, days: DateWindow) -> bool:
    run = FaultRun(data_dir, sandbox)
    account_id = sandbox.world.accounts[0].id
    wanted = [
        (account_id, level, breakdown, day)
        for level in ("account", "campaign", "adset", "ad")
        for breakdown in ("none", "country")
        for day in days.days()
    ]
    shown = run.visible()
    return {key: shown.get(key) for key in wanted} == run.truth(
        wanted, sandbox.clock.now()
    )


def test_slices_with_reports_are_read_side_by_side(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    summary = read(sandbox, tmp_path)

    assert summary.failures == []
    assert 1 < most_at_once(sandbox.requests) <= MOST_SLICES
    assert is_true(sandbox, tmp_path, asked(sandbox))


@pytest.mark.parametrize("because", ["limited tier", "little time"])
def test_one_slice_at_a_time_where_calls_or_time_are_few(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    because: str,
) -> None:
    if because == "limited tier":
        monkeypatch.setattr(reading, "is_limited", lambda _: True)
    more = {"load_seconds": 100} if because == "little time" else {}

    read(sandbox, tmp_path, **more)

    assert most_at_once(sandbox.requests) == 1


@pytest.mark.slow
def test_slice_that_fails_for_good_leaves_what_the_others_read(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    days = asked(sandbox)
    bad = days.slices(15)[2]
    sandbox.faults.add(
        match=rf'^POST .*"since":"{bad.since}"',
        fault=graph_error(190, subcode=463, status=401, message="expired"),
    )

    summary = read(sandbox, tmp_path)

    assert [failure.code for failure in summary.failures] == ["META-190"]
    receipts = dict(
        rows(
            tmp_path,
            "select date_day, count(*) filter (outcome = 'complete') "
            "from raw_meta.receipts where resource = 'insights' group by all",
        )
    )
    whole = {day for day, count in receipts.items() if count == 8}
    assert whole >= set(days.slices(15)[1].days())
    assert not whole & set(bad.days())
    for part in days.slices(15):
        if whole >= set(part.days()):
            assert is_true(sandbox, tmp_path, part)


@pytest.mark.slow
def test_failure_does_not_hide_behind_a_slice_that_has_to_wait(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, fails = asked(sandbox).slices(15)[:2]
    read_of_meta = LevelsReader.read

    def read_or_not(self: LevelsReader, days: DateWindow) -> LevelsReading:
        if days == waits:
            return LevelsReading(days, fatal=Deferred("Meta asks to wait."))
        if days == fails:
            # After the other one was taken note of.
            time.sleep(0.5)
            return LevelsReading(days, fatal=TokenInvalid("The token expired."))
        return read_of_meta(self, days)

    monkeypatch.setattr(LevelsReader, "read", read_or_not)

    summary = read(sandbox, tmp_path)

    assert {failure.code for failure in summary.failures} == {"META-190", "META-WAIT"}


@pytest.mark.slow
def test_days_that_were_left_midway_are_read_one_by_one(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_shape, "REPORT_FROM_ROWS", 0)
    midway = asked(sandbox).slices(15)[0]
    run = FaultRun(tmp_path, sandbox, {"page_limit": 500})
    sandbox.faults.add(
        match=r"^POST .*level=ad(&|$)",
        fault=graph_error(100, status=400, message="no"),
        times=None,
    )
    sync_days(run.settings, midway, run.options)
    sandbox.faults.clear()
    before = len(sandbox.requests)

    summary = sync_days(run.settings, midway, run.options)

    assert summary.failures == []
    requests = sandbox.requests[before:]
    ranges = {e.params["time_range"] for e in requests if e.method == "POST"}
    assert len(ranges) == len(midway)
    assert most_at_once(requests) == 1


@pytest.mark.slow
def test_receipts_count_the_calls_of_their_own_slice(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    summary = read(sandbox, tmp_path)

    attempts: list[tuple[date, int]] = rows(
        tmp_path,
        "select date_day, max(attempts) from raw_meta.receipts "
        "where resource = 'insights' group by all",
    )
    of_slices = {
        days: {dict(attempts)[day] for day in days.days()}
        for days in asked(sandbox).slices(15)
    }
    assert all(len(counts) == 1 for counts in of_slices.values())
    calls = sum(count for counts in of_slices.values() for count in counts)
    # One more asked for the account itself.
    assert calls + 1 == summary.accounts[0].usage.calls
