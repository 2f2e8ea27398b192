"""The spool through the real dlt into the warehouse. Few loads: each takes a second."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest

from ingest import tables
from ingest.fields import BREAKDOWNS
from ingest.ledger import WindowKey, read_ledger
from ingest.pipeline import PIPELINES, load_meta, load_rates, pipelines_dir
from ingest.source import meta_source
from ingest.spool import Spool
from ingest.warehouse import changed_since, known_objects, known_rates
from ingest.windows import DateWindow
from tests.fixtures.raw_tables import ACCOUNT, listing, readings, rows

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
READ_AT = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
LATER = READ_AT + timedelta(hours=1)
IN_TOTAL: WindowKey = (ACCOUNT, "campaign", "none", MONDAY)
LONG_ID = "123456789012345678901234"


def spool_day(
    spool: Spool, day: date, read_at: datetime, spend: str, held: str | None = None
) -> None:
    """A campaign's day with its receipts; `held` names the load whose rows hold."""
    row = {
        "account_id": ACCOUNT,
        "campaign_id": LONG_ID,
        "country": "US",
        "spend": spend,
        "clicks": "0",
        "date_start": str(day),
    }
    for breakdown in BREAKDOWNS:
        page = spool.write_page(json.dumps([row]).encode())
        window = DateWindow(day, day)
        contents = spool.add_insights(
            ACCOUNT, "campaign", breakdown, window, [page], lambda *_: held is None
        )
        facts = {
            "breakdown": breakdown,
            "spend": contents[day].spend,
            "content_hash": contents[day].content_hash,
            "rows_load_id": held,
        }
        receipts = readings(day, read_at, **facts)[:1]
        spool.add_rows("receipts", receipts)


def spool_campaigns(
    spool: Spool, data_dir: Path, read_at: datetime, *names: str
) -> None:
    listed = [
        {"id": str(number), "account_id": ACCOUNT, "name": name}
        for number, name in enumerate(names)
    ]
    page = spool.write_page(json.dumps(listed).encode())
    known = known_objects(data_dir, ACCOUNT, "campaign")
    spool.add_objects(ACCOUNT, "campaign", [page], read_at, known, True)
    spool.add_rows("receipts", [listing(read_at)])


