"""What thinning takes, and that no moment that is still answered for loses anything."""

import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from ingest.failpoints import Injected, arm
from ingest.ledger import read_ledger
from ingest.publications import Publication, kept, recorded
from ingest.thinning import Thinned, thin
from tests.fixtures.raw_tables import ACCOUNT, create, listing, load, readings, rows

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
ZONE = "America/New_York"
FIRST, SECOND, THIRD, FOURTH = (f"177200000{n}.1" for n in range(4))
LATER = timedelta(days=4)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    create(tmp_path)
    account = {
        "account_id": ACCOUNT,
        "timezone_name": ZONE,
        "requested_at": START,
    }
    load(tmp_path, "1772000000.0", accounts=[account])
    return tmp_path


def insight_rows(day: date, spend: str) -> list[dict[str, Any]]:
    row = {"account_id": ACCOUNT, "campaign_id": "1", "date_start": day, "spend": spend}
    return [
        {**row, "breakdown": "none"},
        {**row, "breakdown": "country", "country": "US"},
    ]


def read(
    data_dir: Path, load_id: str, at: datetime, day: date = DAY, **more: Any
) -> None:
    """A reading of a day with rows of its own, whose spend tells which one it is."""
    load(
        data_dir,
        load_id,
        receipts=[*readings(day, at, row_count=1, **more)],
        campaign_insights=[] if "rows_load_id" in more else insight_rows(day, load_id),
    )


def publish(
    data_dir: Path, at: datetime, load_id: str, keep: int = 1, **more: Any
) -> Publication:
    """A snapshot's files, and of the older ones only so many."""
    folder = data_dir / "snapshots"
    folder.mkdir(exist_ok=True)
    snapshot_id = f"{at:%Y%m%dT%H%M%SZ}-{load_id.replace('.', '')}"
    publication = Publication(snapshot_id, at, None, load_id, "1", "hash")
    (folder / f"{snapshot_id}.json").write_text(
        json.dumps(
            {
                "snapshot_id": snapshot_id,
                "published_at": at.isoformat(),
                "load_id": load_id,
                "code_version": "1",
                "project_hash": "hash",
                **more,
            }
        )
    )
    (folder / f"{snapshot_id}.duckdb").touch()
    for old in sorted(folder.glob("*.duckdb"))[:-keep]:
        old.unlink()
        old.with_suffix(".json").unlink()
    return publication


def spends(data_dir: Path) -> list[str]:
    """The readings of which rows are there."""
    found = rows(data_dir, "select distinct spend from raw_meta.campaign_insights")
    return sorted(row[0] for row in found)


def shown_at(data_dir: Path, mark: str) -> dict[tuple[Any, ...], Any]:
    """By day and breakdown, the spend that was shown when a load was the newest."""
    found = rows(
        data_dir,
        f"""
        with whole as (
            select date_day, _dlt_load_id from raw_meta.receipts
            where resource = 'insights' and outcome = 'complete'
                and _dlt_load_id <= '{mark}'
            group by all having count(distinct breakdown) = 2
        ),
        newest as (
            select date_day, max(_dlt_load_id) as load_id from whole group by all
        )
        select receipts.date_day, receipts.breakdown, any_value(rows.spend)
        from newest
        inner join raw_meta.receipts as receipts
            on receipts.date_day = newest.date_day
            and receipts._dlt_load_id = newest.load_id
        left join raw_meta.campaign_insights as rows
            on rows.date_start = receipts.date_day
            and rows.breakdown = receipts.breakdown
            and rows._dlt_load_id
            = coalesce(receipts.rows_load_id, receipts._dlt_load_id)
        group by all
        """,
    )
    return {(day, breakdown): spend for day, breakdown, spend in found}


def test_a_reading_stays_while_it_is_shown(data_dir: Path) -> None:
    read(data_dir, FIRST, START)

    assert thin(data_dir, START + timedelta(days=400)) == Thinned(0, 0)
    assert spends(data_dir) == [FIRST]


