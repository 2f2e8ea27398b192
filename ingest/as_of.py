"""Core and marts as they were published at a moment, rebuilt from raw.

What was published at a moment is what raw held then. So the loads up to a publication's
mark are copied into a warehouse of their own and the same models are built over it, by
the rules of today. Old readings are thinned out (`thinning`); an account whose reading
of that moment is gone is shown as of the last moment before it that is still whole, and
the answer says so.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from ingest import by_hand, publications, tables
from ingest.build import dbt_build
from ingest.database_files import checkpoint
from ingest.errors import MomentGone
from ingest.files import copy_whole, digest_of, read_json, write_json
from ingest.publications import Publication
from ingest.settings import Settings
from ingest.snapshot_ids import order

_SCHEMA = pa.schema(
    [
        ("account_id", pa.string()),
        ("load_id", pa.string()),
        ("snapshot_id", pa.string()),
        ("holds_for", pa.timestamp("us", tz="UTC")),
        ("is_exact", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class AsOf:
    """A past state of core and marts, in a file of its own.

    Attributes:
        published: what was published at the moment that was asked for.
        was_shown: whether readers had that at the moment, for certain.
        accounts: by account, the publication whose numbers it is shown with.
        is_whole: every account is shown as it was published then.
        is_exact: and that is what readers had at the moment.
    """

    moment: datetime
    published: Publication
    was_shown: bool
    accounts: Mapping[str, Publication]
    file: Path

    @property
    def is_whole(self) -> bool:
        return all(each == self.published for each in self.accounts.values())

    @property
    def is_exact(self) -> bool:
        return self.is_whole and self.was_shown


def rebuild(settings: Settings, moment: datetime, target: Path | None = None) -> AsOf:
    """Build core and marts as of a moment. The caller holds the lock.

    What was built whole before stays where not all of it is left any more.

    Args:
        target: the file to write; by default one named by its snapshot in `as_of`.

    Raises:
        MomentGone: nothing had been published by then, or none of it is left.
        BuildFailed: dbt ended with an error or a failed test.
    """
    folder = settings.data_dir / "as_of"
    published, was_shown, accounts = _chosen(settings, moment)
    file = target or folder / f"{published.snapshot_id}.duckdb"
    answer = AsOf(moment, published, was_shown, accounts, file)
    if target is None and not answer.is_whole and _is_whole_already(file):
        # Built when all of it was still there.
        return replace(answer, accounts=dict.fromkeys(accounts, published))
    for left in folder.glob(".*"):
        # Of a run that died: nobody else works here, by the lock.
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    work = folder / f".{published.snapshot_id}"
    work.mkdir(parents=True)
    try:
        _copy_loads(settings.data_dir, work / "warehouse.duckdb", answer)
        dbt_build(settings.model_copy(update={"data_dir": work}))
        build = work / "build.duckdb"
        _note(build, answer)
        checkpoint(build)
        file.parent.mkdir(parents=True, exist_ok=True)
        # It may be on another disk.
        temporary = file.with_name(f".{file.name}.tmp")
        sha256 = copy_whole(build, temporary)
        temporary.replace(file)
        if target is None:
            # The API answers from what stands in the folder with its manifest.
            write_json(file.with_suffix(".json"), _manifest(answer, sha256))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return answer


def _manifest(answer: AsOf, sha256: str) -> dict[str, object]:
    """What readers must know: which moments it is right for, and of which bytes."""
    published = answer.published
    superseded_at = published.superseded_at
    moments = [each.published_at for each in answer.accounts.values()]
    return {
        "snapshot_id": published.snapshot_id,
        "sha256": sha256,
        "published_at": published.published_at.isoformat(),
        "superseded_at": superseded_at.isoformat() if superseded_at else None,
        "holds_for": min(moments, default=published.published_at).isoformat(),
        # Of which moments it is right, whoever reads it says: one of them was asked.
        "is_exact": answer.is_whole,
        "load_id": published.load_id,
        "code_version": published.code_version,
    }


def _is_whole_already(file: Path) -> bool:
    manifest = read_json(file.with_suffix(".json")) or {}
    if manifest.get("is_exact") is not True or not file.exists():
        return False
    return manifest.get("sha256") == digest_of(file)


def _chosen(
    settings: Settings, moment: datetime
) -> tuple[Publication, bool, dict[str, Publication]]:
    """What was published at the moment, whether it is certain that readers had it, and
    with which publication each account of it can still be shown."""
    warehouse = settings.data_dir / "warehouse.duckdb"
    if not warehouse.exists():
        raise MomentGone("Nothing was published yet.", "Run `pathways run`.")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        on_disk = publications.record(connection, settings.data_dir)
        known = publications.recorded(connection)
        # A warehouse of an earlier release was thinned out by the clock.
        thinned = publications.thinned_as_of(connection) or settings.clock()
        by_then = [each for each in known if each.published_at <= moment]
        pinned = by_hand.pin_at(settings.data_dir, moment)
        if pinned is not None:
            # Readers had nothing newer, whatever was published meanwhile.
            last = order(pinned.snapshot_id)
            by_then = [each for each in by_then if order(each.snapshot_id) <= last]
        if not by_then:
            raise _gone(moment, "anything", known)
        zones = connection.execute(
            "select account_id, arg_max(timezone_name, _dlt_load_id) "
            "from raw_meta.accounts where _dlt_load_id <= $mark "
            "group by account_id order by account_id",
            {"mark": by_then[-1].load_id},
        ).fetchall()
    accounts = {}
    for account_id, zone in zones:
        whole = {each.snapshot_id for each in _whole(known, on_disk, zone, thinned)}
        shown = [each for each in by_then if each.snapshot_id in whole]
        if not shown:
            raise _gone(moment, f"account {account_id}", known)
        accounts[account_id] = shown[-1]
    published = by_then[-1]
    if pinned is None:
        return published, published.holds_at(moment), accounts
    return published, published.snapshot_id == pinned.snapshot_id, accounts


def _whole(
    known: list[Publication], on_disk: frozenset[str], zone: str, thinned: datetime
) -> Iterable[Publication]:
    """The publications whose readings an account of this zone still has."""
    yield from publications.kept(known, ZoneInfo(zone), thinned)
    yield from (each for each in known if each.snapshot_id in on_disk)


def _gone(moment: datetime, what: str, known: list[Publication]) -> MomentGone:
    hint = "Nothing was published yet."
    if known:
        hint = f"The first moment that is known is {known[0].published_at.isoformat()}."
    return MomentGone(
        f"What was published of {what} at {moment.isoformat()} is not known.", hint
    )


def _copy_loads(data_dir: Path, target: Path, answer: AsOf) -> None:
    """A warehouse with the loads that each account's publication held."""
    with duckdb.connect(str(target)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        source = str(data_dir / "warehouse.duckdb").replace("'", "''")
        connection.execute(f"attach '{source}' as source (read_only)")
        connection.register("shown", _as_table(answer))
        held = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'source' and schema_name in ('raw_meta', 'raw_fx')"
        ).fetchall()
        read_by_day = {"receipts", *tables.INSIGHT_TABLES.values()}
        for schema, table in held:
            load_id = "load_id" if table == "_dlt_loads" else "_dlt_load_id"
            bound = "$mark"
            if table in read_by_day:
                bound = "coalesce(shown.load_id, $mark)"
            elif table.startswith("_dlt") and table != "_dlt_loads":
                continue
            joined = (
                "left join shown using (account_id)" if table in read_by_day else ""
            )
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(
                f"create table {schema}.{table} as select rows.* "
                f"from source.{schema}.{table} as rows {joined} "
                f"where rows.{load_id} <= {bound}",
                {"mark": answer.published.load_id},
            )


def _note(build: Path, answer: AsOf) -> None:
    """Write into the file which moment each account's numbers hold for."""
    with duckdb.connect(str(build)) as connection:
        connection.register("shown", _as_table(answer))
        connection.execute("create or replace table marts.as_of as from shown")


def _as_table(answer: AsOf) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "account_id": account_id,
                "load_id": publication.load_id,
                "snapshot_id": publication.snapshot_id,
                "holds_for": publication.published_at,
                "is_exact": answer.was_shown and publication == answer.published,
            }
            for account_id, publication in answer.accounts.items()
        ],
        schema=_SCHEMA,
    )
