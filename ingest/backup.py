"""A copy of the warehouse: its history cannot be fetched again.

Meta answers with today's numbers only; what a day's numbers were last month, and what
was published when, stands nowhere but here. Core, marts and snapshots are made from it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingest.database_files import checkpoint, read_whole
from ingest.errors import BackupFailed
from ingest.failpoints import reached
from ingest.files import copy_whole, digest, sync_folder, write_json
from ingest.warehouse import newest_load_id


@dataclass(frozen=True)
class Backup:
    """A copy that was read back whole.

    Attributes:
        load_id: the newest load in it.
        row_counts: by schema and table.
    """

    file: Path
    sha256: str
    bytes: int
    taken_at: str
    load_id: str | None
    row_counts: dict[str, int]


def back_up(data_dir: Path, folder: Path, now: datetime) -> Backup:
    """Copy the warehouse into a folder, under a name that was never used.

    The copy appears when it is whole and has been read back; beside it a JSON file of
    the same name says what it holds.

    Raises:
        BackupFailed: there is no warehouse yet, or the copy cannot be read back.
    """
    warehouse = data_dir / "warehouse.duckdb"
    if not warehouse.exists():
        raise BackupFailed("There is no warehouse to copy.", "Run `pathways run`.")
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint(warehouse)
    load_id = newest_load_id(data_dir)
    name = f"warehouse-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if load_id:
        name += "-" + re.sub(r"[^0-9]", "", load_id)
    file = folder / f"{name}.duckdb"
    # Another warehouse may be copied into the same folder meanwhile.
    ours = digest([str(data_dir.resolve())])[:8]
    for left in folder.glob(f".warehouse-*.{ours}.tmp"):
        left.unlink()
    temporary = folder / f".{name}.{ours}.tmp"
    sha256 = copy_whole(warehouse, temporary)
    reached("backup.copied")
    try:
        row_counts = read_whole(temporary)
    except duckdb.Error as problem:
        temporary.unlink()
        raise BackupFailed(
            f"The copy cannot be read back ({problem}).",
            "Check the disk that it was written to; the warehouse is as it was.",
        ) from problem
    temporary.replace(file)
    sync_folder(folder)
    backup = Backup(
        file=file,
        sha256=sha256,
        bytes=file.stat().st_size,
        taken_at=now.astimezone(UTC).isoformat(),
        load_id=load_id,
        row_counts=row_counts,
    )
    write_json(
        file.with_suffix(".json"),
        {**backup.__dict__, "file": file.name},
    )
    return backup
