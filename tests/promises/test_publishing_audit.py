"""PUB-2: only what passed is published, and readers are told why nothing newer is."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from api.main import create_app
from api.settings import Settings
from ingest.sandbox.server import Sandbox
from tests.conftest import Pathways
from tests.fixtures.local_client import LocalClient
from tests.promises.crashed_runs import DAY_TWO, RUN, base_folder
from tests.warehouse.test_runs import small_world

pytestmark = pytest.mark.slow

COUNTING = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    tables = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_type = 'BASE TABLE'").fetchall()
    counts = {
        table: len(connection.execute(f"from {table}").fetchall())
        for (table,) in tables
    }
print(json.dumps([duckdb.__version__, counts]))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("audit") / "data"
    base_folder(data_dir)
    return data_dir


@pytest.fixture
def run(base: Path, tmp_path: Path) -> Iterator[Pathways]:
    """A copy of the first day's folder, a day later."""
    shutil.copytree(base, tmp_path / "data", symlinks=True)
    with Sandbox(small_world(), clock=DAY_TWO) as sandbox:
        yield Pathways(tmp_path / "data", sandbox)


def had_twice_as_much(data_dir: Path) -> None:
    """Readers have twice the spend of settled days, as if the build had lost half."""
    pointer = json.loads((data_dir / "current.json").read_text())
    file = data_dir / pointer["file"]
    file.chmod(0o600)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update core.meta_insights "
            "set spend_account_currency = 2 * spend_account_currency"
        )
    changed = {
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
    }
    for named in (data_dir / "current.json", file.with_suffix(".json")):
        named.write_text(json.dumps({**json.loads(named.read_text()), **changed}))


def meta(run: Pathways) -> Any:
    now = DAY_TWO + timedelta(minutes=5)
    app = create_app(Settings(run.data_dir, now=now))
    with LocalClient(app) as client:
        return client.get("/v1/dashboard?store=acme").json()["meta"]


def test_a_build_that_lost_much_is_refused_told_over_http_and_accepted_by_hand(
    run: Pathways,
) -> None:
    before = meta(run)["snapshot_id"]
    had_twice_as_much(run.data_dir)

    refused = run(*RUN)
    stale = meta(run)
    accepted = run("publish", "--accept-loss")
    again = run(*RUN)
    fresh = meta(run)

    assert refused.exit_code == 1
    assert "AUDIT-001" in refused.err
    assert "--accept-loss" in refused.err
    assert stale["snapshot_id"] == before
    assert stale["stale"]["since"] == DAY_TWO.isoformat().replace("+00:00", "Z")
    assert "spend on settled days" in stale["stale"]["why"]
    assert (accepted.exit_code, again.exit_code) == (0, 0), again.err
    assert fresh["snapshot_id"] > before
    assert fresh["stale"] is None


def test_a_row_that_is_not_what_was_received_stops_the_publish(run: Pathways) -> None:
    """Raw lost a cent on the way: the tests of conservation see it."""
    served = (run.data_dir / "current.json").read_text()
    with duckdb.connect(str(run.data_dir / "warehouse.duckdb")) as connection:
        connection.execute(
            "update raw_meta.ad_insights set spend = spend::decimal(18, 4) + 0.01 "
            "where rowid = (select min(rowid) from raw_meta.ad_insights "
            "where breakdown = 'none')"
        )

    built = run("build", "--full-refresh")
    published = run("publish")

    assert (built.exit_code, published.exit_code) == (1, 1)
    assert "assert_shown_rows_equal_their_receipts" in built.err
    assert "assert_shown_rows_equal_their_receipts ended with fail" in published.err
    assert (run.data_dir / "current.json").read_text() == served


def test_a_damaged_snapshot_is_published_anew_by_a_run_that_has_nothing_else_to_do(
    run: Pathways,
) -> None:
    first = run(*RUN)
    file = (run.data_dir / "current.duckdb").resolve()
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-4096])

    told = meta(run)
    second = run(*RUN)

    assert (first.exit_code, second.exit_code) == (0, 0), second.err
    assert "cannot be used" in told["warnings"][0]
    assert meta(run)["snapshot_id"] > file.stem
    assert meta(run)["warnings"] == []


def test_duckdb_1_4_opens_the_stable_file_and_reads_every_row(
    run: Pathways, tmp_path: Path
) -> None:
    """As a BI tool of the long-term release does, in a process of its own."""
    installed = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--only-binary", ":all:", "--target", str(tmp_path / "old")),
            "duckdb==1.4.*",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No matching distribution" in installed.stderr:
        pytest.skip("no package index in reach has DuckDB 1.4 for this machine")
    assert installed.returncode == 0, installed.stderr
    pointer = json.loads((run.data_dir / "current.json").read_text())
    manifest = json.loads(
        (run.data_dir / "snapshots" / f"{pointer['snapshot_id']}.json").read_text()
    )

    read = subprocess.run(
        [sys.executable, "-c", COUNTING, str(run.data_dir / "current.duckdb")],
        env={"PYTHONPATH": str(tmp_path / "old")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert read.returncode == 0, read.stderr
    version, counts = json.loads(read.stdout)
    assert version.startswith("1.4.")
    assert counts == manifest["row_counts"]
    assert sum(counts.values()) > 1000
    assert manifest["storage_version"].startswith("v1.4.0")


def test_a_run_that_publishes_while_pinned_says_so_everywhere(run: Pathways) -> None:
    pinned = run("rollback", "--to", meta(run)["snapshot_id"], "--reason", "a look")

    ended = run(*RUN)
    quiet = run(*RUN)
    told = meta(run)
    status = json.loads((run.data_dir / "status.json").read_text())
    file = run.data_dir / "snapshots" / f"{told['snapshot_id']}.duckdb"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-4096])
    damaged = run(*RUN)
    stale = json.loads((run.data_dir / "status.json").read_text())["stale"]
    released = run("rollback", "--resume")

    assert [each.exit_code for each in (pinned, ended, quiet, released)] == [0] * 4
    assert damaged.exit_code == 1
    assert "SNAP-004" in damaged.err
    assert told["snapshot_id"] in stale["why"]
    assert "readers stay at" in ended.err + ended.out
    assert "nothing changed" in quiet.err + quiet.out
    assert told["pinned"]["why"] == "a look"
    assert told["stale"]["since"] == told["pinned"]["since"]
    assert (
        status["pinned"]["snapshot_id"] == status["snapshot_id"] == told["snapshot_id"]
    )
    assert meta(run)["snapshot_id"] > told["snapshot_id"]
    assert meta(run)["pinned"] is None
