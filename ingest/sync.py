"""One load: read every account into the spool, then hand it to dlt in one package."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ingest import planner
from ingest.errors import MetaError, PathwaysError, RatesUnavailable
from ingest.exchange_rates import as_table, fetch_rates
from ingest.files import digest
from ingest.graph_client import GraphClient
from ingest.ledger import Ledger, known_rates, read_ledger
from ingest.pipeline import load_meta, load_rates
from ingest.planner import PlannedWindow
from ingest.reading import AccountOutcome, Reader, account_state
from ingest.settings import Settings
from ingest.spool import Spool
from ingest.windows import DateWindow, oldest_day

logger = logging.getLogger(__name__)

RATES_EVERY = timedelta(hours=1)

# Picks the windows of one account: fresh ones, a slice of history, or days by hand.
Picker = Callable[[Reader, str, AccountOutcome], None]


@dataclass(frozen=True)
class SyncSummary:
    """What one load did. `load_id` is None when there was nothing to load."""

    load_id: str | None
    started_at: datetime
    finished_at: datetime
    accounts: list[AccountOutcome] = field(default_factory=list)
    changed_stores: bool = False
    changed_rates: int = 0
    rates_failure: RatesUnavailable | None = None

    @property
    def failures(self) -> list[PathwaysError]:
        """Everything that went wrong, of all accounts and of the rates."""
        found = [failure for account in self.accounts for failure in account.failures]
        return [*found, self.rates_failure] if self.rates_failure else found


def sync_fresh(settings: Settings, stores: Sequence[str] = ()) -> SyncSummary:
    """Accounts, objects, a probe, and each window of five weeks that is due."""

    def pick(reader: Reader, account_id: str, outcome: AccountOutcome) -> None:
        account = reader.account(account_id, outcome)
        reader.objects(account, outcome)
        state = account_state(account, reader.ledger, reader.probe(account))
        plan = planner.fresh_windows(state, reader.clock())
        reader.windows(account, plan, outcome)

    return _sync(settings, stores, pick)


def sync_days(
    settings: Settings, window: DateWindow, stores: Sequence[str] = ()
) -> SyncSummary:
    """Exactly these days, whatever was read before."""

    def pick(reader: Reader, account_id: str, outcome: AccountOutcome) -> None:
        account = reader.account(account_id, outcome)
        plan = PlannedWindow(account_id, window, "missing", "asked for by hand")
        reader.windows(account, [plan], outcome)

    return _sync(settings, stores, pick)


def sync_history(
    settings: Settings, days_a_load: int, stores: Sequence[str] = ()
) -> SyncSummary:
    """The newest days of history that each account lacks, at most so many of them."""

    def pick(reader: Reader, account_id: str, outcome: AccountOutcome) -> None:
        account = reader.ledger.accounts.get(account_id)
        if account is None:
            return
        state = account_state(account, reader.ledger)
        plan = planner.backfill_windows(state, reader.clock(), days_a_load)
        reader.windows(account, plan[:1], outcome)

    return _sync(settings, stores, pick)


def history_days_missing(settings: Settings, ledger: Ledger) -> dict[str, list[date]]:
    """By account, the days of its history without a whole reading, newest first."""
    now = settings.clock()
    return {
        account.account_id: [
            day
            for planned in planner.backfill_windows(
                account_state(account, ledger), now, longest=1
            )
            for day in planned.window.days()
        ]
        for account in ledger.accounts.values()
    }


def _sync(settings: Settings, stores: Sequence[str], pick: Picker) -> SyncSummary:
    started_at = settings.clock()
    ledger = read_ledger(settings.data_dir)
    rates = _load_rates(settings, ledger)
    spool = Spool(settings.data_dir / "spool")
    try:
        changed_stores = _spool_stores(settings, ledger, spool, started_at)
        wanted = [
            (store, account_id)
            for store, store_settings in settings.meta.stores.items()
            if not stores or store in stores
            for account_id in store_settings.accounts
        ]
        with ThreadPoolExecutor(settings.parallel_accounts) as pool:
            outcomes = list(
                pool.map(
                    lambda item: _read_account(
                        settings, ledger, spool, item[0], item[1], pick
                    ),
                    wanted,
                )
            )
        spool.add_rows("receipts", rates.receipts)
        load_id = None
        if changed_stores or spool.row_count("receipts") or spool.row_count("accounts"):
            load_id = load_meta(settings.data_dir, spool)
    finally:
        spool.close()
    return SyncSummary(
        load_id,
        started_at,
        settings.clock(),
        outcomes,
        changed_stores,
        rates.changed,
        rates.failure,
    )


@dataclass(frozen=True)
class _RatesOutcome:
    changed: int = 0
    failure: RatesUnavailable | None = None
    receipts: list[dict[str, object]] = field(default_factory=list)


def _load_rates(settings: Settings, ledger: Ledger) -> _RatesOutcome:
    """Load rates that are new or corrected; asked for once an hour."""
    now = settings.clock()
    read_at = ledger.rates_read_at
    if settings.fx.provider == "none" or (
        read_at is not None and now - read_at < RATES_EVERY - planner.SLACK
    ):
        return _RatesOutcome()
    receipt: dict[str, object] = {"resource": "exchange_rates", "requested_at": now}
    try:
        # A weekend before the oldest day needs the rate of the Friday before.
        since = oldest_day(now.date()) - timedelta(days=14)
        found = fetch_rates(settings.fx, since)
    except RatesUnavailable as problem:
        logger.warning("%s", problem)
        failed = {
            "outcome": "failed",
            "error_code": problem.code,
            "error": str(problem),
        }
        return _RatesOutcome(failure=problem, receipts=[{**receipt, **failed}])
    new = as_table(found, known_rates(settings.data_dir), settings.fx, now)
    if new.num_rows:
        load_rates(settings.data_dir, new)
    done = {"outcome": "complete", "row_count": len(found)}
    return _RatesOutcome(new.num_rows, receipts=[{**receipt, **done}])


def _read_account(
    settings: Settings,
    ledger: Ledger,
    spool: Spool,
    store: str,
    account_id: str,
    pick: Picker,
) -> AccountOutcome:
    meta = settings.meta
    outcome = AccountOutcome(store, account_id)
    client = GraphClient(
        meta.api_base_url,
        meta.api_version,
        meta.token_of(store).get_secret_value(),
        meta.app_secret.get_secret_value() if meta.app_secret else None,
    )
    reader = Reader(
        client=client,
        spool=spool,
        ledger=ledger,
        data_dir=settings.data_dir,
        clock=settings.clock,
        page_limit=meta.page_limit,
        api_version=meta.api_version,
    )
    try:
        pick(reader, account_id, outcome)
    except PathwaysError as problem:
        logger.warning("Account act_%s of %s: %s", account_id, store, problem)
        outcome.failures.append(problem)
        if isinstance(problem, MetaError):
            reader.account_failed(account_id, problem)
    finally:
        outcome.usage = client.usage
        client.close()
    return outcome


def _spool_stores(
    settings: Settings, ledger: Ledger, spool: Spool, now: datetime
) -> bool:
    rows: list[dict[str, object]] = [
        {
            "store": name,
            "account_id": account_id,
            "reporting_currency": store.reporting_currency,
            "target_roas": store.target_roas,
            "break_even_roas": store.break_even_roas,
        }
        for name, store in sorted(settings.meta.stores.items())
        for account_id in store.accounts
    ]
    content_hash = digest(rows)
    if content_hash == ledger.stores_hash:
        return False
    common = {"content_hash": content_hash, "requested_at": now}
    spool.add_rows("stores", [{**row, **common} for row in rows])
    return True
