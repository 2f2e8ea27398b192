"""Reads one account from Meta into the spool and writes its receipts.

A failure ends in a receipt that names it, never in a smaller number: a window is read
whole or not at all. An account that cannot be read leaves the others alone.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest import fields, planner, receipts
from ingest.clock import Clock
from ingest.currencies import known_currencies
from ingest.errors import (
    AccountUnusable,
    Deferred,
    PathwaysError,
    ShrinkHeldBack,
    TooMuchData,
)
from ingest.fields import OBJECT_TYPES, ObjectType
from ingest.files import digest
from ingest.graph_client import GraphClient, Usage
from ingest.insights_request import InsightsRequest, WindowReading
from ingest.ledger import (
    Account,
    AccountLimits,
    Ledger,
    Listing,
    WindowKey,
    known_objects,
)
from ingest.levels import LevelsReader, LevelsReading, Window, choice_of
from ingest.pace import Bucket, Pace
from ingest.planner import AccountState, PlannedWindow
from ingest.progress import Progress
from ingest.receipts import Receipt
from ingest.request_shape import SMALLEST_PAGE
from ingest.spool import Spool
from ingest.windows import DateWindow, is_partial, local_day

logger = logging.getLogger(__name__)

SLICE_DAYS = 15
# A filter of more ids than this makes a URL that servers refuse.
PARENTS_A_CALL = 50
# Below so many objects a loss of half of them is one or two deletions.
FEWEST_TO_DOUBT = 4
_ACTIVE = "1"
_STATUS_WORDS = {
    "2": "disabled",
    "3": "unsettled",
    "7": "pending a risk review",
    "8": "pending settlement",
    "9": "in its grace period",
    "100": "pending closure",
    "101": "closed",
}


@dataclass
class AccountOutcome:
    """What one run did for one account.

    Attributes:
        notices: what an operator should know though nothing failed, as sentences.
        deferred: what is left to later runs, since Meta's limits or the time said so.
        is_broken_off: it failed in a way that the next request would fail as well.
    """

    store: str
    account_id: str
    failures: list[PathwaysError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    deferred: list[Deferred] = field(default_factory=list)
    planned: list[PlannedWindow] = field(default_factory=list)
    windows: int = 0
    changed_windows: int = 0
    changed_objects: int = 0
    pages: int = 0
    rows: int = 0
    is_broken_off: bool = False
    usage: Usage = field(default_factory=Usage)

    @property
    def can_go_on(self) -> bool:
        """Whether another request for the account makes sense in this run."""
        return not self.is_broken_off and not self.deferred

    @property
    def word(self) -> str:
        """`failed`, `deferred` or `ok`."""
        return "failed" if self.failures else "deferred" if self.deferred else "ok"

    def note(self, problem: PathwaysError) -> None:
        """Remember a problem as what it is: a failure, or something for later."""
        if isinstance(problem, Deferred):
            self.deferred.append(problem)
        elif str(problem) not in map(str, self.failures):
            self.failures.append(problem)


@dataclass(frozen=True)
class Reader:
    """Reads one account with its store's token.

    Attributes:
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
    page_limit: int
    api_version: str
    shrink_share: float
    accepts_shrink: bool = False

    def account(self) -> Account:
        """The account as Meta describes it, asked for once a day.

        Raises:
            AccountUnusable: it lacks what every number depends on.
            MetaError, Deferred: as the client.
        """
        account_id = self.outcome.account_id
        known = self.ledger.accounts.get(account_id)
        now = self.clock.now()
        if known and _is_recent(known.requested_at, now):
            return known
        answer = self.client.node(
            f"act_{account_id}", {"fields": ",".join(fields.ACCOUNT_FIELDS)}
        )
        texts = {name: _text(answer.get(name)) for name in fields.ACCOUNT_FIELDS}
        _refuse_unusable(account_id, texts)
        status = texts["account_status"] or ""
        if status != _ACTIVE:
            words = _STATUS_WORDS.get(status, f"in status {status or 'unknown'}")
            self.outcome.notices.append(f"Meta says the account is {words}.")
        content_hash = digest(sorted(texts.items()))
        account = Account(
            account_id=account_id,
            name=texts["name"] or "",
            currency=texts["currency"] or "",
            timezone_name=texts["timezone_name"] or "",
            account_status=status,
            created_time=texts["created_time"],
            content_hash=content_hash,
            requested_at=now,
        )
        self.spool.add_rows("accounts", [account.__dict__])
        is_changed = known is None or known.content_hash != content_hash
        self.outcome.changed_objects += is_changed
        return account

    def objects(self, account: Account) -> None:
        """Campaigns, ad sets and ads that changed; all of them once a day.

        A changed parent brings its children along: their effective status follows it
        without a new `updated_time`.

        Raises:
            MetaError, Deferred: as the client.
        """
        changed: dict[ObjectType, list[str]] = {}
        for object_type in OBJECT_TYPES:
            changed[object_type] = self._objects(account, object_type, changed)
            self.progress.listed(account.account_id, object_type)

    def probe(self, account: Account) -> frozenset[date]:
        """Days of the last five weeks whose totals are not what was last read.

        Raises:
            MetaError, Deferred, WindowUnusable: the totals cannot be read.
        """
        today = local_day(self.clock.now(), account.timezone_name)
        days = [
            day
            for owner, level, breakdown, day in self.ledger.readings
            if (owner, level, breakdown) == (account.account_id, "account", "none")
            and 0 <= (today - day).days <= planner.PROBE_DAYS
        ]
        if not days:
            return frozenset()
        window = DateWindow(min(days), today)
        totals: Window = ("account", "none")
        shape = choice_of(account, self.ledger, self.page_limit, totals, window).shape
        probed = self._request().read(*totals, window, shape, lambda *_: False)
        if probed.problem is not None:
            raise probed.problem
        known = self.ledger.readings
        keys: dict[date, WindowKey] = {
            day: (account.account_id, *totals, day) for day in probed.contents
        }
        return frozenset(
            day
            for day, content in probed.contents.items()
            if keys[day] in known
            and known[keys[day]].content_hash != content.content_hash
        )

    def windows(self, account: Account, planned: Iterable[PlannedWindow]) -> None:
        """Every level of the planned days, in total and by country, newest first.

        Raises:
            MetaError, Deferred: the token or the permission is gone, Meta asks to wait
                or does not answer, so that the next window would fail as well.
        """
        wanted = list(planned)
        self.outcome.planned += wanted
        for plan in wanted:
            for days in plan.window.slices(SLICE_DAYS):
                self._levels(account, days)

    def failed(self, problem: PathwaysError) -> None:
        """Note that the account as a whole could not be read on."""
        self.outcome.is_broken_off = True
        self.outcome.note(problem)
        if not isinstance(problem, Deferred):
            self._receipts([receipts.of_failed_account(self.clock.now(), problem)])

    def note_limits(self, pace: Pace) -> None:
        """Keep what Meta said of its limits, where it shuts something or is news."""
        account_id, now = self.outcome.account_id, self.clock.now()
        shut = pace.shut(account_id)
        known = self.ledger.limits.get(account_id, AccountLimits())
        if not shut and pace.tier == known.tier:
            return
        percent = pace.used_percent(account_id)
        rows: list[tuple[Bucket, datetime | None]] = [*shut.items()]
        self._receipts(
            [
                receipts.of_limits(
                    bucket[1] if bucket else None, now, pace.tier, percent, resume_at
                )
                for bucket, resume_at in rows or [(None, None)]
            ]
        )

    def _objects(
        self,
        account: Account,
        object_type: ObjectType,
        changed: dict[ObjectType, list[str]],
    ) -> list[str]:
        """Ids of the objects of a type that are new or changed."""
        account_id = account.account_id
        listing = self.ledger.listings.get((account_id, object_type), Listing.never())
        now = self.clock.now()
        since = planner.objects_changed_since(
            listing.newest_at, listing.newest_whole_at, now
        )
        if listing.held_back is not None:
            since = None
        filters: list[list[dict[str, object]]] = [[]]
        if since is not None:
            moved = {
                "field": f"{object_type}.updated_time",
                "operator": "GREATER_THAN",
                "value": int(since.timestamp()),
            }
            filters = [[moved], *_of_parents(changed)]
        calls = self.client.usage.calls
        request = self._request()
        pages: list[Path] = []
        try:
            for extra in filters:
                pages += self._listing(request, object_type, extra)
        except BaseException:
            self.spool.discard(pages)
            raise
        page_count = len(pages)
        lost: list[int] = []

        def believe_loss(present: int, missing: int) -> bool:
            if self._is_doubtful_loss(present, missing, listing):
                lost.append(missing)
            return not lost

        known = known_objects(self.data_dir, account_id, object_type)
        ids = self.spool.add_objects(
            account_id, object_type, pages, now, known, since is None, believe_loss
        )
        self.outcome.changed_objects += len(ids)
        calls = self.client.usage.calls - calls
        if lost:
            problem = ShrinkHeldBack(
                f"A whole listing of the {object_type}s of act_{account_id} lacks "
                f"{lost[0]} that were there.",
                "They stay as they were; the next run's listing decides, or "
                "`pathways sync --accept-shrink`.",
            )
            self.outcome.note(problem)
            receipt = receipts.of_held_listing(object_type, now, lost[0], problem)
        else:
            receipt = receipts.of_listing(
                object_type, now, since, len(ids), page_count, calls
            )
        self._receipts([receipt], account)
        return ids

    def _is_doubtful_loss(self, present: int, lost: int, listing: Listing) -> bool:
        if self.accepts_shrink or present < FEWEST_TO_DOUBT:
            return False
        is_confirmed = listing.held_back is not None and lost <= listing.held_back
        return lost > present * self.shrink_share and not is_confirmed

    def _listing(
        self,
        request: InsightsRequest,
        object_type: ObjectType,
        extra: list[dict[str, object]],
    ) -> list[Path]:
        """The pages of a listing of objects, in smaller ones where Meta says so."""
        limit = self.page_limit
        while True:
            params = {
                "fields": ",".join(fields.OBJECT_FIELDS[object_type]),
                "limit": limit,
                "filtering": [fields.status_filter(object_type), *extra],
            }
            path = f"act_{self.outcome.account_id}/{object_type}s"
            try:
                return request.listing(path, params)
            except TooMuchData as problem:
                if limit <= SMALLEST_PAGE:
                    raise
                limit = max(limit // 4, SMALLEST_PAGE)
                logger.info("%s Asking for pages of %s.", problem, limit)

    def _levels(self, account: Account, days: DateWindow) -> None:
        calls = self.client.usage.calls

        def window_begun(window: Window, is_report: bool) -> None:
            self.progress.window_begun(account.account_id, window, is_report)

        def window_read(window: Window, reading: WindowReading) -> None:
            self.progress.window_read(account.account_id, window, reading)

        reader = LevelsReader(
            request=self._request(),
            account=account,
            ledger=self.ledger,
            page_limit=self.page_limit,
            shrink_share=self.shrink_share,
            accepts_shrink=self.accepts_shrink,
            window_begun=window_begun,
            window_read=window_read,
        )
        found = reader.read(days)
        calls = self.client.usage.calls - calls
        self._receipts([*receipts.of_windows(reader, found, calls)], account)
        self._count(reader, found)
        self.progress.days_read(account.account_id, len(days))
        for problem in found.problems():
            if problem is not found.fatal:
                logger.warning("%s", problem)
                self.outcome.note(problem)
        if found.fatal is not None:
            raise found.fatal

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

    def _request(self) -> InsightsRequest:
        account_id = self.outcome.account_id

        def page_read(size: int) -> None:
            self.progress.page_read(account_id, size)

        return InsightsRequest(
            self.client, self.spool, self.clock, account_id, page_read
        )

    def _receipts(
        self, rows: Sequence[Receipt], account: Account | None = None
    ) -> None:
        shared = receipts.common(self.outcome.account_id, self.api_version, account)
        self.spool.add_rows("receipts", [{**shared, **row} for row in rows])


def account_state(
    account: Account, ledger: Ledger, probed: frozenset[date] = frozenset()
) -> AccountState:
    """What the planner needs to know of the account."""
    created_on = None
    if account.created_time:
        created = datetime.strptime(account.created_time, "%Y-%m-%dT%H:%M:%S%z")
        created_on = local_day(created, account.timezone_name)
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
        created_on,
        read_at,
        probed,
        held_back,
    )


