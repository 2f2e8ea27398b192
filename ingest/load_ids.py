"""Load ids that only ever grow, whatever the wall clock does.

A load id of dlt is the moment of its package in seconds, and everything that asks for
the newest reading asks for the highest load id. dlt lets ids grow within a process; a
clock that was set back between two runs would make a new load older than an old one.
"""

from pathlib import Path

import duckdb
from dlt.common import time as dlt_time

from ingest import tables


def keep_growing(data_dir: Path) -> None:
    """Make the next load id greater than each in the warehouse. Call it before a load.

    While the clock is right this asks for two numbers. Where it is behind, ids of loads
    that died count too: one given twice would show what a dead load left.
    """
    newest = _newest(data_dir, of_dead_loads=False)
    if newest >= dlt_time.precise_time():
        newest = max(newest, _newest(data_dir, of_dead_loads=True))
    # dlt takes no load id from outside, but remembers the highest moment it gave out
    # and goes on from there by the smallest step a float can make.
    given_out = dlt_time.increasing_precise_time
    given_out._last = max(given_out._last, newest)


def skew(seconds: float) -> None:
    """Move dlt's wall clock: for tests, as a machine whose clock is wrong."""
    right = dlt_time.precise_time
    dlt_time.precise_time = lambda: right() + seconds
    dlt_time.increasing_precise_time._last = 0.0


def _newest(data_dir: Path, of_dead_loads: bool) -> float:
    path = data_dir / "warehouse.duckdb"
    if not path.exists():
        return 0.0
    found = [0.0]
    with duckdb.connect(str(path), read_only=True) as connection:
        named = connection.execute(
            "select table_schema, table_name, column_name "
            "from information_schema.columns where table_schema in ($meta, $fx) "
            "and (table_name = '_dlt_loads' and column_name = 'load_id' "
            "or column_name = '_dlt_load_id' and $of_dead_loads)",
            {
                "meta": tables.DATASET,
                "fx": tables.FX_DATASET,
                "of_dead_loads": of_dead_loads,
            },
        ).fetchall()
        for schema, table, column in named:
            newest = connection.execute(
                f"select max({column}) from {schema}.{table}"
            ).fetchall()
            found.append(float(newest[0][0] or 0.0))
    return max(found)
