"""Snapshots: immutable, never named twice, and a pointer that is old or new."""

import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from ingest import files, snapshots
from ingest.audit import audit_build
from ingest.errors import AuditFailed, SnapshotError
from ingest.kept_snapshots import Shelf
from ingest.old_snapshots import prune
from ingest.snapshots import current, publish
from tests.fixtures.small_builds import NOON, build, published, spend_in


def newest(count: int) -> Shelf:
    """Nothing is kept for its day."""
    return Shelf(count, days=0, most_bytes=0)


def test_nothing_is_current_before_the_first_publish(tmp_path: Path) -> None:
    snapshot = current(tmp_path)

    assert snapshot is None


def test_published_snapshot_is_current(tmp_path: Path) -> None:
    build(tmp_path, spend=7)

    snapshot = publish(tmp_path, NOON, "1772603600.5")

    assert current(tmp_path) == snapshot
    assert spend_in(snapshot.file) == 7
    assert snapshot.load_id == "1772603600.5"
    assert snapshot.published_at == "2026-03-10T12:00:05+00:00"


def test_snapshot_is_read_only_and_its_digest_is_true(tmp_path: Path) -> None:
    build(tmp_path)

    snapshot = publish(tmp_path, NOON, "1772603600.5")

    assert stat.S_IMODE(snapshot.file.stat().st_mode) == 0o444
    digest = hashlib.sha256(snapshot.file.read_bytes()).hexdigest()
    assert snapshot.sha256 == digest


def test_snapshot_does_not_follow_later_builds(tmp_path: Path) -> None:
    build(tmp_path, spend=1)
    snapshot = publish(tmp_path, NOON, "1772603600.5")

    build(tmp_path, spend=2)

    assert spend_in(snapshot.file) == 1


def test_manifest_holds_what_rolling_back_needs(tmp_path: Path) -> None:
    build(tmp_path)
    first = publish(tmp_path, NOON, "1772603600.5")
    second = publish(tmp_path, NOON, "1772603601.5")

    manifest = json.loads(
        (tmp_path / "snapshots" / f"{second.snapshot_id}.json").read_text()
    )

    assert manifest["previous"] == first.snapshot_id
    assert manifest["load_id"] == "1772603601.5"
    assert manifest["row_counts"] == {"marts.accounts": 1}
    assert manifest["data_through"] == {"1": "2026-03-09"}
    assert manifest["bytes"] == second.file.stat().st_size


def test_names_are_unique_within_a_second(tmp_path: Path) -> None:
    build(tmp_path)

    ids = [publish(tmp_path, NOON, "1772603600.5").snapshot_id for _ in range(4)]

    assert len(set(ids)) == 4
    assert len(list((tmp_path / "snapshots").glob("*.duckdb"))) == 4


def test_link_and_pointer_name_the_same_file(tmp_path: Path) -> None:
    published(tmp_path, 2)

    pointer = json.loads((tmp_path / "current.json").read_text())

    link = tmp_path / "current.duckdb"
    assert link.resolve() == (tmp_path / pointer["file"]).resolve()
    assert not link.readlink().is_absolute()
    assert spend_in(link) == 1


def test_prune_keeps_the_newest(tmp_path: Path) -> None:
    ids = published(tmp_path, 5)

    removed = prune(tmp_path, newest(3))

    left = {file.stem for file in (tmp_path / "snapshots").iterdir()}
    assert sorted(removed) == ids[:2]
    assert left == set(ids[2:])


def test_prune_keeps_the_current_and_the_previous_one(tmp_path: Path) -> None:
    ids = published(tmp_path, 4)

    removed = prune(tmp_path, newest(1))

    assert sorted(removed) == ids[:2]
    assert current(tmp_path) is not None


def test_prune_keeps_a_current_one_that_is_old(tmp_path: Path) -> None:
    ids = published(tmp_path, 4)
    # As a rollback leaves it: the pointer names the oldest, after the newest.
    manifest = json.loads((tmp_path / "snapshots" / f"{ids[0]}.json").read_text())
    names = ("snapshot_id", "file", "sha256", "published_at")
    pointer = {name: manifest[name] for name in names} | {"previous": ids[3]}
    files.write_json(tmp_path / "current.json", pointer)

    removed = prune(tmp_path, newest(1))

    assert sorted(removed) == ids[1:3]
    snapshot = current(tmp_path)
    assert snapshot is not None
    assert spend_in(snapshot.file) == 0