def test_a_reading_goes_two_days_after_another_took_its_place(data_dir: Path) -> None:
    read(data_dir, FIRST, START)
    read(data_dir, SECOND, START + timedelta(hours=1))

    early = thin(data_dir, START + timedelta(hours=48))
    late = thin(data_dir, START + timedelta(hours=49, minutes=1))

    assert early == Thinned(0, 0)
    assert late == Thinned(receipts=2, rows=2)
    assert spends(data_dir) == [SECOND]


def test_a_reading_that_a_kept_publication_showed_stays(data_dir: Path) -> None:
    read(data_dir, FIRST, START)
    publish(data_dir, START + timedelta(minutes=5), FIRST)
    read(data_dir, SECOND, START + timedelta(minutes=10))
    publish(data_dir, START + timedelta(minutes=20), SECOND)
    thin(data_dir, START + timedelta(minutes=20))
    read(data_dir, THIRD, START + timedelta(days=1))
    publish(data_dir, START + timedelta(days=1), THIRD)

    thin(data_dir, START + LATER)

    # The first was not the last of its day.
    assert spends(data_dir) == [SECOND, THIRD]
    assert rows(data_dir, "select count(*) from ledger.publications") == [(2,)]


def test_a_reading_that_a_snapshot_on_disk_shows_stays_however_old(
    data_dir: Path,
) -> None:
    read(data_dir, FIRST, START)
    publish(data_dir, START, FIRST, keep=2)
    read(data_dir, SECOND, START + timedelta(hours=1))
    publish(data_dir, START + timedelta(hours=1), SECOND, keep=2)

    thin(data_dir, START + timedelta(days=90))

    assert spends(data_dir) == [FIRST, SECOND]


@pytest.mark.parametrize("manifest", ["{}", "{", '{"snapshot_id": 5}', "[]"])
def test_a_damaged_manifest_stops_nothing(data_dir: Path, manifest: str) -> None:
    read(data_dir, FIRST, START)
    publish(data_dir, START, FIRST)
    (data_dir / "snapshots" / "20260302T080000Z-1.json").write_text(manifest)
    (data_dir / "snapshots" / "20260302T080000Z-1.duckdb").touch()

    assert thin(data_dir, START) == Thinned(0, 0)
    assert rows(data_dir, "select count(*) from ledger.publications") == [(1,)]


def test_rows_stay_while_a_later_receipt_points_to_them(data_dir: Path) -> None:
    read(data_dir, FIRST, START)
    for number, load_id in enumerate([SECOND, THIRD], 1):
        at = START + timedelta(hours=number)
        read(data_dir, load_id, at, rows_load_id=FIRST)

    gone = thin(data_dir, START + LATER)

    # Of a run of readings that found nothing new, the first and the last.
    assert gone == Thinned(receipts=2, rows=0)
    assert spends(data_dir) == [FIRST]
    assert shown_at(data_dir, THIRD)[DAY, "none"] == FIRST


def test_a_total_without_its_countries_waits_for_them(data_dir: Path) -> None:
    read(data_dir, FIRST, START)
    alone = readings(DAY, START + timedelta(hours=1), row_count=1)[:1]
    load(
        data_dir,
        SECOND,
        receipts=alone,
        campaign_insights=insight_rows(DAY, SECOND)[:1],
    )
    before = read_ledger(data_dir).readings

    thin(data_dir, START + LATER)

    assert read_ledger(data_dir).readings == before
    assert spends(data_dir) == [FIRST, SECOND]


def test_rows_of_a_load_that_never_ended_go(data_dir: Path) -> None:
    read(data_dir, FIRST, START)
    load(
        data_dir,
        SECOND,
        status=None,
        receipts=readings(DAY, START),
        campaign_insights=insight_rows(DAY, SECOND),
    )

    gone = thin(data_dir, START)

    assert gone.rows == 4
    assert spends(data_dir) == [FIRST]


