"""The receipts in the warehouse: what was read, when, and what is missing.

The ledger is the state of the sync; nothing else remembers it. A receipt counts when
dlt has marked its load as completed. The caller holds the lock.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from ingest import tables
from ingest.completeness import Counts
from ingest.errors import TimeUp
from ingest.fields import LEVELS, Breakdown, Level, ObjectType
from ingest.request_shape import (
    ANY_DAYS,
    REMEMBERED_DAYS,
    SLOW_REMEMBERED_DAYS,
    RequestShape,
)
from ingest.throttle import UseCase
from ingest.warehouse import COMPLETED, newest, opened

DayKey = tuple[str, Level, date]
WindowKey = tuple[str, Level, Breakdown, date]
ShapeKey = tuple[str, Level, Breakdown]


@dataclass(frozen=True)
class Reading:
    """The newest complete reading of one window.

    Attributes:
        rows_load_id: the load whose rows hold.
        held_back: what a later reading held that lost too much to be believed at once.
    """

    requested_at: datetime
    content_hash: str | None
    rows_load_id: str
    is_partial_day: bool
    counts: Counts
    held_back: Counts | None = None


@dataclass(frozen=True)
class Account:
    """An ad account as Meta last described it."""

    account_id: str
    name: str
    currency: str
    timezone_name: str
    account_status: str
    created_time: str | None
    content_hash: str
    requested_at: datetime


@dataclass(frozen=True)
class Listing:
    """When the objects of an account and type were last listed.

    Attributes:
        newest_load_id: the load of the newest listing, believed or not.
        held_back: of the objects that a whole listing lacked and that was not believed,
            the digest of their ids; None when a later one was, or none was held back.
    """

    newest_at: datetime | None
    newest_whole_at: datetime | None
    newest_load_id: str | None = None
    held_back: str | None = None

    @classmethod
    def never(cls) -> "Listing":
        return cls(None, None)


@dataclass(frozen=True)
class AccountLimits:
    """What Meta's limits were when the account was last read.

    Attributes:
        tier: Meta's word for the app's access.
        points: what it had just spent of a new app's points.
        noted_at: when all of this was so.
        open_from: when each shut use case opens again; None stands for the whole app.
    """

    tier: str | None = None
    used_percent: int | None = None
    points: int = 0
    noted_at: datetime | None = None
    open_from: dict[UseCase | None, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """Everything the planner and the spool need to know of earlier runs.

    Attributes:
        readings: the newest complete reading of each window, shown or not: a day is
            shown when both windows of a level were read in one load.
        visible: when each level's day that is shown was read.
        visible_totals: by account and day, the content hash of the totals that are
            shown.
        split_days: account and day of which the levels shown are of different loads, or
            some are not shown.
        failed_days: account and day of every window whose last reading failed.
        slow_days: those of them that took longer than a load has, with the load.
        tried_in: by account, the newest load that asked anything of it.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    readings: dict[WindowKey, Reading] = field(default_factory=dict)
    visible: dict[DayKey, datetime] = field(default_factory=dict)
    visible_totals: dict[tuple[str, date], str | None] = field(default_factory=dict)
    split_days: frozenset[tuple[str, date]] = frozenset()
    failed_days: frozenset[tuple[str, date]] = frozenset()
    slow_days: dict[tuple[str, date], str] = field(default_factory=dict)
    listings: dict[tuple[str, ObjectType], Listing] = field(default_factory=dict)
    object_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    rows_a_day: dict[ShapeKey, float] = field(default_factory=dict)
    shapes: dict[ShapeKey, RequestShape] = field(default_factory=dict)
    limits: dict[str, AccountLimits] = field(default_factory=dict)
    tried_in: dict[str, str] = field(default_factory=dict)
    stores_hash: str | None = None
    rates_read_at: datetime | None = None
    newest_load_id: str | None = None


def read_ledger(
    data_dir: Path, now: datetime | None = None, since: date | None = None
) -> Ledger:
    """The ledger as it stands; an empty one where nothing was loaded yet.

    Args:
        now: how a request had to be split is remembered for a week up to this moment.
        since: leaves out the readings of older days, which are most of them; what is
            visible is of all days.
    """
    with opened(data_dir) as connection:
        if connection is None:
            return Ledger()
        visible = _visible(connection)
        failed = _failed_days(connection)
        return Ledger(
            accounts=_accounts(connection),
            readings=_readings(connection, since or date.min),
            visible={key: shown.read_at for key, shown in visible.items()},
            visible_totals={
                (account_id, day): shown.totals_hash
                for (account_id, level, day), shown in visible.items()
                if level == "account"
            },
            split_days=_split_days(visible),
            failed_days=frozenset(failed),
            slow_days={key: load_id for key, (load_id, slow) in failed.items() if slow},
            listings=_listings(connection),
            object_counts=_object_counts(connection),
            rows_a_day=_rows_a_day(connection),
            shapes=_shapes(connection, now) if now else {},
            limits=_limits(connection),
            tried_in=_tried_in(connection),
            rates_read_at=connection.execute(
                "select max(requested_at) from receipts "
                "where resource = 'exchange_rates' and outcome = 'complete'"
            ).fetchall()[0][0],
            stores_hash=newest(connection, "stores", "content_hash"),
            newest_load_id=newest(connection, "_dlt_loads", "load_id"),
        )


