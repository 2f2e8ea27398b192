"""What a scheduler, an operator and a power cut see of `pathways run`."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.sandbox.faults import graph_error
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, World, build_world, default_plans
from ingest.warehouse import changed_since
from tests.conftest import Pathways

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
MakePathways = Callable[..., Pathways]


def small_world() -> World:
    """Two stores of one campaign each, with ninety days of history."""
    plans = [
        replace(plan, campaigns=1, adsets_per_campaign=1, created_days_ago=90)
        for plan in default_plans()
    ]
    return build_world(plans, seed=DEFAULT_SEED, start=START)


@pytest.fixture
def small() -> Iterator[Sandbox]:
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after a first cycle of the small world, without history."""
    data_dir = tmp_path_factory.mktemp("first") / "data"
    with Sandbox(small_world()) as sandbox:
        ended = Pathways(data_dir, sandbox)("run", "--backfill-minutes", "0")
    assert ended.exit_code == 0, ended.err
    return data_dir


@pytest.fixture
def after_first_run(small: Sandbox, first_run: Path, tmp_path: Path) -> Pathways:
    """A copy of that folder of its own, on a sandbox of the same world."""
    data_dir = tmp_path / "data"
    shutil.copytree(first_run, data_dir, symlinks=True)
    return Pathways(data_dir, small)


def insight_calls(sandbox: Sandbox) -> list[str]:
    return [
        f"{entry.path} {sorted(entry.params.items())}"
        for entry in sandbox.requests
        if entry.path.endswith("/insights")
    ]


def test_of_five_runs_at_once_one_works_and_four_exit_75(
    after_first_run: Pathways,
) -> None:
    run = after_first_run

    processes = [run.start("run", "--backfill-minutes", "0") for _ in range(5)]
    ended = [(process.communicate()[1], process.returncode) for process in processes]

    assert sorted(code for _, code in ended) == [0, 75, 75, 75, 75]
    refusals = [text for text, code in ended if code == 75]
    assert all("RUN-075" in text and "pid" in text for text in refusals)


@pytest.mark.slow
def test_a_backfill_killed_midway_goes_on_where_it_was(
    small: Sandbox, after_first_run: Pathways
) -> None:
    run = after_first_run
    calls_before = len(insight_calls(small))

    killed = run.start("sync", "--full-history")
    deadline = time.monotonic() + 60
    while len(insight_calls(small)) < calls_before + 24 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    ended = run("run")

    assert ended.exit_code == 0, ended.err
    days = run.query(
        "select account_id, count(*), max(date_day) - min(date_day) + 1 "
        "from marts.account_days group by all"
    )
    assert [(count, span) for _, count, span in days] == [(91, 91), (91, 91)]
    status = json.loads((run.data_dir / "status.json").read_text())
    assert [a["backfill"]["is_complete"] for a in status["accounts"]] == [True, True]
    twice = run.query(
        "select count(*) from (select 1 from core.meta_receipts "
        "where resource = 'insights' and date_day < '2026-02-03' "
        "group by account_id, level, breakdown, date_day having count(*) > 1)"
    )
    assert twice == [(0,)]


@pytest.mark.slow
def test_an_expired_token_stops_its_account_only(
    small: Sandbox, pathways: MakePathways
) -> None:
    run = pathways(small)
    small.fail_account("act_100000000000001", "expired_token")

    ended = run("run", "--backfill-minutes", "0")

    assert ended.exit_code == 1
    assert "META-190" in ended.err
    assert "Renew the token" in ended.err
    stores = run.query("select distinct store from core.meta_daily_metrics")
    assert stores == [("noor",)]
    status = json.loads((run.data_dir / "status.json").read_text())
    by_store = {account["store"]: account for account in status["accounts"]}
    assert by_store["acme"]["failures"][0]["code"] == "META-190"
    assert by_store["noor"]["failures"] == []


@pytest.mark.slow
def test_a_failing_account_keeps_its_last_good_data(
    small: Sandbox, after_first_run: Pathways
) -> None:
    run = after_first_run
    before = run.query(
        "select count(*), sum(spend_account_currency) from core.meta_daily_metrics "
        "where store = 'acme'"
    )
    small.fail_account("act_100000000000001", "expired_token")
    small.clock.advance(days=1)

    ended = run("run", "--backfill-minutes", "0")

    assert ended.exit_code == 1
    after = run.query(
        "select count(*), sum(spend_account_currency) from core.meta_daily_metrics "
        "where store = 'acme'"
    )
    assert after == before


