"""The pointer to the snapshot that readers get, and who moved it by hand.

`current.json` is replaced as a whole: which snapshot is read and why changes in one
rename. A rollback pins it: publishing goes on and the pointer stays, until it is
released. What was done by hand stands in the pointer and, one line each, in
`rollbacks.jsonl`; a line that a dead process did not write is made good from there.

The lock of this module is held for replacing alone, some milliseconds. It is not the
cycle's: a cycle that hangs must not keep anybody from rolling back.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ingest.errors import LockHeld
from ingest.files import read_json, sync_folder, write_json

LONGEST_WAIT_SECONDS = 5.0
ROLLBACK, RESUME = "rollback", "resume"


@dataclass(frozen=True)
class ByHand:
    """What somebody did to the pointer.

    Attributes:
        verb: `rollback`, which pins, or `resume`, which releases.
        snapshot_id: the one that was made current.
        instead_of: the one that was current before.
        at: ISO moment in UTC.
        by: the user of the operating system.
    """

    verb: str
    snapshot_id: str
    instead_of: str | None
    at: str
    by: str
    why: str


@dataclass(frozen=True)
class Pointer:
    """What `current.json` names.

    Attributes:
        previous: what it named before.
        by_hand: the last thing done by hand, also when it was released long ago.
    """

    snapshot_id: str
    file: str
    sha256: str
    published_at: str
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
    """The pointer; None where it is missing or damaged."""
    told = read_json(data_dir / "current.json") or {}
    try:
        return Pointer(
            snapshot_id=_text(told["snapshot_id"]),
            file=_text(told["file"]),
            sha256=_text(told["sha256"]),
            published_at=_text(told["published_at"]),
            previous=None if told["previous"] is None else _text(told["previous"]),
            by_hand=_by_hand(told.get("by_hand")),
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
    return pointer.by_hand if pointer else _last_record(data_dir)


def pin(data_dir: Path) -> ByHand | None:
    """The rollback that holds the pointer; None where it follows what is published."""
    last = last_by_hand(data_dir)
    return last if last is not None and last.verb == ROLLBACK else None


def pin_at(data_dir: Path, moment: datetime) -> ByHand | None:
    """The rollback that held the pointer at a moment of the past."""
    done = [
        each for each in _records(data_dir) if datetime.fromisoformat(each.at) <= moment
    ]
    return done[-1] if done and done[-1].verb == ROLLBACK else None


def record(data_dir: Path, done: ByHand) -> None:
    """Write down what was done by hand, once. Within `replacing`."""
    if _last_record(data_dir) == done:
        return
    with (data_dir / "rollbacks.jsonl").open("a", encoding="utf-8") as file:
        # What a dead process left of a line ends here.
        file.write(f"\n{json.dumps(asdict(done), ensure_ascii=False)}\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(data_dir)


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


def told(pinned: ByHand | None) -> Mapping[str, object] | None:
    """A pin as status.json has it."""
    if pinned is None:
        return None
    return {
        "snapshot_id": pinned.snapshot_id,
        "since": pinned.at,
        "by": pinned.by,
        "why": pinned.why,
    }


def said(pinned: ByHand) -> str:
    """A pin as a sentence for people."""
    return (
        f"readers stay at {pinned.snapshot_id}, rolled back by {pinned.by} at "
        f"{pinned.at}: {pinned.why}"
    )


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _last_record(data_dir: Path) -> ByHand | None:
    return next(reversed(_records(data_dir)), None)


def _records(data_dir: Path) -> list[ByHand]:
    """What was done by hand, oldest first; lines that cannot be read are left out."""
    try:
        lines = (data_dir / "rollbacks.jsonl").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        try:
            done = _by_hand(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        found += [] if done is None else [done]
    return found


def _by_hand(told: object) -> ByHand | None:
    if told is None:
        return None
    if not isinstance(told, dict):
        raise TypeError
    before = told["instead_of"]
    # Not a moment, not a record.
    datetime.fromisoformat(_text(told["at"]))
    return ByHand(
        verb=_text(told["verb"]),
        snapshot_id=_text(told["snapshot_id"]),
        instead_of=None if before is None else _text(before),
        at=_text(told["at"]),
        by=_text(told["by"]),
        why=_text(told["why"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
