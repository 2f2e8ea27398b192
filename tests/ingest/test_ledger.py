"""What the receipts in raw say: what was read, what holds, what changed."""

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest import tables
from ingest.ledger import Account, Ledger, Listing, WindowKey, read_ledger
from ingest.warehouse import changed_since, known_objects, known_rates
from tests.fixtures.raw_tables import ACCOUNT, create, listing, load, readings, rows

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
READ_AT = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
LATER = READ_AT + timedelta(hours=1)
IN_TOTAL: WindowKey = (ACCOUNT, "campaign", "none", MONDAY)
BY_COUNTRY: WindowKey = (ACCOUNT, "campaign", "country", MONDAY)
FIRST, SECOND, THIRD = "1772600000.1", "1772603600.2", "1772607200.3"


@pytest.fixture(scope="module")
def empty_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty_raw")
    create(folder)
    return folder / "warehouse.duckdb"


@pytest.fixture
def data_dir(empty_raw: Path, tmp_path: Path) -> Path:
    shutil.copy(empty_raw, tmp_path)
    return tmp_path


def test_ledger_is_empty_before_the_first_load(tmp_path: Path) -> None:
    ledger = read_ledger(tmp_path)

    assert ledger == Ledger()
    assert not list(tmp_path.iterdir())


def test_ledger_is_empty_over_a_warehouse_without_raw_tables(tmp_path: Path) -> None:
    rows(tmp_path, "create table other (n integer)")

    ledger = read_ledger(tmp_path)

    assert ledger == Ledger()
    assert known_rates(tmp_path) == {}
    assert changed_since(tmp_path, "0") is False


def test_ledger_is_empty_over_empty_raw_tables(data_dir: Path) -> None:
    ledger = read_ledger(data_dir)

    assert ledger == Ledger()


def test_reading_holds_the_rows_of_its_own_load(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))

    ledger = read_ledger(data_dir)

    assert set(ledger.readings) == {IN_TOTAL, BY_COUNTRY}
    assert ledger.readings[IN_TOTAL].rows_load_id == FIRST
    assert ledger.newest_load_id == FIRST


def test_pointer_receipt_holds_the_rows_it_names(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    load(data_dir, SECOND, receipts=readings(MONDAY, LATER, rows_load_id=FIRST))

    reading = read_ledger(data_dir).readings[IN_TOTAL]

    assert (reading.requested_at, reading.rows_load_id) == (LATER, FIRST)


def test_newest_load_holds_and_not_the_newest_moment(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, LATER, content_hash="first"))
    load(data_dir, SECOND, receipts=readings(MONDAY, READ_AT, content_hash="second"))

    reading = read_ledger(data_dir).readings[IN_TOTAL]

    assert reading.content_hash == "second"


def test_day_without_delivery_is_a_receipt_and_not_a_hole(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT, content_hash=None))

    ledger = read_ledger(data_dir)

    assert ledger.readings[IN_TOTAL].content_hash is None
    assert ledger.visible == {(ACCOUNT, "campaign", MONDAY): READ_AT}


def account(**values: Any) -> dict[str, Any]:
    return {
        "account_id": ACCOUNT,
        "name": "Acme",
        "currency": "USD",
        "timezone_name": "America/New_York",
        "account_status": "1",
        "created_time": None,
        "content_hash": "hash",
        "requested_at": READ_AT,
    } | values


def campaign(**values: Any) -> dict[str, Any]:
    return {
        "account_id": ACCOUNT,
        "id": "600000000000001",
        "content_hash": "hash",
        "is_present": True,
        "requested_at": READ_AT,
    } | values


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="rows without a commit mark"),
        pytest.param(1, id="a mark with another status"),
    ],
)
def test_load_that_dlt_did_not_complete_is_invisible(
    data_dir: Path, status: int | None
) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    before = read_ledger(data_dir)
    load(
        data_dir,
        SECOND,
        status=status,
        receipts=[
            *readings(MONDAY, LATER),
            *readings(TUESDAY, LATER),
            listing(LATER),
            {
                "resource": "exchange_rates",
                "outcome": "complete",
                "requested_at": LATER,
            },
        ],
        accounts=[account()],
        campaigns=[campaign()],
        stores=[{"store": "acme", "account_id": ACCOUNT, "content_hash": "new"}],
    )

    after = read_ledger(data_dir)

    assert after == before
    assert known_objects(data_dir, ACCOUNT, "campaign").num_rows == 0


@pytest.mark.parametrize("breakdown", ["none", "country"])
def test_day_read_in_total_or_by_country_alone_is_not_visible(
    data_dir: Path, breakdown: str
) -> None:
    half = [row for row in readings(MONDAY, READ_AT) if row["breakdown"] == breakdown]
    load(data_dir, FIRST, receipts=half)

    ledger = read_ledger(data_dir)

    assert len(ledger.readings) == 1
    assert ledger.visible == {}


def test_halves_of_two_loads_do_not_make_a_visible_day(data_dir: Path) -> None:
    in_total, by_country = readings(MONDAY, READ_AT)
    load(data_dir, FIRST, receipts=[in_total])
    load(data_dir, SECOND, receipts=[by_country])

    visible = read_ledger(data_dir).visible

    assert visible == {}


def test_day_was_read_when_the_first_of_its_halves_was(data_dir: Path) -> None:
    in_total, by_country = readings(MONDAY, READ_AT)
    by_country["requested_at"] = LATER
    load(data_dir, FIRST, receipts=[in_total, by_country])

    visible = read_ledger(data_dir).visible

    assert visible == {(ACCOUNT, "campaign", MONDAY): READ_AT}