def test_failures_and_listings_are_thinned_to_the_newest_of_their_kind(
    data_dir: Path,
) -> None:
    failed = {"outcome": "failed", "error_code": "META-001"}
    for number, load_id in enumerate([FIRST, SECOND, THIRD]):
        at = START + timedelta(hours=number)
        load(
            data_dir,
            load_id,
            receipts=[
                *readings(DAY, at, **failed),
                listing(at, is_whole=number == 0),
            ],
        )
    before = read_ledger(data_dir)

    thin(data_dir, START + LATER)

    assert rows(
        data_dir,
        "select _dlt_load_id, resource, outcome, count(*) from raw_meta.receipts "
        "group by all order by all",
    ) == [
        # A whole listing is what an object that vanished was last seen in.
        (FIRST, "objects", "complete", 1),
        (THIRD, "insights", "failed", 2),
        (THIRD, "objects", "complete", 1),
    ]
    after = read_ledger(data_dir)
    assert after.failed_days == before.failed_days
    assert after.listings == before.listings


def test_what_shows_that_the_clock_went_back_stays(data_dir: Path) -> None:
    """An hour that never was must not come back as the time something was seen."""
    ahead, right = START + timedelta(days=2), START + timedelta(hours=1)
    read(data_dir, FIRST, ahead)
    read(data_dir, SECOND, right, day=DAY - timedelta(days=1))
    read(data_dir, THIRD, right + timedelta(hours=1), day=DAY - timedelta(days=1))

    thin(data_dir, START + timedelta(days=30))

    moments = rows(
        data_dir,
        "select min(requested_at) from raw_meta.receipts "
        f"where _dlt_load_id > '{FIRST}'",
    )
    assert moments == [(right,)]


def test_nothing_goes_for_its_age_while_the_time_is_not_known(data_dir: Path) -> None:
    read(data_dir, FIRST, START)
    read(data_dir, SECOND, START + timedelta(hours=1))

    never_known = thin(data_dir, None)
    thin(data_dir, START + timedelta(hours=2))
    known_once = thin(data_dir, None)
    kept_so_far = spends(data_dir)
    thin(data_dir, START + LATER)

    assert never_known == known_once == Thinned(0, 0)
    assert kept_so_far == [FIRST, SECOND]
    assert spends(data_dir) == [SECOND]


@pytest.mark.parametrize("was_ahead", [True, False])
def test_what_held_while_the_clock_was_ahead_is_not_called_exact(
    data_dir: Path, was_ahead: bool
) -> None:
    """Published three weeks ahead, and once more at that moment: it never goes back."""
    ahead = START + timedelta(days=21)
    publish(data_dir, START, FIRST)
    thin(data_dir, START)
    publish(data_dir, ahead, SECOND, keep=2)
    publish(data_dir, ahead, THIRD, keep=3, clock_was_ahead=was_ahead)
    thin(data_dir, START)

    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        first, *_, last = recorded(connection)

    assert first.holds_at(START + timedelta(days=3)) is not was_ahead
    assert last.holds_at(ahead + timedelta(days=1))


@pytest.mark.parametrize(
    ("point", "left"), [("thin.deleted", [FIRST, SECOND]), ("thin.committed", [SECOND])]
)
def test_a_run_that_dies_in_it_leaves_all_or_nothing(
    data_dir: Path, point: str, left: list[str]
) -> None:
    read(data_dir, FIRST, START)
    read(data_dir, SECOND, START + timedelta(hours=1))
    arm(f"{point}:1:raise")
    try:
        with pytest.raises(Injected):
            thin(data_dir, START + LATER)
    finally:
        arm("")

    assert spends(data_dir) == left
    thin(data_dir, START + LATER)
    assert spends(data_dir) == [SECOND]


