"""Reads one account from Meta into the spool and writes its receipts.

A failure ends in a receipt that names it, never in a smaller number: a window is read
whole or not at all. An account that cannot be read leaves the others alone.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ingest import planner, receipts
from ingest.account_node import created_on, described, is_recent
from ingest.clock import Clock
from ingest.errors import Deferred, PathwaysError
from ingest.expectation import Expectation, Window
from ingest.failpoints import reached
from ingest.fields import OBJECT_TYPES, ObjectType
from ingest.graph_client import GraphClient, Usage
from ingest.insights_request import InsightsRequest, WindowReading
from ingest.ledger import Account, AccountLimits, Ledger
from ingest.levels import LevelsReader, LevelsReading
from ingest.object_listing import ObjectListing
from ingest.outcome import AccountOutcome
from ingest.pace import Bucket, Pace
from ingest.planner import AccountState, PlannedWindow
from ingest.progress.interface import Progress
from ingest.receipts import Receipt
from ingest.spool import Spool
from ingest.throttle import is_limited
from ingest.windows import DateWindow, is_partial, local_day

logger = logging.getLogger(__name__)

# When less time is left, a slice might be left midway: then one at a time is.
HURRY_SECONDS = 120.0


@dataclass(frozen=True)
class Reader:
    """Reads one account with its store's token.

    Attributes:
        load_seconds: what a whole load of its kind may take.
        slices: of days that are read side by side where Meta makes their reports.
        shrink_share: the part of a day or listing that may go without a second reading.
        accepts_shrink: believe every loss at once.
    """

    client: GraphClient
    spool: Spool
    ledger: Ledger
    data_dir: Path
    clock: Clock
    outcome: AccountOutcome
    progress: Progress
    pace: Pace
    expectation: Expectation
    page_limit: int
    load_seconds: float
    slices: int
    api_version: str
    shrink_share: float
    accepts_shrink: bool = False
    is_history: bool = False

    def account(self) -> Account:
        """The account as Meta describes it, asked for once a day.

        Raises:
            AccountUnusable: it lacks what every number depends on.
            MetaError, Deferred: as the client.
        """
        account_id = self.outcome.account_id
        known = self.ledger.accounts.get(account_id)
        now = self.clock.now()
        if known and is_recent(known, now):
            return known
        account, notices = described(self.client, account_id, now, self.api_version)
        self.outcome.notices += notices
        self.spool.add_rows("accounts", [account.__dict__])
        is_changed = known is None or known.content_hash != account.content_hash
        self.outcome.changed_objects += is_changed
        return account

    def objects(self, account: Account) -> None:
        """Campaigns, ad sets and ads that changed; all of them once a day.

        A changed parent brings its children along: their effective status follows it
        without a new `updated_time`.

        Raises:
            MetaError, Deferred: as the client.
        """
        listing = ObjectListing(
            request=self._request(),
            account=account,
            ledger=self.ledger,
            data_dir=self.data_dir,
            clock=self.clock,
            outcome=self.outcome,
            page_limit=self.page_limit,
            shrink_share=self.shrink_share,
            accepts_shrink=self.accepts_shrink,
        )
        changed: dict[ObjectType, list[str]] = {}
        for object_type in OBJECT_TYPES:
            changed[object_type], receipt = listing.read(object_type, changed)
            self.expectation.objects[object_type] = len(changed[object_type])
            self._receipts([receipt], account)
            self.progress.listed(account.account_id, object_type)

    def probe(self, account: Account) -> frozenset[date]:
        """Days of the last five weeks whose totals are not those that are shown.

        Raises:
            MetaError, Deferred, WindowUnusable: the totals cannot be read.
        """
        today = local_day(self.clock.now(), account.timezone_name)
        shown = {
            day: totals_hash
            for (owner, day), totals_hash in self.ledger.visible_totals.items()
            if owner == account.account_id
            and 0 <= (today - day).days <= planner.PROBE_DAYS
        }
        if not shown:
            return frozenset()
        window = DateWindow(min(shown), today)
        totals: Window = ("account", "none")
        shape = self.expectation.choice(totals, window).shape
        probed = self._request().read(*totals, window, shape, lambda *_: False)
        if probed.problem is not None:
            raise probed.problem
        return frozenset(
            day
            for day, totals_hash in shown.items()
            if day in probed.contents
            and probed.contents[day].content_hash != totals_hash
        )

    def windows(self, account: Account, planned: Iterable[PlannedWindow]) -> None:
        """Every level of the planned days, in total and by country, newest first.

        Raises:
            MetaError, Deferred: the token or the permission is gone, Meta asks to wait
                or does not answer, so that the next window would fail as well.
        """
        wanted = list(planned)
        self.outcome.planned += wanted
        reading: set[Future[_Slice]] = set()
        fatal: list[PathwaysError] = []

        def settle(most: int) -> None:
            while len(reading) > most:
                for read in wait(reading, return_when=FIRST_COMPLETED).done:
                    reading.remove(read)
                    fatal.extend(self._settled(read.result()))

        slices = self._slices(account, wanted)
        with ThreadPoolExecutor(self.slices) as pool:
            try:
                # The next days are chosen by what the last ones taught, where those
                # are read alone.
                while not fatal and (days := next(slices, None)) is not None:
                    others = self._side_by_side(days) - 1
                    settle(others)
                    if not fatal:
                        reading.add(pool.submit(self._levels, account, days))
                    settle(others)
            finally:
                # What the others read counts, whatever became of one.
                settle(0)
                for problem in fatal:
                    # A failure is not to hide behind one that only has to wait.
                    if not isinstance(problem, Deferred):
                        self.outcome.note(problem)
        if fatal:
            raise fatal[0]

    def _slices(
        self, account: Account, wanted: Iterable[PlannedWindow]
    ) -> Iterator[DateWindow]:
        """The days that are read together, by what is known when they are asked for.

        Raises:
            Deferred: history has to give way.
        """
        for plan in wanted:
            left: DateWindow | None = plan.window
            while left is not None:
                if self.is_history:
                    self.pace.begin_history(account.account_id)
                longest = self.expectation.slice_days(
                    left.until, is_limited(self.pace.tier)
                )
                if self._is_split(left.until):
                    # A reading of it ended midway: by itself it takes the least time.
                    longest = 1
                days = left.slices(longest)[0]
                yield days
                left = left.before(days.since)

    def _side_by_side(self, days: DateWindow) -> int:
        """How many slices may be read at once.

        While Meta makes the reports of one, others are read. A slice that ends midway
        is begun again, so there is one only where no report is waited for, where calls
        are few and where the time may run out.
        """
        left = self.client.seconds_left
        in_a_hurry = left is not None and left < HURRY_SECONDS
        if (
            in_a_hurry
            or self._is_split(days.until)
            or is_limited(self.pace.tier)
            or not self.expectation.has_reports(days)
        ):
            return 1
        return self.slices

    def _is_split(self, day: date) -> bool:
        key = (self.outcome.account_id, day)
        return key in self.ledger.split_days or key in self.ledger.slow_days

    def troubled_last(self, plan: Iterable[PlannedWindow]) -> list[PlannedWindow]:
        """The planned windows, days that could not be read last."""
        account_id, ledger = self.outcome.account_id, self.ledger
        failed = {day for owner, day in ledger.failed_days if owner == account_id}
        slow = {
            day: load_id
            for (owner, day), load_id in ledger.slow_days.items()
            if owner == account_id
        }
        return planner.troubled_last(plan, failed, slow)

    def is_slow(self, planned: PlannedWindow) -> bool:
        """Whether it is a day that the last load had no time for."""
        return (planned.account_id, planned.window.until) in self.ledger.slow_days

    def failed(self, problem: PathwaysError) -> None:
        """Note that the account as a whole could not be read on."""
        self.outcome.is_broken_off = True
        self.outcome.note(problem)
        if not isinstance(problem, Deferred):
            self._receipts([receipts.of_failed_account(self.clock.now(), problem)])

    def note_limits(self) -> None:
        """Keep what Meta said of its limits, where a later run has to know it."""
        pace, now = self.pace, self.clock.now()
        account_id = self.outcome.account_id
        shut, points = pace.shut(account_id), pace.points(account_id)
        known = self.ledger.limits.get(account_id, AccountLimits())
        counts = is_limited(pace.tier) and points > 0
        if not shut and not counts and pace.tier == known.tier:
            return
        percent = pace.used_percent(account_id)
        rows: list[tuple[Bucket, datetime | None]] = [*shut.items()]
        self._receipts(
            [
                receipts.of_limits(
                    bucket[1] if bucket else None,
                    now,
                    pace.tier,
                    percent,
                    points,
                    resume_at,
                )
                for bucket, resume_at in rows or [(None, None)]
            ]
        )

    def _levels(self, account: Account, days: DateWindow) -> "_Slice":
        client, usage = self.client.counted()

        def window_begun(window: Window, is_report: bool) -> None:
            self.progress.window_begun(account.account_id, window, is_report)

        def window_read(window: Window, reading: WindowReading) -> None:
            self.progress.window_read(account.account_id, window, reading)

        reader = LevelsReader(
            request=self._request(client),
            account=account,
            ledger=self.ledger,
            expectation=self.expectation,
            shrink_share=self.shrink_share,
            accepts_shrink=self.accepts_shrink,
            window_begun=window_begun,
            window_read=window_read,
        )
        return _Slice(reader, reader.read(days), usage)

    def _settled(self, read: "_Slice") -> list[PathwaysError]:
        """Write receipts of a slice and count it; what was fatal to it."""
        reader, found = read.reader, read.found
        rows = receipts.of_windows(reader, found, read.usage.calls)
        self._receipts([*rows], reader.account)
        self._count(reader, found)
        self.progress.days_read(reader.account.account_id, len(found.days))
        for problem in found.problems():
            if problem is not found.fatal:
                logger.warning("%s", problem)
                self.outcome.note(problem)
        return [] if found.fatal is None else [found.fatal]

    def _count(self, reader: LevelsReader, found: LevelsReading) -> None:
        outcome = self.outcome
        for window, reading in found.readings.items():
            outcome.pages += reading.pages
            for day, content in reading.contents.items():
                if (window, day) in found.refused:
                    continue
                held = reader.held(window, day)
                outcome.windows += 1
                outcome.rows += content.row_count
                partial = is_partial(
                    day, reading.requested_at, reader.account.timezone_name
                )
                outcome.changed_windows += receipts.is_new(held, content) or (
                    held is not None and held.is_partial_day != partial
                )

    def _request(self, client: GraphClient | None = None) -> InsightsRequest:
        account_id = self.outcome.account_id

        def page_read(size: int) -> None:
            self.progress.page_read(account_id, size)

        return InsightsRequest(
            client or self.client,
            self.spool,
            self.clock,
            account_id,
            self.page_limit,
            self.load_seconds,
            page_read,
        )

    def _receipts(
        self, rows: Sequence[Receipt], account: Account | None = None
    ) -> None:
        shared = receipts.common(self.outcome.account_id, self.api_version, account)
        self.spool.add_rows("receipts", [{**shared, **row} for row in rows])
        reached("sync.receipts_spooled")


@dataclass(frozen=True)
class _Slice:
    """Some days that were read at every level, and what they cost."""

    reader: LevelsReader
    found: LevelsReading
    usage: Usage


def account_state(
    account: Account, ledger: Ledger, probed: frozenset[date] = frozenset()
) -> AccountState:
    """What the planner needs to know of the account."""
    read_at = {
        (level, day): moment
        for (account_id, level, day), moment in ledger.visible.items()
        if account_id == account.account_id
    }
    held_back = frozenset(
        day
        for (account_id, *_, day), reading in ledger.readings.items()
        if account_id == account.account_id and reading.held_back is not None
    )
    return AccountState(
        account.account_id,
        account.timezone_name,
        created_on(account),
        read_at,
        probed,
        held_back,
        frozenset(
            day for owner, day in ledger.split_days if owner == account.account_id
        ),
    )
