"""Thirty days at 96 cycles, each thinned: raw and its receipts stay bounded.

Days are read as HOUSE.md's tiers say, and most readings find new numbers. What one
clean load of the same days takes is measured beside it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest import compaction
from ingest.compaction import compact
from ingest.fields import BREAKDOWNS, LEVELS, OBJECT_TYPES, Level
from ingest.kept_snapshots import Shelf
from ingest.pruning import prune
from tests.fixtures.raw_tables import ACCOUNT, create, listing, load, rows
from tests.ingest.test_thinning import publish

pytestmark = pytest.mark.soak

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
DAYS, A_DAY, HISTORY_DAYS = 30, 96, 35
INTERVAL = timedelta(minutes=15)
OBJECTS: dict[Level, int] = {"account": 1, "campaign": 10, "adset": 20, "ad": 60}
COUNTRIES = 8
SHELF = Shelf(newest=3, days=7, most_bytes=2**30)
WINDOWS = len(LEVELS) * len(BREAKDOWNS)

_ROWS = """
insert into raw_meta.{level}_insights by name
select
    $account as account_id,
    case when '{level}' <> 'account'
        then lpad(cast(1000 + object % 10 as varchar), 18, '1') end as campaign_id,
    case when '{level}' <> 'account' then 'Campaign ' || object % 10 end
        as campaign_name,
    case when '{level}' in ('adset', 'ad')
        then lpad(cast(2000 + object % 20 as varchar), 18, '2') end as adset_id,
    case when '{level}' = 'ad'
        then lpad(cast(3000 + object as varchar), 18, '3') end as ad_id,
    breakdown,
    case when breakdown = 'country' then 'C' || country end as country,
    'USD' as account_currency,
    '7d_click_1d_view' as attribution_setting,
    cast(cast(100 * random() as decimal(18, 2)) as varchar) as spend,
    cast(cast(9000 * random() as int) as varchar) as impressions,
    cast(cast(90 * random() as int) as varchar) as clicks,
    cast(cast(70 * random() as int) as varchar) as inline_link_clicks,
    cast(cast(8000 * random() as int) as varchar) as reach,
    '[{{"action_type":"omni_purchase","value":"' || cast(9 * random() as int)
    || '"}},{{"action_type":"landing_page_view","value":"' || cast(50 * random() as int)
    || '"}},{{"action_type":"add_to_cart","value":"' || cast(20 * random() as int)
    || '"}}]' as actions,
    '[{{"action_type":"omni_purchase","value":"'
    || cast(cast(900 * random() as decimal(18, 2)) as varchar) || '"}}]'
        as action_values,
    date_start,
    $load_id as _dlt_load_id
from
    (select unnest(cast($days as date[])) as date_start),
    range({objects}) as objects (object),
    (
        select 'none' as breakdown, 0 as country
        union all
        select 'country', range from range({countries})
    )
