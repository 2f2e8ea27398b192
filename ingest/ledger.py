"""The receipts in the warehouse: what was read, when, and what is missing.

The ledger is the state of the sync; nothing else remembers it. A receipt counts when
dlt has marked its load as completed. The caller holds the lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest import tables
from ingest.fields import Breakdown, Level, ObjectType

DayKey = tuple[str, Level, date]
WindowKey = tuple[str, Level, Breakdown, date]

_COMPLETED = "select load_id from raw_meta._dlt_loads where status = 0"


@dataclass(frozen=True)
class Reading:
    """The newest complete reading of one window.

    Attributes:
        rows_load_id: the load whose rows hold.
    """

    requested_at: datetime
    content_hash: str | None
    rows_load_id: str
    is_partial_day: bool


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
    """When the objects of an account and type were last listed."""

    newest_at: datetime | None
    newest_whole_at: datetime | None

    @classmethod
    def never(cls) -> "Listing":
        return cls(None, None)


@dataclass(frozen=True)
class Ledger:
    """Everything the planner and the spool need to know of earlier runs."""

    accounts: dict[str, Account] = field(default_factory=dict)
    readings: dict[WindowKey, Reading] = field(default_factory=dict)
    visible: dict[DayKey, datetime] = field(default_factory=dict)
    failed_days: frozenset[tuple[str, date]] = frozenset()
    listings: dict[tuple[str, ObjectType], Listing] = field(default_factory=dict)
    stores_hash: str | None = None
    rates_read_at: datetime | None = None
    newest_load_id: str | None = None


def read_ledger(data_dir: Path) -> Ledger:
    """The ledger as it stands; an empty one where nothing was loaded yet."""
    with _warehouse(data_dir) as connection:
        if connection is None:
            return Ledger()
        return Ledger(
            accounts=_accounts(connection),
            readings=_readings(connection),
            visible=_visible(connection),
            failed_days=_failed_days(connection),
            listings=_listings(connection),
            rates_read_at=connection.execute(
                "select max(requested_at) from raw_meta.receipts "
                "where resource = 'exchange_rates' and outcome = 'complete' "
                f"and _dlt_load_id in ({_COMPLETED})"
            ).fetchall()[0][0],
            stores_hash=_newest(connection, "stores", "content_hash"),
            newest_load_id=_newest(connection, "_dlt_loads", "load_id"),
        )


def known_objects(data_dir: Path, account_id: str, object_type: ObjectType) -> pa.Table:
    """The newest version of each known object, as `tables.OBJECT_SCHEMA`."""
    with _warehouse(data_dir) as connection:
        if connection is None:
            return tables.OBJECT_SCHEMA.empty_table()
        table = tables.OBJECT_TABLES[object_type]
        newest = connection.sql(
            f"select distinct on (id) * exclude (_dlt_load_id) from raw_meta.{table} "
            f"where account_id = $account_id and _dlt_load_id in ({_COMPLETED}) "
            "order by id, requested_at desc, _dlt_load_id desc",
            params={"account_id": account_id},
        ).to_arrow_table()
        return newest.select(tables.OBJECT_SCHEMA.names).cast(tables.OBJECT_SCHEMA)


def known_rates(data_dir: Path) -> dict[tuple[str, str, date], Decimal]:
    """The newest version of each rate, by provider, currency and day."""
    with _warehouse(data_dir) as connection:
        if connection is None or not _has(connection, "raw_fx", "exchange_rates"):
            return {}
        rows = connection.execute(
            "select distinct on (provider, quote_currency, rate_date) "
            "provider, quote_currency, rate_date, rate from raw_fx.exchange_rates "
            "order by provider, quote_currency, rate_date, "
            "fetched_at desc, _dlt_load_id desc"
        ).fetchall()
        return {tuple(key): rate for *key, rate in rows}


def changed_since(data_dir: Path, mark: str) -> bool:
    """Whether what readers may see differs from what it was at a load.

    A window that was read again and found unchanged is no change.
    """
    with _warehouse(data_dir) as connection:
        if connection is None:
            return False
        versions = ["stores", "accounts", *tables.OBJECT_TABLES.values()]
        newer = [
            f"select 1 from raw_meta.{table} where _dlt_load_id > $mark"
            for table in versions
        ]
        if _has(connection, "raw_fx", "exchange_rates"):
            newer.append(
                "select 1 from raw_fx.exchange_rates where _dlt_load_id > $mark"
            )
        visible_now = _visible_windows("true")
        visible_then = _visible_windows("_dlt_load_id <= $mark")
        newer.append(f"select 1 from ({visible_now} except {visible_then})")
        query = " union all ".join(f"({part} limit 1)" for part in newer)
        return bool(connection.execute(query, {"mark": mark}).fetchall())


def _visible_windows(bound: str) -> str:
    """SQL: which rows of each window hold, judged from the loads within a bound."""
    return (
        "select account_id, level, breakdown, date_day, "
        "arg_max(coalesce(rows_load_id, _dlt_load_id), _dlt_load_id) as rows_load_id, "
        "arg_max(is_partial_day, _dlt_load_id) as is_partial_day from ("
        "select *, count(*) over ("
        "partition by account_id, level, date_day, _dlt_load_id) as windows_of_load "
        "from raw_meta.receipts where resource = 'insights' and outcome = 'complete' "
        f"and _dlt_load_id in ({_COMPLETED}) and {bound}) "
        "where windows_of_load = 2 group by account_id, level, breakdown, date_day"
    )


@contextmanager
def _warehouse(data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection | None]:
    path = data_dir / "warehouse.duckdb"
    if not path.exists():
        yield None
        return
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        loaded = _has(connection, "raw_meta", "receipts")
        yield connection if loaded else None


def _has(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = $schema and table_name = $table",
        {"schema": schema, "table": table},
    ).fetchall()
    return bool(found[0][0])


def _newest(
    connection: duckdb.DuckDBPyConnection, table: str, column: str
) -> str | None:
    load_id = "load_id" if table == "_dlt_loads" else "_dlt_load_id"
    rows = connection.execute(
        f"select {column} from raw_meta.{table} where {load_id} in ({_COMPLETED}) "
        f"order by {load_id} desc limit 1"
    ).fetchall()
    return rows[0][0] if rows else None


def _accounts(connection: duckdb.DuckDBPyConnection) -> dict[str, Account]:
    rows = connection.execute(
        "select distinct on (account_id) account_id, name, currency, timezone_name, "
        "account_status, created_time, content_hash, requested_at "
        f"from raw_meta.accounts where _dlt_load_id in ({_COMPLETED}) "
        "order by account_id, requested_at desc, _dlt_load_id desc"
    ).fetchall()
    return {row[0]: Account(*row) for row in rows}


def _readings(connection: duckdb.DuckDBPyConnection) -> dict[WindowKey, Reading]:
    rows = connection.execute(
        "select distinct on (account_id, level, breakdown, date_day) "
        "account_id, level, breakdown, date_day, requested_at, content_hash, "
        "coalesce(rows_load_id, _dlt_load_id), is_partial_day "
        "from raw_meta.receipts "
        "where resource = 'insights' and outcome = 'complete' "
        f"and _dlt_load_id in ({_COMPLETED}) "
        "order by account_id, level, breakdown, date_day, _dlt_load_id desc"
    ).fetchall()
    return {tuple(row[:4]): Reading(*row[4:]) for row in rows}


def _visible(connection: duckdb.DuckDBPyConnection) -> dict[DayKey, datetime]:
    """When each (account, level, day) was last read both in total and by country."""
    rows = connection.execute(
        "select account_id, level, date_day, max(requested_at) from ("
        "select account_id, level, date_day, _dlt_load_id, "
        "min(requested_at) as requested_at from raw_meta.receipts "
        "where resource = 'insights' and outcome = 'complete' "
        f"and _dlt_load_id in ({_COMPLETED}) "
        "group by account_id, level, date_day, _dlt_load_id "
        "having count(distinct breakdown) = 2) "
        "group by account_id, level, date_day"
    ).fetchall()
    return {tuple(row[:3]): row[3] for row in rows}


def _failed_days(connection: duckdb.DuckDBPyConnection) -> frozenset[tuple[str, date]]:
    """Account and day of every reading that failed, healed later or not."""
    rows = connection.execute(
        "select distinct account_id, date_day from raw_meta.receipts "
        "where resource = 'insights' and outcome = 'failed' "
        f"and _dlt_load_id in ({_COMPLETED})"
    ).fetchall()
    return frozenset((account_id, day) for account_id, day in rows)


def _listings(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, ObjectType], Listing]:
    rows = connection.execute(
        "select account_id, level, max(requested_at), "
        "max(requested_at) filter (is_whole) from raw_meta.receipts "
        "where resource = 'objects' and outcome = 'complete' "
        f"and _dlt_load_id in ({_COMPLETED}) group by account_id, level"
    ).fetchall()
    return {(row[0], row[1]): Listing(row[2], row[3]) for row in rows}
