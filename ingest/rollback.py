"""Going back to an earlier snapshot, and letting go of it again.

Neither waits for the cycle's lock: who rolls back has no time for a run that hangs. The
snapshot is held against pruning while it is verified, and the pointer is replaced under
the lock of its own.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ingest import by_hand, pointer, snapshots
from ingest.by_hand import RESUME, ROLLBACK, ByHand
from ingest.errors import SnapshotError
from ingest.failpoints import reached
from ingest.files import read_json, write_json
from ingest.snapshot_ids import order
from ingest.snapshots import Snapshot


def roll_back(
    data_dir: Path, snapshot_id: str | None, now: datetime, by: str, why: str
) -> ByHand:
    """Make a snapshot current until it is released; what was done.

    Args:
        snapshot_id: None for the newest whole one before the current one.

    Raises:
        SnapshotError: there is no such snapshot, or it is damaged; nothing changed.
    """
    if snapshot_id is None:
        candidates = _before_the_current(data_dir)
    else:
        found = snapshots.find(data_dir, snapshot_id)
        candidates = iter([found] if found else [])
    return _move(data_dir, candidates, _doing(ROLLBACK, now, by, why))


def resume(data_dir: Path, now: datetime, by: str, why: str) -> ByHand:
    """Make the newest whole snapshot current and let the next ones follow.

    Raises:
        SnapshotError: nothing is pinned, or no snapshot is whole; nothing changed.
    """
    if pointer.pin(data_dir) is None:
        raise SnapshotError(
            "Nothing is pinned: readers get the newest snapshot.",
            "`pathways status` says which one.",
            code="SNAP-003",
        )
    done = _doing(RESUME, now, by, why)
    return _move(data_dir, snapshots.on_disk(data_dir), done)


def look_at(data_dir: Path, pinned: ByHand) -> str:
    """A pin as a sentence.

    Raises:
        SnapshotError: readers do not get what they were rolled back to, and no run
            makes that good.
    """
    snapshot = snapshots.find(data_dir, pinned.snapshot_id)
    if snapshot is None or not snapshot.is_whole():
        raise SnapshotError(
            f"Readers were rolled back to {pinned.snapshot_id}, which is damaged.",
            "They get an older one: `pathways rollback --to ID` gives them another, "
            "`pathways rollback --resume` the newest.",
            code="SNAP-004",
        )
    return by_hand.said(pinned)


def _before_the_current(data_dir: Path) -> Iterator[Snapshot]:
    pointed = pointer.read(data_dir)
    at = order(pointed.snapshot_id) if pointed else None
    for snapshot in snapshots.on_disk(data_dir):
        if at is None or order(snapshot.snapshot_id) < at:
            yield snapshot


def _move(data_dir: Path, candidates: Iterator[Snapshot], done: ByHand) -> ByHand:
    """Let the pointer name the first candidate that is whole."""
    damaged = []
    for snapshot in candidates:
        with _held(snapshot) as is_there:
            if is_there and snapshot.is_whole():
                reached("rollback.verified")
                with pointer.replacing(data_dir):
                    return _point(data_dir, snapshot, done)
        damaged.append(snapshot.snapshot_id)
    why = "There is no such snapshot."
    if damaged:
        why = f"What is there is damaged or gone: {', '.join(damaged)}."
    known = ", ".join(each.snapshot_id for each in snapshots.on_disk(data_dir))
    raise SnapshotError(
        f"{why} Readers get what they got before.",
        f"Snapshots here, newest first: {known}." if known else "Run `pathways run`.",
        code="SNAP-002",
    )


def _point(data_dir: Path, snapshot: Snapshot, done: ByHand) -> ByHand:
    pointer.mend(data_dir)
    before = pointer.read(data_dir)
    instead_of = before.snapshot_id if before else None
    done = replace(done, snapshot_id=snapshot.snapshot_id, instead_of=instead_of)
    previous = instead_of
    if before and before.snapshot_id == snapshot.snapshot_id:
        previous = before.previous
    pointer.replace(data_dir, snapshots.pointing_at(data_dir, snapshot, previous, done))
    reached("rollback.pointer_replaced")
    pointer.link(data_dir, snapshot.file)
    by_hand.record(data_dir, done)
    reached("rollback.recorded")
    status = read_json(data_dir / "status.json")
    if status is not None:
        pinned = by_hand.told(pointer.pin(data_dir))
        changed = {"snapshot_id": snapshot.snapshot_id, "pinned": pinned}
        write_json(data_dir / "status.json", {**status, **changed})
    return done


@contextmanager
def _held(snapshot: Snapshot) -> Iterator[bool]:
    """Keep a snapshot from being pruned; whether it is there at all."""
    try:
        descriptor = os.open(snapshot.file, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield os.fstat(descriptor).st_nlink > 0
    finally:
        os.close(descriptor)


def _doing(verb: str, now: datetime, by: str, why: str) -> ByHand:
    # What the terminal's encoding could not read is half a character each.
    readable = why.encode(errors="replace").decode()
    return ByHand(verb, "", None, now.isoformat(), by, readable)
