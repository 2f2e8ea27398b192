"""What this machine brings: folders, their permissions, disk, clock and ledger."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from ingest.doctor.checks import Check
from ingest.errors import LockHeld
from ingest.ledger import read_ledger
from ingest.lock import exclusive
from ingest.permissions import is_for_a_group

SUBJECT = "This machine"
FLOOR_BYTES = 2**30
# A build is made, copied, and lies beside the snapshot before it.
COPIES = 3
CLOCK_WARNED = timedelta(seconds=60)
CLOCK_FAILED = timedelta(minutes=10)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def data_dir_checks(data_dir: Path) -> Iterator[Check]:
    """Whether the data folder can be written, who else may read it, and the disk."""
    if data_dir.exists() and not data_dir.is_dir():
        yield _check("DOC-DATADIR", f"{data_dir} is a file.", "Set another `data_dir`.")
        return
    present = _nearest(data_dir)
    if not os.access(present, os.W_OK | os.X_OK):
        step = (
            f"Give its user the right to write, or set another `data_dir` ({data_dir})."
        )
        yield _check("DOC-DATADIR", f"{present} cannot be written.", step)
    elif present == data_dir:
        yield Check(SUBJECT, "DOC-DATADIR", "ok", f"{data_dir} can be written.")
    else:
        sentence = f"{data_dir} is not there yet; the first run makes it."
        yield Check(SUBJECT, "DOC-DATADIR", "ok", sentence)
    if present == data_dir:
        yield _mode(data_dir)
    yield disk_check(shutil.disk_usage(present).free, _largest(data_dir))


def secrets_file_check(file: Path) -> Check | None:
    """Whether anybody else may read a file of secrets; None where there is none."""
    if not file.is_file():
        return None
    if stat.S_IMODE(file.stat().st_mode) & _OTHERS:
        return Check(
            SUBJECT,
            "DOC-PRIVATE",
            "warn",
            f"Other users may read {file}, which holds secrets.",
            f"Run: chmod 600 {file}",
        )
    return Check(SUBJECT, "DOC-PRIVATE", "ok", f"{file} is its owner's alone.")


def disk_check(free: int, largest: int) -> Check:
    """Whether the next builds find room. All in bytes.

    Args:
        largest: the size of the largest of warehouse, build and newest snapshot.
    """
    wanted = max(FLOOR_BYTES, COPIES * largest)
    sentence = f"{_size(free)} free; {_size(wanted)} are wanted."
    if free >= wanted:
        return Check(SUBJECT, "DOC-DISK", "ok", sentence)
    step = "Make room, or run `pathways prune`."
    is_hopeless = free < max(largest, FLOOR_BYTES // 10)
    return Check(SUBJECT, "DOC-DISK", "fail" if is_hopeless else "warn", sentence, step)


def clock_check(ours: datetime, theirs: datetime | None) -> Check:
    """How far this clock is from the one in Meta's answer."""
    if theirs is None:
        sentence = "Meta's answer named no time to compare with."
        return Check(SUBJECT, "DOC-CLOCK", "skipped", sentence)
    # A Date header in another form than GMT comes without a zone; HTTP says GMT.
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    off = abs(ours - theirs)
    way = "ahead of" if ours > theirs else "behind"
    sentence = f"The clock is {off.total_seconds():.0f} s {way} Meta's."
    if off <= CLOCK_WARNED:
        return Check(SUBJECT, "DOC-CLOCK", "ok", sentence)
    step = "Set the clock, with NTP: which days are due and over hangs on it."
    is_far = off > CLOCK_FAILED
    return Check(SUBJECT, "DOC-CLOCK", "fail" if is_far else "warn", sentence, step)


def ledger_check(data_dir: Path, now: datetime) -> Check:
    """Whether the newest reading in the warehouse lies in the future."""
    code = "DOC-LEDGER"
    if not (data_dir / "warehouse.duckdb").is_file():
        return Check(SUBJECT, code, "skipped", "Nothing was loaded yet.")
    try:
        with exclusive(data_dir, "doctor", now):
            readings = read_ledger(data_dir, now).readings.values()
    except LockHeld:
        return Check(SUBJECT, code, "skipped", "A run is using the warehouse just now.")
    except (OSError, duckdb.Error) as problem:
        return _check(
            code,
            f"The warehouse cannot be read ({problem}).",
            "See who has it open; a damaged one is made anew by reading Meta again.",
        )
    newest = max((reading.requested_at for reading in readings), default=None)
    if newest is None:
        return Check(SUBJECT, code, "skipped", "Nothing was read whole yet.")
    sentence = f"The newest reading is of {newest:%Y-%m-%d %H:%M} UTC"
    if newest <= now + CLOCK_WARNED:
        return Check(SUBJECT, code, "ok", f"{sentence}.")
    return Check(
        SUBJECT,
        code,
        "warn",
        f"{sentence}, in the future: a clock was or is wrong.",
        "Set the clock. What was read too early counts as due and is read again.",
    )


def _mode(data_dir: Path) -> Check:
    mode = data_dir.stat().st_mode
    if not stat.S_IMODE(mode) & _OTHERS:
        sentence = f"{data_dir} is its owner's alone."
        return Check(SUBJECT, "DOC-MODE", "ok", sentence)
    if is_for_a_group(mode):
        sentence = f"{data_dir} is its owner's, and may be read by its group."
        return Check(SUBJECT, "DOC-MODE", "ok", sentence)
    return Check(
        SUBJECT,
        "DOC-MODE",
        "warn",
        f"Other users of this machine may look into {data_dir}.",
        f"Run: chmod 700 {data_dir} (or 2750, for readers in its group)",
    )


def _largest(data_dir: Path) -> int:
    files = [data_dir / "warehouse.duckdb", data_dir / "build.duckdb"]
    files += (data_dir / "snapshots").glob("*.duckdb")
    return max((file.stat().st_size for file in files if file.is_file()), default=0)


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _check(code: str, sentence: str, step: str = "") -> Check:
    return Check(SUBJECT, code, "fail", sentence, step)


def _size(count: int) -> str:
    gigabytes = count / 2**30
    return f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{count / 2**20:.0f} MB"
