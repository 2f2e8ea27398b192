"""Whole windows on disk: every digit, each row once, and what is refused."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest import tables
from ingest.errors import WindowUnusable
from ingest.fields import Breakdown, Level, ObjectType
from ingest.pages import read_page
from ingest.spool import DayContent, Spool
from ingest.windows import DateWindow

ACCOUNT = "100000000000001"
MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
THREE_DAYS = DateWindow(MONDAY, WEDNESDAY)
READ_AT = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


def insight(**values: Any) -> Row:
    row = {
        "account_id": ACCOUNT,
        "campaign_id": "600000000000001",
        "spend": "1.00",
        "impressions": "10",
        "clicks": "1",
        "date_start": str(MONDAY),
    }
    row |= values
    row.setdefault("date_stop", row["date_start"])
    return {name: value for name, value in row.items() if value is not None}


def paged(spool: Spool, *pages: list[Row]) -> list[Path]:
    return [spool.write_page(json.dumps(rows).encode()) for rows in pages]


def keep_all(day: date, content: DayContent) -> bool:
    return True


def add(
    spool: Spool,
    *pages: list[Row],
    level: Level = "campaign",
    breakdown: Breakdown = "none",
    window: DateWindow = THREE_DAYS,
    keep: Callable[[date, DayContent], bool] = keep_all,
) -> dict[date, DayContent]:
    return spool.add_insights(
        ACCOUNT, level, breakdown, window, paged(spool, *pages), keep
    )


def kept(spool: Spool, table: str = "campaign_insights") -> list[Row]:
    return [row for batch in spool.batches(table) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "spend",
    ["0", "0.00", "12.3400", "1.10", "-3.5", "0.0001", "1234", "99999999999999.9999"],
)
def test_spend_is_kept_letter_for_letter(spool: Spool, spend: str) -> None:
    add(spool, [insight(spend=spend)])

    (row,) = kept(spool)

    assert row["spend"] == spend


@pytest.mark.parametrize(
    "campaign_id",
    [
        pytest.param("120200000000000001", id="18 digits"),
        pytest.param("9007199254740993", id="just past 2^53"),
        pytest.param("9223372036854775809", id="just past 2^63"),
        pytest.param("123456789012345678901234567890", id="30 digits"),
        pytest.param("000123", id="leading zeros"),
    ],
)
def test_id_is_kept_letter_for_letter(spool: Spool, campaign_id: str) -> None:
    add(spool, [insight(campaign_id=campaign_id)])

    (row,) = kept(spool)

    assert row["campaign_id"] == campaign_id


@pytest.mark.parametrize(
    "name",
    [
        pytest.param('New range "Spring", 50% off\\', id="quotes and backslash"),
        pytest.param("رمضان | العروض 🎁", id="Arabic and a picture"),
        pytest.param("line\none\ttab", id="line break and tab"),
        pytest.param("'; drop table page; --", id="SQL"),
        pytest.param("null", id="the word null"),
        pytest.param("", id="empty"),
        pytest.param("  spaces ", id="spaces around"),
        pytest.param("2026-03-02", id="a date"),
    ],
)
def test_name_is_kept_letter_for_letter(spool: Spool, name: str) -> None:
    add(spool, [insight(campaign_name=name)])

    (row,) = kept(spool)

    assert row["campaign_name"] == name


def test_actions_keep_their_items_order_and_digits(spool: Spool) -> None:
    actions = [
        {"action_type": "purchase", "value": "2", "7d_click": "1.50"},
        {"action_type": "omni_purchase", "value": "2.00"},
    ]
    add(spool, [insight(actions=actions)])

    (row,) = kept(spool)

    assert json.loads(row["actions"]) == actions


def test_absent_values_are_null_and_not_zero(spool: Spool) -> None:
    add(spool, [insight(spend=None, clicks=None)])

    (row,) = kept(spool)

    absent = ("spend", "clicks", "inline_link_clicks", "reach", "actions", "country")
    assert {name: row[name] for name in absent} == dict.fromkeys(absent)


def test_fields_that_nobody_asked_for_are_left_out(spool: Spool) -> None:
    add(spool, [insight(brand_new_metric={"a": [1]}, cpm="1.1")])

    (row,) = kept(spool)

    assert set(row) == set(tables.INSIGHT_SCHEMA.names)


def test_day_content_sums_exactly(spool: Spool) -> None:
    rows = [
        insight(campaign_id="1", spend="0.1", impressions="3", clicks="1"),
        insight(campaign_id="2", spend="0.2", impressions="4", clicks=None),
        insight(campaign_id="3", spend=None, impressions="5", clicks="2"),
    ]

    contents = add(spool, rows)

    monday = contents[MONDAY]
    # 0.1 + 0.2; 3 + 4 + 5; 1 + 2.
    assert (monday.row_count, monday.spend) == (3, Decimal("0.3"))
    assert (monday.impressions, monday.clicks) == (12, 3)


def test_days_without_rows_are_read_as_empty(spool: Spool) -> None:
    contents = add(spool, [insight()])

    assert list(contents) == [MONDAY, TUESDAY, WEDNESDAY]
    assert contents[TUESDAY] == contents[WEDNESDAY] == DayContent()
    assert contents[TUESDAY].content_hash is None


def test_window_without_any_row_is_whole_and_empty(spool: Spool) -> None:
    contents = add(spool, [])

    assert set(contents.values()) == {DayContent()}
    assert kept(spool) == []


def test_rows_repeated_across_pages_count_once(spool: Spool) -> None:
    first = insight(campaign_id="1", spend="1.00")
    second = insight(campaign_id="2", spend="2.50")

    contents = add(spool, [first, second], [second], [first])

    assert contents[MONDAY].row_count == 2
    assert contents[MONDAY].spend == Decimal("3.50")
    assert len(kept(spool)) == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"spend": "1.01"}, id="spend"),
        pytest.param({"spend": "1.000"}, id="a trailing zero"),
        pytest.param({"clicks": None}, id="a metric that went away"),
        pytest.param(
            {"actions": [{"action_type": "purchase", "value": "1"}]}, id="an action"
        ),
    ],
)
def test_two_versions_of_a_row_are_refused(spool: Spool, change: Row) -> None:
    with pytest.raises(WindowUnusable, match="changed while its pages") as caught:
        add(spool, [insight()], [insight(**change)])

    assert caught.value.code == "SPOOL-MOVED"
    assert kept(spool) == []


def test_same_object_on_two_days_is_two_rows(spool: Spool) -> None:
    contents = add(spool, [insight(), insight(date_start=str(TUESDAY))])

    assert [contents[day].row_count for day in (MONDAY, TUESDAY)] == [1, 1]


def test_countries_of_an_object_are_rows_of_their_own(spool: Spool) -> None:
    rows = [insight(country=code) for code in ("US", "GB", "unknown")]

    contents = add(spool, rows, breakdown="country")

    found = {(row["breakdown"], row["country"]) for row in kept(spool)}
    assert contents[MONDAY].row_count == 3
    assert found == {("country", "US"), ("country", "GB"), ("country", "unknown")}


UNUSABLE = [
    pytest.param({"account_id": "100000000000002"}, "another account", id="foreign"),
    pytest.param({"account_id": None}, "another account", id="no account"),
    pytest.param({"date_start": "2026-03-01"}, "not asked for", id="day before"),
    pytest.param({"date_start": "2026-03-05"}, "not asked for", id="day after"),
    pytest.param({"date_start": None}, "without their key", id="no day"),
    pytest.param({"campaign_id": None}, "without their key", id="no id of its level"),
    pytest.param({"spend": "1e3"}, "no decimal", id="spend 1e3"),
    pytest.param({"spend": "1,50"}, "no decimal", id="spend with a comma"),
    pytest.param({"spend": "1.23456"}, "no decimal", id="spend of five places"),
    pytest.param({"spend": "NaN"}, "no decimal", id="spend NaN"),
    pytest.param({"spend": ""}, "no decimal", id="spend empty"),
    pytest.param({"spend": " 1.50"}, "no decimal", id="spend with a space"),
    pytest.param({"spend": "1.50\n"}, "no decimal", id="spend with a line break"),
    pytest.param({"spend": "1" * 15}, "no decimal", id="spend of fifteen digits"),
    pytest.param({"impressions": "1.5"}, "no whole number", id="impressions 1.5"),
    pytest.param({"clicks": "1k"}, "no whole number", id="clicks 1k"),
    pytest.param({"reach": "9" * 19}, "no whole number", id="reach of 19 digits"),
    pytest.param(
        {"inline_link_clicks": "-"}, "no whole number", id="link clicks a dash"
    ),
]


@pytest.mark.parametrize(("change", "said"), UNUSABLE)
def test_row_that_raw_cannot_keep_exactly_is_refused(
    spool: Spool, change: Row, said: str
) -> None:
    good = insight(campaign_id="600000000000002")

    with pytest.raises(WindowUnusable, match=said) as caught:
        add(spool, [good, insight(**change)])

    assert caught.value.code == "SPOOL-ROWS"
    assert kept(spool) == []


def test_country_row_without_its_country_is_refused(spool: Spool) -> None:
    with pytest.raises(WindowUnusable, match="without their key"):
        add(spool, [insight(country=None)], breakdown="country")


def test_refusal_names_level_breakdown_account_and_window(spool: Spool) -> None:
    with pytest.raises(WindowUnusable) as caught:
        add(spool, [insight(spend="x")])

    assert (
        f"campaign insights by none of account {ACCOUNT}, 2026-03-02..2026-03-04"
        in caught.value.message
    )


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(b'[{"account_id":"1"},{"account', id="cut"),
        pytest.param(b'[{"date_start":"yesterday"}]', id="a day that is no date"),
        pytest.param(b"<html>", id="HTML"),
    ],
)
def test_page_that_is_no_json_of_rows_is_refused(spool: Spool, rows: bytes) -> None:
    page = spool.write_page(rows)

    with pytest.raises(WindowUnusable):
        spool.add_insights(ACCOUNT, "campaign", "none", THREE_DAYS, [page], keep_all)

    assert not page.exists()


def test_spool_takes_the_next_window_after_a_refusal(spool: Spool) -> None:
    with pytest.raises(WindowUnusable):
        add(spool, [insight(spend="x")])

    contents = add(spool, [insight()])

    assert contents[MONDAY].row_count == 1
    assert len(kept(spool)) == 1


def test_content_hash_does_not_depend_on_the_order_of_rows(spool: Spool) -> None:
    rows = [insight(campaign_id=str(number)) for number in range(50)]

    one = add(spool, rows[:25], rows[25:])
    other = add(spool, rows[::-1])

    assert one[MONDAY].content_hash == other[MONDAY].content_hash


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"spend": "1.01"}, id="spend"),
        pytest.param({"campaign_name": "Renamed"}, id="name"),
        pytest.param({"clicks": None}, id="absent instead of 1"),
        pytest.param({"reach": "0"}, id="zero instead of absent"),
        pytest.param({"campaign_name": ""}, id="empty instead of absent"),
    ],
)
def test_content_hash_changes_with_any_value(spool: Spool, change: Row) -> None:
    before = add(spool, [insight()])

    after = add(spool, [insight(**change)])

    assert before[MONDAY].content_hash != after[MONDAY].content_hash


def test_unchanged_day_is_told_but_not_kept(spool: Spool) -> None:
    rows = [insight(), insight(date_start=str(TUESDAY), spend="2.00")]

    contents = add(spool, rows, keep=lambda day, _: day != MONDAY)

    assert contents[MONDAY].row_count == 1
    assert [row["date_start"] for row in kept(spool)] == [TUESDAY]


def test_every_level_goes_to_a_table_of_its_own(spool: Spool) -> None:
    row = insight(adset_id="2", ad_id="3")

    for level in ("account", "campaign", "adset", "ad"):
        add(spool, [row], level=level)

    counts = {
        table: len(kept(spool, table)) for table in tables.INSIGHT_TABLES.values()
    }
    assert counts == {
        "account_insights": 1,
        "campaign_insights": 1,
        "adset_insights": 1,
        "ad_insights": 1,
    }


def test_pages_are_removed_from_disk_once_they_are_stored(
    spool: Spool, tmp_path: Path
) -> None:
    add(spool, [insight()], [insight(campaign_id="2")])

    assert list((tmp_path / "spool").glob("page_*")) == []


def test_paging_and_its_token_are_nowhere_in_the_spool(tmp_path: Path) -> None:
    row = json.dumps(insight()).encode()
    paging = b'{"cursors":{"after":"QzI"},"next":"https://x/?access_token=EAAmarker"}'
    page = read_page(200, b'{"data":[%b],"paging":%b}' % (row, paging))
    spool = Spool(tmp_path / "spool")

    spool.write_page(page.rows)
    add(spool, json.loads(page.rows))

    everything = b"".join(
        file.read_bytes() for file in (tmp_path / "spool").rglob("*") if file.is_file()
    )
    spool.close()
    assert b"600000000000001" in everything
    assert b"paging" not in everything
    assert b"EAAmarker" not in everything


def test_closing_removes_the_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    add(spool, [insight()])

    spool.close()

    assert not (tmp_path / "spool").exists()


def test_spool_begins_empty_over_what_a_dead_run_left(tmp_path: Path) -> None:
    dead = Spool(tmp_path / "spool")
    add(dead, [insight()])
    dead.write_page(b"[]")
    dead.close()
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "spool.duckdb").write_bytes(b"torn")

    spool = Spool(tmp_path / "spool")

    assert spool.row_count("campaign_insights") == 0
    spool.close()


def campaign(**values: Any) -> Row:
    row = {
        "id": "600000000000001",
        "account_id": ACCOUNT,
        "name": "Prospecting",
        "status": "ACTIVE",
        "effective_status": "ACTIVE",
        "daily_budget": "5000",
        "updated_time": "2026-03-01T00:00:00-0500",
    }
    return row | values


def listing(
    spool: Spool,
    *pages: list[Row],
    known: pa.Table | None = None,
    is_whole: bool = True,
    object_type: ObjectType = "campaign",
) -> list[str]:
    return spool.add_objects(
        ACCOUNT,
        object_type,
        paged(spool, *pages),
        READ_AT,
        tables.OBJECT_SCHEMA.empty_table() if known is None else known,
        is_whole,
    )


def as_known(tmp_path: Path, *rows: Row) -> pa.Table:
    """The versions that an earlier run stored."""
    spool = Spool(tmp_path / "earlier")
    listing(spool, list(rows))
    versions = pa.concat_tables(spool.batches("campaigns"))
    spool.close()
    return versions


def test_new_objects_get_a_version(spool: Spool) -> None:
    changed = listing(spool, [campaign(), campaign(id="600000000000002")])

    assert sorted(changed) == ["600000000000001", "600000000000002"]
    assert {row["is_present"] for row in kept(spool, "campaigns")} == {True}
    assert {row["requested_at"] for row in kept(spool, "campaigns")} == {READ_AT}


def test_object_keeps_every_letter_and_absent_fields_are_null(spool: Spool) -> None:
    listing(spool, [campaign(daily_budget="05000", id="9" * 25)])

    (row,) = kept(spool, "campaigns")

    assert (row["id"], row["daily_budget"]) == ("9" * 25, "05000")
    assert row["updated_time"] == "2026-03-01T00:00:00-0500"
    assert row["lifetime_budget"] is row["stop_time"] is row["adset_id"] is None


def test_unchanged_object_gets_no_version(spool: Spool, tmp_path: Path) -> None:
    known = as_known(tmp_path, campaign())

    changed = listing(spool, [campaign()], known=known)

    assert changed == []
    assert kept(spool, "campaigns") == []


def test_changed_object_gets_a_version(spool: Spool, tmp_path: Path) -> None:
    known = as_known(tmp_path, campaign(), campaign(id="600000000000002"))

    changed = listing(
        spool, [campaign(name="Renamed"), campaign(id="600000000000002")], known=known
    )

    assert changed == ["600000000000001"]
    assert [row["name"] for row in kept(spool, "campaigns")] == ["Renamed"]


def test_object_missing_in_a_whole_listing_is_marked_as_vanished(
    spool: Spool, tmp_path: Path
) -> None:
    known = as_known(tmp_path, campaign(), campaign(id="600000000000002", name="Gone"))

    listing(spool, [campaign()], known=known)

    (row,) = kept(spool, "campaigns")
    assert (row["id"], row["is_present"]) == ("600000000000002", False)
    assert (row["name"], row["daily_budget"]) == ("Gone", "5000")
    assert row["requested_at"] == READ_AT


def test_empty_whole_listing_marks_every_object_as_vanished(
    spool: Spool, tmp_path: Path
) -> None:
    known = as_known(tmp_path, campaign(), campaign(id="600000000000002"))

    listing(spool, [], known=known)

    assert [row["is_present"] for row in kept(spool, "campaigns")] == [False, False]


def test_object_missing_in_a_listing_of_changes_stays(
    spool: Spool, tmp_path: Path
) -> None:
    known = as_known(tmp_path, campaign(), campaign(id="600000000000002"))

    listing(spool, [campaign()], known=known, is_whole=False)

    assert kept(spool, "campaigns") == []


def test_vanished_object_is_marked_once(spool: Spool, tmp_path: Path) -> None:
    earlier = Spool(tmp_path / "second")
    listing(earlier, [], known=as_known(tmp_path, campaign()))
    vanished = pa.concat_tables(earlier.batches("campaigns"))
    earlier.close()

    listing(spool, [], known=vanished)

    assert kept(spool, "campaigns") == []


def test_object_that_comes_back_unchanged_is_present_again(
    spool: Spool, tmp_path: Path
) -> None:
    earlier = Spool(tmp_path / "second")
    listing(earlier, [], known=as_known(tmp_path, campaign()))
    vanished = pa.concat_tables(earlier.batches("campaigns"))
    earlier.close()

    changed = listing(spool, [campaign()], known=vanished)

    assert changed == ["600000000000001"]
    assert [row["is_present"] for row in kept(spool, "campaigns")] == [True]


def test_object_listed_twice_is_stored_once(spool: Spool) -> None:
    listing(spool, [campaign()], [campaign()])

    assert len(kept(spool, "campaigns")) == 1


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(campaign(account_id="100000000000002"), id="another account"),
        pytest.param(campaign(id=None), id="no id"),
    ],
)
def test_foreign_or_nameless_object_is_refused(spool: Spool, row: Row) -> None:
    with pytest.raises(WindowUnusable, match="without an id or of another account"):
        listing(spool, [campaign(id="600000000000009"), row])

    assert kept(spool, "campaigns") == []


def test_two_versions_of_an_object_in_one_listing_are_refused(spool: Spool) -> None:
    with pytest.raises(WindowUnusable) as caught:
        listing(spool, [campaign()], [campaign(name="Renamed")])

    assert caught.value.code == "SPOOL-MOVED"
