"""A re-read of 28 days costs the same whatever the length of the history behind it.

The days are read for real; the older history is theirs again, moved back in time and
loaded by the pipeline itself. Before the re-read every receipt of the 28 days forgets
its hash, so that each day reads as changed and its rows are stored again.
"""

import shutil
import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
import pytest

from ingest import tables
from ingest.pipeline import load_meta
from ingest.spool import Spool
from tests.bench.measuring import (
    TODAY,
    Cost,
    insight_rows,
    large_plans,
    last_days,
    pathways,
    report,
    served,
    spread,
)
from tests.conftest import Pathways

pytestmark = pytest.mark.bench

ROUNDS = 3
DAYS, TIMES, REREAD = 60, 16, 28


class Shifted:
    """Stands for a spool: the warehouse's own readings, moved back in time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def batches(self, table: str) -> Iterator[pa.Table]:
        schema = tables.META_TABLES[table]
        yield schema.empty_table()
        day = {"receipts": "date_day"} | dict.fromkeys(
            tables.INSIGHT_TABLES.values(), "date_start"
        )
        if table not in day:
            return
        for number in range(1, TIMES):
            columns = ", ".join(
                f"{name} - {number * DAYS} as {name}" if name == day[table] else name
                for name in schema.names
            )
            with duckdb.connect(str(self._file), read_only=True) as connection:
                connection.execute("set TimeZone = 'UTC'")
                reader = connection.sql(
                    f"select {columns} from raw_meta.{table} "
                    f"where {day[table]} is not null"
                ).to_arrow_reader(25_000)
                for batch in reader:
                    yield pa.Table.from_batches([batch]).cast(schema)


def forget(file: Path) -> None:
    """Let every day of the re-read look as if it had changed."""
    since = TODAY - timedelta(days=REREAD - 1)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update raw_meta.receipts set content_hash = 'forgotten' "
            "where content_hash is not null and date_day >= $since",
            {"since": since},
        )


def test_reread_of_28_days_over_sixteen_times_the_history(tmp_path: Path) -> None:
    costs: dict[str, list[Cost]] = {"1x": [], "16x": []}
    rows: dict[str, int] = {}
    with served(large_plans(accounts=1, days=DAYS)) as world:
        seeded = {
            name: Pathways(tmp_path / name, extra=world.environment) for name in costs
        }
        pathways(seeded["1x"], "sync", *last_days(DAYS))
        shutil.copytree(seeded["1x"].data_dir, seeded["16x"].data_dir)
        load_meta(
            seeded["16x"].data_dir,
            cast(Spool, Shifted(seeded["1x"].data_dir / "warehouse.duckdb")),
        )
        for name, run in seeded.items():
            rows[name] = insight_rows(run)
            forget(run.data_dir / "warehouse.duckdb")
        stored = set()
        for number in range(ROUNDS):
            for name, run in seeded.items():
                again = Pathways(tmp_path / f"{name}-{number}", extra=world.environment)
                shutil.copytree(run.data_dir, again.data_dir)
                costs[name].append(pathways(again, "sync", *last_days(REREAD)))
                stored.add(insight_rows(again) - rows[name])
                shutil.rmtree(again.data_dir)
    ratios = {
        kind: [
            getattr(long, kind) / getattr(short, kind)
            for short, long in zip(costs["1x"], costs["16x"], strict=True)
        ]
        for kind in ("wall", "processor")
    }
    report(
        "history",
        {
            "rows": rows,
            "rows_stored_again": max(stored),
            "reread": {
                name: {
                    kind: spread([getattr(cost, kind) for cost in found])
                    for kind in ratios
                }
                for name, found in costs.items()
            },
            "ratio": {kind: spread(found) for kind, found in ratios.items()},
        },
    )

    assert rows["16x"] == TIMES * rows["1x"]
    assert len(stored) == 1
    assert max(stored) > 40_000
    assert statistics.median(ratios["processor"]) <= 1.3
