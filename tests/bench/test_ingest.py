"""How fast a first load is, beside the limit of the same run.

The limit: the same requests, answered by the same server, their bytes written to disk
and put into a DuckDB file by its own JSON reader; no check, no receipt, no dlt.
Both run as processes of their own, start-up included. Ratios count, not seconds.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import pytest

from ingest.sandbox.server import Sandbox, environment
from ingest.sandbox.world import DEFAULT_SEED, build_world, default_plans
from tests.conftest import ROOT, Pathways

pytestmark = pytest.mark.bench

ROUNDS = 3
START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
LIMIT = """
import sys, json, pathlib, duckdb, requests
url, token, out, plan = sys.argv[1:]
folder = pathlib.Path(out); folder.mkdir()
session = requests.Session()
session.headers["Authorization"] = f"Bearer {token}"
for n, (path, params) in enumerate(json.loads(pathlib.Path(plan).read_text())):
    body = session.get(url + path, params=params).content
    end = body.rfind(b'],"paging":')
    (folder / f"{n}.json").write_bytes(body[8 : end + 1] if end > 0 else b"[]")
columns = {
    name: "VARCHAR"
    for name in "account_id campaign_id campaign_name adset_id adset_name ad_id "
    "ad_name country account_currency attribution_setting spend impressions clicks "
    "inline_link_clicks reach".split()
}
columns |= {"outbound_clicks": "JSON", "actions": "JSON", "action_values": "JSON"}
columns["date_start"] = "DATE"
declared = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
connection = duckdb.connect(str(folder / "limit.duckdb"))
connection.execute("set enable_progress_bar = false")
connection.execute(
    f"create table rows as select * from read_json('{out}/*.json', format = 'array', "
    f"columns = {{{declared}}})"
)
print(connection.execute("select count(*) from rows").fetchall()[0][0])
"""


@dataclass(frozen=True)
class Cost:
    """One process: wall and processor seconds, peak memory in MB, rows."""

    wall: float
    processor: float
    peak_mb: float
    rows: int


def serve_large_world(channel: Connection) -> None:
    """A sandbox in a process of its own, so that it takes no time from ours."""
    plan = replace(
        default_plans()[0],
        campaigns=77,
        adsets_per_campaign=5,
        ads_per_adset=(8,),
        created_days_ago=40,
        countries=("US", "CA", "GB", "DE", "FR"),
    )
    world = build_world([plan], seed=DEFAULT_SEED, start=START)
    with Sandbox(world) as sandbox:
        channel.send(environment(sandbox))
        while channel.recv() != "stop":
            asked = [(e.path, dict(e.params)) for e in sandbox.requests]
            channel.send([(p, q) for p, q in asked if p.endswith("/insights")])


@pytest.fixture
def large() -> Iterator[tuple[dict[str, str], Connection]]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve_large_world, args=(theirs,), daemon=True
    )
    process.start()
    yield ours.recv(), ours
    ours.send("stop")
    process.join(30)


def measured(command: list[str], env: dict[str, str]) -> tuple[Cost, str]:
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    assert status == 0, out
    cost = Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, 0)
    return cost, out


def summary(costs: list[Cost]) -> dict[str, dict[str, float]]:
    return {
        name: {
            "min": round(min(values), 2),
            "median": round(statistics.median(values), 2),
            "max": round(max(values), 2),
        }
        for name in ("wall", "processor", "peak_mb")
        for values in [[getattr(cost, name) for cost in costs]]
    }


def test_first_load_of_half_a_million_rows(
    large: tuple[dict[str, str], Connection], tmp_path: Path
) -> None:
    world, channel = large
    # Rendered once before anyone is timed: the server is not what is measured.
    warm = Pathways(tmp_path / "warm", extra=world)
    assert warm("sync").exit_code == 0
    channel.send("requests")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(channel.recv()))

    loads, limits = [], []
    for number in range(ROUNDS):
        run = Pathways(tmp_path / f"load{number}", extra=world)
        cost, _ = measured([sys.executable, "-m", "ingest", "sync"], run.environment())
        loads.append(replace(cost, rows=raw_rows(run)))
        arguments = [world["SOURCES__META__API_BASE_URL"], "sandbox-token"]
        script = [sys.executable, "-c", LIMIT, *arguments]
        cost, out = measured(
            [*script, str(tmp_path / f"limit{number}"), str(plan)], run.environment()
        )
        limits.append(replace(cost, rows=int(out.split()[-1])))
    cycle = Pathways(tmp_path / "load0", extra=world)
    ended = cycle("run", "--json", "--backfill-minutes", "0")
    assert ended.exit_code == 0, ended.err
    steps: dict[str, float] = {}
    for step in ended.document["steps"]:
        seconds = steps.get(step["step"], 0) + step["seconds"]
        steps[step["step"]] = round(seconds, 2)

    assert loads[0].rows == limits[0].rows >= 500_000
    ratios = [a.wall / b.wall for a, b in zip(loads, limits, strict=True)]
    document = {
        "rows": loads[0].rows,
        "load": summary(loads),
        "limit": summary(limits),
        "rows_per_second": round(
            loads[0].rows / statistics.median(c.wall for c in loads)
        ),
        "wall_ratio": {
            "min": round(min(ratios), 2),
            "median": round(statistics.median(ratios), 2),
            "max": round(max(ratios), 2),
        },
        "cycle_steps_seconds": steps,
    }
    (ROOT / "bench" / "ingest.json").write_text(json.dumps(document, indent=1) + "\n")
    show(document)


def raw_rows(run: Pathways) -> int:
    with duckdb.connect(str(run.data_dir / "warehouse.duckdb"), read_only=True) as file:
        counts = [
            file.execute(f"select count(*) from raw_meta.{level}_insights").fetchall()
            for level in ("account", "campaign", "adset", "ad")
        ]
    return sum(int(count[0][0]) for count in counts)


def show(document: dict[str, object]) -> None:
    from rich import print_json

    print_json(data=document)
