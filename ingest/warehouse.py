"""The warehouse opened to be read: which objects and rates are known, which load is the
newest, whether what readers see has changed. The caller holds the lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest import tables
from ingest.fields import ObjectType

# What dlt did not mark as completed does not exist.
COMPLETED = "select load_id from raw_meta._dlt_loads where status = 0"
# A thread that opens a file which another one is just opening gets a database in which
# DuckDB's Python functions are not there yet.
_OPENING = threading.Lock()


@contextmanager
def opened(data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """Its connection, with the view `receipts`: those of completed loads.

    None before the first load. Several threads may open it at once.
    """
    path = data_dir / "warehouse.duckdb"
    if not path.exists():
        yield None
        return
    with _OPENING:
        connection = duckdb.connect(str(path), read_only=True)
    with connection:
        connection.execute("set TimeZone = 'UTC'")
        loaded = has_table(connection, "raw_meta", "receipts")
        if loaded:
            _show_completed_receipts(connection)
        yield connection if loaded else None


def _show_completed_receipts(connection: duckdb.DuckDBPyConnection) -> None:
    """View `receipts`: those of completed loads.

    A warehouse of an earlier release lacks the newer columns until its next load.
    """
    held = {
        name
        for (name,) in connection.execute(
            "select column_name from information_schema.columns "
            "where table_schema = 'raw_meta' and table_name = 'receipts'"
        ).fetchall()
    }
    empty = tables.RECEIPT_SCHEMA.empty_table()
    connection.register("empty_receipts", empty)
    missing = [name for name in tables.RECEIPT_SCHEMA.names if name not in held]
    typed = "".join(
        f", (select any_value({name}) from empty_receipts) as {name}"
        for name in missing
    )
    connection.execute(
        f"create temp view receipts as select *{typed} from raw_meta.receipts "
        f"where _dlt_load_id in ({COMPLETED})"
    )


def has_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether there is such a table."""
    found = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = $schema and table_name = $table",
        {"schema": schema, "table": table},
    ).fetchall()
    return bool(found[0][0])


def newest(
    connection: duckdb.DuckDBPyConnection, table: str, column: str
) -> str | None:
    """A column's value of the newest completed load that has a row in a raw table."""
    load_id = "load_id" if table == "_dlt_loads" else "_dlt_load_id"
    rows = connection.execute(
        f"select {column} from raw_meta.{table} where {load_id} in ({COMPLETED}) "
        f"order by {load_id} desc limit 1"
    ).fetchall()
    return rows[0][0] if rows else None


def newest_load_id(data_dir: Path) -> str | None:
    """The newest completed load; None before the first."""
    with opened(data_dir) as connection:
        if connection is None:
            return None
        return newest(connection, "_dlt_loads", "load_id")


def known_objects(data_dir: Path, account_id: str, object_type: ObjectType) -> pa.Table:
    """The newest version of each known object, as `tables.OBJECT_SCHEMA`."""
    with opened(data_dir) as connection:
        if connection is None:
            return tables.OBJECT_SCHEMA.empty_table()
        table = tables.OBJECT_TABLES[object_type]
        newest = connection.sql(
            f"select distinct on (id) * exclude (_dlt_load_id) from raw_meta.{table} "
            f"where account_id = $account_id and _dlt_load_id in ({COMPLETED}) "
            "order by id, _dlt_load_id desc, requested_at desc",
            params={"account_id": account_id},
        ).to_arrow_table()
        return newest.select(tables.OBJECT_SCHEMA.names).cast(tables.OBJECT_SCHEMA)


def objects_changed_after(
    data_dir: Path, account_id: str, object_type: ObjectType, load_id: str
) -> list[str]:
    """Ids of objects of which a later load holds a version."""
    with opened(data_dir) as connection:
        if connection is None:
            return []
        rows = connection.execute(
            f"select distinct id from raw_meta.{tables.OBJECT_TABLES[object_type]} "
            "where account_id = $account_id and _dlt_load_id > $load_id "
            f"and _dlt_load_id in ({COMPLETED}) order by id",
            {"account_id": account_id, "load_id": load_id},
        ).fetchall()
        return [row[0] for row in rows]


def known_rates(data_dir: Path) -> dict[tuple[str, str, date], Decimal]:
    """The newest version of each rate, by provider, currency and day."""
    with opened(data_dir) as connection:
        if connection is None or not has_table(connection, "raw_fx", "exchange_rates"):
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
    with opened(data_dir) as connection:
        if connection is None:
            return False
        versions = ["stores", "accounts", *tables.OBJECT_TABLES.values()]
        newer = [
            f"select 1 from raw_meta.{table} where _dlt_load_id > $mark"
            for table in versions
        ]
        if has_table(connection, "raw_fx", "exchange_rates"):
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
        "select *, count(distinct breakdown) over ("
        "partition by account_id, level, date_day, _dlt_load_id) as windows_of_load "
        "from raw_meta.receipts where resource = 'insights' and outcome = 'complete' "
        f"and _dlt_load_id in ({COMPLETED}) and {bound}) "
        "where windows_of_load = 2 group by account_id, level, breakdown, date_day"
    )
