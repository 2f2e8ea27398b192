"""OPS-8: after many cycles nothing has grown that has no reason to."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.build import LOG_BYTES
from ingest.kept_snapshots import KEPT
from ingest.sandbox.server import Sandbox
from tests.conftest import Pathways
from tests.promises.crashed_runs import RUN, Folder
from tests.warehouse.test_runs import START, small_world

CYCLES = 20
MB = 2**20

pytestmark = pytest.mark.slow


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(small_world()) as sandbox:
        yield sandbox


def size_of(folder: Path) -> tuple[int, int]:
    """Files below a folder and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def test_after_twenty_cycles_nothing_has_grown_without_bound(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = Folder(Pathways(tmp_path / "data", sandbox))
    data_dir = folder.run.data_dir
    sizes: dict[int, dict[str, tuple[int, int]]] = {}
    for number in range(1, CYCLES + 1):
        # Half an hour a cycle: today is read again, and built, each second time.
        sandbox.clock.set(START + timedelta(minutes=30 * number))
        if number == 2:
            (data_dir / "logs" / "dbt.log").write_bytes(b"x" * (LOG_BYTES - MB))
        ended = folder(*RUN)
        assert ended.exit_code == 0, ended.err
        sizes[number] = {
            path.name: size_of(path) for path in data_dir.iterdir() if path.is_dir()
        }
        sizes[number]["files"] = (
            sum(path.is_file() for path in data_dir.iterdir()),
            sum(path.stat().st_size for path in data_dir.glob("*.duckdb")),
        )
    early, late = sizes[6], sizes[CYCLES]

    snapshots = list((data_dir / "snapshots").glob("*.duckdb"))
    logs = list((data_dir / "logs").iterdir())
    print("\n", early, "\n", late)
    assert len(snapshots) <= KEPT
    assert late["snapshots"][0] == 2 * len(snapshots)
    assert late["dlt"][0] <= early["dlt"][0]
    assert late["dlt"][1] < 5 * MB
    assert late["target"][0] <= early["target"][0]
    assert late["target"][1] < 1.2 * early["target"][1]
    assert all(log.stat().st_size <= 1.1 * LOG_BYTES for log in logs)
    assert len(logs) <= 6
    assert late["files"][0] == early["files"][0]
    # Raw grows by what was read again, the build not at all.
    assert late["files"][1] < 2 * early["files"][1]
    assert folder.leftovers() == []
