"""What was published when: which moments of the past can still be answered exactly.

A publication is a snapshot's moment and the newest load in it, its mark. Publications
stand in the warehouse (`ledger.publications`), beside the readings that they showed, so
that a copy of the warehouse is a copy of its history.

As time goes by fewer moments are kept: every publication of the last 48 hours, the last
one of each day for 35 days, and the last one of each week. Days and weeks are the
account's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from ingest import by_hand, pointer
from ingest.clock import is_moment
from ingest.files import read_json
from ingest.snapshot_ids import order
from ingest.warehouse import has_table

EVERY_ONE = timedelta(hours=48)
ONE_A_DAY = timedelta(days=35)

_TABLE = """
create schema if not exists ledger;
create table if not exists ledger.publications (
    snapshot_id varchar primary key,
    published_at timestamptz not null,
    superseded_at timestamptz,
    load_id varchar not null,
    code_version varchar,
    project_hash varchar
);
alter table ledger.publications add column if not exists clock_was_ahead boolean;
create table if not exists ledger.thinnings (as_of timestamptz not null)
"""

# Before any of them is struck out, so that what came next is known for ever.
_SUPERSEDE = """
update ledger.publications as earlier
set superseded_at = later.superseded_at
from (
    select
        snapshot_id,
        lead(published_at) over (
            order by published_at, load_id, snapshot_id
        ) as superseded_at
    from ledger.publications
) as later
where
    earlier.superseded_at is null
    and later.superseded_at is not null
    and earlier.snapshot_id = later.snapshot_id
"""

# One that was published while the clock was ahead took no one knows when the place of
# what was shown before it.
_DOUBT = """
update ledger.publications as earlier
set superseded_at = published_at
where superseded_at in (
    select published_at from ledger.publications where clock_was_ahead
)
"""
# Everything is young.
NEVER = datetime(1970, 1, 3, tzinfo=UTC)

_IN_A_MANIFEST = (
    "snapshot_id",
    "published_at",
    "load_id",
    "code_version",
    "project_hash",
)


# What a manifest tells of a publication.
Told = dict[str, object]


@dataclass(frozen=True)
class Publication:
    """A snapshot that was published.

    Attributes:
        published_at: aware, UTC.
        superseded_at: when the next one was published; None for the newest. Its own
            moment where that is not known, since the clock was wrong.
        load_id: its mark, the newest load in it.
        code_version: of the code that built it.
    """

    snapshot_id: str
    published_at: datetime
    superseded_at: datetime | None
    load_id: str
    code_version: str
    project_hash: str

    def holds_at(self, moment: datetime) -> bool:
        """Whether this is what was published at the moment."""
        ended = self.superseded_at is not None and self.superseded_at <= moment
        return self.published_at <= moment and not ended


def kept(
    publications: Iterable[Publication], zone: ZoneInfo, now: datetime
) -> list[Publication]:
    """Those that an account of this zone can be shown as of, oldest first."""
    last_of: dict[date, Publication] = {}
    oldest_first = sorted(publications, key=_order)
    for publication in oldest_first:
        day = publication.published_at.astimezone(zone).date()
        last_of[day] = publication
    last_day_of = {day - timedelta(days=day.weekday()): day for day in last_of}
    weekly = {last_of[day].snapshot_id for day in last_day_of.values()}
    daily = {publication.snapshot_id for publication in last_of.values()}
    return [
        publication
        for publication in oldest_first
        for age in [now - publication.published_at]
        if age <= EVERY_ONE
        or (age <= ONE_A_DAY and publication.snapshot_id in daily)
        or publication.snapshot_id in weekly
    ]


def recorded(connection: duckdb.DuckDBPyConnection) -> list[Publication]:
    """Every publication that the warehouse knows of, oldest first."""
    if not has_table(connection, "ledger", "publications"):
        return []
    rows = connection.execute(
        "select snapshot_id, published_at, superseded_at, "
        "load_id, code_version, project_hash from ledger.publications"
    ).fetchall()
    return sorted((Publication(*row) for row in rows), key=_order)


def record(connection: duckdb.DuckDBPyConnection, data_dir: Path) -> frozenset[str]:
    """Write down the snapshots that are there, known ones once; their ids.

    One that readers never got, since its publish died, is not written down.
    """
    connection.execute(_TABLE)
    known = [
        told
        for file in (data_dir / "snapshots").glob("*.json")
        if file.with_suffix(".duckdb").exists() and (told := _told_by(file))
    ]
    for told in _let_out(known, data_dir):
        connection.execute(
            "insert or ignore into ledger.publications values ($snapshot_id, "
            "$published_at, null, $load_id, $code_version, $project_hash, "
            "$clock_was_ahead)",
            {name: value for name, value in told.items() if name != "previous"},
        )
    connection.execute(_SUPERSEDE)
    connection.execute(_DOUBT)
    return frozenset(str(told["snapshot_id"]) for told in known)


def known_ids(data_dir: Path) -> frozenset[str]:
    """Ids of what was published, as far as the warehouse knows."""
    warehouse = data_dir / "warehouse.duckdb"
    if not warehouse.exists():
        return frozenset()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        if not has_table(connection, "ledger", "publications"):
            return frozenset()
        found = connection.execute("select snapshot_id from ledger.publications")
        return frozenset(snapshot_id for (snapshot_id,) in found.fetchall())


def thinned_as_of(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The moment by which old readings were thinned out the last time.

    None where that was never noted.
    """
    rows = connection.execute("select max(as_of) from ledger.thinnings").fetchall()
    moment: datetime | None = rows[0][0]
    return moment


