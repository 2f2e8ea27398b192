"""A warehouse of two small stores to which every kind of change can happen."""

import shutil
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from ingest.sandbox.nodes import Account
from ingest.sandbox.rates import is_working_day
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import (
    EmptyDay,
    Event,
    Rename,
    RestateDay,
    SetStatus,
    VanishAd,
)
from tests.conftest import Ended, Pathways, table_hashes
from tests.warehouse.test_runs import small_world

Hashes = dict[str, tuple[int, str]]


class Changing:
    """The world, its warehouse, and what was done to them so far.

    Each change is read and built before its method ends. `done` counts them by kind;
    one that could change nothing is counted too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = Sandbox(small_world())
        self.run = Pathways(folder / "data", self.sandbox)
        # The day before the start, whose rate the first cycle does without.
        self.withheld = self.today(self.accounts[0]) - timedelta(days=1)
        self.done: Counter[str] = Counter()

    def __enter__(self) -> "Changing":
        self.sandbox.__enter__()
        self.sandbox.rates.withhold(self.withheld)
        expect(self.run("run", "--backfill-minutes", "0"))
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.__exit__(None, None, None)

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(self.sandbox.world.accounts)

    def today(self, account: Account) -> date:
        return account.local_day(self.sandbox.clock.now())

    def time_goes_by(self, hours: int) -> None:
        self._happened("sync", hours=hours)

    def a_day_is_restated(self, store: int, days_ago: int, sales: int) -> None:
        account = self.accounts[store]
        day = self.today(account) - timedelta(days=days_ago)
        self._happened(
            "restatement", RestateDay(self._now, account.id, day, 950, sales)
        )

    def a_day_becomes_empty(self, store: int, days_ago: int) -> None:
        account = self.accounts[store]
        day = self.today(account) - timedelta(days=days_ago)
        self._happened("emptied day", EmptyDay(self._now, account.id, day))

    def an_ad_is_deleted(self, store: int) -> None:
        """The next one of the store; after the last of them nothing happens."""
        ads = [
            ad
            for ad in self.sandbox.world.ads
            if ad.account_id == self.accounts[store].id
        ]
        gone = ads[self.done["deletion"] % len(ads)]
        # Presence is judged from whole listings, which come daily.
        self._happened("deletion", VanishAd(self._now, gone.id), hours=25)

    def a_campaign_changes(self, store: int) -> None:
        """It is renamed, and paused or goes on."""
        account = self.accounts[store]
        campaigns = self.sandbox.world.campaigns
        (campaign,) = (each for each in campaigns if each.account_id == account.id)
        times = self.done["status change"]
        status = "ACTIVE" if times % 2 else "PAUSED"
        self._happened(
            "status change",
            SetStatus(self._now, campaign.id, status),
            Rename(self._now, campaign.id, f"Renamed {times}"),
        )

    def history_is_filled_in(self) -> None:
        """All of it the first time; then there is nothing left to fill in."""
        self._cycle("backfill")

    def a_late_rate_appears(self) -> None:
        """It does so once; rates are asked for once an hour."""
        self.sandbox.rates.release(self.withheld)
        self._happened("late rate", hours=2)

    def a_published_rate_is_corrected(self, days_ago: int, permille: int) -> None:
        """The dollar's of a day that rates were made on, so many days ago or before."""
        day = self.today(self.accounts[0]) - timedelta(days=days_ago)
        while not is_working_day(day):
            day -= timedelta(days=1)
        rate = self.sandbox.rates.on(day)["USD"] * permille / 1000
        self.sandbox.rates.correct(day, "USD", rate.quantize(Decimal("0.0001")))
        self._happened("rate correction", hours=2)

    def old_readings_are_thinned(self, days: int) -> None:
        """The restatements that they told of go with them."""
        self.sandbox.clock.advance(days=days)
        self._cycle("thinning", "--backfill-minutes", "0")

    def hashes(self) -> Hashes:
        """Row count and hash of each core table and mart, as built step by step."""
        return hashes_of(self.run)

    def hashes_from_nothing(self) -> Hashes:
        """The same of a build from this warehouse's raw rows alone."""
        fresh = self.raw_alone("fresh")
        build(fresh)
        return hashes_of(fresh)

    def raw_alone(self, name: str) -> Pathways:
        """A data folder with the raw rows of this one and nothing built from them."""
        fresh = Pathways(self.folder / name, self.sandbox)
        fresh.data_dir.mkdir(exist_ok=True)
        (fresh.data_dir / "build.duckdb").unlink(missing_ok=True)
        path = shutil.copy(self.run.data_dir / "warehouse.duckdb", fresh.data_dir)
        with duckdb.connect(path) as connection:
            connection.execute("drop schema staging cascade")
            connection.execute("drop schema intermediate cascade")
        return fresh

    def _happened(self, kind: str, *events: Event, hours: int = 0) -> None:
        self.sandbox.append(*events)
        self.sandbox.clock.advance(hours=hours, minutes=0 if hours else 15)
        expect(self.run("sync", "--accept-shrink"))
        expect(self.run("build"))
        self.done[kind] += 1

    @property
    def _now(self) -> datetime:
        return self.sandbox.clock.now()

    def _cycle(self, kind: str, *arguments: str) -> None:
        expect(self.run("run", "--accept-shrink", *arguments))
        # It thins out old readings after it has built its tables.
        expect(self.run("build"))
        self.done[kind] += 1


def expect(ended: Ended) -> None:
    assert ended.exit_code == 0, ended.err


def build(run: Pathways, *arguments: str, processors: int | None = None) -> None:
    """Build without the tests, which `pathways build` runs."""
    skipped = ("--exclude-resource-type", "test", "unit_test")
    said = run.dbt("build", *skipped, *arguments, processors=processors)
    assert "Completed successfully" in said, said


def hashes_of(run: Pathways) -> Hashes:
    return {
        table: (count, digest)
        for table, count, digest in table_hashes(run, "build.duckdb")
    }