@pytest.mark.slow
def test_a_window_that_cannot_be_read_whole_is_reported_and_read_later(
    small: Sandbox, pathways: MakePathways
) -> None:
    run = pathways(small)
    refused = graph_error(100, status=400, message="(#100) Invalid parameter")
    of_acme = r"act_100000000000001/insights(?=.*level=adset)(?=.*breakdowns=country)"
    small.faults.add(fault=refused, match=of_acme, times=1)

    first = run("run", "--backfill-minutes", "0")
    held = run.query(
        "select count(*) from core.meta_adset_metrics "
        "where store = 'acme' and date_day = '2026-03-09'"
    )
    second = run("run", "--backfill-minutes", "0")
    healed = run.query(
        "select count(*) > 0 from core.meta_adset_metrics "
        "where store = 'acme' and date_day = '2026-03-09'"
    )

    assert (first.exit_code, second.exit_code) == (1, 0)
    assert "META-100" in first.err
    # Only the newest slice of that level was refused: its days wait, the rest is shown.
    assert held == [(0,)]
    assert healed == [(True,)]


@pytest.mark.slow
def test_an_account_without_campaigns_is_read_and_empty(
    tmp_path: Path,
) -> None:
    plan = replace(default_plans()[0], campaigns=0, created_days_ago=3)
    with Sandbox(build_world([plan], seed=DEFAULT_SEED, start=START)) as sandbox:
        run = Pathways(tmp_path / "data", sandbox)

        ended = run("run")

        assert ended.exit_code == 0, ended.err
        assert run.query("select count(*) from core.meta_insights") == [(0,)]
        assert run.query("select count(*) from marts.account_days") == [(4,)]


@pytest.mark.slow
def test_three_ticks_of_schedule_run_three_cycles_and_skip_the_overrun(
    small: Sandbox, pathways: MakePathways
) -> None:
    run = pathways(small)

    ended = run("schedule", "--every", "2s", "--ticks", "3", "--backfill-minutes", "0")

    assert ended.exit_code == 0, ended.err
    loads = run.query("select count(distinct load_id) from core.meta_receipts")
    # Later cycles find nothing due at a standing clock, so only the first publishes.
    assert loads == [(1,)]
    listings = [e for e in small.requests if e.path.endswith("/campaigns")]
    assert len(listings) == 2 * 3


@pytest.mark.slow
def test_the_plain_three_commands_do_what_run_does(
    small: Sandbox, pathways: MakePathways, root: Path
) -> None:
    import subprocess

    run = pathways(small)

    synced = run("sync")
    built = subprocess.run(
        [
            str(root / ".venv/bin/dbt"),
            "build",
            "--target-path",
            str(run.data_dir / "t"),
        ],
        cwd=root,
        env={**run.environment(), "DBT_LOG_PATH": str(run.data_dir / "logs")},
        capture_output=True,
        text=True,
        check=False,
    )
    published = run("publish")

    assert synced.exit_code == 0, synced.err
    assert built.returncode == 0, built.stdout[-2000:]
    assert published.exit_code == 0, published.err
    assert run.query("select count(*) > 0 from core.meta_daily_metrics") == [(True,)]


def test_a_build_that_fails_a_test_is_not_published(
    small: Sandbox, after_first_run: Pathways
) -> None:
    import duckdb

    run = after_first_run
    served = (run.data_dir / "current.json").read_text()
    with duckdb.connect(str(run.data_dir / "build.duckdb")) as connection:
        connection.execute(
            "update marts.build_results set status = 'fail' where node = 'meta_objects'"
        )

    ended = run("publish")

    assert ended.exit_code == 1
    assert "AUDIT-001" in ended.err
    assert "meta_objects" in ended.err
    assert (run.data_dir / "current.json").read_text() == served


@pytest.mark.slow
def test_a_build_is_published_under_the_newest_load_in_it(
    small: Sandbox, after_first_run: Pathways
) -> None:
    """What was loaded after it is no part of it, and the next cycle has to build it."""
    run = after_first_run
    built = json.loads(run("publish", "--json").out)["load_id"]
    small.clock.advance(hours=2)

    synced = run("sync")
    published = json.loads(run("publish", "--json").out)["load_id"]

    assert synced.exit_code == 0, synced.err
    assert published == built
    assert changed_since(run.data_dir, published)