def simulated(data_dir: Path, days: int, seed: int, thinned: bool) -> list[Publication]:
    """Weeks of readings, three a day, some of them pointers, some half, some failed."""
    chance = random.Random(seed)
    held: dict[date, str] = {}
    told: list[Publication] = []
    for number in range(3 * days):
        at = START + timedelta(hours=8 * number, minutes=chance.randrange(60))
        load_id = f"{1773000000 + number}.5"
        today = at.astimezone(ZoneInfo(ZONE)).date()
        receipts: list[dict[str, Any]] = []
        insights: list[dict[str, Any]] = []
        for age in (0, 1, chance.randrange(2, 30)):
            day = today - timedelta(days=age)
            fate = chance.random()
            if fate < 0.1:
                receipts += readings(day, at, outcome="failed")
            elif fate < 0.2:
                receipts += readings(day, at, row_count=1)[:1]
                insights += insight_rows(day, load_id)[:1]
            elif fate < 0.5 and day in held:
                pointer = held[day]
                receipts += readings(day, at, row_count=1, rows_load_id=pointer)
            else:
                receipts += readings(day, at, row_count=1)
                insights += insight_rows(day, load_id)
                held[day] = load_id
        load(data_dir, load_id, receipts=receipts, campaign_insights=insights)
        if chance.random() < 0.8:
            told.append(publish(data_dir, at + timedelta(minutes=1), load_id, keep=2))
        if thinned:
            thin(data_dir, at + timedelta(minutes=2))
    return told


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kept_moment_shows_what_it_showed(tmp_path: Path, seed: int) -> None:
    """Ten weeks, thinned each time, beside the same weeks that never were."""
    folders = {}
    for name in ("thinned", "whole"):
        folders[name] = tmp_path / name
        folders[name].mkdir()
        create(folders[name])
        load(
            folders[name],
            "1772000000.0",
            accounts=[{"account_id": ACCOUNT, "timezone_name": ZONE}],
        )
    told = simulated(folders["thinned"], 70, seed, thinned=True)
    simulated(folders["whole"], 70, seed, thinned=False)
    now = told[-1].published_at

    still = kept(told, ZoneInfo(ZONE), now)

    assert len(still) < len(told) / 2
    for publication in [*still, *told[-2:]]:
        mark = publication.load_id
        assert shown_at(folders["thinned"], mark) == shown_at(folders["whole"], mark)
    count = "select count(*) from raw_meta.campaign_insights"
    assert (
        rows(folders["thinned"], count)[0][0]
        < 0.6 * rows(folders["whole"], count)[0][0]
    )


def test_a_warehouse_that_grew_is_written_anew_and_holds_the_same(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest import compaction

    monkeypatch.setattr(compaction, "FLOOR_BYTES", 0)
    warehouse = data_dir / "warehouse.duckdb"
    for number in range(40):
        read(data_dir, f"17720000{number:02}.9", START + timedelta(minutes=number))

    def content() -> list[tuple[Any, ...]]:
        return rows(data_dir, "from raw_meta.receipts order by all")

    rows(
        data_dir,
        "create view raw_meta.shown as select spend from raw_meta.campaign_insights",
    )
    before, inode = content(), warehouse.stat().st_ino

    assert compaction.compact(warehouse) is True
    written_anew = warehouse.stat().st_ino
    assert compaction.compact(warehouse) is False

    assert written_anew != inode
    assert content() == before
    assert rows(data_dir, "select count(*) from raw_meta.shown") == [(80,)]
    assert not list(data_dir.glob(".*"))


def test_a_warehouse_is_not_written_anew_where_there_is_no_room(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest import compaction

    monkeypatch.setattr(compaction, "FLOOR_BYTES", 0)
    warehouse = data_dir / "warehouse.duckdb"
    usage = shutil.disk_usage(data_dir)
    full = usage._replace(free=warehouse.stat().st_size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    assert compaction.compact(warehouse) is False
    assert not list(data_dir.glob(".*"))
