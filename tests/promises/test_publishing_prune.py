"""PUB-4, OPS-8: what pruning never takes away: current, previous, pinned, open."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from api.callers import EVERYONE
from api.settings import Settings
from api.snapshots import Snapshots
from ingest.kept_snapshots import Shelf
from ingest.old_snapshots import prune, prune_built_again
from ingest.rollback import roll_back
from ingest.snapshots import publish
from tests.fixtures.small_builds import NOON, build, published

ONE = Shelf(newest=1, days=0, most_bytes=0)
BI_TOOL = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(connection.execute("select spend from marts.accounts").fetchone(), flush=True)
    sys.stdin.readline()
"""


def left(data_dir: Path) -> set[str]:
    return {file.stem for file in (data_dir / "snapshots").glob("*.duckdb")}


@contextmanager
def bi_tool(file: Path) -> Iterator[None]:
    """Another process that reads a snapshot with DuckDB and nothing of ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", BI_TOOL, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "(0,)\n"
    try:
        yield
    finally:
        process.communicate("\n")


def test_current_previous_and_pinned_stay(tmp_path: Path) -> None:
    ids = published(tmp_path, 4)
    roll_back(tmp_path, ids[0], NOON, "ana", "wrong")
    build(tmp_path, 9)
    newest = publish(tmp_path, NOON + timedelta(hours=1), "1772609999.5")

    prune(tmp_path, ONE)

    # Pinned is 0; 3 was current before; the newest waits for the pin to go.
    assert left(tmp_path) == {ids[0], ids[3], newest.snapshot_id}


def test_a_damaged_pointer_unpins_nothing(tmp_path: Path) -> None:
    ids = published(tmp_path, 4)
    roll_back(tmp_path, ids[0], NOON, "ana", "wrong")
    (tmp_path / "current.json").write_text("{")

    prune(tmp_path, ONE)

    assert left(tmp_path) == {ids[0], ids[3]}


def test_one_that_a_bi_tool_has_open_stays_until_it_is_closed(tmp_path: Path) -> None:
    ids = published(tmp_path, 4)
    with bi_tool(tmp_path / "snapshots" / f"{ids[0]}.duckdb"):
        removed_meanwhile = prune(tmp_path, ONE)
    removed_then = prune(tmp_path, ONE)

    assert removed_meanwhile == [ids[1]]
    assert removed_then == [ids[0]]


def test_one_that_the_api_has_open_stays_until_it_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The table that is published here is not all that the API wants of a snapshot.
    monkeypatch.setattr("api.snapshots.Snapshots._connect", _connected)
    ids = published(tmp_path, 1)
    snapshots = Snapshots(Settings(tmp_path, poll_seconds=0))
    with snapshots.reading(EVERYONE) as reader:
        for number in range(1, 4):
            build(tmp_path, number)
            moment = NOON + timedelta(hours=number)
            ids.append(publish(tmp_path, moment, f"17726040{number}.5").snapshot_id)
        meanwhile = prune(tmp_path, ONE)
        assert reader.snapshot_id == ids[0]
        with snapshots.reading(EVERYONE) as newer:
            assert newer.snapshot_id == ids[3]
    then = prune(tmp_path, ONE)
    snapshots.close()

    assert meanwhile == [ids[1]]
    assert then == [ids[0]]


def test_past_states_that_were_built_last_stay_and_an_open_one(tmp_path: Path) -> None:
    folder = tmp_path / "as_of"
    folder.mkdir()
    # Built in another order than they were published in.
    for age, name in enumerate(["s2", "s5", "s1", "s4", "s3"]):
        for file in (folder / f"{name}.duckdb", folder / f"{name}.json"):
            file.write_text("")
            os.utime(file, (1000 - age, 1000 - age))

    with (folder / "s4.duckdb").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        meanwhile = prune_built_again(tmp_path)
    then = prune_built_again(tmp_path)

    assert (meanwhile, then) == (["s3"], ["s4"])
    assert {file.stem for file in folder.iterdir()} == {"s1", "s2", "s5"}
    assert len(list(folder.iterdir())) == 6
    assert prune_built_again(tmp_path / "none") == []


def test_the_last_one_of_each_day_stays_for_a_week(tmp_path: Path) -> None:
    # Every six hours from Tuesday 12:00 UTC on: 12, 18, 0, 6, 12, ...
    ids = published(tmp_path, 12, every=timedelta(hours=6))

    prune(tmp_path, Shelf(newest=1, days=7, most_bytes=10**9))

    # The last of each day is the one of 18:00; the newest is Friday's of 06:00.
    assert left(tmp_path) == {ids[1], ids[5], ids[9], ids[10], ids[11]}


def _connected(_: Snapshots, file: Path) -> object:
    import duckdb

    return duckdb.connect(file, read_only=True)
