"""The warehouse file without the holes that thinning leaves in it.

DuckDB gives a block back when all of its rows are gone, and thinning takes some of
each. So when the file has grown by a quarter since it was last written anew, its
content is copied into a new file, which takes the place of the old one. The caller
holds the lock.
"""

import os
import shutil
from pathlib import Path

import duckdb

from ingest.failpoints import reached
from ingest.files import sync_folder

GROWN = 1.25
# Below that nobody minds.
FLOOR_BYTES = 2**20

_TABLE = """
create schema if not exists ledger;
create table if not exists ledger.compactions (bytes bigint not null)
"""


def compact(warehouse: Path) -> bool:
    """Write the file anew where that is due; whether it was."""
    if not warehouse.exists():
        return False
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(_TABLE)
        connection.execute("checkpoint")
        last = connection.execute("select max(bytes) from ledger.compactions")
        bound = max(FLOOR_BYTES, GROWN * (last.fetchall()[0][0] or 0))
    if warehouse.stat().st_size <= bound:
        return False
    temporary = warehouse.with_name(f".{warehouse.name}.compacted")
    temporary.unlink(missing_ok=True)
    if shutil.disk_usage(warehouse.parent).free < 2 * warehouse.stat().st_size:
        # A full disk would keep everything else from being written.
        return False
    try:
        _copy(warehouse, temporary)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    reached("compact.copied")
    temporary.replace(warehouse)
    sync_folder(warehouse.parent)
    reached("compact.replaced")
    return True


def _copy(warehouse: Path, temporary: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        name = connection.execute("select current_database()").fetchall()[0][0]
        target = str(temporary).replace("'", "''")
        connection.execute(f"attach '{target}' as compacted")
        connection.execute(f"copy from database {name} to compacted")
        connection.execute("delete from compacted.ledger.compactions")
        connection.execute("checkpoint compacted")
        connection.execute(
            "insert into compacted.ledger.compactions values ($bytes)",
            {"bytes": temporary.stat().st_size},
        )
        connection.execute("detach compacted")
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
