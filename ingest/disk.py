"""Room on the disk: asked for before it is needed, and told apart when it is gone."""

import errno
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.errors import DiskFull

# A build is written beside the last one and copied once more; raw grows as well.
TIMES_THE_LAST = 3
# What dbt's logs and the first load of a small account take.
FLOOR_BYTES = 100 * 2**20

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS = re.compile(
    r"no space left on device|disk quota exceeded|file too large|out of disk",
    re.IGNORECASE,
)
_PATH = re.compile(r"[\"'`](/[^\"'`]+)[\"'`]")


def needed_bytes(last_sizes: Iterable[int]) -> int:
    """Free bytes that a cycle asks for, by the sizes of what the last one left."""
    return max(FLOOR_BYTES, TIMES_THE_LAST * sum(last_sizes))


def require_room(data_dir: Path) -> None:
    """Pass in silence, or refuse before anything is read or written.

    Raises:
        DiskFull: less is free than a cycle may need.
    """
    files = [data_dir / name for name in ("warehouse.duckdb", "build.duckdb")]
    needed = needed_bytes(file.stat().st_size for file in files if file.exists())
    data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data_dir).free
    if free < needed:
        raise DiskFull(
            f"The disk of {data_dir.resolve()} has {_mb(free)} MB free; "
            f"{_mb(needed)} MB are needed.",
            "Free some room; the last good snapshot is still served, and the next run "
            "goes on from there.",
        )


def disk_full(problem: BaseException, data_dir: Path | None = None) -> DiskFull | None:
    """The problem as a full disk, if that is what it or one of its causes was."""
    for cause in _causes(problem):
        told = getattr(cause, "errno", None) in _NO_ROOM
        if told or _WORDS.search(str(cause)):
            return no_room(str(cause), getattr(cause, "filename", None) or data_dir)
    return None


def no_room(text: str, place: object = None) -> DiskFull:
    """What was written when the disk was full, by what the failure said of it."""
    named = _PATH.search(text)
    where = named[1] if named else place or "the data folder"
    return DiskFull(
        f"The disk is full: {where} could not be written.",
        "Free some room, at least three times the size of warehouse.duckdb and "
        "build.duckdb; the last good snapshot is still served, and the next run goes "
        "on from there.",
        code="DISK-002",
    )


def says_no_room(text: str) -> bool:
    """Whether a program's output tells of a full disk."""
    return bool(_WORDS.search(text))


def _causes(problem: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [problem]
    while waiting:
        cause = waiting.pop(0)
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__cause__, cause.__context__]


def _mb(size: int) -> int:
    return size // 2**20
