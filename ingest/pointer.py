"""The pointer to the snapshot that readers get.

`current.json` is replaced as a whole: which snapshot is read and why changes in one
rename. A rollback pins it: publishing goes on and the pointer stays, until it is
released. What was done by hand stands in the pointer and in a record (`by_hand`).

The lock of this module is held for replacing alone, some milliseconds. It is not the
cycle's: a cycle that hangs must not keep anybody from rolling back.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.by_hand import (
    ROLLBACK,
    ByHand,
    identifier,
    last_record,
    read_by_hand,
    record,
    text,
)
from ingest.errors import LockHeld
from ingest.files import read_json, sync_folder, write_json
from ingest.permissions import give_to_owner

LONGEST_WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Pointer:
    """What `current.json` names.

    Attributes:
        published_at: ISO moment; told to whoever looks, like `previous`.
        previous: what it named before; None where that is not known.
        by_hand: the last thing done by hand, also when it was released long ago.
    """

    snapshot_id: str
    file: str
    sha256: str
    published_at: str | None
    previous: str | None
    by_hand: ByHand | None


@contextmanager
def replacing(data_dir: Path) -> Iterator[None]:
    """Be the only one who replaces the pointer while the block runs.

    Raises:
        LockHeld: another process has done so for seconds.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "pointer.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_to_owner(descriptor, data_dir)
        gives_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
        while not _is_locked(descriptor):
            if time.monotonic() > gives_up_at:
                raise LockHeld(
                    f"Another process has held {path} for {LONGEST_WAIT_SECONDS:g} s.",
                    "See which run hangs, end it and try again.",
                    code="RUN-076",
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def read(data_dir: Path) -> Pointer | None:
    """The pointer; None where it is missing or damaged. `api.pointing` reads the same.

    Raises:
        FileRefused: this user may not read it.
    """
    told = read_json(data_dir / "current.json") or {}
    try:
        snapshot_id = identifier(told["snapshot_id"])
        if told["file"] != f"snapshots/{snapshot_id}.duckdb":
            return None
        by_hand = told.get("by_hand")
        return Pointer(
            snapshot_id=snapshot_id,
            file=f"snapshots/{snapshot_id}.duckdb",
            sha256=text(told["sha256"]),
            published_at=_told_aside(told.get("published_at")),
            previous=_told_aside(told.get("previous")),
            by_hand=None if by_hand is None else read_by_hand(by_hand),
        )
    except (KeyError, TypeError, ValueError):
        return None


def replace(data_dir: Path, pointer: Pointer) -> None:
    """Let readers have another snapshot from now on. Within `replacing`."""
    write_json(data_dir / "current.json", asdict(pointer))


def link(data_dir: Path, file: Path) -> None:
    """Let `current.duckdb`, which BI tools open, name a snapshot."""
    path = data_dir / "current.duckdb"
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(file.relative_to(data_dir))
    temporary.replace(path)
    sync_folder(data_dir)


def last_by_hand(data_dir: Path) -> ByHand | None:
    """The last thing done by hand, also where the pointer is damaged."""
    pointer = read(data_dir)
    return pointer.by_hand if pointer else last_record(data_dir)


def pin(data_dir: Path) -> ByHand | None:
    """The rollback that holds the pointer; None where it follows what is published."""
    last = last_by_hand(data_dir)
    return last if last is not None and last.verb == ROLLBACK else None


def mend(data_dir: Path) -> None:
    """Finish what a process began that died on the way. Within `replacing`.

    The link names the snapshot of the pointer, and what was done by hand is recorded.
    """
    pointer = read(data_dir)
    if pointer is None:
        return
    if pointer.by_hand is not None:
        record(data_dir, pointer.by_hand)
    file, path = data_dir / pointer.file, data_dir / "current.duckdb"
    if file.exists() and not (path.exists() and path.samefile(file)):
        link(data_dir, file)


def _told_aside(value: object) -> str | None:
    """What nobody goes by, and so damages nothing."""
    return value if isinstance(value, str) and value.isascii() else None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
