"""PUB-4: back to an earlier snapshot in one step, and it stays until it is let go."""

import fcntl
import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from ingest import pointer, snapshots
from ingest.by_hand import pin_at, records
from ingest.errors import FileRefused, LockHeld, SnapshotError
from ingest.kept_snapshots import Shelf
from ingest.lock import exclusive
from ingest.old_snapshots import prune
from ingest.rollback import look_at, resume, roll_back
from ingest.snapshots import current, publish
from tests.conftest import Pathways
from tests.fixtures.small_builds import NOON, build, published, spend_in
from tests.fixtures.world_database import contracts

LATER = NOON + timedelta(hours=1)
BY = ("ana", "wrong spend")


def record(data_dir: Path) -> list[dict[str, str]]:
    lines = (data_dir / "rollbacks.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line]


def named(data_dir: Path) -> tuple[str, int]:
    """What readers of the pointer and of the link get."""
    snapshot = current(data_dir)
    assert snapshot is not None
    return snapshot.snapshot_id, spend_in(data_dir / "current.duckdb")


def damage(data_dir: Path, snapshot_id: str) -> None:
    file = data_dir / "snapshots" / f"{snapshot_id}.duckdb"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)


def test_readers_get_the_one_before_and_who_did_it_is_written_down(
    tmp_path: Path,
) -> None:
    ids = published(tmp_path, 3)

    done = roll_back(tmp_path, None, LATER, *BY)

    assert named(tmp_path) == (ids[1], 1)
    assert (done.snapshot_id, done.instead_of) == (ids[1], ids[2])
    (line,) = record(tmp_path)
    assert (line["verb"], line["by"], line["why"]) == ("rollback", *BY)
    assert line["at"] == "2026-03-10T13:00:05+00:00"


def test_going_back_again_goes_one_further(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)

    roll_back(tmp_path, None, LATER, *BY)
    roll_back(tmp_path, None, LATER, *BY)

    assert named(tmp_path) == (ids[0], 0)


def test_what_is_published_meanwhile_is_kept_and_not_read(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)
    roll_back(tmp_path, ids[0], LATER, *BY)

    build(tmp_path, 7)
    new = publish(tmp_path, LATER, "1772609999.5")

    assert named(tmp_path) == (ids[0], 0)
    assert new.file.exists()
    assert snapshots.last_published(tmp_path) == new


def test_letting_go_gives_the_newest_and_what_comes_next(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)
    roll_back(tmp_path, ids[0], LATER, *BY)

    resume(tmp_path, LATER, "ben", "it was right")
    resumed = named(tmp_path)
    build(tmp_path, 7)
    new = publish(tmp_path, LATER, "1772609999.5")

    assert resumed == (ids[2], 2)
    assert named(tmp_path) == (new.snapshot_id, 7)
    assert [line["verb"] for line in record(tmp_path)] == ["rollback", "resume"]


@pytest.mark.parametrize(
    "reason",
    ["bad\u2028rates\u2029\x85\n\r\x1e!", "bad \udcff"],
)
def test_no_character_of_a_reason_loses_the_pin(tmp_path: Path, reason: str) -> None:
    ids = published(tmp_path, 3)
    roll_back(tmp_path, ids[1], LATER, "ana", reason)
    for _ in range(2):
        prune(tmp_path, Shelf(3, days=0, most_bytes=0))
    (tmp_path / "current.json").write_text("{")

    publish(tmp_path, LATER, "1772609999.5")

    (line,) = records(tmp_path)
    assert line.why == reason.replace("\udcff", "?")
    assert pin_at(tmp_path, LATER) == line
    assert named(tmp_path) == (ids[1], 1)


def test_going_back_to_what_is_current_forgets_nothing(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)

    roll_back(tmp_path, ids[2], LATER, *BY)
    prune(tmp_path, Shelf(1, days=0, most_bytes=0))

    pointed = pointer.read(tmp_path)
    assert pointed is not None
    assert pointed.previous == ids[1]
    assert {each.stem for each in tmp_path.glob("snapshots/*.duckdb")} == set(ids[1:])


