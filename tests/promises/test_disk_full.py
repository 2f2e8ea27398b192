"""OPS-3: a disk that is or becomes full changes nothing that is served, is named with
its path and what is needed, and the next run heals."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingest import failpoints
from ingest.cycle import run_cycle
from ingest.disk import FLOOR_BYTES, disk_full, needed_bytes, require_room
from ingest.errors import DiskFull
from ingest.files import read_json
from ingest.sandbox.server import Sandbox, environment
from ingest.settings import load_settings
from tests.conftest import Pathways
from tests.promises.crashed_runs import (
    DAY_TWO,
    RUN,
    Facts,
    Folder,
    base_folder,
    differences,
)
from tests.warehouse.test_runs import small_world

MB = 2**20
FILESYSTEM_MB = 192


def test_three_times_the_last_files_are_needed() -> None:
    assert needed_bytes([70 * MB, 30 * MB]) == 300 * MB


def test_a_first_run_needs_the_floor() -> None:
    assert needed_bytes([]) == FLOOR_BYTES == 100 * MB


def test_too_little_room_is_refused_with_place_and_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"\0" * (40 * MB))
    usage = shutil.disk_usage(tmp_path)._replace(free=119 * MB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(DiskFull) as caught:
        require_room(tmp_path)

    assert caught.value.code == "DISK-001"
    assert caught.value.exit_code == 1
    assert str(tmp_path) in caught.value.message
    assert "119 MB free; 120 MB are needed" in caught.value.message


def test_just_enough_room_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=FLOOR_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    require_room(tmp_path)


def by(cause: Exception) -> Exception:
    """An error with this cause, as dlt wraps what its steps meet."""
    wrapped = RuntimeError("Pipeline execution failed")
    wrapped.__cause__ = cause
    return wrapped


@pytest.mark.parametrize(
    ("problem", "place"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x.json"), "/data/x"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/data/x.json"), "/data/x.json"),
        (OSError(errno.EFBIG, "File too large", "/data/x.json"), "/data/x.json"),
        (
            duckdb.IOException(
                'Could not write file "/data/build.duckdb": No space left on device'
            ),
            "/data/build.duckdb",
        ),
        (
            by(by(OSError(errno.ENOSPC, "No space left on device", "/data/dlt/job"))),
            "/data/dlt/job",
        ),
        (by(OSError(errno.ENOSPC, "No space left on device")), "the data folder"),
    ],
)
def test_full_disk_is_told_apart_wherever_it_was_met(
    problem: Exception, place: str
) -> None:
    found = disk_full(problem)

    assert found is not None
    assert found.code == "DISK-002"
    assert place in found.message


@pytest.mark.parametrize(
    "problem", [OSError(errno.EACCES, "Permission denied"), ValueError("no space")]
)
def test_other_trouble_is_no_full_disk(problem: Exception) -> None:
    assert disk_full(problem) is None


def test_cycle_goes_on_after_a_full_disk_and_status_json_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failpoints, "_armed", [])
    failpoints.arm("sync.accounts_read:1:enospc")
    with Sandbox(small_world()) as sandbox:
        for name, value in environment(sandbox).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATHWAYS__DATA_DIR", str(tmp_path / "data"))
        report = run_cycle(load_settings(), backfill_minutes=0)

    assert report.exit_code == 1
    status = read_json(tmp_path / "data" / "status.json") or {}
    assert "DISK-002" in str(status["failed_checks"])
    assert "The disk is full" in str(status["stale"])
    assert report.steps[-1].step == "prune"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small filesystem of its own."""
    folder = tmp_path_factory.mktemp("disk") / "small"
    folder.mkdir()
    size = f"size={FILESYSTEM_MB}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small filesystem cannot be mounted here: {mounted.stderr}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    data_dir = tmp_path_factory.mktemp("before") / "data"
    base_folder(data_dir)
    with Sandbox(small_world(), clock=DAY_TWO) as sandbox:
        yield Folder(Pathways(data_dir, sandbox))


@pytest.fixture(scope="module")
def new(before: Folder, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What an undisturbed run of the second day ends with."""
    folder = before.copied(tmp_path_factory.mktemp("after") / "data")
    ended = folder(*RUN)
    assert ended.exit_code == 0, ended.err
    return folder.served()


@pytest.fixture
def small(before: Folder, place: Path) -> Iterator[Folder]:
    """The folder of the first day on the small filesystem."""
    folder = before.copied(place / "data")
    yield folder
    shutil.rmtree(folder.run.data_dir)


def ballast(folder: Folder, leaves: int) -> Path:
    """A file that leaves so many bytes free."""
    path = folder.run.data_dir / "ballast"
    free = shutil.disk_usage(folder.run.data_dir).free
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - leaves)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("leaves", [0, 1 * MB, 20 * MB, 90 * MB])
def test_run_without_room_is_refused_early_and_the_next_run_heals(
    small: Folder, before: Folder, new: Facts, leaves: int
) -> None:
    filler = ballast(small, leaves)
    asked = len(small.run.sandbox.requests) if small.run.sandbox else 0

    ended = small(*RUN)
    served = small.served()
    calls = len(small.run.sandbox.requests) - asked if small.run.sandbox else 0
    filler.unlink()
    again = small(*RUN)

    assert ended.exit_code == 1, ended.err
    # Not even the lock's note fits on a disk without a single block.
    assert "[DISK-001]" in ended.err or (leaves == 0 and "[DISK-002]" in ended.err)
    assert str(small.run.data_dir) in ended.err
    assert calls == 0
    assert differences(served, before.served()) == []
    assert again.exit_code == 0, again.err
    assert differences(small.served(), new) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "sync.spool_opened:1",
        "sync.page_written:9",
        "sync.accounts_read:1",
        "load.step:6",
        "build.dbt_started:1",
        "audit.passed:1",
        "publish.renamed:1",
        "publish.manifest_written:1",
    ],
)
def test_disk_that_fills_on_the_way_is_named_and_the_next_run_heals(
    small: Folder, before: Folder, new: Facts, point: str
) -> None:
    filler = small.run.data_dir / "ballast"

    ended = small(*RUN, failpoint=f"{point}:fill={filler}")
    served = small.served()
    filler.unlink()
    again = small(*RUN)

    assert ended.exit_code == 1, ended.err
    assert "[DISK-002]" in ended.err
    assert "The disk is full: " in ended.err
    assert differences(served, before.served()) == []
    assert again.exit_code == 0, again.err
    assert differences(small.served(), new) == []
    assert small.leftovers() == []


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["sync", "build", "publish", "prune", "docs"])
def test_a_verb_on_a_full_disk_fails_in_plain_words(small: Folder, verb: str) -> None:
    ballast(small, 0)

    ended = small(verb)

    assert ended.exit_code in (0, 1), ended.err
    assert "RUN-003" not in ended.err
