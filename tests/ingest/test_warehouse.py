"""The warehouse is opened by the threads that read accounts side by side."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import duckdb
import pytest

from ingest import tables
from ingest.warehouse import opened
from tests.fixtures.raw_tables import create, load, readings

THREADS, ROUNDS = 4, 10


def test_threads_that_open_it_at_once_all_read_its_receipts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB lets a second one in before the first has made its Python functions."""
    create(tmp_path)
    read_at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    load(tmp_path, "1772000000.0", receipts=readings(date(2026, 3, 1), read_at))
    start, connect = Barrier(THREADS), duckdb.connect

    def connect_and_register(*given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        connection = connect(*given, **named)
        # What a busy machine does some time later, and is refused where it must not be.
        connection.register("at_once", tables.RECEIPT_SCHEMA.empty_table())
        return connection

    monkeypatch.setattr(duckdb, "connect", connect_and_register)

    def receipts() -> int:
        start.wait()
        with opened(tmp_path) as connection:
            assert connection is not None
            found = connection.execute("select count(*) from receipts").fetchall()
        return int(found[0][0])

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in range(ROUNDS):
            asked = [threads.submit(receipts) for _ in range(THREADS)]
            assert [each.result() for each in asked] == [2] * THREADS
