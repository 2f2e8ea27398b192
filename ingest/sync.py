"""What is read: what is due, days asked for by hand, or history, a load each."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

from ingest import planner
from ingest.errors import NoUsableAnswer, WindowUnusable
from ingest.ledger import Account, Ledger, read_ledger
from ingest.load import Load, SyncOptions, SyncSummary, accounts_to_read
from ingest.planner import PlannedWindow
from ingest.reading import Reader, account_state
from ingest.settings import Settings
from ingest.windows import DateWindow, local_day

__all__ = [
    "SyncOptions",
    "SyncSummary",
    "history_days_missing",
    "history_missing",
    "sync_all_history",
    "sync_days",
    "sync_fresh",
    "sync_history",
]

logger = logging.getLogger(__name__)

HISTORY_DAYS_A_LOAD = 30
# So many loads of history without one more whole day, and no other is begun.
LOADS_IN_VAIN = 2


def sync_fresh(settings: Settings, options: SyncOptions | None = None) -> SyncSummary:
    """Accounts, objects, a probe, and each window of five weeks that is due.

    What is urgent of every account comes before what is not of any.
    """
    left: dict[str, tuple[Account, list[PlannedWindow]]] = {}

    def read_urgent(reader: Reader) -> None:
        account = reader.account()
        probed: frozenset[date] = frozenset()
        # An odd object or total must not keep every day from being read.
        with _noted(reader):
            reader.objects(account)
        with _noted(reader):
            probed = reader.probe(account)
        state = account_state(account, reader.ledger, probed)
        plan = planner.fresh_windows(state, reader.clock.now())
        urgent = reader.troubled_last(window for window in plan if window.is_urgent)
        later = reader.troubled_last(window for window in plan if not window.is_urgent)
        # What takes longer than a load has comes after all else, urgent or not.
        endless = [window for window in urgent if reader.is_slow(window)]
        left[account.account_id] = account, [*later, *endless]
        _tell_planned(reader, plan)
        reader.windows(account, [w for w in urgent if not reader.is_slow(w)])

    def read_rest(reader: Reader) -> None:
        if reader.outcome.account_id in left:
            reader.windows(*left[reader.outcome.account_id])

    return Load(settings, options or SyncOptions()).run([read_urgent, read_rest])


def sync_days(
    settings: Settings, window: DateWindow, options: SyncOptions | None = None
) -> SyncSummary:
    """Exactly these days up to today, whatever was read before.

    What is left of them because of Meta's limits or the time is a failure here: no
    later run is going to read it.
    """

    def read(reader: Reader) -> None:
        account = reader.account()
        today = local_day(reader.clock.now(), account.timezone_name)
        asked = window.before(today + timedelta(days=1))
        if asked is None:
            reader.outcome.notices.append(f"None of {window} has begun yet.")
            return
        planned = PlannedWindow(
            account.account_id, asked, "missing", "asked for by hand", is_urgent=True
        )
        _tell_planned(reader, [planned])
        reader.windows(account, [planned])

    sync = Load(settings, options or SyncOptions(), readings_since=window.since)
    summary = sync.run([read])
    for outcome in summary.accounts:
        while outcome.deferred:
            left = outcome.deferred.pop()
            when = f" after {left.resume_at:%H:%M} UTC" if left.resume_at else ""
            outcome.note(
                NoUsableAnswer(
                    f"Not all of {window} was read of act_{outcome.account_id}: "
                    f"{left.message}",
                    f"What was read whole is kept. Ask for the same days again{when}.",
                    code=left.code,
                )
            )
    return summary


def sync_history(
    settings: Settings,
    days_a_load: int,
    options: SyncOptions | None = None,
    seconds: float | None = None,
    load_seconds: float | None = None,
) -> SyncSummary:
    """The newest days of history that each account lacks, at most so many of them.

    Args:
        seconds: how long it may take; then what was read whole is loaded.
        load_seconds: how long one that begins on time may take; None: `seconds`.
    """

    def read(reader: Reader) -> None:
        account = reader.ledger.accounts.get(reader.outcome.account_id)
        if account is None:
            return
        state = account_state(account, reader.ledger)
        plan = planner.backfill_windows(state, reader.clock.now(), days_a_load)
        plan = planner.at_most(days_a_load, reader.troubled_last(plan))
        _tell_planned(reader, plan)
        reader.windows(account, plan)

    sync = Load(
        settings,
        options or SyncOptions(),
        is_history=True,
        seconds=seconds,
        load_seconds=load_seconds,
    )
    return sync.run([read])


def sync_all_history(
    settings: Settings,
    options: SyncOptions | None = None,
    seconds: float | None = None,
) -> Iterator[SyncSummary]:
    """Load after load of history, until it is whole or no account gets on.

    An account that fails or has to wait is left alone in the loads after that.

    Args:
        seconds: when the time is up no other load begins; None: no limit.
    """
    options = options or SyncOptions()
    began = time.monotonic()
    missing, in_vain = history_missing(settings, options), 0
    while missing and in_vain < LOADS_IN_VAIN:
        left = None if seconds is None else seconds - (time.monotonic() - began)
        if left is not None and left <= 0:
            return
        summary = sync_history(settings, HISTORY_DAYS_A_LOAD, options, left, seconds)
        yield summary
        refused = {each.account_id for each in summary.accounts if each.is_refused}
        options = replace(options, left_alone=options.left_alone | refused)
        before, missing = missing, history_missing(settings, options)
        # Days that took too long together are read one by one by the next load.
        in_vain = in_vain + 1 if missing == before else 0


def history_missing(settings: Settings, options: SyncOptions | None = None) -> int:
    """How many days of history are not read whole yet, of all accounts that are read.

    An account that was never read is not known to have any.
    """
    ledger = read_ledger(settings.data_dir, since=settings.clock().date())
    days = history_days_missing(settings, ledger)
    return sum(
        len(days.get(account_id, ()))
        for _, account_id in accounts_to_read(settings, options or SyncOptions())
    )


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


@contextmanager
def _noted(reader: Reader) -> Iterator[None]:
    """Go on where an answer cannot be stored as it is; the outcome names it."""
    try:
        yield
    except WindowUnusable as problem:
        logger.warning("act_%s: %s", reader.outcome.account_id, problem)
        reader.outcome.note(problem)


def _tell_planned(reader: Reader, plan: Sequence[PlannedWindow]) -> None:
    days = sum(len(planned.window) for planned in plan)
    reader.progress.planned(reader.outcome.account_id, days)
