"""How one load runs: every account of it is read into the spool, side by side, then all
goes to dlt in one package. What is read of an account is told by its caller.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date, datetime

from ingest import planner
from ingest.clock import Clock, clock_of
from ingest.disk import disk_full, require_room
from ingest.errors import (
    Deferred,
    NoUsableAnswer,
    PathwaysError,
    RatesUnavailable,
    Unexpected,
)
from ingest.expectation import Expectation
from ingest.failpoints import reached
from ingest.files import digest
from ingest.graph_client import GraphClient, Limits
from ingest.ledger import Ledger, read_ledger
from ingest.logs import cleaned
from ingest.outcome import AccountOutcome
from ingest.pace import Bucket, Pace
from ingest.pipeline import load_meta, load_rates
from ingest.progress.interface import Progress
from ingest.rates import NewRates, new_rates
from ingest.reading import Reader
from ingest.settings import Settings
from ingest.spool import Spool

logger = logging.getLogger(__name__)

SWITCH_SECONDS = 0.0005
# Slices of days that are read side by side, shared among the accounts that are; but of
# each account at least the second.
MOST_SLICES, LEAST_SLICES = 16, 4
# What is read of one account; the next step of it begins after it, and after the first
# step of every other account has begun.
Step = Callable[[Reader], None]


@dataclass(frozen=True)
class SyncSummary:
    """What one load did. `load_id` is None when there was nothing to load.

    Attributes:
        seconds: by the stopwatch, whatever the clock says.
    """

    load_id: str | None
    started_at: datetime
    finished_at: datetime
    seconds: float = 0.0
    accounts: list[AccountOutcome] = field(default_factory=list)
    changed_stores: bool = False
    changed_rates: int = 0
    rates_failure: RatesUnavailable | None = None

    @property
    def failures(self) -> list[PathwaysError]:
        """Everything that went wrong, of all accounts and of the rates."""
        found = [failure for account in self.accounts for failure in account.failures]
        return [*found, self.rates_failure] if self.rates_failure else found

    @property
    def exit_code(self) -> int:
        """0, or the worst of the failures."""
        return max((failure.exit_code for failure in self.failures), default=0)


@dataclass(frozen=True)
class SyncOptions:
    """How a load is done, whatever it reads.

    Attributes:
        stores: only these; all when empty.
        left_alone: accounts of them that are not read.
        accepts_shrink: believe every loss at once.
        clock: None for the machine's.
    """

    stores: Sequence[str] = ()
    left_alone: frozenset[str] = frozenset()
    accepts_shrink: bool = False
    clock: Clock | None = None
    progress: Progress = Progress()  # noqa: RUF009 - it holds no state


def accounts_to_read(
    settings: Settings, options: SyncOptions
) -> Iterator[tuple[str, str]]:
    """Store and account id of each account that the options do not leave out."""
    for store, store_settings in settings.meta.stores.items():
        if not options.stores or store in options.stores:
            for account_id in store_settings.accounts:
                if account_id not in options.left_alone:
                    yield store, account_id


class Load:
    """One load: its spool, its accounts, the paces of its tokens."""

    def __init__(
        self,
        settings: Settings,
        options: SyncOptions,
        is_history: bool = False,
        seconds: float | None = None,
        load_seconds: float | None = None,
        readings_since: date | None = None,
    ) -> None:
        self._settings = settings
        self._readings_since = readings_since
        self._options = options
        self._clock = options.clock or clock_of(settings.clock)
        self._is_history = is_history
        meta = settings.meta
        self._seconds = meta.load_seconds if seconds is None else seconds
        self._load_seconds = self._seconds if load_seconds is None else load_seconds

    def run(self, steps: Sequence[Step]) -> SyncSummary:
        """Read the accounts step by step, then load what was read."""
        settings = self._settings
        require_room(settings.data_dir)
        started_at, began = self._clock.now(), self._clock.monotonic()
        since = self._readings_since or planner.oldest_doubted(started_at)
        ledger = read_ledger(settings.data_dir, started_at, since)
        spool = Spool(settings.data_dir / "spool")
        patience = sys.getswitchinterval()
        # A thread that Meta answered would wait 5 ms for the interpreter each time.
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            reached("sync.spool_opened")
            changed_stores = _spool_stores(settings, ledger, spool, started_at)
            outcomes, rates = self._read(ledger, spool, steps)
            spool.add_rows("receipts", rates.receipts)
            load_id = None
            reached("sync.accounts_read")
            if rates.rows.num_rows:
                load_rates(settings.data_dir, rates.rows)
            reached("sync.rates_loaded")
            waiting = ("receipts", "accounts")
            if changed_stores or any(spool.row_count(table) for table in waiting):
                self._options.progress.working("writing to the warehouse")
                load_id = load_meta(settings.data_dir, spool)
        finally:
            sys.setswitchinterval(patience)
            if not self._clock.stop.is_set():
                # After a signal workers may still use it; the next run empties it.
                spool.close()
        return SyncSummary(
            load_id,
            started_at,
            self._clock.now(),
            self._clock.monotonic() - began,
            outcomes,
            changed_stores,
            rates.rows.num_rows,
            rates.failure,
        )

    def _read(
        self, ledger: Ledger, spool: Spool, steps: Sequence[Step]
    ) -> tuple[list[AccountOutcome], NewRates]:
        readers = self._readers(ledger, spool)
        pool = ThreadPoolExecutor(self._settings.parallel_accounts)
        beside = ThreadPoolExecutor(1)
        try:
            rates = beside.submit(new_rates, self._settings, ledger)
            # First come, first served: what is urgent of every account stands in the
            # queue before what is not of any.
            running = {
                pool.submit(self._take, steps[0], reader): (reader, 1)
                for reader in readers
            }
            while running:
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    reader, taken = running.pop(ended)
                    ended.result()
                    if taken < len(steps) and reader.outcome.can_go_on:
                        later = pool.submit(self._take, steps[taken], reader)
                        running[later] = (reader, taken + 1)
            for reader in readers:
                reader.note_limits()
            found = rates.result()
        except BaseException:
            # A signal: nobody waits for an answer of Meta's any more.
            self._clock.stop.set()
            raise
        finally:
            for each in (pool, beside):
                each.shutdown(wait=not self._clock.stop.is_set(), cancel_futures=True)
            for reader in readers:
                account_id = reader.outcome.account_id
                reader.client.usage.add(waited_seconds=reader.pace.waited(account_id))
                reader.outcome.server_time = reader.client.server_time
                reader.client.close()
                self._options.progress.ended(account_id, reader.outcome.word)
        return [reader.outcome for reader in readers], found

    def _take(self, step: Step, reader: Reader) -> None:
        """One step of one account; whatever goes wrong is that account's alone."""
        outcome = reader.outcome
        self._options.progress.taken_up(outcome.account_id)
        try:
            step(reader)
        except Deferred as problem:
            if problem.resume_at is not None or self._is_history or _got_on(outcome):
                logger.warning(
                    "act_%s is read on later: %s", outcome.account_id, problem
                )
                reader.failed(problem)
            else:
                reader.failed(
                    NoUsableAnswer(problem.message, problem.hint, code="META-TIME")
                )
        except PathwaysError as problem:
            logger.warning(
                "act_%s of %s: %s", outcome.account_id, outcome.store, problem
            )
            reader.failed(problem)
        except Exception as problem:
            if self._clock.stop.is_set():
                # The spool is closed already; nobody waits for this account.
                return
            if disk_full(problem) is not None:
                # No account's own trouble: nothing more can be kept of any.
                raise
            logger.exception("act_%s of %s", outcome.account_id, outcome.store)
            kind, text = type(problem).__name__, cleaned(str(problem))
            reader.failed(
                Unexpected(
                    f"An error nobody expected at act_{outcome.account_id} "
                    f"({kind}: {text}).",
                    "The other accounts were read. Run again with -v, and report it.",
                )
            )
        finally:
            if outcome.can_go_on:
                self._options.progress.laid_aside(outcome.account_id)
            else:
                self._options.progress.ended(outcome.account_id, outcome.word)

    def _readers(self, ledger: Ledger, spool: Spool) -> list[Reader]:
        settings, options = self._settings, self._options
        meta = settings.meta
        paces: dict[str, Pace] = {}
        found = []
        accounts = [*accounts_to_read(settings, options)]
        at_once = max(1, min(len(accounts), settings.parallel_accounts))
        for store, account_id in accounts:
            token = meta.token_of(store).get_secret_value()
            pace = paces.setdefault(token, self._pace(token, ledger))
            client = GraphClient(
                meta.api_base_url,
                meta.api_version,
                token,
                meta.app_secret.get_secret_value() if meta.app_secret else None,
                account_id=account_id,
                limits=Limits(request_seconds=meta.request_seconds),
                clock=self._clock,
                pace=pace,
                seconds=self._seconds,
            )
            reader = Reader(
                client=client,
                spool=spool,
                ledger=ledger,
                data_dir=settings.data_dir,
                clock=self._clock,
                outcome=AccountOutcome(store, account_id, usage=client.usage),
                progress=options.progress,
                pace=pace,
                expectation=Expectation(account_id, ledger, meta.page_limit),
                is_history=self._is_history,
                page_limit=meta.page_limit,
                load_seconds=self._load_seconds,
                slices=max(LEAST_SLICES, MOST_SLICES // at_once),
                api_version=meta.api_version,
                shrink_share=float(meta.shrink_share),
                accepts_shrink=options.accepts_shrink,
            )
            options.progress.started(store, account_id)
            found.append(reader)
        if meta.app_secret is not None:
            # One secret, one app: what shuts it out shuts out each of its tokens.
            for pace in paces.values():
                pace.share_app([*paces.values()])
        # Whom the time did not reach in the last run comes first in this one.
        return sorted(
            found, key=lambda each: ledger.tried_in.get(each.outcome.account_id, "")
        )

    def _pace(self, token: str, ledger: Ledger) -> Pace:
        """The pace of a token, with what earlier runs found shut."""
        meta = self._settings.meta
        open_from: dict[Bucket, datetime] = {}
        spent: dict[str, tuple[datetime, int]] = {}
        tier = None
        for store, store_settings in meta.stores.items():
            if meta.token_of(store).get_secret_value() != token:
                continue
            for account_id in store_settings.accounts:
                limits = ledger.limits.get(account_id)
                if limits is None:
                    continue
                tier = tier or limits.tier
                if limits.noted_at is not None:
                    spent[account_id] = limits.noted_at, limits.points
                for use_case, moment in limits.open_from.items():
                    bucket = (account_id, use_case) if use_case else None
                    open_from[bucket] = max(moment, open_from.get(bucket, moment))
        return Pace(
            self._clock,
            longest_wait=min(meta.wait_seconds, self._seconds),
            tier=tier,
            open_from=open_from,
            spent=spent,
            waiting=self._options.progress.waiting,
        )


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


def _got_on(outcome: AccountOutcome) -> bool:
    """Whether the account had no turn before the time was up, or used its turn."""
    return not outcome.usage.calls or outcome.windows > 0