def note_thinning(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Keep the moment of a thinning, unless a later one is known."""
    connection.execute("insert into ledger.thinnings values ($now)", {"now": now})
    connection.execute(
        "delete from ledger.thinnings "
        "where as_of < (select max(as_of) from ledger.thinnings)"
    )


def keep_only(
    connection: duckdb.DuckDBPyConnection, snapshot_ids: Iterable[str]
) -> None:
    """Strike out the publications that nothing can be shown as of any more."""
    connection.execute(
        "delete from ledger.publications where not list_contains($kept, snapshot_id)",
        {"kept": list(snapshot_ids)},
    )


def _told_by(file: Path) -> Told | None:
    """What a manifest says of its publication; None where it is damaged."""
    manifest = read_json(file) or {}
    if not all(isinstance(manifest.get(name), str) for name in _IN_A_MANIFEST):
        return None
    told = {name: manifest[name] for name in _IN_A_MANIFEST}
    if told["snapshot_id"] != file.stem or not is_moment(str(told["published_at"])):
        return None
    return told | {
        "clock_was_ahead": bool(manifest.get("clock_was_ahead")),
        "previous": manifest.get("previous"),
    }


def _let_out(known: Iterable[Told], data_dir: Path) -> Iterator[Told]:
    """Those that readers got, or would have but for a pin; newest first.

    `api.as_of` tells them the same way: by the pointer, and by what the next one names
    as the one before it.
    """
    pointed, pinned = pointer.read(data_dir), pointer.pin(data_dir)
    latest = pointed.snapshot_id if pointed and pinned is None else None
    # What was gone back from was there, whoever steps over it later.
    seen = {each.instead_of for each in by_hand.records(data_dir)}
    for told in sorted(known, key=lambda told: order(str(told["snapshot_id"])))[::-1]:
        snapshot_id, previous = str(told["snapshot_id"]), told["previous"]
        is_beyond = latest is not None and order(snapshot_id) > order(latest)
        if not is_beyond or snapshot_id in seen:
            yield told
            latest = previous if isinstance(previous, str) else None


def _order(publication: Publication) -> tuple[datetime, str, str]:
    return publication.published_at, publication.load_id, publication.snapshot_id
