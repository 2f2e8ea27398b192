"""What manifests say, and that a damaged one stops neither publishing nor pruning."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest import publications, snapshots
from ingest.failpoints import Injected, arm
from ingest.kept_snapshots import Shelf
from ingest.old_snapshots import prune
from ingest.publications import Publication
from ingest.rollback import resume, roll_back
from ingest.snapshots import find, newest, publish
from tests.fixtures.small_builds import NOON, build, published, spend_in

LATER = NOON + timedelta(hours=1)
A_WEEK = Shelf(newest=1, days=7, most_bytes=10**9)


def manifest(data_dir: Path, snapshot_id: str) -> Path:
    return data_dir / "snapshots" / f"{snapshot_id}.json"


def change(data_dir: Path, snapshot_id: str, **changes: Any) -> None:
    file = manifest(data_dir, snapshot_id)
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def previous(data_dir: Path, snapshot_id: str) -> object:
    return json.loads(manifest(data_dir, snapshot_id).read_text())["previous"]


def die_while_publishing(data_dir: Path, number: int) -> str:
    """A publish that dies with its manifest written and the pointer as it was."""
    build(data_dir, number)
    arm("publish.manifest_written:1:raise")
    try:
        with pytest.raises(Injected):
            publish(data_dir, NOON + timedelta(minutes=number), f"17726036{number}.5")
    finally:
        arm("")
    found = newest(data_dir)
    assert found is not None
    return found.snapshot_id


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"published_at": "2026-03-10T1x:02:05+00:00"}, id="moment"),
        *(
            pytest.param(each, marks=pytest.mark.slow, id=str(each))
            for each in (
                {"published_at": "2026-03-10T12:02:05"},
                {"bytes": "many"},
                {"sha256": 7},
            )
        ),
    ],
)
def test_a_damaged_manifest_is_none_and_stops_nothing(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    ids = published(tmp_path, 3)
    change(tmp_path, ids[2], **changes)

    build(tmp_path, 9)
    again = publish(tmp_path, LATER, "1772609999.5")
    prune(tmp_path, A_WEEK)

    assert find(tmp_path, ids[2]) is None
    assert spend_in(tmp_path / "current.duckdb") == 9
    assert find(tmp_path, again.snapshot_id) == again


def test_a_zone_that_nobody_knows_is_left_out(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)
    change(tmp_path, ids[1], zones=["UTD", "America", "../etc", "", 7, "Asia/Riyadh"])

    removed = prune(tmp_path, A_WEEK)

    snapshot = find(tmp_path, ids[1])
    assert snapshot is not None
    assert snapshot.zones == ("Asia/Riyadh",)
    assert removed == []


def test_a_name_is_never_given_twice_though_others_are_pruned(tmp_path: Path) -> None:
    ids = []
    for number in range(4):
        build(tmp_path, number)
        ids.append(publish(tmp_path, NOON, "1772603600.5").snapshot_id)
        prune(tmp_path, Shelf(newest=1, days=0, most_bytes=0))

    assert len(set(ids)) == 4
    found = newest(tmp_path)
    assert found is not None
    assert (found.snapshot_id, spend_in(found.file)) == (ids[3], 3)


def test_a_name_that_the_warehouse_remembers_is_not_given_again(
    tmp_path: Path,
) -> None:
    """Somebody removed the newest snapshot by hand after it was noted."""
    ids = published(tmp_path, 1)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        publications.record(connection, tmp_path)
    for file in (tmp_path / "snapshots").iterdir():
        file.unlink()

    again = publish(tmp_path, NOON, "1772603600.5")

    assert again.snapshot_id == f"{ids[0]}-2"


def test_a_publish_that_died_before_its_pointer_is_stepped_over(
    tmp_path: Path,
) -> None:
    ids = published(tmp_path, 2)
    dead = die_while_publishing(tmp_path, 20)
    build(tmp_path, 30)

    after = publish(tmp_path, LATER, "1772609999.5").snapshot_id

    assert previous(tmp_path, dead) == previous(tmp_path, after) == ids[1]


@pytest.mark.slow
def test_what_is_published_while_pinned_names_the_one_before_it(
    tmp_path: Path,
) -> None:
    ids = published(tmp_path, 3)
    roll_back(tmp_path, ids[0], LATER, "ana", "wrong")
    held = [publish(tmp_path, LATER, f"177260999{n}.5").snapshot_id for n in range(2)]
    resume(tmp_path, LATER, "ana", "right")
    after = publish(tmp_path, LATER, "1772609993.5").snapshot_id

    names = [previous(tmp_path, each) for each in (*held, after)]

    assert names == [ids[2], *held]


def noted(data_dir: Path) -> list[Publication]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        publications.record(connection, data_dir)
        return publications.recorded(connection)


def test_what_nobody_ever_had_is_no_publication(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)
    die_while_publishing(tmp_path, 20)
    before = noted(tmp_path)
    build(tmp_path, 30)
    after = publish(tmp_path, LATER, "1772609999.5").snapshot_id

    then = noted(tmp_path)

    assert [each.snapshot_id for each in before] == ids
    assert [each.snapshot_id for each in then] == [*ids, after]
    assert then[1].holds_at(datetime(2026, 3, 10, 12, 45, tzinfo=UTC))


@pytest.mark.slow
def test_what_was_gone_back_from_was_published_whoever_steps_over_it(
    tmp_path: Path,
) -> None:
    ids = published(tmp_path, 3)
    roll_back(tmp_path, None, LATER, "ana", "wrong")
    bad = snapshots.find(tmp_path, ids[2])
    assert bad is not None
    bad.file.chmod(0o600)
    bad.file.write_bytes(b"damaged")
    # The newest whole one is what readers have already.
    resume(tmp_path, LATER, "ana", "go on")
    after = publish(tmp_path, LATER, "1772609999.5").snapshot_id

    assert previous(tmp_path, after) == ids[1]
    assert [each.snapshot_id for each in noted(tmp_path)] == [*ids, after]
