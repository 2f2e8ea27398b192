"""What the benchmarks share: a sandbox in its own process, what a command costs."""

import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa

from ingest import fields, tables
from ingest.pipeline import load_meta
from ingest.sandbox.server import Sandbox, environment
from ingest.sandbox.world import (
    DEFAULT_SEED,
    AccountPlan,
    build_world,
    default_plans,
)
from ingest.spool import Spool
from tests.conftest import ROOT, Pathways

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
# The day of START in New York, where the large accounts are.
TODAY = date(2026, 3, 10)
PAGE_LIMIT = 500
COUNTRIES = ("US", "CA", "GB", "DE", "FR", "ES", "IT", "NL")


@dataclass(frozen=True)
class Cost:
    """One process: wall and processor seconds, peak memory in MB, what it printed.

    The system counts as its peak no less than what the process that started it held.
    """

    wall: float
    processor: float
    peak_mb: float
    out: str


@dataclass(frozen=True)
class World:
    """A sandbox in another process."""

    environment: dict[str, str]
    channel: Connection

    def ask(self, what: str, value: float = 0.0) -> int:
        """The number of requests so far; `latency` sets the seconds of each answer."""
        self.channel.send((what, value))
        count: int = self.channel.recv()
        return count


def large_plans(accounts: int, days: int) -> list[AccountPlan]:
    """Accounts of 240 ads in 8 countries."""
    return [
        replace(
            default_plans()[0],
            account_id=str(100_000_000_000_001 + number),
            campaigns=12,
            adsets_per_campaign=4,
            ads_per_adset=(5,),
            created_days_ago=days,
            countries=COUNTRIES,
        )
        for number in range(accounts)
    ]


def _serve(plans: Sequence[AccountPlan], channel: Connection) -> None:
    world = build_world(plans, seed=DEFAULT_SEED, start=START)
    with Sandbox(world) as sandbox:
        channel.send(environment(sandbox))
        while True:
            what, value = channel.recv()
            if what == "stop":
                return
            if what == "latency":
                sandbox.latency_seconds = value
            channel.send(len(sandbox.requests))


@contextmanager
def served(plans: Sequence[AccountPlan]) -> Iterator[World]:
    """A sandbox whose time and memory are not ours."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(plans, theirs), daemon=True)
    process.start()
    try:
        yield World(ours.recv(), ours)
    finally:
        ours.send(("stop", 0.0))
        process.join(30)


def measured(command: Sequence[str], env: dict[str, str]) -> Cost:
    """Run a command to its end.

    Raises:
        AssertionError: it failed.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    assert status == 0, out
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out)


def pathways(run: Pathways, *arguments: str) -> Cost:
    """What a verb costs, start-up included."""
    return measured([sys.executable, "-m", "ingest", *arguments], run.environment())


def last_days(count: int) -> tuple[str, str, str, str]:
    """The options that name the last so many days, today included."""
    since = TODAY - timedelta(days=count - 1)
    return "--since", str(since), "--until", str(TODAY)


def first_requests(
    plans: Sequence[AccountPlan], days: int, slice_days: int = 15
) -> list[tuple[str, dict[str, str]]]:
    """Path and parameters of each window of every account, as any client asks them."""
    asked = []
    for plan in plans:
        for late in range(0, days, slice_days):
            until = TODAY - timedelta(days=late)
            since = max(
                until - timedelta(days=slice_days - 1),
                TODAY - timedelta(days=days - 1),
            )
            for level in fields.LEVELS:
                for breakdown in fields.BREAKDOWNS:
                    params = {
                        "level": level,
                        "fields": ",".join(fields.insight_fields(level)),
                        "time_range": json.dumps(
                            {"since": str(since), "until": str(until)}
                        ),
                        "time_increment": "1",
                        "limit": str(PAGE_LIMIT),
                    }
                    if breakdown == "country":
                        params["breakdowns"] = "country"
                    if level != "account":
                        params["filtering"] = json.dumps([fields.status_filter(level)])
                    asked.append((f"/v25.0/act_{plan.account_id}/insights", params))
    return asked


class Shifted:
    """Stands for a spool: the warehouse's own readings, moved back in time."""

    def __init__(self, file: Path, days: int, times: int) -> None:
        """Args: days: that it holds; times: as many of them there are in the end."""
        self._file = file
        self._days = days
        self._times = times

    def batches(self, table: str) -> Iterator[pa.Table]:
        schema = tables.META_TABLES[table]
        yield schema.empty_table()
        day = {"receipts": "date_day"} | dict.fromkeys(
            tables.INSIGHT_TABLES.values(), "date_start"
        )
        if table not in day:
            return
        for number in range(1, self._times):
            earlier = number * self._days
            columns = ", ".join(
                f"{name} - {earlier} as {name}" if name == day[table] else name
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


def seeded(first: Pathways, folder: Path, days: int, times: int) -> Pathways:
    """A copy of the first folder, which holds so many days, with times its history."""
    run = Pathways(folder, extra=first.extra)
    shutil.copytree(first.data_dir, run.data_dir)
    if times > 1:
        older = Shifted(first.data_dir / "warehouse.duckdb", days, times)
        load_meta(run.data_dir, cast(Spool, older))
    return run


def forget(file: Path, days: int) -> None:
    """Let the newest days look as if they had changed when they are read again."""
    since = TODAY - timedelta(days=days - 1)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update raw_meta.receipts set content_hash = 'forgotten' "
            "where content_hash is not null and date_day >= $since",
            {"since": since},
        )


def insight_rows(run: Pathways) -> int:
    """Rows of all four raw tables of insights."""
    with duckdb.connect(str(run.data_dir / "warehouse.duckdb"), read_only=True) as file:
        counts = [
            file.execute(f"select count(*) from raw_meta.{table}").fetchall()[0][0]
            for table in tables.INSIGHT_TABLES.values()
        ]
    return sum(counts)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Least, middle and greatest."""
    return {
        "min": round(min(values), 2),
        "median": round(statistics.median(values), 2),
        "max": round(max(values), 2),
    }


def summary(costs: Sequence[Cost]) -> dict[str, dict[str, float]]:
    """The spread of what several runs of one command cost."""
    return {
        name: spread([getattr(cost, name) for cost in costs])
        for name in ("wall", "processor", "peak_mb")
    }


def report(name: str, document: dict[str, object]) -> None:
    """Write `bench/<name>.json` and print it."""
    from rich import print_json

    path = ROOT / "bench" / f"{name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    print_json(data=document)
