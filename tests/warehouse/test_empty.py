"""Nothing yet: no load, no store, no snapshot."""

import os
import subprocess
from pathlib import Path

from tests.conftest import Pathways


def test_dbt_build_on_an_empty_warehouse_makes_empty_tables(
    tmp_path: Path, root: Path
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    command = [
        str(root / ".venv/bin/dbt"),
        "build",
        "--target-path",
        str(tmp_path / "t"),
    ]
    environment = {
        **os.environ,
        "PATHWAYS__DATA_DIR": str(data_dir),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }

    ended = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout[-2000:]
    run = Pathways(data_dir)
    assert run.query(
        "select count(*) from core.meta_daily_metrics", "build.duckdb"
    ) == [(0,)]


def test_without_a_store_a_run_ends_before_it_writes(tmp_path: Path) -> None:
    run = Pathways(tmp_path / "data")

    ended = run("run")

    assert ended.exit_code == 2
    assert "CFG-003" in ended.err
    assert not run.data_dir.exists()


def test_without_a_token_a_run_ends_before_it_calls(tmp_path: Path) -> None:
    extra = {
        "SOURCES__META__STORES__ACME__ACCOUNTS": '["act_100000000000001"]',
        "SOURCES__META__STORES__ACME__REPORTING_CURRENCY": "USD",
    }
    run = Pathways(tmp_path / "data", extra=extra)

    ended = run("run")

    assert ended.exit_code == 2
    assert "CFG-004" in ended.err
    assert "SOURCES__META__STORES__ACME__ACCESS_TOKEN" in ended.err


def test_publish_without_a_build_says_what_to_run(tmp_path: Path) -> None:
    run = Pathways(tmp_path / "data")

    ended = run("publish", "--json")

    assert ended.exit_code == 1
    assert ended.document["error"]["code"] == "AUDIT-001"
    assert "pathways build" in ended.document["error"]["hint"]
