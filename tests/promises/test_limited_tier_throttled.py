"""An account near its limit, an account shut for forty minutes; what `plan` says."""

import itertools
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.sandbox.quota import Quota
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.fixtures.raw_tables import rows
from tests.fixtures.two_stores import ACME, NOOR
from tests.promises.soak_syncs import Syncs


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five weeks of both accounts, read at the world's start with full access."""
    data_dir = tmp_path_factory.mktemp("once")
    with Sandbox(default_world()) as sandbox:
        assert Syncs(data_dir, sandbox).fresh().exit_code == 0
    return data_dir


@pytest.fixture
def syncs(tmp_path: Path) -> Iterator[Syncs]:
    """The default world, with full access and quotas nearly unused; nothing read."""
    with Sandbox(default_world()) as sandbox:
        yield Syncs(tmp_path, sandbox)


@pytest.fixture
def caught_up(syncs: Syncs, read_once: Path) -> Syncs:
    """The same after its first sync, two hours later."""
    shutil.copy(read_once / "warehouse.duckdb", syncs.data_dir)
    syncs.sandbox.clock.advance(hours=2)
    return syncs


@pytest.mark.slow
def test_full_access_near_its_limit_slows_down_and_is_never_refused(
    syncs: Syncs,
) -> None:
    # A first sync takes some forty points of each account.
    syncs.sandbox.quota = Quota(points=40, decay_seconds=3600, tier="standard_access")
    began = syncs.sandbox.clock.now()

    summary = syncs.fresh()

    assert syncs.refused() == []
    assert summary.exit_code == 0
    asked = [
        datetime.fromisoformat(e.clock)
        for e in syncs.requests(NOOR, began)
        if e.path.endswith("/insights")
    ]
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    # Three quarters of forty points are used after thirty calls.
    assert set(pauses[:20]) == {timedelta(0)}
    assert pauses[-1] >= timedelta(seconds=5)


@pytest.mark.slow
def test_account_shut_for_forty_minutes_is_left_alone_and_read_on_afterwards(
    caught_up: Syncs,
) -> None:
    syncs, start = caught_up, caught_up.sandbox.clock.now()
    syncs.sandbox.throttle(ACME, "insights", minutes=40)

    asked: list[tuple[str, int]] = []
    for minutes in (0, 15, 30, 45):
        moment = start + timedelta(minutes=minutes)
        syncs.sandbox.clock.advance_to(moment)
        summary = syncs.fresh()
        of_acme = next(a for a in summary.accounts if a.account_id == ACME)
        requests = syncs.requests(ACME, moment)
        asked.append(
            (of_acme.word, sum(e.path.endswith("/insights") for e in requests))
        )

        assert summary.exit_code == 0
        assert syncs.spend(NOOR) == syncs.truth(NOOR), minutes

    assert asked[:3] == [("deferred", 1), ("deferred", 0), ("deferred", 0)]
    assert asked[3][0] == "ok"
    assert asked[3][1] > 8
    assert syncs.spend(ACME) == syncs.truth(ACME)
    assert len(syncs.refused()) == 1


@pytest.mark.slow
def test_receipts_say_until_when_an_account_is_shut(caught_up: Syncs) -> None:
    syncs = caught_up
    syncs.sandbox.throttle(ACME, "insights", minutes=40)
    shut_until = syncs.sandbox.clock.now() + timedelta(minutes=40)

    syncs.fresh()

    # Objects are not shut, the other account neither.
    assert rows(
        syncs.data_dir,
        "select account_id, level, resume_at from raw_meta.receipts "
        "where resource = 'limits' and resume_at is not null",
    ) == [(ACME, "insights", shut_until)]


@pytest.mark.slow
def test_plan_says_what_is_due_and_what_holds_it_up(
    syncs: Syncs, read_once: Path
) -> None:
    new = "\n".join(syncs.plan("acme").lines())
    shutil.copy(read_once / "warehouse.duckdb", syncs.data_dir)
    syncs.sandbox.clock.advance(minutes=15)
    caught_up = "\n".join(syncs.plan("acme").lines())
    syncs.sandbox.clock.advance(minutes=105)
    syncs.sandbox.quota = Quota(tier="development_access")
    syncs.sandbox.throttle(ACME, "insights", minutes=40)
    syncs.fresh()
    syncs.sandbox.clock.advance(minutes=15)
    throttled = "\n".join(syncs.plan("acme").lines())

    print(f"\n--- new\n{new}\n--- caught up\n{caught_up}\n--- throttled\n{throttled}")
    assert "never read" in new
    assert "taken as limited" in new
    assert "2026-03-09..2026-03-10  missing" in new
    assert "missing" not in caught_up
    assert "access tier standard_access, 3 % used" in caught_up
    assert "about 4 calls now" in caught_up
    assert "no day is due" in caught_up
    assert "50 points in 300 s" in throttled
    # Three listings; the probe and the windows are insights.
    assert "about 3 calls now" in throttled
    # 9:30, two hours on, and forty minutes.
    assert "insights shut by Meta: nothing of it before 2026-03-10T12:10:00+00:00" in (
        throttled
    )
