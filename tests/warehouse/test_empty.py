"""Nothing yet: no load, no store, no snapshot."""

from pathlib import Path

from tests.conftest import Pathways
from tests.warehouse.conftest import EmptyBuild


def test_dbt_build_on_an_empty_warehouse_makes_empty_tables(
    empty_build: EmptyBuild,
) -> None:
    assert empty_build.exit_code == 0, empty_build.out[-2000:]
    run = Pathways(empty_build.data_dir)
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