def _refuse_unusable(account_id: str, texts: dict[str, str | None]) -> None:
    absent = [name for name in ("currency", "timezone_name") if not texts[name]]
    if absent or texts["account_id"] != account_id:
        raise AccountUnusable(
            f"Meta described account act_{account_id} without {absent or 'its id'}.",
            "Check that the token may read the ad account.",
        )
    if texts["currency"] not in known_currencies():
        raise AccountUnusable(
            f"Account act_{account_id} has the currency {texts['currency']}, whose "
            "minor units are not known, so its budgets would be a guess.",
            "Add it to dbt_project/seeds/currency_minor_units.csv, from Meta's page "
            "on currencies.",
            code="META-CURRENCY",
        )
    try:
        ZoneInfo(texts["timezone_name"] or "")
    except (ZoneInfoNotFoundError, ValueError):
        raise AccountUnusable(
            f"Account act_{account_id} has the time zone {texts['timezone_name']}, "
            "which this machine does not know, so its days would be a guess.",
            "Update the package tzdata.",
            code="META-TIMEZONE",
        ) from None


def _is_recent(moment: datetime, now: datetime) -> bool:
    """Within a day; a moment in the future was noted while the clock was wrong."""
    age = now - moment
    return -planner.SLACK <= age < planner.ACCOUNT_EVERY - planner.SLACK


def _of_parents(
    changed: dict[ObjectType, list[str]],
) -> list[list[dict[str, object]]]:
    """Filters that list the children of changed parents, some parents a call."""
    return [
        [
            {
                "field": f"{parent}.id",
                "operator": "IN",
                "value": ids[n : n + PARENTS_A_CALL],
            }
        ]
        for parent, ids in changed.items()
        for n in range(0, len(ids), PARENTS_A_CALL)
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
