"""Two accounts of a new app, held to 60 points in 300 s: never refused, and fresh."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest import planner
from ingest.fields import LEVELS
from ingest.planner import backfill_windows
from ingest.reading import account_state
from ingest.sandbox.page_faults import headers_absent
from ingest.sandbox.quota import Quota
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from ingest.windows import local_day
from tests.fixtures.two_stores import ACME, NOOR
from tests.promises.soak_syncs import Syncs

INTERVAL = timedelta(minutes=15)
HOUR = timedelta(hours=1)


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Syncs]:
    """The default world behind a new app's quota; nothing read yet."""
    with Sandbox(default_world()) as sandbox:
        sandbox.quota = Quota(points=60, decay_seconds=300, tier="development_access")
        yield Syncs(tmp_path, sandbox)


def days_missing(syncs: Syncs, account_id: str) -> int:
    """Of the account's history."""
    ledger = syncs.ledger()
    state = account_state(ledger.accounts[account_id], ledger)
    planned = backfill_windows(state, syncs.sandbox.clock.now(), longest=30)
    return sum(len(each.window) for each in planned)


def oldest_of_today_and_yesterday(syncs: Syncs, account_id: str) -> datetime:
    """When the staler of them was last read, at the level that was read first."""
    ledger = syncs.ledger()
    account = ledger.accounts[account_id]
    today = local_day(syncs.sandbox.clock.now(), account.timezone_name)
    return min(
        ledger.visible[account_id, level, today - timedelta(days=ago)]
        for level in LEVELS
        for ago in (0, 1)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parallel", "page_limit"),
    [
        pytest.param(1, 500, id="in turn"),
        pytest.param(2, 500, id="side by side", marks=pytest.mark.slow),
        # Pages of a fifth stand for five times the ads.
        pytest.param(2, 100, id="like 175 ads", marks=pytest.mark.slow),
    ],
)
def test_first_sync_of_two_new_accounts_is_never_refused(
    limited: Syncs, parallel: int, page_limit: int
) -> None:
    syncs = Syncs(limited.data_dir, limited.sandbox, page_limit, parallel)

    first = syncs.fresh()
    history = syncs.history()
    at_once_again = syncs.fresh()

    assert syncs.refused() == []
    assert [each.exit_code for each in (first, history, at_once_again)] == [0, 0, 0]
    for account_id in (ACME, NOOR):
        now = syncs.sandbox.clock.now()
        assert now - oldest_of_today_and_yesterday(syncs, account_id) < HOUR


@pytest.fixture
def untold(limited: Syncs) -> Syncs:
    """The same where no header says how many points are used."""
    limited.sandbox.faults.add(match="act_", fault=headers_absent(), times=None)
    return Syncs(limited.data_dir, limited.sandbox, page_limit=100, parallel=1)


@pytest.mark.slow
def test_points_are_kept_to_where_no_header_says_how_many_are_used(
    untold: Syncs,
) -> None:
    assert untold.fresh().exit_code == 0

    assert untold.refused() == []


@pytest.mark.slow
def test_points_of_a_load_count_in_the_load_right_after_it(untold: Syncs) -> None:
    codes = [untold.fresh().exit_code, untold.history().exit_code]

    assert untold.refused() == []
    assert codes == [0, 0]


@pytest.mark.slow
def test_hours_of_cycles_are_never_refused_and_stay_fresh(limited: Syncs) -> None:
    start = limited.sandbox.clock.now()
    missing = [1]

    for tick in range(24):
        limited.sandbox.clock.advance_to(start + tick * INTERVAL)
        now = limited.sandbox.clock.now()
        for account_id in (ACME, NOOR) if tick else ():
            stale = now - oldest_of_today_and_yesterday(limited, account_id)
            assert stale <= HOUR + INTERVAL + planner.SLACK, (tick, account_id)
        assert limited.fresh().exit_code == 0
        # A first run may wait; after it a cycle is over long before the next one.
        assert limited.sandbox.clock.now() - now < INTERVAL
        if missing[-1]:
            assert limited.history().exit_code == 0
            missing.append(sum(days_missing(limited, a) for a in (ACME, NOOR)))

    assert limited.refused() == []
    # 65 days of each account are older than five weeks; each cycle reads some.
    assert missing[1] < 2 * 65
    assert missing[1:] == sorted(missing[1:], reverse=True)
    assert missing[-1] == 0


@pytest.mark.slow
def test_history_of_a_larger_account_gets_on_in_the_limited_tier(
    limited: Syncs,
) -> None:
    syncs = Syncs(limited.data_dir, limited.sandbox, page_limit=100, parallel=1)
    start = syncs.sandbox.clock.now()

    missing = []
    for tick in range(5):
        syncs.sandbox.clock.advance_to(start + tick * INTERVAL)
        syncs.fresh()
        syncs.history()
        missing.append(days_missing(syncs, NOOR))

    assert syncs.refused() == []
    assert missing[-1] < missing[0]


@pytest.mark.slow
def test_five_weeks_of_a_large_account_are_read_over_some_runs_in_the_limited_tier(
    limited: Syncs,
) -> None:
    # Pages of 25 stand for twenty times the ads: 700 an account.
    syncs = Syncs(limited.data_dir, limited.sandbox, page_limit=25, parallel=1)
    start = syncs.sandbox.clock.now()

    read = []
    for tick in range(4):
        syncs.sandbox.clock.advance_to(start + tick * INTERVAL)
        syncs.fresh()
        visible = syncs.ledger().visible
        read.append(len({(a, day) for a, level, day in visible if level == "ad"}))

    assert syncs.refused() == []
    assert read == sorted({*read}), "each run reads some more days"
