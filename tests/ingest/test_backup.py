"""A copy of the warehouse that can take its place."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest import backup
from ingest.backup import back_up
from ingest.errors import BackupFailed
from ingest.failpoints import Injected, arm
from tests.fixtures.raw_tables import create, load, readings, rows

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
LOAD = "1772600000.1"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    create(folder)
    load(folder, LOAD, receipts=readings(NOW.date(), NOW))
    return folder


def test_copy_holds_what_the_warehouse_holds(data_dir: Path, tmp_path: Path) -> None:
    copy = back_up(data_dir, tmp_path / "elsewhere", NOW)

    manifest = json.loads(copy.file.with_suffix(".json").read_text())
    assert copy.file.name == "warehouse-20260310T093000Z-17726000001.duckdb"
    assert manifest["sha256"] == hashlib.sha256(copy.file.read_bytes()).hexdigest()
    assert manifest["load_id"] == LOAD
    assert manifest["row_counts"]["raw_meta.receipts"] == 2
    restored = tmp_path / "restored"
    restored.mkdir()
    (restored / "warehouse.duckdb").write_bytes(copy.file.read_bytes())
    everything = "from raw_meta.receipts order by all"
    assert rows(restored, everything) == rows(data_dir, everything)


def test_two_copies_stand_side_by_side(data_dir: Path, tmp_path: Path) -> None:
    first = back_up(data_dir, tmp_path, NOW)
    second = back_up(data_dir, tmp_path, NOW.replace(minute=45))

    assert first.file.exists()
    assert second.file.exists()
    assert first.file != second.file


def test_nothing_to_copy_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no warehouse"):
        back_up(tmp_path, tmp_path / "copies", NOW)

    assert not (tmp_path / "copies").exists()


def test_copy_that_cannot_be_read_back_is_no_copy(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(source: Path, target: Path) -> str:
        content = bytearray(source.read_bytes())
        content[20_000:30_000] = bytes(10_000)
        target.write_bytes(content)
        return "digest"

    monkeypatch.setattr(backup, "copy_whole", damaged)

    with pytest.raises(BackupFailed, match="read back"):
        back_up(data_dir, tmp_path / "copies", NOW)

    assert list((tmp_path / "copies").iterdir()) == []


def test_run_that_dies_in_it_leaves_no_copy_by_name(
    data_dir: Path, tmp_path: Path
) -> None:
    arm("backup.copied:1:raise")
    try:
        with pytest.raises(Injected):
            back_up(data_dir, tmp_path / "copies", NOW)
    finally:
        arm("")

    assert list((tmp_path / "copies").glob("*.duckdb")) == []
    copy = back_up(data_dir, tmp_path / "copies", NOW)
    assert sorted((tmp_path / "copies").iterdir()) == [
        copy.file,
        copy.file.with_suffix(".json"),
    ]
