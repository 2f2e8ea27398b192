"""Immutable copies of the build, and the pointer that names the one to read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from ingest.build import project_hash
from ingest.database_files import checkpoint, read_whole
from ingest.errors import SnapshotError
from ingest.failpoints import reached
from ingest.files import copy_whole, read_json, sync_folder, write_json

KEPT = 3


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot.

    Attributes:
        published_at: ISO moment in UTC.
        load_id: the newest load in it, the ledger's high-water mark.
        project_hash: of the dbt project that built it.
    """

    snapshot_id: str
    file: Path
    sha256: str
    published_at: str
    load_id: str
    project_hash: str


def current(data_dir: Path) -> Snapshot | None:
    """The snapshot that the pointer names; None before the first."""
    pointer = read_json(data_dir / "current.json") or {}
    snapshot_id = pointer.get("snapshot_id")
    manifest = read_json(data_dir / "snapshots" / f"{snapshot_id}.json")
    if manifest is None:
        return None
    return Snapshot(
        snapshot_id=str(snapshot_id),
        file=data_dir / str(pointer["file"]),
        sha256=str(manifest["sha256"]),
        published_at=str(manifest["published_at"]),
        load_id=str(manifest["load_id"]),
        project_hash=str(manifest["project_hash"]),
    )


def publish(data_dir: Path, now: datetime, load_id: str) -> Snapshot:
    """Copy the audited build, read the copy whole, then let the pointer name it.

    Ids and moments of publishing never go back: where the clock did, the moment of the
    last snapshot counts again.

    Args:
        load_id: the newest load in the build.

    Raises:
        SnapshotError: the copy cannot be read back.
    """
    folder = data_dir / "snapshots"
    folder.mkdir(parents=True, exist_ok=True)
    build = data_dir / "build.duckdb"
    checkpoint(build)
    reached("publish.checkpointed")
    previous = current(data_dir)
    moment = now
    if previous is not None:
        moment = max(now, datetime.fromisoformat(previous.published_at))
    clock_was_ahead = moment > now
    snapshot_id = _new_id(folder, moment, load_id)
    temporary = folder / f".tmp-{snapshot_id}"
    sha256 = copy_whole(build, temporary)
    facts = _facts(temporary)
    reached("publish.copied")
    file = folder / f"{snapshot_id}.duckdb"
    temporary.replace(file)
    # Read-only, for whoever the umask lets read it.
    file.chmod(file.stat().st_mode & 0o444)
    reached("publish.renamed")
    snapshot = Snapshot(
        snapshot_id=snapshot_id,
        file=file,
        sha256=sha256,
        published_at=moment.isoformat(),
        load_id=load_id,
        project_hash=project_hash(),
    )
    named = {
        "snapshot_id": snapshot_id,
        "file": str(file.relative_to(data_dir)),
        "sha256": sha256,
        "published_at": snapshot.published_at,
        "previous": previous.snapshot_id if previous else None,
    }
    manifest = {
        **named,
        "bytes": file.stat().st_size,
        "load_id": load_id,
        "clock_was_ahead": clock_was_ahead,
        "project_hash": snapshot.project_hash,
        "code_version": version("meta-data-pathways"),
        **facts,
    }
    write_json(folder / f"{snapshot_id}.json", manifest)
    reached("publish.manifest_written")
    write_json(data_dir / "current.json", named)
    reached("publish.pointer_replaced")
    _link(data_dir / "current.duckdb", file)
    reached("publish.linked")
    return snapshot


def prune(data_dir: Path, kept: int = KEPT) -> list[str]:
    """Remove all but the newest snapshots; ids of those removed.

    The current and the previous one stay, whatever their age. A reader that still has
    a removed file open reads on. What a dead run left half done is put in order.
    """
    _mend_link(data_dir)
    folder = data_dir / "snapshots"
    pointer = read_json(data_dir / "current.json") or {}
    held = {pointer.get("snapshot_id"), pointer.get("previous")}
    newest_first = sorted(folder.glob("*.duckdb"), key=_order, reverse=True)
    removed = [file for file in newest_first[kept:] if file.stem not in held]
    half_done = [*folder.glob(".tmp-*"), *folder.glob(".*.tmp")]
    for file in [*removed, *half_done]:
        # The file last: a manifest without one would be found by nobody again.
        file.with_suffix(".json").unlink(missing_ok=True)
        reached("prune.manifest_removed")
        file.unlink()
        reached("prune.removed")
    return [file.stem for file in removed]


def _mend_link(data_dir: Path) -> None:
    """A publish that died between the two left the link with the snapshot before."""
    published = current(data_dir)
    if published is None or not published.file.exists():
        return
    link = data_dir / "current.duckdb"
    if not link.exists() or not link.samefile(published.file):
        _link(link, published.file)


def _order(file: Path) -> tuple[str, str, int]:
    """Moment, load and number of a name; file times follow the clock where it goes."""
    moment, _, rest = file.stem.partition("-")
    load_id, _, number = rest.partition("-")
    return moment, load_id, int(number) if number.isdigit() else 1


def _new_id(folder: Path, now: datetime, load_id: str) -> str:
    stem = f"{now:%Y%m%dT%H%M%SZ}-{re.sub(r'[^0-9]', '', load_id)}"
    taken = {path.stem for path in folder.glob(f"{stem}*")}
    # An open handle on a path goes on reading the old file: a name is used once.
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _facts(file: Path) -> Mapping[str, object]:
    """Row counts and the newest day by account, after reading every block."""
    try:
        counts = read_whole(file)
        with duckdb.connect(str(file), read_only=True) as connection:
            newest = connection.execute(
                "select account_id, newest_day from marts.accounts"
            ).fetchall()
    except duckdb.Error as problem:
        raise SnapshotError(
            f"The copy of the build cannot be read back ({problem}).",
            "The last good snapshot is still served; check the disk and run again.",
        ) from problem
    return {
        "row_counts": counts,
        "data_through": {account: str(day) for account, day in newest if day},
    }


def _link(link: Path, file: Path) -> None:
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(file.relative_to(link.parent))
    temporary.replace(link)
    sync_folder(link.parent)
