"""OPS-1: a run that dies at any step leaves the old or the new snapshot to readers, and
the next run ends with exactly the tables of an undisturbed one."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from ingest.sandbox.server import Sandbox
from tests.conftest import Ended, Pathways
from tests.promises import crash_points
from tests.promises.crashed_runs import (
    DAY_TWO,
    RUN,
    Facts,
    Folder,
    base_folder,
    differences,
    table_of,
)
from tests.warehouse.test_runs import small_world

pytestmark = pytest.mark.slow

RANDOM_SEED = 20260311
RANDOM_FOLDERS, KILLS_A_FOLDER = 2, 6
MakeFolder = Callable[[Folder], Folder]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash")


@pytest.fixture(scope="module")
def before(place: Path) -> Iterator[Folder]:
    """The folder after the first day's cycle, its sandbox a day later."""
    base_folder(place / "before")
    with Sandbox(small_world(), clock=DAY_TWO) as sandbox:
        yield Folder(Pathways(place / "before", sandbox))


@pytest.fixture(scope="module")
def synced(before: Folder, place: Path) -> Folder:
    """The second day is loaded."""
    return done(before.copied(place / "synced"), "sync")


@pytest.fixture(scope="module")
def built(synced: Folder, place: Path) -> Folder:
    """It is built too."""
    return done(synced.copied(place / "built"), "build")


@pytest.fixture(scope="module")
def after(before: Folder, place: Path) -> Folder:
    """The undisturbed run of the second day."""
    return done(before.copied(place / "after"), *RUN)


@pytest.fixture(scope="module")
def old(before: Folder) -> Facts:
    return before.served()


@pytest.fixture(scope="module")
def new(after: Folder, old: Facts) -> Facts:
    served = after.served()
    assert differences(served, old)
    return served


@pytest.fixture(scope="module")
def visible(after: Folder) -> Facts:
    return after.visible()


@pytest.fixture
def copied(tmp_path: Path) -> MakeFolder:
    return lambda folder: folder.copied(tmp_path / "data")


@pytest.fixture(scope="module")
def matrix() -> Iterator[list[tuple[str, ...]]]:
    rows: list[tuple[str, ...]] = [
        ("point", "action", "exit", "served meanwhile", "next run", "equal", "s")
    ]
    yield rows
    print("\n" + table_of(rows))


def done(folder: Folder, *arguments: str) -> Folder:
    ended = folder(*arguments)
    assert ended.exit_code == 0, ended.err
    return folder


def which(folder: Folder, old: Facts, new: Facts) -> str:
    """What readers of the pointer and of the link find: old or new, whole."""
    names = []
    for found in (folder.pointed(), folder.served()):
        is_old, is_new = (not differences(found, each) for each in (old, new))
        assert is_old or is_new, "neither the old nor the new snapshot is served"
        names.append("old" if is_old else "new")
    return names[0] if len(set(names)) == 1 else "new, link old"


def disturbed(folder: Folder, failpoint: str, *arguments: str) -> Ended:
    """Run with a failpoint that is reached and ends the process as it should."""
    ended = folder(*arguments, failpoint=failpoint)
    action = failpoint.rpartition(":")[2]
    assert ended.exit_code == crash_points.EXIT_CODES[action], ended.err
    assert "breaks on purpose" in ended.err
    if action == "enospc":
        assert "[DISK-002]" in ended.err
    assert folder.is_free()
    return ended


def cases(points: tuple[tuple[str, int], ...], *actions: str) -> pytest.MarkDecorator:
    """Each place is killed; the other actions happen once a point."""
    first = dict(reversed(points))
    return pytest.mark.parametrize(
        "failpoint",
        [
            f"{point}:{nth}:{action}"
            for point, nth in points
            for action in actions
            if action == "kill" or first[point] == nth
        ],
    )


