"""One small world on its second day, data folders of it, and what they hold.

A disturbed run is compared with an undisturbed one by what readers see. Left out are
columns and tables that name loads or their moments: a run that begins again gives its
load another id, and reads again what the dead run had read.
"""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from ingest import snapshots
from ingest.failpoints import VARIABLE
from ingest.lock import exclusive
from ingest.sandbox.server import Sandbox
from tests.conftest import Ended, Pathways
from tests.warehouse.test_runs import START, small_world

DAY_TWO = START + timedelta(days=1)
RUN = ("run", "--backfill-minutes", "0")
OLD_SNAPSHOTS = 3

# Names of loads and their moments, as the docstring says.
LEFT_OUT_COLUMNS = (
    *("load_id", "rows_load_id", "previous_load_id"),
    *("loaded_at", "read_at", "previous_read_at"),
)
LEFT_OUT_TABLES = (
    "core.built_partitions",  # fingerprints are made of load ids
    "core.meta_receipts",  # one row a reading: what was read again has two
    "marts.build_results",  # moments and ids of dbt's invocations
)
OBJECTS = ("campaigns", "adsets", "ads")
LEVELS = ("account", "campaign", "adset", "ad")

Facts = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Folder:
    """A data folder on the second day of the world."""

    run: Pathways

    def __call__(self, *arguments: str, failpoint: str = "") -> Ended:
        return self.armed(failpoint)(*arguments)

    def armed(self, failpoint: str) -> Pathways:
        extra = {
            **(self.run.extra or {}),
            **({VARIABLE: failpoint} if failpoint else {}),
        }
        return replace(self.run, extra=extra)

    def copied(self, target: Path) -> "Folder":
        shutil.copytree(self.run.data_dir, target, symlinks=True)
        return Folder(replace(self.run, data_dir=target))

    def pointed(self) -> Facts:
        """What a reader sees of the snapshot that the pointer names, digest checked."""
        snapshot = snapshots.current(self.run.data_dir)
        assert snapshot is not None
        content = snapshot.file.read_bytes()
        assert hashlib.sha256(content).hexdigest() == snapshot.sha256
        return self.served(str(snapshot.file.relative_to(self.run.data_dir)))

    def served(self, file: str = "current.duckdb") -> Facts:
        """What a reader of the published snapshot sees, table by table."""
        path = str((self.run.data_dir / file).resolve())
        with duckdb.connect(path, read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            tables = connection.execute(
                "select table_schema || '.' || table_name "
                "from information_schema.tables "
                "where table_schema in ('core', 'marts') order by 1"
            ).fetchall()
            return {
                table: _fact(connection, f"select * from {table}")
                for (table,) in tables
                if table not in LEFT_OUT_TABLES
            }

    def visible(self) -> Facts:
        """What the ledger shows of raw: windows, newest objects, accounts and rates."""
        path = str(self.run.data_dir / "warehouse.duckdb")
        with duckdb.connect(path, read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(_VISIBLE)
            queries = {
                f"{level}_insights": f"select rows.* from raw_meta.{level}_insights "
                "as rows inner join visible on rows._dlt_load_id = visible.holds "
                f"and visible.level = '{level}' and rows.account_id = "
                "visible.account_id and rows.breakdown = visible.breakdown "
                "and rows.date_start = visible.date_day"
                for level in LEVELS
            }
            queries["windows"] = "select * exclude (holds) from visible"
            for table in (*OBJECTS, "accounts"):
                key = "account_id" if table == "accounts" else "id"
                queries[table] = (
                    f"select distinct on ({key}) * from raw_meta.{table} "
                    "where _dlt_load_id in (from done) "
                    f"order by {key}, _dlt_load_id desc"
                )
            queries["rates"] = (
                "select distinct on (provider, quote_currency, rate_date) * "
                "from raw_fx.exchange_rates "
                "order by provider, quote_currency, rate_date, _dlt_load_id desc"
            )
            return {name: _fact(connection, query) for name, query in queries.items()}

    def is_free(self) -> bool:
        """Whether nobody holds the lock; raises LockHeld otherwise."""
        with exclusive(self.run.data_dir, "test", DAY_TWO):
            return True

    def leftovers(self) -> list[str]:
        """Names of what only a run under way may have."""
        return sorted(
            str(path.relative_to(self.run.data_dir))
            for pattern in ("spool", "**/.tmp-*", "**/.*.tmp", "*.wal")
            for path in self.run.data_dir.glob(pattern)
        )


_VISIBLE = """
create temp view done as select load_id from raw_meta._dlt_loads where status = 0;
create temp view visible as
select account_id, level, breakdown, date_day, row_count, spend, is_partial_day,
    coalesce(rows_load_id, _dlt_load_id) as holds
from (
    select distinct on (_dlt_load_id, account_id, level, breakdown, date_day) *
    from raw_meta.receipts
    where resource = 'insights' and outcome = 'complete'
        and _dlt_load_id in (from done)
)
qualify row_number() over (
    partition by account_id, level, breakdown, date_day order by _dlt_load_id desc
) = 1
"""


def _fact(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    """Row count and order-free hash of a query, without what names a load."""
    columns = [row[0] for row in connection.execute(f"describe {query}").fetchall()]
    kept = ", ".join(
        name for name in columns if name not in (*LEFT_OUT_COLUMNS, "_dlt_load_id")
    )
    found: list[tuple[Any, ...]] = connection.execute(
        "select count(*), coalesce(sum(('0x' || left(md5(row_text), 12))::bigint), 0) "
        f"from (select cast(({kept}) as varchar) as row_text from ({query}))"
    ).fetchall()
    return int(found[0][0]), int(found[0][1])


def differences(found: Facts, wanted: Facts) -> list[str]:
    """Names of tables that differ, with both row counts."""
    return [
        f"{name}: {found.get(name)} instead of {wanted.get(name)}"
        for name in sorted({*found, *wanted})
        if found.get(name) != wanted.get(name)
    ]


def with_old_snapshots(data_dir: Path) -> None:
    """Older snapshots beside the first one, so that a cycle has some to remove."""
    folder = data_dir / "snapshots"
    newest = next(folder.glob("*.duckdb"))
    for number in range(OLD_SNAPSHOTS):
        old = folder / f"2026030{number + 1}T000000Z-1.duckdb"
        shutil.copy(newest, old)
        old.with_suffix(".json").write_text("{}")


def base_folder(data_dir: Path, extra: dict[str, str] | None = None) -> None:
    """The data folder after a first cycle of the small world, without history."""
    with Sandbox(small_world()) as sandbox:
        ended = Pathways(data_dir, sandbox, extra)(*RUN)
    assert ended.exit_code == 0, ended.err
    with_old_snapshots(data_dir)


def table_of(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows of text as columns of one width."""
    found = [tuple(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in found
    )
