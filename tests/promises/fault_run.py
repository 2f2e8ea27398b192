"""A run that meets a fault: two accounts read over HTTP, one of them spoiled.

What is visible is worked out here from the raw tables by the rule of the house, and
compared with the sandbox's cells; nothing of the code under test is asked for it.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ingest.fields import LEVELS, Level
from ingest.sandbox.plans import many_plans
from ingest.sandbox.server import Sandbox
from ingest.sandbox.size_limits import SizeLimits
from ingest.sandbox.usage import Usage
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world
from ingest.settings import FxSettings, Settings
from ingest.sync import SyncOptions, SyncSummary, sync_fresh
from tests.fixtures.fake_time import clock_of_sandbox
from tests.fixtures.raw_tables import rows

BAD, GOOD = "100000000001000", "100000000001001"
# Account, level, breakdown, day -> rows, spend, impressions.
Window = tuple[str, str, str, date]
Numbers = tuple[int, Decimal, int]

_VISIBLE = """
with complete as (
    select account_id, level, breakdown, date_day, _dlt_load_id as load_id,
        coalesce(rows_load_id, _dlt_load_id) as rows_load_id
    from raw_meta.receipts
    where resource = 'insights' and outcome = 'complete'
        and _dlt_load_id in (select load_id from raw_meta._dlt_loads where status = 0)
),
whole as (
    select account_id, level, date_day, load_id from complete
    group by all having count(distinct breakdown) = 2
),
newest as (
    select account_id, level, date_day, max(load_id) as load_id from whole group by all
),
visible as (
    select complete.* from complete
    inner join newest using (account_id, level, date_day, load_id)
)
select visible.account_id, visible.level, visible.breakdown, visible.date_day,
    count(found.date_start),
    coalesce(sum(found.spend::decimal(18, 4)), 0),
    coalesce(sum(found.impressions::bigint), 0)::bigint
from visible left join found on
    found.account_id = visible.account_id and found.level = visible.level
    and found.breakdown = visible.breakdown and found.date_start = visible.date_day
    and found._dlt_load_id = visible.rows_load_id
group by all
"""
_FOUND = " union all ".join(
    f"select '{level}' as level, account_id, breakdown, date_start, spend, "
    f"impressions, _dlt_load_id from raw_meta.{level}_insights"
    for level in LEVELS
)


def small_world(odd_names: bool = False, huge_ids: bool = False) -> Sandbox:
    """Two stores of one account each, two campaigns, five days old."""
    plans = many_plans(
        2,
        accounts_per_store=1,
        campaigns=3,
        created_days_ago=4,
        odd_names=odd_names,
        huge_ids=huge_ids,
    )
    return Sandbox(build_world(plans, seed=DEFAULT_SEED, start=DEFAULT_START))


@dataclass
class FaultRun:
    """A data folder, the sandbox it reads, and what the runs over it came to."""

    data_dir: Path
    sandbox: Sandbox
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def options(self) -> SyncOptions:
        """By the sandbox's clock: who waits moves it."""
        return SyncOptions(clock=clock_of_sandbox(self.sandbox))

    @property
    def settings(self) -> Settings:
        """Of a run that begins now."""
        return Settings.model_validate(
            {
                "data_dir": self.data_dir,
                "now": self.sandbox.clock.now(),
                "meta": {
                    "api_base_url": self.sandbox.url,
                    "access_token": self.sandbox.token,
                    "page_limit": 5,
                    **self.more,
                    "stores": {
                        account.store: {
                            "accounts": [f"act_{account.id}"],
                            "reporting_currency": account.reporting_currency,
                        }
                        for account in self.sandbox.world.accounts
                    },
                },
                "fx": FxSettings(provider="none"),
            }
        )

    def sync(self) -> tuple[SyncSummary, float]:
        """One run; its summary and the real seconds it took."""
        started = time.monotonic()
        summary = sync_fresh(self.settings, self.options)
        return summary, time.monotonic() - started

    def visible(self) -> dict[Window, Numbers]:
        """What readers would see."""
        query = _VISIBLE.replace("with complete", f"with found as ({_FOUND}), complete")
        return {
            (row[0], row[1], row[2], row[3]): (row[4], row[5], row[6])
            for row in rows(self.data_dir, query)
        }

    def truth(self, windows: list[Window], at: datetime) -> dict[Window, Numbers]:
        """The same windows as Meta's cells have them."""
        found: dict[Window, Numbers] = {}
        for account, level, breakdown, day in windows:
            cells = [
                row.metrics
                for row in self.sandbox.truth_rows(
                    account,
                    _level(level),
                    day,
                    day,
                    at,
                    by_country=breakdown == "country",
                )
                if row.country != "ZZ"
            ]
            found[account, level, breakdown, day] = (
                len(cells),
                sum((cell["spend"] for cell in cells), Decimal(0)),
                sum(int(cell["impressions"]) for cell in cells),
            )
        return found

    def all_windows(self) -> list[Window]:
        """Every window of both accounts that there is at the sandbox's moment."""
        now = self.sandbox.clock.now()
        return [
            (account.id, level, breakdown, created + timedelta(days=number))
            for account in self.sandbox.world.accounts
            for created in [account.local_day(account.created_at)]
            for number in range((account.local_day(now) - created).days + 1)
            for level in LEVELS
            for breakdown in ("none", "country")
        ]

    def heal(self) -> None:
        """End every fault there is."""
        sandbox = self.sandbox
        sandbox.faults.clear()
        sandbox.reports.clear()
        sandbox.blocks.clear()
        sandbox.restore(BAD)
        sandbox.change_account(BAD, currency="USD", account_status=1)
        sandbox.size_limits = SizeLimits()
        sandbox.quota = None
        sandbox.usage = Usage()


def first_run(data_dir: Path) -> Path:
    """The folder after a clean first run at the world's start."""
    with small_world() as sandbox:
        run = FaultRun(data_dir, sandbox)
        summary, _ = run.sync()
        assert summary.failures == []
        now = sandbox.clock.now()
        assert run.visible() == run.truth(run.all_windows(), now)
    return data_dir


def copied(base: Path, data_dir: Path) -> Path:
    """A folder of its own with the same warehouse."""
    shutil.copy(base / "warehouse.duckdb", data_dir)
    return data_dir


def changed(run: FaultRun, **more: object) -> FaultRun:
    """The run with other settings of the source."""
    return replace(run, more={**run.more, **more})


def _level(name: str) -> Level:
    (level,) = (level for level in LEVELS if level == name)
    return level
