"""One run at a time: a kernel lock on `<data_dir>/lock`, gone with its process.

And one change at a time of what is changed beside runs.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ingest.errors import LockHeld
from ingest.permissions import refuse_root_of_others


@contextmanager
def exclusive(data_dir: Path, verb: str, now: datetime) -> Iterator[None]:
    """Hold the lock while the block runs; nobody waits for it.

    Raises:
        LockHeld: another process holds it; the message names it.
        ConfigError: root would work in the folder of somebody else.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    refuse_root_of_others(data_dir)
    path = data_dir / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 4096, 0).decode(errors="replace")
            raise LockHeld(
                f"Another run holds {path}: {_described(holder)}.",
                "Wait for it to end; this run did nothing.",
            ) from None
        note = {"pid": os.getpid(), "verb": verb, "started_at": now.isoformat()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def in_turn(data_dir: Path) -> Iterator[None]:
    """Hold the folder itself while the block runs, a moment; others wait for it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _described(holder: str) -> str:
    try:
        note = json.loads(holder)
        return (
            f"`pathways {note['verb']}`, pid {note['pid']}, since {note['started_at']}"
        )
    except (json.JSONDecodeError, KeyError, TypeError):
        return "a process that has not written its name yet"
