"""Old readings: which stay, so that raw keeps its history and does not grow for ever.

A reading of an account, level and day stays while readers see it, for 48 hours after
another took its place, and as long as a kept publication showed it (`publications`).
Everything else of it goes, rows and receipts, in one transaction. What a dead load left
goes too. Versions of objects, accounts, stores and rates all stay: only those that
differ are stored. The caller holds the lock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from ingest import publications, tables
from ingest.failpoints import reached
from ingest.request_shape import REMEMBERED_DAYS
from ingest.warehouse import COMPLETED

_MARK_SCHEMA = pa.schema([("account_id", pa.string()), ("load_id", pa.string())])

# Each account, level and day of which both breakdowns were read whole in one load, and
# the load that took its place.
_READINGS = """
create temp table readings as
select
    *,
    lead(load_id) over following as next_load_id,
    lead(requested_at) over following as superseded_at
from (
    select
        account_id, level, date_day, _dlt_load_id as load_id,
        max(requested_at) as requested_at
    from raw_meta.receipts
    where resource = 'insights' and outcome = 'complete' and is_completed(_dlt_load_id)
    group by all
    having count(distinct breakdown) = 2
)
window following as (partition by account_id, level, date_day order by load_id)
"""

_KEPT_READINGS = """
create temp table kept_readings as
select account_id, level, date_day, load_id
from readings
where
    next_load_id is null
    or superseded_at > $recent
    or exists (
        from marks
        where
            marks.account_id = readings.account_id
            and marks.load_id >= readings.load_id
            and marks.load_id < readings.next_load_id
    )
"""

# A receipt of a reading that is still awaited (its other breakdown may be read in a
# later load, but never in an older one than is shown) stays with the newest reading.
_KEPT_WINDOWS = """
create temp table kept_windows as
with windows as (
    select
        receipts.rowid as receipt,
        receipts.account_id, receipts.level, receipts.breakdown, receipts.date_day,
        receipts._dlt_load_id as load_id,
        coalesce(receipts.rows_load_id, receipts._dlt_load_id) as rows_load_id,
        kept_readings.load_id is not null
        or receipts.requested_at > $recent
        or receipts._dlt_load_id > coalesce(newest.load_id, '')
        or (
            receipts.request_page_limit is not null
            and receipts.requested_at > $remembered
        ) as is_kept
    from raw_meta.receipts as receipts
    left join kept_readings
        on
            receipts.account_id = kept_readings.account_id
            and receipts.level = kept_readings.level
            and receipts.date_day = kept_readings.date_day
            and receipts._dlt_load_id = kept_readings.load_id
    left join readings as newest
        on
            receipts.account_id = newest.account_id
            and receipts.level = newest.level
            and receipts.date_day = newest.date_day
            and newest.next_load_id is null
    where
        receipts.resource = 'insights' and receipts.outcome = 'complete'
        and is_completed(receipts._dlt_load_id)
)
select *
from windows
where
    is_kept
    or exists (
        from windows as later
        where
            later.is_kept
            and later.account_id = windows.account_id
            and later.level = windows.level
            and later.breakdown = windows.breakdown
            and later.date_day = windows.date_day
            and later.rows_load_id = windows.load_id
    )
"""

# Of everything else that was noted, the newest of each kind and outcome; every whole
# listing, since an object that vanished was last seen in one; and what shows that the
# clock went back, since what was seen before cannot be later than that.
_KEPT_NOTES = """
create temp table kept_notes as
with notes as (
    select
        rowid as receipt,
        *,
        max(_dlt_load_id) over (
            partition by account_id, resource, level, breakdown, date_day, outcome
        ) as newest_load_id,
        min(requested_at) over (partition by _dlt_load_id) as began_at,
        max(requested_at) over (
            order by _dlt_load_id
            range between unbounded preceding and current row exclude group
        ) as latest_before
    from raw_meta.receipts
    where is_completed(_dlt_load_id)
)
select receipt
from notes
where
    not (resource = 'insights' and outcome = 'complete')
    and (
        requested_at > $recent
        or _dlt_load_id = newest_load_id
        or (resource = 'objects' and outcome = 'complete' and is_whole)
    )
    or (requested_at = began_at and began_at < latest_before)