@cases(crash_points.IN_A_SYNC, "kill", "raise", "enospc")
def test_a_load_that_dies_is_made_good_by_the_next(
    before: Folder,
    old: Facts,
    new: Facts,
    visible: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(before), time.monotonic()

    ended = disturbed(folder, failpoint, "sync")
    served = which(folder, old, new)
    again = folder("sync")

    assert served == "old"
    assert again.exit_code == 0, again.err
    assert differences(folder.visible(), visible) == []
    assert folder.leftovers() == []
    note(matrix, failpoint, ended, served, again, started)


@cases(crash_points.IN_A_BUILD, "kill", "raise", "enospc", "term")
def test_a_build_that_dies_is_made_good_by_the_next(
    synced: Folder,
    old: Facts,
    new: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(synced), time.monotonic()

    ended = disturbed(folder, failpoint, "build")
    served = which(folder, old, new)
    again = done(folder, "build")("publish")

    assert served == "old"
    assert again.exit_code == 0, again.err
    assert differences(folder.served(), new) == []
    note(matrix, failpoint, ended, served, again, started)


@cases(crash_points.IN_A_PUBLISH, "kill", "raise", "enospc", "term")
def test_a_publish_that_dies_leaves_the_old_or_the_new(
    built: Folder,
    old: Facts,
    new: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(built), time.monotonic()

    ended = disturbed(folder, failpoint, "publish")
    served = which(folder, old, new)
    again = done(folder, "publish")("prune")

    assert again.exit_code == 0, again.err
    assert differences(folder.served(), new) == []
    assert folder.leftovers() == []
    note(matrix, failpoint, ended, served, again, started)


@cases(crash_points.IN_A_PRUNE, "kill", "raise", "enospc")
def test_a_pruning_that_dies_is_finished_by_the_next(
    before: Folder,
    old: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(before), time.monotonic()

    ended = disturbed(folder, failpoint, "prune", "--keep", "1")
    served = which(folder, old, old)
    again = folder("prune", "--keep", "1")

    assert again.exit_code == 0, again.err
    left = sorted(path.suffix for path in (folder.run.data_dir / "snapshots").iterdir())
    assert left == [".duckdb", ".json"]
    note(matrix, failpoint, ended, served, again, started)


@cases(crash_points.IN_A_COMPACTION, "kill", "raise", "enospc")
def test_a_warehouse_is_written_anew_whole_or_not_at_all(
    before: Folder,
    old: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(before), time.monotonic()
    visible = folder.visible()
    with duckdb.connect(str(folder.run.data_dir / "warehouse.duckdb")) as connection:
        connection.execute("update ledger.compactions set bytes = 1")

    ended = disturbed(folder, failpoint, "prune")
    served = which(folder, old, old)
    meanwhile = folder.visible()
    again = folder("prune")

    assert again.exit_code == 0, again.err
    assert differences(meanwhile, visible) == []
    assert differences(folder.visible(), visible) == []
    assert folder.leftovers() == []
    note(matrix, failpoint, ended, served, again, started)


@cases(crash_points.IN_A_ROLLBACK, "kill", "raise", "enospc")
def test_a_rollback_that_dies_leaves_one_of_the_two_and_is_done_by_the_next(
    after: Folder,
    old: Facts,
    new: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(after), time.monotonic()
    pointer = json.loads((folder.run.data_dir / "current.json").read_text())

    ended = disturbed(folder, failpoint, "rollback")
    served = which(folder, old, new)
    again = folder("rollback", "--to", pointer["previous"])
    log = (folder.run.data_dir / "rollbacks.jsonl").read_text().split("\n")

    assert again.exit_code == 0, again.err
    assert differences(folder.pointed(), old) == []
    assert differences(folder.served(), old) == []
    assert {json.loads(line)["snapshot_id"] for line in log if line} == {
        pointer["previous"]
    }
    assert folder.leftovers() == []
    note(matrix, failpoint, ended, served, again, started)


@cases(crash_points.IN_A_BACKUP, "kill", "raise", "enospc")
def test_a_backup_that_dies_is_none(
    before: Folder,
    old: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    failpoint: str,
) -> None:
    folder, started = copied(before), time.monotonic()
    copies = folder.run.data_dir / "backups"

    ended = disturbed(folder, failpoint, "backup")
    served = which(folder, old, old)
    half_done = [*copies.glob("*.duckdb")]
    again = folder("backup")

    assert again.exit_code == 0, again.err
    assert half_done == []
    assert sorted(path.suffix for path in copies.iterdir()) == [".duckdb", ".json"]
    note(matrix, failpoint, ended, served, again, started)


@pytest.mark.parametrize("points", crash_points.CYCLES, ids=["load", "build", "three"])
def test_cycles_killed_in_a_row_end_as_an_undisturbed_one(
    before: Folder,
    old: Facts,
    new: Facts,
    visible: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    points: tuple[str, ...],
) -> None:
    folder = copied(before)
    kills = []
    for point in points:
        started = time.monotonic()
        ended = disturbed(folder, f"{point}:kill", *RUN)
        served = which(folder, old, new)
        kills.append((f"cycle {point}:kill", ended, served, started))

    again = folder(*RUN)

    assert again.exit_code == 0, again.err
    assert differences(folder.served(), new) == []
    assert differences(folder.visible(), visible) == []
    assert folder.leftovers() == []
    for name, ended, served, started in kills:
        note(matrix, name, ended, served, again, started)


@pytest.mark.parametrize("number", range(RANDOM_FOLDERS))
def test_cycles_killed_at_random_end_as_an_undisturbed_one(
    before: Folder,
    old: Facts,
    new: Facts,
    copied: MakeFolder,
    matrix: list[tuple[str, ...]],
    number: int,
) -> None:
    folder = copied(before)
    moments = random.Random(RANDOM_SEED + number)
    kills = []
    for _ in range(KILLS_A_FOLDER):
        started = time.monotonic()
        seconds = moments.uniform(0.5, 15.0)
        process = folder.run.start(*RUN)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        out, err = process.communicate()
        served = which(folder, old, new)
        kills.append((seconds, Ended(process.returncode, out, err), served, started))

    again = folder(*RUN)

    assert again.exit_code == 0, again.err
    assert differences(folder.served(), new) == []
    assert folder.leftovers() == []
    for seconds, ended, served, started in kills:
        note(matrix, f"cycle after {seconds:.1f} s:kill", ended, served, again, started)


def note(
    matrix: list[tuple[str, ...]],
    failpoint: str,
    ended: Ended,
    served: str,
    again: Ended,
    started: float,
) -> None:
    point, _, action = failpoint.rpartition(":")
    seconds = f"{time.monotonic() - started:.1f}"
    exits = (str(ended.exit_code), served, str(again.exit_code))
    matrix.append((point, action, *exits, "yes", seconds))