def test_prune_removes_what_a_dead_publish_left(tmp_path: Path) -> None:
    published(tmp_path, 1)
    (tmp_path / "snapshots" / ".tmp-dead").write_bytes(b"half")

    removed = prune(tmp_path, newest(3))

    assert removed == []
    assert not (tmp_path / "snapshots" / ".tmp-dead").exists()


def test_reader_of_a_pruned_snapshot_reads_on(tmp_path: Path) -> None:
    published(tmp_path, 1)
    oldest = current(tmp_path)
    assert oldest is not None
    with duckdb.connect(str(oldest.file), read_only=True) as reader:
        published_later = published(tmp_path, 3)
        prune(tmp_path, newest(1))

        found = reader.execute("select spend from marts.accounts").fetchall()

    assert published_later
    assert not oldest.file.exists()
    assert found == [(0,)]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[: len(whole) // 2], id="cut in half"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda whole: b"\0" * len(whole), id="zeros"),
        pytest.param(
            # The last block holds rows or their lists; each block has a checksum.
            lambda whole: whole[:12_288] + b"\xff" * (len(whole) - 12_288),
            id="header only",
        ),
    ],
)
def test_damaged_copy_is_refused_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]
) -> None:
    build(tmp_path, spend=1)
    good = publish(tmp_path, NOON, "1772603600.5")
    build(tmp_path, spend=2)

    def bad_disk(source: Path, target: Path) -> str:
        digest = files.copy_whole(source, target)
        target.write_bytes(damage(target.read_bytes()))
        return digest

    monkeypatch.setattr(snapshots, "copy_whole", bad_disk)
    with pytest.raises(SnapshotError, match="cannot be read back"):
        publish(tmp_path, NOON, "1772603601.5")

    assert current(tmp_path) == good
    assert spend_in(tmp_path / "current.duckdb") == 1


@pytest.mark.parametrize(
    ("renames", "pointed", "linked"),
    [
        pytest.param(0, 1, 1, id="before the copy has its name"),
        pytest.param(1, 1, 1, id="before the manifest"),
        pytest.param(2, 1, 1, id="before the pointer"),
        pytest.param(3, 2, 1, id="before the link"),
        pytest.param(4, 2, 2, id="after everything"),
    ],
)
def test_publish_that_dies_between_its_renames_leaves_old_or_new(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    renames: int,
    pointed: int,
    linked: int,
) -> None:
    build(tmp_path, spend=1)
    publish(tmp_path, NOON, "1772603600.5")
    build(tmp_path, spend=2)
    left, replace = iter(range(renames)), os.replace

    def dying(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(os, "replace", dying)
        publish(tmp_path, NOON, "1772603601.5")

    snapshot = current(tmp_path)
    assert snapshot is not None
    assert spend_in(snapshot.file) == pointed
    assert spend_in(tmp_path / "current.duckdb") == linked


def test_readers_find_a_whole_snapshot_at_every_moment(tmp_path: Path) -> None:
    build(tmp_path)
    publish(tmp_path, NOON, "1772603600.5")
    done = threading.Event()
    pointed: list[bool] = []
    linked: list[bool] = []

    def read() -> None:
        while not done.is_set():
            pointer = json.loads((tmp_path / "current.json").read_text())
            pointed.append((tmp_path / pointer["file"]).exists())
            linked.append((tmp_path / "current.duckdb").exists())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(4):
        publish(tmp_path, NOON, "1772603600.5")
    done.set()
    reader.join()

    assert pointed
    assert all(pointed)
    assert all(linked)


def test_damaged_pointer_is_no_current_snapshot(tmp_path: Path) -> None:
    published(tmp_path, 1)
    (tmp_path / "current.json").write_text('{"snapshot_id": "2026')

    snapshot = current(tmp_path)

    assert snapshot is None


@pytest.mark.parametrize(
    "mark", ["", ", null::varchar as load_id"], ids=["none", "null"]
)
def test_build_that_does_not_say_which_loads_it_holds_is_not_published(
    tmp_path: Path, mark: str
) -> None:
    """One of an earlier release, or of an empty warehouse."""
    build(tmp_path)
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute(
            "create table marts.build_results as select 'build' as command, "
            f"false as is_selection, 'ended' as status, null as node{mark}"
        )

    with pytest.raises(AuditFailed, match="build it again"):
        audit_build(tmp_path, None)
