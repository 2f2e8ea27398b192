"""Loads without a build: two stores of a sandbox whose clock moves as runs wait."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from ingest.fields import LEVELS
from ingest.ledger import Ledger, read_ledger
from ingest.plan import AccountPlan, planned_account
from ingest.sandbox.request_log import Entry
from ingest.sandbox.server import Sandbox
from ingest.settings import FxSettings, Settings
from ingest.sync import SyncOptions, SyncSummary, sync_fresh, sync_history
from ingest.windows import DateWindow, local_day
from tests.fixtures.fake_time import clock_of_sandbox
from tests.fixtures.two_stores import ACME, NOOR

STORES = {"acme": ACME, "noor": NOOR}
HISTORY_DAYS_A_LOAD = 30
Key = tuple[str, str, date]


@dataclass(frozen=True)
class Syncs:
    """A data folder and the sandbox that it reads.

    Attributes:
        parallel: accounts read at a time; with one, no wait hides behind another's.
    """

    data_dir: Path
    sandbox: Sandbox
    page_limit: int = 500
    parallel: int = 8

    def fresh(self) -> SyncSummary:
        return sync_fresh(self._settings(), self._options())

    def history(self) -> SyncSummary:
        return sync_history(
            self._settings(), HISTORY_DAYS_A_LOAD, self._options(), seconds=600
        )

    def ledger(self) -> Ledger:
        return read_ledger(self.data_dir, self.sandbox.clock.now())

    def plan(self, store: str) -> AccountPlan:
        """What `pathways plan` says of the store's account."""
        now = self.sandbox.clock.now()
        return planned_account(
            store, STORES[store], self.ledger(), now, self.page_limit
        )

    def requests(self, account_id: str, since: datetime) -> list[Entry]:
        """Requests for the account from a moment on."""
        return [
            entry
            for entry in self.sandbox.requests
            if f"act_{account_id}" in entry.path
            and datetime.fromisoformat(entry.clock) >= since
        ]

    def refused(self) -> list[Entry]:
        return [entry for entry in self.sandbox.requests if entry.refused]

    def spend(self, account_id: str) -> dict[Key, Decimal]:
        """By account, level and day: the spend of the reading that holds, in total."""
        return {
            (owner, level, day): reading.counts.spend
            for (
                owner,
                level,
                breakdown,
                day,
            ), reading in self.ledger().readings.items()
            if (owner, breakdown) == (account_id, "none")
        }

    def truth(self, account_id: str) -> dict[Key, Decimal]:
        """The same of the last five weeks, from the world's cells."""
        account = next(a for a in self.sandbox.world.accounts if a.id == account_id)
        today = local_day(self.sandbox.clock.now(), account.timezone)
        oldest = date.fromordinal(today.toordinal() - 35)
        return {
            (account_id, level, day): sum(
                (row["spend"] for row in found.values()), Decimal(0)
            )
            for level in LEVELS
            for day in DateWindow(oldest, today).days()
            for found in [self.sandbox.truth(account_id, level, day)]
        }

    def _settings(self) -> Settings:
        stores = {
            store: {"accounts": [f"act_{account}"], "reporting_currency": "USD"}
            for store, account in STORES.items()
        }
        return Settings.model_validate(
            {
                "data_dir": self.data_dir,
                "now": self.sandbox.clock.now(),
                "parallel_accounts": self.parallel,
                "meta": {
                    "api_base_url": self.sandbox.url,
                    "access_token": self.sandbox.token,
                    "page_limit": self.page_limit,
                    "stores": stores,
                },
                "fx": FxSettings(provider="none"),
            }
        )

    def _options(self) -> SyncOptions:
        return SyncOptions(clock=clock_of_sandbox(self.sandbox))
