"""What the next run would ask Meta for, account by account. Pure; no call is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingest import planner
from ingest.expectation import WINDOWS, Expectation
from ingest.fields import OBJECT_TYPES
from ingest.ledger import Account, AccountLimits, Ledger, Listing
from ingest.planner import AccountState, PlannedWindow
from ingest.reading import account_state
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
        now = self.first_calls + sum(read.calls for read in self.reads)
        at_most = "" if self.is_known else "at most "
        if self.shut_until:
            now = self.first_calls - 1
        yield f"{self.store} act_{self.account_id}: about {now} calls now"
        if not self.is_known:
            yield "  never read: what is below is a guess until Meta describes it"
        yield f"  {self._limits(now)}"
        for use_case, moment in self.shut_until.items():
            yield f"  {use_case} shut by Meta: nothing of it before {moment}"
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
            calls = sum(read.calls for read in self.history)
            yield (
                f"  later history, newest first: {at_most}{self.history_days} days in "
                f"{calls} calls{self._time(calls)}"
            )
        if not self.reads:
            yield "  no day is due but those that the probe finds changed"

    def _limits(self, calls: int) -> str:
        used = "" if self.used_percent is None else f", {self.used_percent} % used"
        if not is_limited(self.tier):
            return f"access tier {self.tier}{used}"
        known = self.tier or "not known yet, so taken as limited"
        return (
            f"access tier {known}{used}: {LIMITED_POINTS} points in "
            f"{LIMITED_SECONDS:.0f} s{self._time(calls)}"
        )

    def _time(self, calls: int) -> str:
        """How long a limited app takes for so many calls, where it has to wait."""
        if not is_limited(self.tier) or calls <= LIMITED_POINTS:
            return ""
        minutes = calls / LIMITED_POINTS * LIMITED_SECONDS / 60
        return f", {minutes:.0f} minutes at least"


def planned_account(
    store: str, account_id: str, ledger: Ledger, now: datetime, page_limit: int
) -> AccountPlan:
    """What is due of the account; the probe may add days to it."""
    account = ledger.accounts.get(account_id)
    limits = ledger.limits.get(account_id, AccountLimits())
    expectation = Expectation(account_id, ledger, page_limit)
    known = account or _unknown(account_id, now)
    state = (
        account_state(account, ledger)
        if account
        else AccountState(account_id, known.timezone_name, None, {})
    )

    def read_of(window: PlannedWindow) -> PlannedRead:
        return _planned_read(expectation, is_limited(limits.tier), window)

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
    expectation: Expectation, is_limited_app: bool, planned: PlannedWindow
) -> PlannedRead:
    count = 0
    reports: dict[str, str] = {}
    longest = expectation.slice_days(planned.window.until, is_limited_app)
    for days in planned.window.slices(longest):
        count += expectation.calls(days)
        for window in WINDOWS:
            choice = expectation.choice(window, days)
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
