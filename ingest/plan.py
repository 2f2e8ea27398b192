"""What the next run would ask Meta for, account by account. Pure; no call is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingest import planner
from ingest.fields import OBJECT_TYPES
from ingest.ledger import Account, AccountLimits, Ledger, Listing
from ingest.levels import WINDOWS, choice_of, rows_a_day
from ingest.planner import AccountState, PlannedWindow
from ingest.reading import SLICE_DAYS, account_state
from ingest.request_shape import calls
from ingest.throttle import LIMITED_POINTS, LIMITED_SECONDS, is_limited


@dataclass(frozen=True)
class PlannedRead:
    """A window with the way it is asked for.

    Attributes:
        calls: about how many requests it takes.
        reports: which levels are made as report jobs, and why, by name.
    """

    window: str
    tier: str
    reason: str
    is_urgent: bool
    calls: int
    reports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountPlan:
    """What is due of one account.

    Attributes:
        shut_until: use case (or `all`) and when Meta opens it again.
        first_calls: about how many the account itself, its objects and a probe take.
    """

    store: str
    account_id: str
    is_known: bool
    tier: str | None
    used_percent: int | None
    shut_until: Mapping[str, str]
    objects: str
    first_calls: int
    reads: tuple[PlannedRead, ...]
    history: tuple[PlannedRead, ...]
    history_days: int

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        fresh = self.first_calls + sum(read.calls for read in self.reads)
        history = sum(read.calls for read in self.history)
        yield (
            f"{self.store} act_{self.account_id}: about {fresh} calls now, "
            f"{history} for history"
        )
        if not self.is_known:
            yield "  never read: what is below is a guess until Meta describes it"
        if is_limited(self.tier):
            known = self.tier or "not known yet, so taken as limited"
            minutes = fresh / LIMITED_POINTS * LIMITED_SECONDS / 60
            within = "at once" if fresh <= LIMITED_POINTS else f"over {minutes:.0f} min"
            yield (
                f"  access tier {known}: at most {LIMITED_POINTS} points in "
                f"{LIMITED_SECONDS:.0f} s, so {within}"
            )
        for use_case, moment in self.shut_until.items():
            yield f"  {use_case} shut by Meta until {moment}: left alone till then"
        yield f"  {self.objects}"
        for read in self.reads:
            urgent = "first" if read.is_urgent else "then"
            yield (
                f"  {urgent:5} {read.window}  {read.tier:9} {read.calls:4} calls  "
                f"{read.reason}"
            )
            for window, reason in read.reports.items():
                yield f"          {window} as a report: {reason}"
        if self.history:
            newest, oldest = self.history[0], self.history[-1]
            yield (
                f"  later history of {self.history_days} days, newest first: "
                f"{newest.window} ... {oldest.window}"
            )
        if not self.reads and not self.history:
            yield "  nothing is due but what the probe finds changed"


def planned_account(
    store: str, account_id: str, ledger: Ledger, now: datetime, page_limit: int
) -> AccountPlan:
    """What is due of the account; the probe may add days to it."""
    account = ledger.accounts.get(account_id)
    limits = ledger.limits.get(account_id, AccountLimits())
    known = account or _unknown(account_id, now)
    state = (
        account_state(account, ledger)
        if account
        else AccountState(account_id, known.timezone_name, None, {})
    )

    def read_of(window: PlannedWindow) -> PlannedRead:
        return _planned_read(known, ledger, page_limit, window)

    fresh = planner.fresh_windows(state, now)
    history = planner.backfill_windows(state, now, longest=30)
    return AccountPlan(
        store=store,
        account_id=account_id,
        is_known=account is not None,
        tier=limits.tier,
        used_percent=limits.used_percent,
        shut_until={
            use_case or "all": moment.isoformat(timespec="seconds")
            for use_case, moment in limits.open_from.items()
            if moment > now
        },
        objects=_objects(account_id, ledger, now),
        # The account's own node at first, later the probe.
        first_calls=len(OBJECT_TYPES) + 1,
        reads=tuple(map(read_of, fresh)),
        history=tuple(map(read_of, history)),
        history_days=sum(len(window.window) for window in history),
    )


def _planned_read(
    account: Account, ledger: Ledger, page_limit: int, planned: PlannedWindow
) -> PlannedRead:
    count = 0
    reports: dict[str, str] = {}
    for days in planned.window.slices(SLICE_DAYS):
        for window in WINDOWS:
            choice = choice_of(account, ledger, page_limit, window, days)
            count += calls(choice.shape, len(days), rows_a_day(account, ledger, window))
            if choice.shape.mode == "report":
                level, breakdown = window
                by = " by country" if breakdown == "country" else ""
                reports.setdefault(f"{level}{by}", choice.reason)
    return PlannedRead(
        window=str(planned.window),
        tier=planned.tier,
        reason=planned.reason,
        is_urgent=planned.is_urgent,
        calls=count,
        reports=reports,
    )


def _objects(account_id: str, ledger: Ledger, now: datetime) -> str:
    changes = [
        planner.objects_changed_since(listing.newest_at, listing.newest_whole_at, now)
        for kind in OBJECT_TYPES
        for listing in [ledger.listings.get((account_id, kind), Listing.never())]
    ]
    what = "changes only" if all(changes) else "whole listings"
    return f"campaigns, ad sets and ads: {what}; a probe of 35 days' totals"


def _unknown(account_id: str, now: datetime) -> Account:
    """An account that Meta has not described yet, taken as one in UTC."""
    return Account(account_id, "", "", "UTC", "", None, "", now)
