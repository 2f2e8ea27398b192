"""Removes the snapshots and past states that nobody needs any more, and what a dead run
left of one.

A snapshot that is open stays: our readers hold a shared lock on it, and DuckDB's own
lock tells of a BI tool. Removing it would free no room before it is closed.
"""

import fcntl
import os
import struct
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from ingest import pointer, snapshots
from ingest.failpoints import reached
from ingest.kept_snapshots import Known, Shelf, kept
from ingest.snapshot_ids import order

# Past states that stay: those that were built last.
BUILT_AGAIN_KEPT = 3
# struct flock: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


def prune(data_dir: Path, shelf: Shelf) -> list[str]:
    """Remove snapshots beyond what `shelf` keeps; ids of those removed.

    The current, the previous, a pinned and an open one stay, whatever their age. What a
    dead run left half done is put in order.
    """
    folder = data_dir / "snapshots"
    removed = []
    with pointer.replacing(data_dir):
        pointer.mend(data_dir)
        files = sorted(
            folder.glob("*.duckdb"),
            key=lambda file: order(file.stem),
            reverse=True,
        )
        stay = _kept(data_dir, files, shelf)
        for file in files:
            if file.stem not in stay and _removed(file):
                removed.append(file.stem)
        for file in [*folder.glob(".tmp-*"), *folder.glob(".*.tmp")]:
            file.unlink()
    return removed


def prune_built_again(data_dir: Path) -> list[str]:
    """Remove past states but for those built last; ids of those removed.

    An open one stays. `pathways build --as-of` makes any of them again.
    """
    oldest_first = sorted(
        (data_dir / "as_of").glob("*.duckdb"), key=lambda file: file.stat().st_mtime_ns
    )
    return [file.stem for file in oldest_first[:-BUILT_AGAIN_KEPT] if _removed(file)]


def _kept(data_dir: Path, files: list[Path], shelf: Shelf) -> Collection[str]:
    pointed = pointer.read(data_dir)
    pinned = pointer.pin(data_dir)
    held = {pinned.snapshot_id if pinned else None}
    if pointed is not None:
        held |= {pointed.snapshot_id, pointed.previous}
    zones: set[str] = set()
    known = []
    for file in files:
        found = snapshots.find(data_dir, file.stem)
        published_at = None
        if found is not None:
            zones |= set(found.zones)
            published_at = datetime.fromisoformat(found.published_at)
        known.append(Known(file.stem, file.stat().st_size, published_at))
    return kept(known, shelf, held, zones)


def _removed(file: Path) -> bool:
    """Whether it could be removed: nobody has it open."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        if _is_open_elsewhere(descriptor):
            return False
        # The file last: a manifest without one would be found by nobody again.
        file.with_suffix(".json").unlink(missing_ok=True)
        reached("prune.manifest_removed")
        file.unlink()
        reached("prune.removed")
    finally:
        os.close(descriptor)
    return True


def _is_open_elsewhere(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    # Asks whether a lock for writing would be refused, as DuckDB's readers have one.
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, asked)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
