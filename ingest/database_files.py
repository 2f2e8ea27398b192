"""DuckDB files as files: read whole, copied whole."""

from pathlib import Path

import duckdb


def checkpoint(file: Path) -> None:
    """Make it one file without a log beside it. The caller holds the lock."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("checkpoint")


def read_whole(file: Path) -> dict[str, int]:
    """Rows by table, after reading every block.

    Raises:
        duckdb.Error: a block of it is damaged.
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name "
            "from information_schema.tables "
            "where table_type = 'BASE TABLE' order by 1"
        ).fetchall()
        return {
            table: connection.execute(
                f"select count(*), bit_xor(hash(content)) from {table} as content"
            ).fetchall()[0][0]
            for (table,) in tables
        }


def storage_version(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Which DuckDB can open the file, such as `v1.4.0+`; None where it does not say."""
    found = connection.execute(
        "select tags['storage_version'] from duckdb_databases() "
        "where database_name = current_database()"
    ).fetchall()
    told: str | None = found[0][0]
    return told
