"""Immutable copies of the build: publishing them, finding them, reading them whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from ingest import pointer, publications
from ingest.build import project_hash
from ingest.by_hand import ByHand
from ingest.clock import is_moment
from ingest.database_files import checkpoint, read_whole, storage_version
from ingest.errors import SnapshotError
from ingest.failpoints import reached
from ingest.files import copy_whole, digest_of, read_json, write_json
from ingest.pointer import Pointer
from ingest.snapshot_ids import new_id, order
from ingest.windows import zone_named


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot.

    Attributes:
        published_at: ISO moment in UTC.
        load_id: the newest load in it, the ledger's high-water mark.
        project_hash: of the dbt project that built it.
        bytes: of its file.
        zones: time zones of its accounts, those that are known.
    """

    snapshot_id: str
    file: Path
    sha256: str
    published_at: str
    load_id: str
    project_hash: str
    bytes: int
    zones: tuple[str, ...] = ()

    def is_whole(self) -> bool:
        """Whether the file is what was published; every byte of it is read."""
        try:
            is_long_enough = self.file.stat().st_size == self.bytes
            return is_long_enough and digest_of(self.file) == self.sha256
        except OSError:
            return False


def current(data_dir: Path) -> Snapshot | None:
    """The snapshot that the pointer names; None before the first."""
    pointed = pointer.read(data_dir)
    return None if pointed is None else find(data_dir, pointed.snapshot_id)


def newest(data_dir: Path) -> Snapshot | None:
    """The newest one with its manifest; a pinned pointer does not name it, nor does one
    that was to be replaced when the process died."""
    return next(on_disk(data_dir), None)


def last_published(data_dir: Path) -> Snapshot | None:
    """The last one of which readers have it, or would but for a pin."""
    is_pinned = pointer.pin(data_dir) is not None
    return newest(data_dir) if is_pinned else current(data_dir)


def on_disk(data_dir: Path) -> Iterator[Snapshot]:
    """Every snapshot with its manifest and file, newest first."""
    files = (data_dir / "snapshots").glob("*.duckdb")
    for file in sorted(files, key=lambda file: order(file.stem), reverse=True):
        found = find(data_dir, file.stem)
        if found is not None and file.exists():
            yield found


def shown(data_dir: Path) -> Iterator[Snapshot]:
    """What readers have, then what takes its place should it be damaged.

    None is newer: that was rolled back from, or was never let out.
    """
    known = pointer.read(data_dir) or pointer.pin(data_dir)
    for snapshot in on_disk(data_dir):
        if known is None or order(snapshot.snapshot_id) <= order(known.snapshot_id):
            yield snapshot


def find(data_dir: Path, snapshot_id: str) -> Snapshot | None:
    """A snapshot by its id; None where its manifest is missing or damaged."""
    folder = data_dir / "snapshots"
    manifest = read_json(folder / f"{snapshot_id}.json") or {}
    names = ("snapshot_id", "sha256", "published_at", "load_id", "project_hash")
    told = {name: manifest.get(name) for name in names}
    size, zones = manifest.get("bytes"), manifest.get("zones", [])
    if told["snapshot_id"] != snapshot_id or not isinstance(size, int):
        return None
    if not all(isinstance(value, str) for value in told.values()):
        return None
    if not is_moment(str(told["published_at"])):
        return None
    return Snapshot(
        file=folder / f"{snapshot_id}.duckdb",
        bytes=size,
        zones=tuple(
            zone
            for zone in (zones if isinstance(zones, list) else ())
            if isinstance(zone, str) and zone_named(zone)
        ),
        **{name: str(value) for name, value in told.items()},
    )


