"""Days of planner and ledger without Meta: what a cycle would read becomes receipts.

The receipts go into the raw tables and come back through `read_ledger`. As that takes
a while, it is read every so many cycles and must then equal, entry for entry, the
ledger that is kept here cycle by cycle.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest import planner, tables
from ingest.completeness import Counts
from ingest.expectation import WINDOWS, Expectation, Window
from ingest.fields import LEVELS, OBJECT_TYPES, Level
from ingest.ledger import Account, Ledger, Listing, Reading, WindowKey, read_ledger
from ingest.windows import DateWindow, is_partial, local_day
from tests.fixtures import raw_tables

PAGE_LIMIT = 500
LOST = Counts(0, Decimal(0), 0, 0)
_ROWS: dict[Level, int] = {"account": 1, "campaign": 5, "adset": 10, "ad": 25}
_COUNTRIES = 5

Row = dict[str, object]
Fails = Callable[[Window, date], bool]


def rows_of(window: Window) -> int:
    level, breakdown = window
    return _ROWS[level] * (_COUNTRIES if breakdown == "country" else 1)


@dataclass
class Meta:
    """How often each account-day has changed so far; `seen` is what a probe sees.

    A change that a probe cannot see is one that leaves the day's totals as they were.
    """

    seen: dict[tuple[str, date], int] = field(default_factory=dict)

    def change(self, account_id: str, day: date) -> None:
        self.seen[account_id, day] = self.seen.get((account_id, day), 0) + 1

    def content_hash(self, account_id: str, day: date) -> str:
        return str(self.seen.get((account_id, day), 0))


@dataclass
class Simulation:
    """Loads of several accounts on one data folder.

    Attributes:
        ledger: what `read_ledger` must find; kept as the loads go.
        waiting: rows by load and table that are not in the raw tables yet.
    """

    data_dir: Path
    accounts: dict[str, Account]
    meta: Meta = field(default_factory=Meta)
    ledger: Ledger = field(default_factory=Ledger)
    waiting: list[tuple[str, str, Row]] = field(default_factory=list)
    failed_windows: set[WindowKey] = field(default_factory=set)
    loads_shown: dict[tuple[str, date], dict[Level, str]] = field(default_factory=dict)
    loads: int = 0
    newest_load_id: str | None = None

    def __post_init__(self) -> None:
        raw_tables.create(self.data_dir)

    def probed(self, account: Account, now: datetime) -> frozenset[date]:
        """Days whose totals are not those that are shown."""
        today = local_day(now, account.timezone_name)
        oldest = today - timedelta(days=planner.PROBE_DAYS)
        return frozenset(
            day
            for day in DateWindow(oldest, today).days()
            for key in [(account.account_id, day)]
            if key in self.ledger.visible_totals
            and self.ledger.visible_totals[key] != self.meta.content_hash(*key)
        )

    def begin_load(self) -> str:
        """A new load id; ids sort as they are made."""
        self.loads += 1
        return f"{1_772_000_000 + self.loads}.0"

    def describe(self, load_id: str, account: Account, now: datetime) -> int:
        """Read the account's node once a day; how many calls that took."""
        known = self.ledger.accounts.get(account.account_id)
        if known and now - known.requested_at < planner.ACCOUNT_EVERY - planner.SLACK:
            return 0
        described = replace(account, requested_at=now)
        self.ledger.accounts[account.account_id] = described
        self._add(load_id, "accounts", {**described.__dict__})
        return 1

    def list_objects(self, load_id: str, account: Account, now: datetime) -> int:
        """List what changed, or all of it; how many calls that took."""
        for object_type in OBJECT_TYPES:
            key = account.account_id, object_type
            known = self.ledger.listings.get(key, Listing.never())
            since = planner.objects_changed_since(
                known.newest_at, known.newest_whole_at, now
            )
            whole_at = now if since is None else known.newest_whole_at
            self.ledger.listings[key] = Listing(now, whole_at, load_id)
            row = raw_tables.listing(now, is_whole=since is None, level=object_type)
            row |= {"account_id": account.account_id, "changed_since": since}
            self._add(load_id, "receipts", row)
        return len(OBJECT_TYPES)

    def read(
        self,
        load_id: str,
        account: Account,
        days: DateWindow,
        now: datetime,
        fails: Fails,
        is_held: bool = False,
    ) -> int:
        """Write a receipt for each window and day; how many calls that took."""
        for day in days.days():
            complete: set[Window] = set()
            for window in WINDOWS:
                if fails(window, day):
                    self._receipt(load_id, account, window, day, now, "failed")
                elif is_held and self._held(account, window, day) is not None:
                    self._receipt(load_id, account, window, day, now, "held")
                else:
                    complete.add(window)
                    self._receipt(load_id, account, window, day, now, "complete")
            for level in LEVELS:
                if {(level, "none"), (level, "country")} <= complete:
                    self._show(load_id, account, level, day, now)
        return self.calls_of(account, days)

    def calls_of(self, account: Account, days: DateWindow) -> int:
        """Calls that every level of the days takes, in total and by country."""
        expectation = Expectation(account.account_id, self.ledger, PAGE_LIMIT)
        longest = expectation.slice_days(days.until, is_limited=False)
        return sum(expectation.calls(part) for part in days.slices(longest))

    def written(self, now: datetime) -> Ledger:
        """The ledger as the raw tables hold it."""
        path = str(self.data_dir / "warehouse.duckdb")
        with duckdb.connect(path) as connection:
            for table, schema in tables.META_TABLES.items():
                found = [
                    (load, row) for load, name, row in self.waiting if name == table
                ]
                if not found:
                    continue
                batch = pa.Table.from_pylist([row for _, row in found], schema=schema)
                loads = pa.array([load for load, _ in found])
                batch = batch.append_column("_dlt_load_id", loads)
                connection.register("batch", batch)
                connection.execute(
                    f"insert into raw_meta.{table} by name select * from batch"
                )
            connection.executemany(
                "insert into raw_meta._dlt_loads (load_id, status) values (?, 0)",
                [[load] for load in dict.fromkeys(load for load, *_ in self.waiting)],
            )
        self.waiting.clear()
        return read_ledger(self.data_dir, now)

    def kept(self) -> Ledger:
        """The ledger as the raw tables ought to hold it."""
        return replace(
            self.ledger,
            failed_days=frozenset(
                (account_id, day) for account_id, *_, day in self.failed_windows
            ),
            newest_load_id=self.newest_load_id,
        )

    def _add(self, load_id: str, table: str, row: Row) -> None:
        # A load without a row is none: dlt is not asked to make it.
        self.newest_load_id = load_id
        if table == "receipts":
            self.ledger.tried_in[str(row["account_id"])] = load_id
        self.waiting.append((load_id, table, row))

    def _show(
        self, load_id: str, account: Account, level: Level, day: date, now: datetime
    ) -> None:
        key = account.account_id, day
        self.ledger.visible[account.account_id, level, day] = now
        self.loads_shown.setdefault(key, {})[level] = load_id
        if level == "account":
            content_hash = self.meta.content_hash(*key)
            self.ledger.visible_totals[key] = content_hash
        shown = self.loads_shown[key]
        is_split = len({*shown.values()}) > 1 or len(shown) < len(LEVELS)
        others = self.ledger.split_days - {key}
        split_days = others | {key} if is_split else others
        self.ledger = replace(self.ledger, split_days=split_days)

    def _held(self, account: Account, window: Window, day: date) -> Reading | None:
        return self.ledger.readings.get((account.account_id, *window, day))

    def _receipt(
        self,
        load_id: str,
        account: Account,
        window: Window,
        day: date,
        now: datetime,
        outcome: str,
    ) -> None:
        key: WindowKey = (account.account_id, *window, day)
        counts = Counts(rows_of(window), Decimal(100), 1000, 10)
        partial = is_partial(day, now, account.timezone_name)
        content_hash = self.meta.content_hash(account.account_id, day)
        level, breakdown = window
        row: Row = {
            "account_id": account.account_id,
            "resource": "insights",
            "level": level,
            "breakdown": breakdown,
            "date_day": day,
            "requested_at": now,
            "outcome": outcome,
            "is_partial_day": partial,
            "is_whole": outcome != "failed",
        }
        if outcome == "complete":
            row |= {**counts.__dict__, "content_hash": content_hash}
            self.ledger.readings[key] = Reading(
                now, content_hash, load_id, partial, counts
            )
            self.ledger.rows_a_day[account.account_id, level, breakdown] = float(
                counts.row_count
            )
            self.failed_windows.discard(key)
        elif outcome == "failed":
            self.failed_windows.add(key)
        else:
            row |= LOST.__dict__
            self.ledger.readings[key] = replace(
                self.ledger.readings[key], held_back=LOST
            )
        self._add(load_id, "receipts", row)
