"""A re-read of 28 days costs the same whatever the length of the history behind it.

The days are read for real; the older history is theirs again, moved back in time and
loaded by the pipeline itself. Before the re-read every receipt of the 28 days forgets
its hash, so that each day reads as changed and its rows are stored again.
"""

import shutil
import statistics
from pathlib import Path
from typing import cast

import pytest

from ingest.pipeline import load_meta
from ingest.spool import Spool
from tests.bench.measuring import (
    Cost,
    Shifted,
    forget,
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


def test_reread_of_28_days_over_sixteen_times_the_history(tmp_path: Path) -> None:
    costs: dict[str, list[Cost]] = {"1x": [], "16x": []}
    rows: dict[str, int] = {}
    with served(large_plans(accounts=1, days=DAYS)) as world:
        seeded = {
            name: Pathways(tmp_path / name, extra=world.environment) for name in costs
        }
        pathways(seeded["1x"], "sync", *last_days(DAYS))
        shutil.copytree(seeded["1x"].data_dir, seeded["16x"].data_dir)
        older = Shifted(seeded["1x"].data_dir / "warehouse.duckdb", DAYS, TIMES)
        load_meta(seeded["16x"].data_dir, cast(Spool, older))
        for name, run in seeded.items():
            rows[name] = insight_rows(run)
            forget(run.data_dir / "warehouse.duckdb", REREAD)
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