def _accounts(connection: duckdb.DuckDBPyConnection) -> dict[str, Account]:
    rows = connection.execute(
        "select distinct on (account_id) account_id, name, currency, timezone_name, "
        "account_status, created_time, content_hash, requested_at "
        f"from raw_meta.accounts where _dlt_load_id in ({COMPLETED}) "
        "order by account_id, _dlt_load_id desc, requested_at desc"
    ).fetchall()
    return {row[0]: Account(*row) for row in rows}


def _readings(
    connection: duckdb.DuckDBPyConnection, since: date
) -> dict[WindowKey, Reading]:
    held_back = {
        tuple(row[:4]): Counts(*row[4:])
        for row in connection.execute(
            "select distinct on (account_id, level, breakdown, date_day) "
            "account_id, level, breakdown, date_day, "
            "row_count, spend, impressions, clicks from receipts "
            "where resource = 'insights' and outcome = 'held' "
            "and date_day >= $since and not exists ("
            "from receipts as later where later.resource = 'insights' "
            "and later.outcome = 'complete' "
            "and later._dlt_load_id > receipts._dlt_load_id "
            "and (later.account_id, later.level, later.breakdown, later.date_day) = "
            "(receipts.account_id, receipts.level, receipts.breakdown, "
            "receipts.date_day)) "
            "order by account_id, level, breakdown, date_day, _dlt_load_id desc",
            {"since": since},
        ).fetchall()
    }
    rows = connection.execute(
        "select distinct on (account_id, level, breakdown, date_day) "
        "account_id, level, breakdown, date_day, requested_at, content_hash, "
        "coalesce(rows_load_id, _dlt_load_id), is_partial_day, "
        "row_count, spend, impressions, clicks from receipts "
        "where resource = 'insights' and outcome = 'complete' "
        "and date_day >= $since "
        "order by account_id, level, breakdown, date_day, _dlt_load_id desc",
        {"since": since},
    ).fetchall()
    return {
        key: Reading(at, content, load, partial, Counts(*counts), held_back.get(key))
        for *window, at, content, load, partial, n, spend, shown, clicks in rows
        for key, counts in [(tuple(window), (n, spend, shown, clicks))]
    }


@dataclass(frozen=True)
class _Shown:
    """The reading of a level's day that readers see.

    Attributes:
        totals_hash: of what it held without a breakdown.
    """

    read_at: datetime
    load_id: str
    totals_hash: str | None


def _visible(connection: duckdb.DuckDBPyConnection) -> dict[DayKey, _Shown]:
    """When, and in which load, each account, level and day was last read both ways.

    The newest load counts, not the newest moment: a clock may have been wrong.
    """
    rows = connection.execute(
        "select account_id, level, date_day, arg_max(requested_at, _dlt_load_id), "
        "max(_dlt_load_id), nullif(arg_max(totals_hash, _dlt_load_id), '') from ("
        "select account_id, level, date_day, _dlt_load_id, "
        "min(requested_at) as requested_at, "
        # An empty day has none, and arg_max passes over nulls.
        "coalesce(min(content_hash) filter (breakdown = 'none'), '') as totals_hash "
        "from receipts "
        "where resource = 'insights' and outcome = 'complete' "
        "group by account_id, level, date_day, _dlt_load_id "
        "having count(distinct breakdown) = 2) "
        "group by account_id, level, date_day"
    ).fetchall()
    return {tuple(row[:3]): _Shown(*row[3:]) for row in rows}


def _split_days(visible: dict[DayKey, _Shown]) -> frozenset[tuple[str, date]]:
    """Account and day of which the levels were not all last read in one load."""
    loads: dict[tuple[str, date], set[str]] = {}
    levels: Counter[tuple[str, date]] = Counter()
    for (account_id, _, day), shown in visible.items():
        loads.setdefault((account_id, day), set()).add(shown.load_id)
        levels[account_id, day] += 1
    return frozenset(
        key
        for key, found in loads.items()
        if len(found) > 1 or levels[key] < len(LEVELS)
    )