def test_what_root_writes_belongs_to_the_folders_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path, 2)
    (tmp_path / "status.json").write_text("{}")
    given: dict[str, tuple[int, int]] = {}

    def give(descriptor: int, user: int, group: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        given[name] = (user, group)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", give)
    roll_back(tmp_path, None, LATER, *BY)

    owner = tmp_path.stat()
    names = {".current.json.tmp", ".status.json.tmp", "rollbacks.jsonl", "pointer.lock"}
    assert given == dict.fromkeys(names, (owner.st_uid, owner.st_gid))


def test_a_pointer_that_may_not_be_read_stops_the_publish_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = published(tmp_path, 2)
    roll_back(tmp_path, None, LATER, *BY)
    read_bytes = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == "current.json":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    with monkeypatch.context() as refused:
        refused.setattr(Path, "read_bytes", refusing)
        with pytest.raises(FileRefused, match="may not be read") as told:
            publish(tmp_path, LATER, "1772609999.5")

    assert f"chown --reference={tmp_path}" in told.value.hint
    assert named(tmp_path) == (ids[0], 0)
    assert pointer.pin(tmp_path) is not None


def test_only_a_whole_snapshot_is_gone_back_to(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)
    damage(tmp_path, ids[1])

    with pytest.raises(SnapshotError, match=ids[1]):
        roll_back(tmp_path, ids[1], LATER, *BY)
    unchanged = named(tmp_path)
    roll_back(tmp_path, None, LATER, *BY)

    assert unchanged == (ids[2], 2)
    assert named(tmp_path) == (ids[0], 0)


@pytest.mark.parametrize("snapshot_id", ["20260310T000000Z-1", "../current", ""])
def test_an_unknown_snapshot_is_refused_with_those_there_are(
    tmp_path: Path, snapshot_id: str
) -> None:
    ids = published(tmp_path, 2)

    with pytest.raises(SnapshotError) as refused:
        roll_back(tmp_path, snapshot_id, LATER, *BY)

    assert ids[0] in refused.value.hint
    assert named(tmp_path) == (ids[1], 1)


def test_nothing_is_let_go_where_nothing_is_pinned(tmp_path: Path) -> None:
    published(tmp_path, 1)

    with pytest.raises(SnapshotError, match="Nothing is pinned"):
        resume(tmp_path, LATER, *BY)


def test_a_run_that_hangs_keeps_nobody_from_rolling_back(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)

    with exclusive(tmp_path, "run", NOON):
        roll_back(tmp_path, None, LATER, *BY)

    assert named(tmp_path) == (ids[0], 0)


def test_a_publish_under_way_does_not_undo_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run read the pointer long before; the rollback comes in between."""
    ids = published(tmp_path, 2)
    build(tmp_path, 7)

    def meanwhile(point: str) -> None:
        if point == "publish.manifest_written":
            roll_back(tmp_path, ids[0], LATER, *BY)

    monkeypatch.setattr(snapshots, "reached", meanwhile)
    publish(tmp_path, LATER, "1772609999.5")

    assert named(tmp_path) == (ids[0], 0)


def test_many_at_once_leave_one_pointer_and_every_line(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)

    threads = [
        threading.Thread(
            target=roll_back, args=(tmp_path, ids[n % 3], LATER, str(n), "")
        )
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = record(tmp_path)
    assert {line["by"] for line in lines} == {str(n) for n in range(12)}
    snapshot_id, spend = named(tmp_path)
    assert snapshot_id == lines[-1]["snapshot_id"] == ids[spend]


def test_who_holds_the_pointer_for_ever_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path, 2)
    monkeypatch.setattr(pointer, "LONGEST_WAIT_SECONDS", 0.05)
    descriptor = os.open(tmp_path / "pointer.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    with pytest.raises(LockHeld) as refused:
        roll_back(tmp_path, None, LATER, *BY)
    os.close(descriptor)

    assert (refused.value.code, refused.value.exit_code) == ("RUN-076", 75)


def test_a_damaged_pointer_is_written_anew_pinned_as_it_was(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)
    roll_back(tmp_path, ids[1], LATER, *BY)
    (tmp_path / "current.json").write_text("{")

    publish(tmp_path, LATER, "1772609999.5")

    assert named(tmp_path) == (ids[1], 1)
    pinned = pointer.pin(tmp_path)
    assert pinned is not None
    assert pinned.why == "wrong spend"


def test_a_damaged_one_that_readers_are_held_at_is_noticed(tmp_path: Path) -> None:
    ids = published(tmp_path, 3)
    done = roll_back(tmp_path, ids[1], LATER, *BY)

    well = look_at(tmp_path, done)
    damage(tmp_path, ids[1])
    with pytest.raises(SnapshotError, match=ids[1]) as told:
        look_at(tmp_path, done)

    assert "wrong spend" in well
    assert (told.value.code, "rollback --to" in told.value.hint) == ("SNAP-004", True)


def test_a_line_that_a_dead_process_did_not_write_is_made_good(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)
    roll_back(tmp_path, None, LATER, *BY)
    (tmp_path / "rollbacks.jsonl").write_text('{"verb": "rollb')

    prune(tmp_path, Shelf(3, days=0, most_bytes=0))

    lines = (tmp_path / "rollbacks.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["snapshot_id"] == ids[0]


def test_it_is_known_later_which_one_was_pinned_when(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)
    roll_back(tmp_path, ids[0], LATER, *BY)
    resume(tmp_path, LATER + timedelta(hours=1), *BY)

    at = [pin_at(tmp_path, LATER + timedelta(minutes=n)) for n in (-1, 0, 59, 60)]

    assert [pin and pin.snapshot_id for pin in at] == [None, ids[0], ids[0], None]


def of_kind(name: str, kind: str) -> str:
    """A value of a column's type, another in nearly each row."""
    number = f"hash(range, '{name}')"
    values = {
        "varchar": f"'{name} ' || {number} % 1000",
        "boolean": f"{number} % 2 = 0",
        "date": f"date '2024-01-01' + ({number} % 800)::integer",
        "timestamp with time zone": f"to_timestamp(1770000000 + {number} % 1000)",
    }
    return values.get(kind, f"({number} % 1000000 / 10000)::{kind}")


@pytest.mark.slow
def test_it_takes_less_than_a_second_with_ten_million_rows(tmp_path: Path) -> None:
    """Of the table that has most of them, with all of its columns."""
    columns = contracts()["core.meta_daily_metrics"]
    row = ", ".join(
        f"{of_kind(name, kind)} as {name}" for name, kind in columns.items()
    )
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("create schema core")
        connection.execute(
            f"create table core.meta_daily_metrics as select {row} from range(10000000)"
        )
    build(tmp_path)
    first = publish(tmp_path, NOON, "1772603600.5")
    publish(tmp_path, LATER, "1772603601.5")

    seconds = []
    for _ in range(3):
        started, busy = time.monotonic(), time.process_time()
        roll_back(tmp_path, first.snapshot_id, LATER, *BY)
        passed = time.monotonic() - started
        seconds.append((time.process_time() - busy, passed))

    size = f"{len(columns)} columns, {first.bytes / 1e6:.0f} MB"
    print(f"\nrollback of {size}: {seconds} s of the processor and in all")
    assert named(tmp_path)[0] == first.snapshot_id
    assert len(columns) > 30
    # Its own seconds: what else the machine does meanwhile is not its doing.
    assert min(own for own, _ in seconds) < 1


def test_the_verb_says_what_it_did_and_status_shows_it(tmp_path: Path) -> None:
    ids = published(tmp_path, 2)
    (tmp_path / "status.json").write_text('{"snapshot_id": null, "pinned": null}')
    run = Pathways(tmp_path)

    ended = run("rollback", "--reason", "wrong spend", "--json")
    status = json.loads((tmp_path / "status.json").read_text())
    again = run("rollback", "--resume", "--to", ids[0])

    assert ended.exit_code == 0, ended.err
    assert ended.document["snapshot_id"] == ids[0]
    assert status["snapshot_id"] == ids[0]
    assert status["pinned"]["why"] == "wrong spend"
    assert status["pinned"]["by"]
    assert again.exit_code == 2