"""


def write_rows(data_dir: Path, load_id: str, days: list[date]) -> None:
    """Rows of every level, in total and by country, with numbers of their own."""
    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        for level, objects in OBJECTS.items():
            statement = _ROWS.format(level=level, objects=objects, countries=COUNTRIES)
            values = {"account": ACCOUNT, "load_id": load_id, "days": days}
            connection.execute(statement, values)


def receipts(days: list[date], at: datetime, **more: Any) -> Iterator[dict[str, Any]]:
    for day in days:
        for level in LEVELS:
            for breakdown in BREAKDOWNS:
                yield {
                    "account_id": ACCOUNT,
                    "resource": "insights",
                    "level": level,
                    "breakdown": breakdown,
                    "outcome": "complete",
                    "content_hash": "hash",
                    "date_day": day,
                    "requested_at": at,
                    "is_whole": True,
                    "row_count": 1,
                    **more,
                }


def account(at: datetime) -> dict[str, Any]:
    return {"account_id": ACCOUNT, "timezone_name": "UTC", "requested_at": at}


def due(tick: int, today: date) -> list[int]:
    """Ages of the days that a cycle reads."""
    if tick % 4:
        return []
    if tick % A_DAY:
        return [0, 1]
    third = [*range(8, 29)] if today.toordinal() % 3 == 0 else []
    return [*range(8), *third, 29]


def changes(age: int, now: datetime, chance: random.Random) -> bool:
    if age == 0:
        return 6 <= now.hour < 22
    return chance.random() < (0.5 if age == 1 or age > 7 else 0.9)


@dataclass
class Month:
    """What stood in the warehouse at the end of each day.

    Attributes:
        clean_bytes: of the same days, each loaded once.
    """

    clean_bytes: int
    written: int = 0
    file_bytes: list[int] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    row_counts: list[int] = field(default_factory=list)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    folder = tmp_path_factory.mktemp("month")
    last_day = START.date() + timedelta(days=DAYS - 1)
    done = Month(clean_bytes=clean_load(folder / "clean", last_day))
    run(folder / "data", done)
    mb = [size / 2**20 for size in (done.clean_bytes, max(done.file_bytes))]
    print(
        f"\none clean load {mb[0]:.1f} MB, the largest file {mb[1]:.1f} MB "
        f"({mb[1] / mb[0]:.1f} times); {done.written} receipts written, "
        f"{done.receipts[-1]} kept"
    )
    return done


def clean_load(data_dir: Path, last_day: date) -> int:
    """The bytes of a warehouse with each day loaded once."""
    days = [last_day - timedelta(days=n) for n in range(DAYS + HISTORY_DAYS)]
    first_load(data_dir, days)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compaction, "FLOOR_BYTES", 0)
        compact(data_dir / "warehouse.duckdb")
    return (data_dir / "warehouse.duckdb").stat().st_size


def first_load(data_dir: Path, days: list[date]) -> None:
    data_dir.mkdir()
    create(data_dir)
    load_id = "1772000000.0"
    write_rows(data_dir, load_id, days)
    load(
        data_dir,
        load_id,
        accounts=[account(START)],
        receipts=[*receipts(days, START)],
    )


def run(data_dir: Path, done: Month) -> None:
    chance = random.Random(20260302)
    history = [START.date() - timedelta(days=n) for n in range(1, HISTORY_DAYS + 1)]
    first_load(data_dir, history)
    holding = dict.fromkeys(history, "1772000000.0")
    for tick in range(DAYS * A_DAY):
        now = START + tick * INTERVAL
        load_id = f"{1772000001 + tick}.0"
        noted = [
            {**listing(now, is_whole=tick % A_DAY == 0), "level": kind}
            for kind in OBJECT_TYPES
        ]
        new: list[date] = []
        same: list[date] = []
        for age in due(tick, now.date()):
            day = now.date() - timedelta(days=age)
            is_new = day not in holding or changes(age, now, chance)
            (new if is_new else same).append(day)
        for day in same:
            noted += receipts([day], now, rows_load_id=holding[day])
        noted += receipts(new, now)
        if new:
            write_rows(data_dir, load_id, new)
        holding |= dict.fromkeys(new, load_id)
        load(data_dir, load_id, receipts=noted)
        if new:
            publish(data_dir, now + timedelta(minutes=1), load_id, keep=3)
        prune(data_dir, now + timedelta(minutes=2), SHELF)
        done.written += len(noted)
        if tick % A_DAY == A_DAY - 1:
            count = "select count(*) from raw_meta."
            done.file_bytes.append((data_dir / "warehouse.duckdb").stat().st_size)
            done.receipts.append(rows(data_dir, f"{count}receipts")[0][0])
            done.row_counts.append(rows(data_dir, f"{count}ad_insights")[0][0])


def test_raw_takes_at_most_eight_clean_loads(month: Month) -> None:
    assert len(month.file_bytes) == DAYS
    assert max(month.file_bytes) <= 8 * month.clean_bytes


def test_receipts_stay_bounded(month: Month) -> None:
    # Of a day: one reading for each of the first nine days of its life, seven of each
    # third day and the final one. Of the last two days and the hour that ends them,
    # each hour's; a listing of each kind a cycle; and of each day the whole listings.
    of_days = (DAYS + HISTORY_DAYS) * (9 + 7 + 1) * WINDOWS
    of_two_days = 2 * 49 * WINDOWS
    of_listings = (2 * A_DAY + 4 + DAYS) * len(OBJECT_TYPES)

    assert month.written > 1.4 * month.receipts[-1]
    assert max(month.receipts) <= of_days + of_two_days + of_listings