def _failed_days(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, date], tuple[str, bool]]:
    """Of each day with a window whose last reading failed: load, and if for time."""
    rows = connection.execute(
        "select account_id, date_day, max(load_id), bool_or(error_code = $slow) from ("
        "select account_id, date_day, max(_dlt_load_id) as load_id, "
        "arg_max(outcome, _dlt_load_id) as outcome, "
        "arg_max(coalesce(error_code, ''), _dlt_load_id) as error_code from receipts "
        "where resource = 'insights' and outcome in ('complete', 'failed') "
        "group by account_id, level, breakdown, date_day) "
        "where outcome = 'failed' group by account_id, date_day",
        {"slow": TimeUp.code},
    ).fetchall()
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _listings(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, ObjectType], Listing]:
    rows = connection.execute(
        "select account_id, level, "
        "arg_max(requested_at, _dlt_load_id) filter (outcome = 'complete'), "
        "arg_max(requested_at, _dlt_load_id) "
        "filter (outcome = 'complete' and is_whole), "
        "max(_dlt_load_id), "
        "arg_max(content_hash, _dlt_load_id) filter (outcome = 'held'), "
        "max(_dlt_load_id) filter (outcome = 'held'), "
        "max(_dlt_load_id) filter (outcome = 'complete' and is_whole) "
        "from receipts where resource = 'objects' and outcome in ('complete', 'held') "
        "group by account_id, level"
    ).fetchall()
    return {
        (account_id, object_type): Listing(
            newest_at,
            whole_at,
            load_id,
            lost if (held_load_id or "") > (whole_load_id or "") else None,
        )
        for (
            account_id,
            object_type,
            newest_at,
            whole_at,
            load_id,
            lost,
            held_load_id,
            whole_load_id,
        ) in rows
    }


def _object_counts(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], int]:
    """How many objects of each account and type are known."""
    counted = " union all ".join(
        f"select account_id, '{kind}', count(distinct id) from raw_meta.{table} "
        f"where _dlt_load_id in ({COMPLETED}) group by account_id"
        for kind, table in tables.OBJECT_TABLES.items()
    )
    return {
        (account_id, kind): count
        for account_id, kind, count in connection.execute(counted).fetchall()
    }


def _tried_in(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute(
        "select account_id, max(_dlt_load_id) from receipts "
        "where account_id is not null and resource <> 'limits' group by account_id"
    ).fetchall()
    return dict(rows)


def _rows_a_day(connection: duckdb.DuckDBPyConnection) -> dict[ShapeKey, float]:
    """Rows of a day with delivery, over the 28 newest days."""
    rows = connection.execute(
        "select account_id, level, breakdown, avg(row_count) from ("
        "select distinct on (account_id, level, breakdown, date_day) * from receipts "
        "where resource = 'insights' and outcome = 'complete' "
        "order by account_id, level, breakdown, date_day, _dlt_load_id desc) "
        "where row_count > 0 and date_day >= (select max(date_day) from receipts) - 28 "
        "group by account_id, level, breakdown"
    ).fetchall()
    return {(row[0], row[1], row[2]): float(row[3]) for row in rows}


def _shapes(
    connection: duckdb.DuckDBPyConnection, now: datetime
) -> dict[ShapeKey, RequestShape]:
    """How requests had to be split when that was last necessary, not long ago."""
    rows = connection.execute(
        "select distinct on (account_id, level, breakdown) "
        "account_id, level, breakdown, request_mode, "
        "coalesce(request_days, $any_days), "
        "request_page_limit, request_campaigns from receipts "
        "where resource = 'insights' and outcome in ('complete', 'failed') "
        "and request_page_limit is not null "
        "and requested_at > $now::timestamptz - to_days("
        "if(outcome = 'complete', $days, $slow_days)::int) "
        "order by account_id, level, breakdown, _dlt_load_id desc, date_day desc",
        {
            "now": now,
            "days": REMEMBERED_DAYS,
            "slow_days": SLOW_REMEMBERED_DAYS,
            "any_days": ANY_DAYS,
        },
    ).fetchall()
    return {(row[0], row[1], row[2]): RequestShape(*row[3:]) for row in rows}


def _limits(connection: duckdb.DuckDBPyConnection) -> dict[str, AccountLimits]:
    """What the newest run noted of Meta's limits, account by account."""
    rows = connection.execute(
        "select account_id, level, access_tier, used_percent, coalesce(attempts, 0), "
        "requested_at, resume_at from receipts "
        "where resource = 'limits' qualify _dlt_load_id = max(_dlt_load_id) over ("
        "partition by account_id) order by account_id, level nulls first"
    ).fetchall()
    found: dict[str, AccountLimits] = {}
    for account_id, use_case, *noted, resume_at in rows:
        limits = found.setdefault(account_id, AccountLimits(*noted))
        if resume_at is not None:
            limits.open_from[use_case] = resume_at
    return found