@pytest.fixture(scope="module")
def two_loads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Monday loaded, then read again unchanged, while one campaign had vanished."""
    data_dir = tmp_path_factory.mktemp("two_loads")
    spool = Spool(data_dir / "spool")
    spool_day(spool, MONDAY, READ_AT, "12.3400")
    spool_campaigns(spool, data_dir, READ_AT, "Stays", "Vanishes")
    first = load_meta(data_dir, spool)
    spool.close()
    spool = Spool(data_dir / "spool")
    spool_day(spool, MONDAY, LATER, "12.3400", held=first)
    spool_campaigns(spool, data_dir, LATER, "Stays")
    second = load_meta(data_dir, spool)
    spool.close()
    return data_dir, first, second


pytestmark = pytest.mark.xdist_group("pipeline")
Loads = tuple[Path, str, str]


def test_load_brings_every_raw_table_with_its_columns(two_loads: Loads) -> None:
    data_dir, _, _ = two_loads

    columns = rows(
        data_dir,
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'raw_meta' and table_name not like '!_dlt%' escape '!'",
    )

    found: dict[str, set[str]] = {}
    for table, column in columns:
        found.setdefault(table, set()).add(column)
    # Tables without rows too: the dbt project reads all of them.
    assert found == {
        table: {*schema.names, "_dlt_load_id"}
        for table, schema in tables.META_TABLES.items()
    }


def test_commit_mark_of_each_load_stands_in_dlts_own_table(two_loads: Loads) -> None:
    data_dir, first, second = two_loads

    marks = rows(data_dir, "select load_id, status from raw_meta._dlt_loads order by 1")

    assert marks == [(first, 0), (second, 0)]
    assert first < second


def test_digits_survive_the_load(two_loads: Loads) -> None:
    data_dir, first, _ = two_loads

    found = rows(
        data_dir,
        "select spend, campaign_id, clicks, reach, date_start, _dlt_load_id "
        "from raw_meta.campaign_insights where breakdown = 'none'",
    )

    assert found == [("12.3400", LONG_ID, "0", None, MONDAY, first)]


def test_receipts_keep_money_days_and_moments_typed(two_loads: Loads) -> None:
    data_dir, first, _ = two_loads

    found = rows(
        data_dir,
        "select spend, date_day, requested_at from raw_meta.receipts "
        f"where breakdown = 'none' and _dlt_load_id = '{first}'",
    )

    assert found == [(Decimal("12.34"), MONDAY, READ_AT)]


def test_unchanged_day_loaded_twice_has_its_rows_once(two_loads: Loads) -> None:
    data_dir, first, second = two_loads

    held = rows(data_dir, "select _dlt_load_id from raw_meta.campaign_insights")
    reading = read_ledger(data_dir).readings[IN_TOTAL]

    # One row in total and one by country, both of the first load.
    assert held == [(first,), (first,)]
    assert (reading.requested_at, reading.rows_load_id) == (LATER, first)
    assert read_ledger(data_dir).newest_load_id == second


def test_unchanged_object_loaded_twice_has_one_version(two_loads: Loads) -> None:
    data_dir, first, second = two_loads

    versions = rows(
        data_dir,
        "select name, is_present, _dlt_load_id from raw_meta.campaigns order by all",
    )

    assert versions == [
        ("Stays", True, first),
        ("Vanishes", False, second),
        ("Vanishes", True, first),
    ]


def test_vanished_object_is_a_change(two_loads: Loads) -> None:
    data_dir, first, second = two_loads

    changed = [changed_since(data_dir, mark) for mark in (first, second)]

    assert changed == [True, False]


def test_package_of_a_dead_run_is_not_loaded_instead_of_the_new_data(
    two_loads: Loads, tmp_path: Path
) -> None:
    shutil.copytree(two_loads[0], tmp_path, dirs_exist_ok=True)
    dead = Spool(tmp_path / "dead")
    spool_day(dead, TUESDAY, READ_AT, "6.66")
    pipeline = dlt.pipeline(
        pipeline_name=PIPELINES[tables.DATASET],
        pipelines_dir=str(pipelines_dir(tmp_path)),
        destination=dlt.destinations.duckdb(str(tmp_path / "warehouse.duckdb")),
        dataset_name=tables.DATASET,
    )
    pipeline.extract(meta_source(dead))
    dead.close()
    assert pipeline.has_pending_data
    spool = Spool(tmp_path / "spool")
    spool_day(spool, TUESDAY, LATER, "7.77")

    load_id = load_meta(tmp_path, spool)

    spool.close()
    spent = rows(
        tmp_path,
        "select distinct spend from raw_meta.campaign_insights "
        f"where date_start = '{TUESDAY}'",
    )
    assert spent == [("7.77",)]
    assert read_ledger(tmp_path).newest_load_id == load_id


def test_load_after_an_interrupted_one_stands_beside_its_rows(
    two_loads: Loads, tmp_path: Path
) -> None:
    data_dir, first, second = two_loads
    shutil.copy(data_dir / "warehouse.duckdb", tmp_path)
    # What a process leaves that dies between its tables and the commit mark.
    rows(tmp_path, f"delete from raw_meta._dlt_loads where load_id >= '{first}'")
    torn = read_ledger(tmp_path)
    spool = Spool(tmp_path / "spool")
    spool_day(spool, MONDAY, LATER, "12.3400")

    third = load_meta(tmp_path, spool)

    spool.close()
    assert torn.readings == {}
    assert third > second
    assert read_ledger(tmp_path).readings[IN_TOTAL].rows_load_id == third


def test_older_warehouse_takes_the_columns_that_were_declared_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tables.META_TABLES["receipts"]
    monkeypatch.setitem(
        tables.META_TABLES, "receipts", known.remove(known.get_field_index("pages"))
    )
    spool = Spool(tmp_path / "spool")
    spool_day(spool, MONDAY, READ_AT, "12.34")
    first = load_meta(tmp_path, spool)
    spool.close()
    monkeypatch.setitem(tables.META_TABLES, "receipts", known)
    spool = Spool(tmp_path / "spool")
    spool.add_rows("receipts", [{**listing(LATER), "pages": 7}])

    second = load_meta(tmp_path, spool)

    spool.close()
    found = rows(
        tmp_path,
        "select _dlt_load_id, pages, count(*) from raw_meta.receipts group by all "
        "order by all",
    )
    # The day's two receipts, in total and by country, know of no pages.
    assert found == [(first, None, 2), (second, 7, 1)]


def rates(**values: Any) -> pa.Table:
    row = {
        "provider": "ecb",
        "base_currency": "EUR",
        "quote_currency": "IDR",
        "rate_date": MONDAY,
        "rate": Decimal("17213.5500000001"),
        "fetched_at": READ_AT,
    }
    return pa.Table.from_pylist([row | values], schema=tables.RATE_SCHEMA)


def test_rate_keeps_ten_places_through_the_load(
    two_loads: Loads, tmp_path: Path
) -> None:
    shutil.copy(two_loads[0] / "warehouse.duckdb", tmp_path)

    load_rates(tmp_path, rates())

    assert known_rates(tmp_path) == {
        ("ecb", "IDR", MONDAY): Decimal("17213.5500000001")
    }
