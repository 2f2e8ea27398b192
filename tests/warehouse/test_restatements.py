"""What a day's numbers were before, and how much of them is known after so many days.

Six weeks of one account, read late each evening, against the world's own cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import RestateDay
from ingest.sandbox.world import DEFAULT_SEED, build_world, default_plans
from tests.conftest import Pathways
from tests.promises.fault_run import FaultRun

pytestmark = pytest.mark.slow

NIGHTS = 42
# 23:40 in New York, before and after its clocks go forward on the 8th of March.
START = datetime.fromisoformat("2026-02-20T23:40:00-05:00")
# Of a day's purchases, in thousandths, so many days after it: `sandbox/cells.py`.
KNOWN = (600, 640, 760, 820, 870, 900, 930, 950)
RESTATED = date(2026, 3, 1)


@dataclass
class Told:
    sandbox: Sandbox
    run: Pathways
    account_id: str
    # What the account's own total of a day was, by the night it was read in.
    truth: dict[tuple[date, date], tuple[int, Decimal]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    plan = replace(
        default_plans()[0],
        campaigns=6,
        adsets_per_campaign=3,
        ads_per_adset=(4,),
        created_days_ago=1,
    )
    world = build_world([plan], seed=DEFAULT_SEED, start=START)
    with Sandbox(world) as sandbox:
        folder: Path = tmp_path_factory.mktemp("nights") / "data"
        run = FaultRun(folder, sandbox, {"page_limit": 500})
        account = world.accounts[0]
        sandbox.append(
            RestateDay(START + timedelta(days=25), account.id, RESTATED, 800, 1000)
        )
        truth: dict[tuple[date, date], tuple[int, Decimal]] = {}
        for night in range(NIGHTS):
            # By the account's clock, whose day of the change has 23 hours.
            local = START.astimezone(account.zone) + timedelta(days=night)
            sandbox.clock.set(local)
            today = local.date()
            for age in range(36):
                day = today - timedelta(days=age)
                cells = sandbox.truth_rows(account.id, "account", day, day)
                found = [row.metrics for row in cells]
                truth[day, today] = (
                    int(sum(each["purchases"] for each in found)),
                    sum((each["spend"] for each in found), Decimal(0)),
                )
            summary, _ = run.sync()
            assert summary.failures == []
        pathways = Pathways(folder, sandbox)
        ended = pathways("build")
        assert ended.exit_code == 0, ended.err
        yield Told(sandbox, pathways, account.id, truth)


def rows(told: Told, sql: str) -> list[tuple[Any, ...]]:
    return told.run.query(sql, "build.duckdb")


def test_restatements_tell_each_change_of_a_day(told: Told) -> None:
    found = rows(
        told,
        "select read_at::date, spend_account_currency_before, "
        "spend_account_currency_change, purchases_before, purchases_change "
        "from marts.restatements "
        f"where level = 'account' and date_day = '{RESTATED}' order by read_at",
    )

    spends = [before for _, before, _, _, _ in found]
    purchases = [before for _, _, _, before, _ in found]
    assert len(found) > 8
    first = told.truth[RESTATED, RESTATED]
    assert (purchases[0], spends[0]) == first
    for earlier, later in pairwise(found):
        assert later[1] == earlier[1] + earlier[2]
        assert later[3] == earlier[3] + earlier[4]
    newest = max(night for day, night in told.truth if day == RESTATED)
    last = found[-1]
    assert (last[3] + last[4], last[1] + last[2]) == told.truth[RESTATED, newest]


def test_a_late_correction_of_spend_is_one_of_them(told: Told) -> None:
    (found,) = rows(
        told,
        "select spend_account_currency_before, spend_account_currency_change, "
        "purchases_change "
        "from marts.restatements where level = 'account' "
        f"and date_day = '{RESTATED}' and spend_account_currency_change < -1 "
        "order by read_at desc limit 1",
    )

    before, change, _ = found
    # Each ad's cell is cut to 80 %, rounded down to a cent.
    assert abs(change + before * Decimal("0.2")) < Decimal(2)


def test_changes_of_campaigns_add_up_to_those_of_the_account(told: Told) -> None:
    apart = rows(
        told,
        "select date_day, load_id, "
        "sum(case level when 'account' then purchases_change "
        "else -purchases_change end) as gap "
        "from marts.restatements where load_id in ("
        "select load_id from marts.restatements where level = 'account') "
        "group by all having gap <> 0",
    )

    assert apart == []


def test_the_settling_curve_is_the_worlds_own(told: Told) -> None:
    curve = {
        age: (share, days)
        for age, share, days in rows(
            told,
            "select age_days, settled_share, day_count from marts.settling_curve",
        )
    }

    assert sorted(curve) == list(range(28))
    for age, known in enumerate(KNOWN):
        share, days = curve[age]
        assert days >= 20
        # Days that still run show a little less than at their end; cells are whole.
        assert share == pytest.approx(known / 1000, abs=0.02), age
    shares = [share for share, _ in (curve[age] for age in range(28))]
    assert shares == sorted(shares)
    assert shares[27] > 0.98


def test_each_recent_day_carries_the_share_of_its_age(told: Told) -> None:
    days = rows(
        told,
        "select days.age_days, days.is_partial_day, days.settled_share, "
        "curve.settled_share from marts.account_days as days "
        "left join marts.settling_curve as curve using (account_id, age_days) "
        "order by days.date_day desc",
    )

    assert days[0][:3] == (0, True, None)
    assert len(days) > 35
    for age, is_partial, share, of_age in days[1:]:
        assert not is_partial
        assert share == (1 if age >= 28 else of_age)


def test_a_store_of_one_account_is_as_settled_as_the_account(told: Told) -> None:
    apart = rows(
        told,
        "select count(*), count(stores.settled_share), count(*) filter (where "
        "stores.settled_share is distinct from accounts.settled_share) "
        "from marts.account_days as accounts "
        "left join marts.settled_days as stores using (store, date_day)",
    )

    ((days, with_share, differing),) = apart
    # All but today.
    assert (with_share, differing) == (days - 1, 0)


def test_a_day_read_by_night_is_a_day_of_its_own_when_clocks_change(told: Told) -> None:
    """Eighth of March in New York: 23 hours, once, with the world's numbers."""
    day = date(2026, 3, 8)
    newest = max(night for known, night in told.truth if known == day)
    found = rows(
        told,
        "select purchases, spend_account_currency from core.meta_level_totals "
        f"where level = 'account' and date_day = '{day}'",
    )

    assert found == [told.truth[day, newest]]