def publish(data_dir: Path, now: datetime, load_id: str) -> Snapshot:
    """Copy the audited build, read the copy whole, then let the pointer name it.

    A pinned pointer stays: the snapshot is there and nobody reads it. Ids and moments
    of publishing never go back: where the clock did, the moment of the last snapshot
    counts again.

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
    before = newest(data_dir)
    moment = now
    if before is not None:
        moment = max(now, datetime.fromisoformat(before.published_at))
    clock_was_ahead = moment > now
    snapshot_id = new_id(moment, load_id, _taken(data_dir))
    temporary = folder / f".tmp-{snapshot_id}"
    sha256 = copy_whole(build, temporary)
    facts = _facts(temporary)
    reached("publish.copied")
    file = folder / f"{snapshot_id}.duckdb"
    temporary.replace(file)
    # Read-only, for whoever the umask lets read it.
    file.chmod(file.stat().st_mode & 0o444)
    reached("publish.renamed")
    manifest = {
        "snapshot_id": snapshot_id,
        "file": str(file.relative_to(data_dir)),
        "sha256": sha256,
        "bytes": file.stat().st_size,
        "published_at": moment.isoformat(),
        "previous": _let_out_last(data_dir, before),
        "load_id": load_id,
        "clock_was_ahead": clock_was_ahead,
        "project_hash": project_hash(),
        "code_version": version("meta-data-pathways"),
        **facts,
    }
    write_json(folder / f"{snapshot_id}.json", manifest)
    reached("publish.manifest_written")
    snapshot = find(data_dir, snapshot_id)
    assert snapshot is not None
    _let_it_be_read(data_dir, snapshot)
    return snapshot


def _let_out_last(data_dir: Path, before: Snapshot | None) -> str | None:
    """The one that readers have, or would but for a pin; None where it is not known.

    A publish that died before its snapshot was pointed at is stepped over.
    """
    if pointer.pin(data_dir) is not None:
        return before.snapshot_id if before else None
    pointed = pointer.read(data_dir)
    return pointed.snapshot_id if pointed else None


def _let_it_be_read(data_dir: Path, snapshot: Snapshot) -> None:
    with pointer.replacing(data_dir):
        pointer.mend(data_dir)
        pinned = pointer.pin(data_dir)
        pointed = pointer.read(data_dir)
        if pinned is not None and pointed is not None:
            return
        # A damaged pointer that was pinned is written anew, pinned as it was.
        chosen = find(data_dir, pinned.snapshot_id) if pinned else snapshot
        if chosen is None:
            return
        pointer.replace(
            data_dir,
            pointing_at(
                data_dir,
                chosen,
                previous=pointed.snapshot_id if pointed else None,
                by_hand=pointer.last_by_hand(data_dir),
            ),
        )
        reached("publish.pointer_replaced")
        pointer.link(data_dir, chosen.file)
        reached("publish.linked")


def pointing_at(
    data_dir: Path,
    snapshot: Snapshot,
    previous: str | None,
    by_hand: ByHand | None,
) -> Pointer:
    """The pointer that names a snapshot."""
    return Pointer(
        snapshot_id=snapshot.snapshot_id,
        file=str(snapshot.file.relative_to(data_dir)),
        sha256=snapshot.sha256,
        published_at=snapshot.published_at,
        previous=previous,
        by_hand=by_hand,
    )


def _taken(data_dir: Path) -> set[str]:
    """Names that cannot be given again, also of what was pruned."""
    there = {path.stem for path in data_dir.glob("*/*.duckdb")}
    there |= {path.stem for path in data_dir.glob("*/*.json")}
    return there | publications.known_ids(data_dir)


def _facts(file: Path) -> Mapping[str, object]:
    """Row counts, zones and newest day by account, after reading every block."""
    try:
        counts = read_whole(file)
        with duckdb.connect(str(file), read_only=True) as connection:
            stored_as = storage_version(connection)
            accounts = connection.execute(
                "select account_id, newest_day, timezone_name from marts.accounts"
            ).fetchall()
    except duckdb.Error as problem:
        raise SnapshotError(
            f"The copy of the build cannot be read back ({problem}).",
            "The last good snapshot is still served; check the disk and run again.",
        ) from problem
    return {
        "storage_version": stored_as,
        "row_counts": counts,
        "data_through": {account: str(day) for account, day, _ in accounts if day},
        "zones": sorted({zone for *_, zone in accounts if zone}),
    }
