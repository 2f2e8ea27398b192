"""What a cycle costs in which nothing has changed upstream: calls, and seconds."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import requests

from ingest.sandbox.plans import many_plans
from tests.bench.measuring import (
    START,
    TODAY,
    World,
    first_requests,
    large_plans,
    pathways,
    report,
    served,
    spread,
)
from tests.conftest import ROOT, Pathways

pytestmark = pytest.mark.bench

QUARTER = timedelta(minutes=15)
CYCLES = 8
# How old a day's reading may be, by the day's age. A cycle may start a little late.
TIERS = {
    range(2): timedelta(hours=1),
    range(2, 8): timedelta(days=1),
    range(8, 29): timedelta(days=3),
}


def at(run: Pathways, moment: datetime) -> Pathways:
    extra = {**(run.extra or {}), "PATHWAYS__NOW": moment.isoformat()}
    return Pathways(run.data_dir, extra=extra)


def pages_of_28_days_by_country(world: World) -> int:
    """Calls that the campaigns, ad sets and ads of 28 days by country take."""
    session = requests.Session()
    token = world.environment["SOURCES__META__ACCESS_TOKEN"]
    session.headers["Authorization"] = f"Bearer {token}"
    calls = 0
    for path, params in first_requests(large_plans(1, 60), days=28, slice_days=28):
        if params["level"] == "account" or "breakdowns" not in params:
            continue
        after: dict[str, str] = {}
        while True:
            url = world.environment["SOURCES__META__API_BASE_URL"] + path
            paging = session.get(url, params=params | after).json()["paging"]
            calls += 1
            if "next" not in paging:
                break
            after = {"after": paging["cursors"]["after"]}
    return calls


def overdue(run: Pathways, moment: datetime) -> list[tuple[object, ...]]:
    """Days whose newest reading is older than their tier allows at that moment."""
    with duckdb.connect(str(run.data_dir / "warehouse.duckdb"), read_only=True) as file:
        file.execute("set TimeZone = 'UTC'")
        newest = file.execute(
            "select level, breakdown, date_day, max(requested_at) "
            "from raw_meta.receipts "
            "where resource = 'insights' and outcome = 'complete' group by all"
        ).fetchall()
    assert newest
    allowed = {age: limit for ages, limit in TIERS.items() for age in ages}
    return [
        found
        for found in newest
        if (age := (TODAY - found[2]).days) in allowed
        and moment - found[3] > allowed[age] + QUARTER / 3
    ]


def test_quiet_cycles_cost_a_tenth_of_the_calls(tmp_path: Path) -> None:
    calls, stale = [], []
    with served(large_plans(accounts=1, days=60)) as world:
        run = Pathways(tmp_path / "data", extra=world.environment)
        pathways(run, "sync")
        for number in range(1, CYCLES + 1):
            moment = START + number * QUARTER
            before = world.ask("count")
            pathways(at(run, moment), "sync")
            calls.append(world.ask("count") - before)
            stale += overdue(run, moment)
        whole = pages_of_28_days_by_country(world)
    # Every fourth cycle reads today and yesterday again, as their tier asks.
    quiet = [count for number, count in enumerate(calls, 1) if number % 4]
    report(
        "quiet_cycle",
        {
            "calls_of_28_days_by_country": whole,
            "calls_of_each_cycle": calls,
            "calls_of_a_quiet_cycle": spread(quiet),
            "share": round(max(quiet) / whole, 3),
            "days_staler_than_their_tier": len(stale),
        },
    )

    assert max(quiet) <= whole / 10
    assert stale == []


def test_twenty_accounts_at_one_second_a_call(tmp_path: Path) -> None:
    seconds, calls = [], []
    with served(many_plans(20)) as world:
        run = Pathways(tmp_path / "data", extra=world.environment)
        cycle = ("run", "--backfill-minutes", "0")
        pathways(run, *cycle)
        world.ask("latency", 1.0)
        for number in range(1, 4):
            before = world.ask("count")
            cost = pathways(at(run, START + number * QUARTER), *cycle)
            seconds.append(cost.wall)
            calls.append(world.ask("count") - before)
    path = ROOT / "bench" / "quiet_cycle.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    report(
        "quiet_cycle",
        known
        | {
            "twenty_accounts_at_one_second_a_call": {
                "seconds": spread(seconds),
                "calls": spread(calls),
            }
        },
    )

    assert max(seconds) <= 60