"""

_DROPPED = """
create temp table dropped as
select
    receipts.rowid as receipt,
    receipts.account_id, receipts.level, receipts.breakdown, receipts.date_day,
    receipts._dlt_load_id as load_id,
    receipts.resource = 'insights' and receipts.outcome = 'complete'
    and receipts.rows_load_id is null and receipts.row_count > 0 as has_rows
from raw_meta.receipts as receipts
where
    receipts.rowid not in (select receipt from kept_windows)
    and receipts.rowid not in (select receipt from kept_notes)
"""


@dataclass(frozen=True)
class Thinned:
    """How many receipts and rows went."""

    receipts: int
    rows: int


def thin(data_dir: Path, now: datetime | None) -> Thinned:
    """Note what was published, then remove what no kept moment shows.

    Args:
        now: None where the time is not known for sure: what was young enough to stay
            the last time stays.
    """
    warehouse = data_dir / "warehouse.duckdb"
    if not warehouse.exists():
        return Thinned(0, 0)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        held = _raw_tables(connection)
        if "receipts" not in held:
            return Thinned(0, 0)
        connection.execute("begin")
        on_disk = publications.record(connection, data_dir)
        if now is None:
            now = publications.thinned_as_of(connection) or publications.NEVER
        else:
            publications.note_thinning(connection, now)
        connection.register("marks", _marks(connection, on_disk, now))
        _choose(connection, now)
        rows = _delete_rows(connection, held)
        receipts = _deleted(
            connection,
            "delete from raw_meta.receipts "
            "where rowid in (select receipt from dropped)",
        )
        reached("thin.deleted")
        connection.execute("commit")
        reached("thin.committed")
    return Thinned(receipts, rows)


def _raw_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables of rows, dlt's own apart."""
    return [
        table
        for (table,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'raw_meta' and table_name[1] <> '_' order by all"
        ).fetchall()
    ]


def _marks(
    connection: duckdb.DuckDBPyConnection, on_disk: frozenset[str], now: datetime
) -> pa.Table:
    """The mark of every publication that each account is still to be shown as of.

    A snapshot that is still there is one. What no account needs is struck out.
    """
    recorded = publications.recorded(connection)
    accounts = connection.execute(
        "select distinct on (account_id) account_id, timezone_name "
        "from raw_meta.accounts order by account_id, _dlt_load_id desc"
    ).fetchall()
    served = [each for each in recorded if each.snapshot_id in on_disk]
    marks = [
        (account_id, publication)
        for account_id, zone in accounts
        for publication in {
            *served,
            *publications.kept(recorded, ZoneInfo(zone), now),
        }
    ]
    needed = {publication.snapshot_id for _, publication in marks}
    publications.keep_only(connection, needed | on_disk)
    return pa.Table.from_pylist(
        [
            {"account_id": account_id, "load_id": publication.load_id}
            for account_id, publication in marks
        ],
        schema=_MARK_SCHEMA,
    )


def _choose(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Fill `dropped` with the receipts to go."""
    recent = now - publications.EVERY_ONE
    remembered = now - timedelta(days=REMEMBERED_DAYS)
    connection.execute(
        f"create temp macro is_completed(given) as given in ({COMPLETED})"
    )
    connection.execute(_READINGS)
    connection.execute(_KEPT_READINGS, {"recent": recent})
    connection.execute(_KEPT_WINDOWS, {"recent": recent, "remembered": remembered})
    connection.execute(_KEPT_NOTES, {"recent": recent})
    connection.execute(_DROPPED)


def _delete_rows(connection: duckdb.DuckDBPyConnection, held: list[str]) -> int:
    """Rows of readings that go, and of loads that never ended."""
    rows = 0
    for table in held:
        rows += _deleted(
            connection,
            f"delete from raw_meta.{table} where _dlt_load_id in ("
            f"select _dlt_load_id from raw_meta.{table} except {COMPLETED})",
        )
    for level, table in tables.INSIGHT_TABLES.items():
        if table in held:
            rows += _deleted(
                connection,
                f"delete from raw_meta.{table} as rows using dropped "
                f"where dropped.has_rows and dropped.level = '{level}' "
                "and rows._dlt_load_id = dropped.load_id "
                "and rows.account_id = dropped.account_id "
                "and rows.breakdown = dropped.breakdown "
                "and rows.date_start = dropped.date_day",
            )
    return rows


def _deleted(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])