def test_failed_reading_leaves_the_older_one_standing(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    failed = readings(MONDAY, LATER, outcome="failed", content_hash=None)
    load(data_dir, SECOND, receipts=failed)

    ledger = read_ledger(data_dir)

    assert ledger.readings[IN_TOTAL].rows_load_id == FIRST
    assert ledger.visible == {(ACCOUNT, "campaign", MONDAY): READ_AT}
    assert changed_since(data_dir, FIRST) is False


def test_account_is_as_it_was_last_described(data_dir: Path) -> None:
    load(data_dir, FIRST, accounts=[account()])
    load(data_dir, SECOND, accounts=[account(name="Renamed", requested_at=LATER)])

    accounts = read_ledger(data_dir).accounts

    assert accounts == {
        ACCOUNT: Account(
            account_id=ACCOUNT,
            name="Renamed",
            currency="USD",
            timezone_name="America/New_York",
            account_status="1",
            created_time=None,
            content_hash="hash",
            requested_at=LATER,
        )
    }


def test_listing_of_changes_is_newest_but_not_whole(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=[listing(READ_AT)])
    load(data_dir, SECOND, receipts=[listing(LATER, is_whole=False)])

    listings = read_ledger(data_dir).listings

    assert listings == {(ACCOUNT, "campaign"): Listing(LATER, READ_AT, SECOND)}


def test_failed_listing_does_not_count(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=[listing(READ_AT, outcome="failed")])

    listings = read_ledger(data_dir).listings

    assert listings == {}


def test_newest_version_of_each_object_is_known(data_dir: Path) -> None:
    load(data_dir, FIRST, campaigns=[campaign(name="First"), campaign(id="2")])
    load(data_dir, SECOND, campaigns=[campaign(name="Second", requested_at=LATER)])

    known = known_objects(data_dir, ACCOUNT, "campaign")

    assert known.schema == tables.OBJECT_SCHEMA
    names = {row["id"]: row["name"] for row in known.to_pylist()}
    assert names == {"600000000000001": "Second", "2": None}


def test_vanished_object_is_known_as_vanished(data_dir: Path) -> None:
    load(data_dir, FIRST, campaigns=[campaign()])
    gone = campaign(is_present=False, requested_at=LATER)
    load(data_dir, SECOND, campaigns=[gone])

    (known,) = known_objects(data_dir, ACCOUNT, "campaign").to_pylist()

    assert (known["is_present"], known["requested_at"]) == (False, LATER)


def test_objects_of_another_account_are_not_known(data_dir: Path) -> None:
    load(data_dir, FIRST, campaigns=[campaign(account_id="100000000000002")])

    known = known_objects(data_dir, ACCOUNT, "campaign")

    assert known.num_rows == 0


def rate(value: str, moment: datetime) -> dict[str, Any]:
    return {
        "provider": "ecb",
        "base_currency": "EUR",
        "quote_currency": "USD",
        "rate_date": MONDAY,
        "rate": Decimal(value),
        "fetched_at": moment,
    }


def test_newest_version_of_a_rate_is_known_with_all_its_places(data_dir: Path) -> None:
    load(data_dir, FIRST, exchange_rates=[rate("1.0842", READ_AT)])
    load(data_dir, SECOND, exchange_rates=[rate("1.0843000001", LATER)])

    known = known_rates(data_dir)

    assert known == {("ecb", "USD", MONDAY): Decimal("1.0843000001")}


def test_nothing_changed_since_the_newest_load(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT), campaigns=[campaign()])

    changed = changed_since(data_dir, FIRST)

    assert changed is False


def test_reading_the_same_again_is_no_change(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    load(data_dir, SECOND, receipts=readings(MONDAY, LATER, rows_load_id=FIRST))
    load(data_dir, THIRD, receipts=readings(MONDAY, LATER, rows_load_id=FIRST))

    changed = changed_since(data_dir, FIRST)

    assert changed is False


def test_half_a_day_read_is_no_change(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    load(data_dir, SECOND, receipts=readings(MONDAY, LATER)[:1])

    changed = changed_since(data_dir, FIRST)

    assert changed is False


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param({"receipts": readings(MONDAY, LATER)}, id="new rows of a day"),
        pytest.param(
            {"receipts": readings(MONDAY, LATER, content_hash=None)},
            id="a day that became empty",
        ),
        pytest.param(
            {"receipts": readings(TUESDAY, LATER, content_hash=None)},
            id="a day first read, and empty",
        ),
        pytest.param(
            {
                "receipts": readings(
                    MONDAY, LATER, rows_load_id=FIRST, is_partial_day=True
                )
            },
            id="whole or partial",
        ),
        pytest.param({"campaigns": [campaign()]}, id="an object"),
        pytest.param({"accounts": [account()]}, id="an account"),
        pytest.param(
            {"stores": [{"store": "acme", "account_id": ACCOUNT}]}, id="the stores"
        ),
        pytest.param({"exchange_rates": [rate("1.1", LATER)]}, id="a rate"),
    ],
)
def test_what_readers_would_see_differently_is_a_change(
    data_dir: Path, newer: dict[str, Any]
) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    load(data_dir, SECOND, **newer)

    changed = changed_since(data_dir, FIRST)

    assert changed is True


def test_interrupted_load_is_no_change(data_dir: Path) -> None:
    load(data_dir, FIRST, receipts=readings(MONDAY, READ_AT))
    load(data_dir, SECOND, status=None, receipts=readings(MONDAY, LATER))

    changed = changed_since(data_dir, FIRST)

    assert changed is False
