"""The end of a cycle: what nobody needs any more goes, and the disk gets its room back.

In this order: what was published is noted from the snapshots that are there, so none
is removed before; a copy of the warehouse that fails keeps nothing else from going.
The caller holds the lock.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest import old_snapshots
from ingest.compaction import compact
from ingest.kept_snapshots import Shelf
from ingest.thinning import Thinned, thin


@dataclass(frozen=True)
class Pruned:
    """What went.

    Attributes:
        snapshots: ids of those removed.
        built_again: of the past states removed.
    """

    readings: Thinned
    snapshots: list[str]
    built_again: list[str]

    def __str__(self) -> str:
        removed = len(self.snapshots) + len(self.built_again)
        return f"{removed} snapshots and {self.readings.rows} old rows removed"


def prune(data_dir: Path, now: datetime | None, shelf: Shelf) -> Pruned:
    """Thin out old readings, remove old snapshots, write the warehouse anew if due.

    Args:
        now: None where the time is not known for sure: no reading goes for its age.
        shelf: how many snapshots stay.
    """
    pruned = Pruned(
        thin(data_dir, now),
        old_snapshots.prune(data_dir, shelf),
        old_snapshots.prune_built_again(data_dir),
    )
    compact(data_dir / "warehouse.duckdb")
    return pruned
