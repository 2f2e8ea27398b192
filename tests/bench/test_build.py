"""What a build costs: from nothing, beside a script by hand, and after a cycle's change
over more and more history.

The days are read for real; the older history is theirs again, moved back in time. The
work of dbt's nodes is counted, models and tests; its start-up, which no history makes
longer, is told apart.
"""

import json
import shutil
import statistics
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bench.measuring import (
    Cost,
    forget,
    insight_rows,
    large_plans,
    last_days,
    measured,
    pathways,
    report,
    seeded,
    served,
    spread,
)
from tests.conftest import ROOT, Pathways

pytestmark = pytest.mark.bench

ROUNDS = 3
DAYS = 60
# Times the sixty days: one, four and sixteen of a cycle; a million and ten of a build.
HISTORY = (1, 4, 16)
MILLION, TEN_MILLIONS = 8, 78
BY_HAND = """
import sys, duckdb
warehouse, out, script = sys.argv[1:]
connection = duckdb.connect(out)
connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
connection.execute(open(script).read())
"""
UNLIKE = """
import sys, duckdb
build, out, columns = sys.argv[1:]
connection = duckdb.connect(out)
connection.execute(f"attach '{build}' as build (read_only)")
sides = [
    f"select {columns} from {table}" for table in ("facts", "build.core.meta_insights")
]
for one, other in (sides, sides[::-1]):
    both = f"select count(*) from ({one} except all {other})"
    print(connection.execute(both).fetchall()[0][0])
"""
COMPARED = (
    "store, account_id, level, object_id, load_id, date_day, is_total, country_code, "
    "spend_account_currency, spend, purchase_value_account_currency, purchase_value, "
    "impressions, clicks, link_clicks, outbound_clicks, reach, purchases, add_to_cart, "
    "checkouts_initiated, landing_page_views, purchase_action_type, fx_rate, "
    "attribution_setting, is_partial_day, loaded_at, day_ends_at"
)


def nodes(run: Pathways) -> dict[str, float]:
    """Seconds of the last build's models and tests: one after another, and side by
    side, from the first one's beginning to the last one's end."""
    results = json.loads((run.data_dir / "target/run_results.json").read_text())
    timings = [
        timing
        for result in results["results"]
        if result["unique_id"].startswith(("model.", "test."))
        for timing in result["timing"]
    ]
    moments = [_moment(timing[end]) for timing in timings for end in _ENDS]
    return {
        "work": sum(
            (_moment(each["completed_at"]) - _moment(each["started_at"]))
            / timedelta(seconds=1)
            for each in timings
        ),
        "span": (max(moments) - min(moments)) / timedelta(seconds=1),
    }


_ENDS = ("started_at", "completed_at")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def by_hand(run: Pathways, out: Path) -> Cost:
    """The same facts by one script, start-up included."""
    out.unlink(missing_ok=True)
    script = ROOT / "tests/bench/by_hand.sql"
    warehouse = run.data_dir / "warehouse.duckdb"
    command = [sys.executable, "-c", BY_HAND, str(warehouse), str(out), str(script)]
    return measured(command, run.environment())


def unlike(run: Pathways, out: Path) -> str:
    """How many rows only the script has, and how many only the build.

    In a process of its own: a child's peak memory counts what its parent once held.
    """
    build = run.data_dir / "build.duckdb"
    command = [sys.executable, "-c", UNLIKE, str(build), str(out), COMPARED]
    return measured(command, run.environment()).out


def test_builds_from_nothing_and_after_a_change(tmp_path: Path) -> None:
    document: dict[str, Any] = {}
    with served(large_plans(accounts=1, days=DAYS)) as world:
        first = Pathways(tmp_path / "first", extra=world.environment)
        pathways(first, "sync", *last_days(DAYS))
        document["full"] = {
            "1 M": from_nothing(seeded(first, tmp_path / "1m", DAYS, MILLION), ROUNDS),
            "10 M": from_nothing(
                seeded(first, tmp_path / "10m", DAYS, TEN_MILLIONS), 1
            ),
        }
        document["cycle"] = {
            f"{times}x": after_a_change(
                seeded(first, tmp_path / f"{times}x", DAYS, times), ROUNDS
            )
            for times in HISTORY
        }
    cycle = document["cycle"]
    document["cycle_16x_to_1x"] = {
        kind: round(cycle["16x"][kind]["median"] / cycle["1x"][kind]["median"], 2)
        for kind in ("work", "span")
    }
    report("build", document)

    assert document["full"]["1 M"]["rows"] > 1_000_000
    assert document["full"]["10 M"]["rows"] > 10_000_000
    assert document["cycle_16x_to_1x"]["work"] <= 1.3
    assert document["full"]["1 M"]["span_to_by_hand"]["median"] <= 3


def from_nothing(run: Pathways, rounds: int) -> dict[str, Any]:
    """Everything, once it is there built from nothing; the script by hand beside it."""
    kinds = ("wall", "work", "span", "by_hand", "peak_mb")
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    out = run.data_dir / "by_hand.duckdb"
    for _ in range(rounds):
        (run.data_dir / "build.duckdb").unlink(missing_ok=True)
        cost = pathways(run, "build")
        costs = {"wall": cost.wall, "peak_mb": cost.peak_mb, **nodes(run)}
        for kind, figure in costs.items():
            found[kind].append(figure)
        found["by_hand"].append(by_hand(run, out).wall)
    assert unlike(run, out).split() == ["0", "0"]
    ratios = [
        span / hand for span, hand in zip(found["span"], found["by_hand"], strict=True)
    ]
    rows = insight_rows(run)
    shutil.rmtree(run.data_dir)
    return {
        "rows": rows,
        **{kind: spread(figures) for kind, figures in found.items()},
        "span_to_by_hand": spread(ratios),
        "rows_per_second": round(rows / statistics.median(found["wall"])),
    }


def after_a_change(run: Pathways, rounds: int) -> dict[str, Any]:
    """A cycle's build: today and yesterday were read again and had changed."""
    pathways(run, "build")
    found: dict[str, list[float]] = {"wall": [], "work": [], "span": []}
    for _ in range(rounds):
        forget(run.data_dir / "warehouse.duckdb", days=2)
        pathways(run, "sync", *last_days(2))
        cost = pathways(run, "build")
        for kind, seconds in {"wall": cost.wall, **nodes(run)}.items():
            found[kind].append(seconds)
    rows = insight_rows(run)
    shutil.rmtree(run.data_dir)
    return {"rows": rows, **{kind: spread(each) for kind, each in found.items()}}
