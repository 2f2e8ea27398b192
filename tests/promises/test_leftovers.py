"""OPS-1: what a dead run left half done is put in order by the next cycle's pruning."""

import os
from pathlib import Path

import pytest

from ingest import failpoints, files, snapshots
from ingest.failpoints import Injected
from ingest.kept_snapshots import Shelf
from ingest.old_snapshots import prune
from tests.fixtures.small_builds import NOON, build

SHELF = Shelf(3, days=0, most_bytes=0)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A build, published twice."""
    build(tmp_path)
    for load_id in ("1773144000.5", "1773144001.5"):
        snapshots.publish(tmp_path, NOON, load_id)
    return tmp_path


def dies_at(point: str, data_dir: Path) -> None:
    """A third publish that ends at a point."""
    failpoints.arm(f"{point}:raise")
    try:
        with pytest.raises(Injected):
            snapshots.publish(data_dir, NOON, "1773144002.5")
    finally:
        failpoints.arm("")


def test_link_that_still_names_the_snapshot_before_is_mended(data_dir: Path) -> None:
    dies_at("publish.pointer_replaced:1", data_dir)
    published = snapshots.current(data_dir)
    assert published is not None
    link = data_dir / "current.duckdb"
    assert not link.samefile(published.file)

    prune(data_dir, SHELF)

    assert link.samefile(published.file)
    assert not link.readlink().is_absolute()


def test_link_that_is_right_is_left_alone(data_dir: Path) -> None:
    before = (data_dir / "current.duckdb").lstat().st_ino

    prune(data_dir, SHELF)

    assert (data_dir / "current.duckdb").lstat().st_ino == before


def test_half_written_files_are_removed(data_dir: Path) -> None:
    folder = data_dir / "snapshots"
    for name in (".tmp-20260310T120006Z-1", ".20260310T120006Z-1.json.tmp"):
        (folder / name).write_bytes(b"half")

    prune(data_dir, SHELF)

    assert {path.suffix for path in folder.iterdir()} == {".duckdb", ".json"}
    assert len(list(folder.iterdir())) == 4


def test_pruning_that_dies_leaves_no_manifest_without_its_snapshot(
    data_dir: Path,
) -> None:
    for number in range(3, 6):
        snapshots.publish(data_dir, NOON, f"177314400{number}.5")
    failpoints.arm("prune.manifest_removed:1:raise")
    try:
        with pytest.raises(Injected):
            prune(data_dir, Shelf(2, days=0, most_bytes=0))
    finally:
        failpoints.arm("")

    folder = data_dir / "snapshots"
    orphans = [
        manifest.name
        for manifest in folder.glob("*.json")
        if not manifest.with_suffix(".duckdb").exists()
    ]
    assert orphans == []
    assert len(list(folder.glob("*.duckdb"))) == 5


def test_failed_write_leaves_no_half_file_that_takes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "source").write_bytes(b"x" * 100)
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        files.write_json(tmp_path / "status.json", {})
    with pytest.raises(OSError, match="No space"):
        files.copy_whole(tmp_path / "source", tmp_path / "target")

    assert [path.name for path in tmp_path.iterdir()] == ["source"]
