"""Reads one account from Meta into the spool and writes its receipts.

A failure ends in a receipt that names it, never in a smaller number: a window is read
whole or not at all, and an account that cannot be read leaves the others alone.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path

from ingest import fields, planner
from ingest.errors import (
    MetaError,
    PathwaysError,
    RequestRefused,
    TooMuchData,
    WindowUnusable,
)
from ingest.fields import BREAKDOWNS, LEVELS, OBJECT_TYPES, Breakdown, Level, ObjectType
from ingest.files import digest
from ingest.graph_client import GraphClient, Usage
from ingest.ledger import Account, Ledger, Listing, WindowKey, known_objects
from ingest.planner import AccountState, PlannedWindow
from ingest.spool import DayContent, Spool
from ingest.windows import DateWindow, is_partial, local_day

logger = logging.getLogger(__name__)

SLICE_DAYS = 15
# A filter of more ids than this makes a URL that servers refuse.
PARENTS_A_CALL = 50
_OF_META: dict[Breakdown, dict[str, object]] = {
    "none": {},
    "country": {"breakdowns": "country"},
}


@dataclass
class AccountOutcome:
    """What one run did for one account."""

    store: str
    account_id: str
    failures: list[PathwaysError] = field(default_factory=list)
    planned: list[PlannedWindow] = field(default_factory=list)
    windows: int = 0
    changed_windows: int = 0
    changed_objects: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Reader:
    """Reads with one store's token; `clock` gives the moment of each request."""

    client: GraphClient
    spool: Spool
    ledger: Ledger
    data_dir: Path
    clock: Callable[[], datetime]
    page_limit: int
    api_version: str

    def account(self, account_id: str, outcome: AccountOutcome) -> Account:
        """The account as Meta describes it, asked for once a day.

        Raises:
            MetaError: Meta refused or did not answer.
        """
        known = self.ledger.accounts.get(account_id)
        now = self.clock()
        if known and now - known.requested_at < planner.ACCOUNT_EVERY - planner.SLACK:
            return known
        answer = self.client.node(
            f"act_{account_id}", {"fields": ",".join(fields.ACCOUNT_FIELDS)}
        )
        texts = {name: _text(answer.get(name)) for name in fields.ACCOUNT_FIELDS}
        absent = [name for name in ("currency", "timezone_name") if not texts[name]]
        if absent or texts["account_id"] != account_id:
            raise MetaError(
                f"Meta described account {account_id} without {absent or 'its id'}.",
                "Check that the token may read the ad account.",
                code="META-ACCOUNT",
            )
        content_hash = digest(sorted(texts.items()))
        account = Account(
            account_id=account_id,
            name=texts["name"] or "",
            currency=texts["currency"] or "",
            timezone_name=texts["timezone_name"] or "",
            account_status=texts["account_status"] or "",
            created_time=texts["created_time"],
            content_hash=content_hash,
            requested_at=now,
        )
        self.spool.add_rows("accounts", [account.__dict__])
        outcome.changed_objects += known is None or known.content_hash != content_hash
        return account

    def objects(self, account: Account, outcome: AccountOutcome) -> None:
        """Campaigns, ad sets and ads that changed; all of them once a day.

        A changed parent brings its children along: their effective status follows it
        without a new `updated_time`.

        Raises:
            MetaError: Meta refused or did not answer.
        """
        changed: dict[ObjectType, list[str]] = {}
        for object_type in OBJECT_TYPES:
            key = (account.account_id, object_type)
            listing = self.ledger.listings.get(key, Listing.never())
            now = self.clock()
            since = planner.objects_changed_since(
                listing.newest_at, listing.newest_whole_at, now
            )
            filters: list[list[dict[str, object]]] = [[]]
            if since is not None:
                moved = {
                    "field": f"{object_type}.updated_time",
                    "operator": "GREATER_THAN",
                    "value": int(since.timestamp()),
                }
                filters = [[moved], *_of_parents(changed)]
            pages: list[Path] = []
            calls = self.client.usage.calls
            for extra in filters:
                pages += self._listing(account.account_id, object_type, extra)
            known = known_objects(self.data_dir, account.account_id, object_type)
            page_count = len(pages)
            changed[object_type] = self.spool.add_objects(
                account.account_id, object_type, pages, now, known, since is None
            )
            outcome.changed_objects += len(changed[object_type])
            receipt = {
                "resource": "objects",
                "level": object_type,
                "requested_at": now,
                "changed_since": since,
                "is_whole": since is None,
                "row_count": len(changed[object_type]),
                "pages": page_count,
                "attempts": self.client.usage.calls - calls,
            }
            self._receipts(account, [receipt])

    def probe(self, account: Account) -> frozenset[date]:
        """Days of the last five weeks whose totals are not what was last read.

        Raises:
            MetaError: Meta refused or did not answer.
        """
        today = local_day(self.clock(), account.timezone_name)
        days = [
            day
            for kind, level, breakdown, day in self.ledger.readings
            if (kind, level, breakdown) == (account.account_id, "account", "none")
            and (today - day).days <= planner.PROBE_DAYS
        ]
        if not days:
            return frozenset()
        window = DateWindow(min(days), today)
        contents = self._window(account, "account", "none", window, lambda *_: False)
        known = self.ledger.readings
        keys: dict[date, WindowKey] = {
            day: (account.account_id, "account", "none", day) for day in contents
        }
        return frozenset(
            day
            for day, content in contents.items()
            if keys[day] in known
            and known[keys[day]].content_hash != content.content_hash
        )

    def windows(
        self,
        account: Account,
        planned: Iterable[PlannedWindow],
        outcome: AccountOutcome,
    ) -> None:
        """Every level of the planned days, in total and by country, newest first.

        Raises:
            MetaError: the token or the permission is gone, Meta asks to wait or does
                not answer, so that the next window would fail as well.
        """
        for plan in planned:
            outcome.planned.append(plan)
            for part in plan.window.slices(SLICE_DAYS):
                for level in LEVELS:
                    for breakdown in BREAKDOWNS:
                        self._read(account, level, breakdown, part, outcome)

    def _read(
        self,
        account: Account,
        level: Level,
        breakdown: Breakdown,
        window: DateWindow,
        outcome: AccountOutcome,
    ) -> None:
        requested_at = self.clock()
        calls = self.client.usage.calls

        def is_new(day: date, content: DayContent) -> bool:
            held = self.ledger.readings.get((account.account_id, level, breakdown, day))
            return held is None or held.content_hash != content.content_hash

        try:
            contents = self._window(account, level, breakdown, window, is_new)
        except TooMuchData as problem:
            if len(window) > 1:
                for half in window.halves():
                    self._read(account, level, breakdown, half, outcome)
                return
            self._failed(account, level, breakdown, window, requested_at, problem)
            outcome.failures.append(problem)
            return
        except (WindowUnusable, RequestRefused) as problem:
            self._failed(account, level, breakdown, window, requested_at, problem)
            outcome.failures.append(problem)
            return
        except MetaError as problem:
            self._failed(account, level, breakdown, window, requested_at, problem)
            raise
        receipts = []
        for day, content in contents.items():
            held = self.ledger.readings.get((account.account_id, level, breakdown, day))
            partial = is_partial(day, requested_at, account.timezone_name)
            new = is_new(day, content)
            outcome.windows += 1
            outcome.changed_windows += new or (
                held is not None and held.is_partial_day != partial
            )
            receipts.append(
                {
                    "resource": "insights",
                    "level": level,
                    "breakdown": breakdown,
                    "date_day": day,
                    "requested_at": requested_at,
                    "is_whole": True,
                    "is_partial_day": partial,
                    **asdict(content),
                    "rows_load_id": None if new or held is None else held.rows_load_id,
                    "attribution_requested": fields.ATTRIBUTION_REQUESTED,
                    "attempts": self.client.usage.calls - calls,
                }
            )
        self._receipts(account, receipts)

    def _window(
        self,
        account: Account,
        level: Level,
        breakdown: Breakdown,
        window: DateWindow,
        keep: Callable[[date, DayContent], bool],
    ) -> dict[date, DayContent]:
        params: dict[str, object] = {
            "level": level,
            "fields": ",".join(fields.insight_fields(level)),
            "time_range": {
                "since": str(window.since),
                "until": str(window.until),
            },
            "time_increment": 1,
            "limit": self.page_limit,
            **_OF_META[breakdown],
        }
        if level != "account":
            params["filtering"] = [fields.status_filter(level)]
        path = f"act_{account.account_id}/insights"
        pages = [
            self.spool.write_page(page.rows) for page in self.client.pages(path, params)
        ]
        return self.spool.add_insights(
            account.account_id, level, breakdown, window, pages, keep
        )

    def _listing(
        self,
        account_id: str,
        object_type: ObjectType,
        extra: list[dict[str, object]],
    ) -> list[Path]:
        params: dict[str, object] = {
            "fields": ",".join(fields.OBJECT_FIELDS[object_type]),
            "limit": self.page_limit,
            "filtering": [fields.status_filter(object_type), *extra],
        }
        path = f"act_{account_id}/{object_type}s"
        return [
            self.spool.write_page(page.rows) for page in self.client.pages(path, params)
        ]

    def _failed(
        self,
        account: Account,
        level: Level,
        breakdown: Breakdown,
        window: DateWindow,
        requested_at: datetime,
        problem: PathwaysError,
    ) -> None:
        logger.warning("%s", problem)
        receipts = [
            {
                "resource": "insights",
                "level": level,
                "breakdown": breakdown,
                "date_day": day,
                "requested_at": requested_at,
                "is_whole": False,
                "outcome": "failed",
                "error_code": problem.code,
                "error": problem.message,
            }
            for day in window.days()
        ]
        self._receipts(account, receipts)

    def account_failed(self, account_id: str, problem: MetaError) -> None:
        """Note that the account as a whole could not be read on."""
        self.spool.add_rows(
            "receipts",
            [
                {
                    "account_id": account_id,
                    "resource": "account",
                    "outcome": "failed",
                    "error_code": problem.code,
                    "error": problem.message,
                    "requested_at": self.clock(),
                    "api_version": self.api_version,
                }
            ],
        )

    def _receipts(
        self, account: Account, contents: Sequence[Mapping[str, object]]
    ) -> None:
        common = {
            "account_id": account.account_id,
            "timezone_name": account.timezone_name,
            "api_version": self.api_version,
            "outcome": "complete",
        }
        self.spool.add_rows("receipts", [{**common, **row} for row in contents])


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
    return AccountState(
        account.account_id, account.timezone_name, created_on, read_at, probed
    )


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
