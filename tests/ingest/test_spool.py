"""Whole windows on disk: every digit, each row once, and what a day holds."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ingest import tables
from ingest.spool import DayContent, Spool
from tests.fixtures.spooled import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    Row,
    add,
    insight,
    kept,
)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


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


def test_same_object_on_two_days_is_two_rows(spool: Spool) -> None:
    contents = add(spool, [insight(), insight(date_start=str(TUESDAY))])

    assert [contents[day].row_count for day in (MONDAY, TUESDAY)] == [1, 1]


def test_countries_of_an_object_are_rows_of_their_own(spool: Spool) -> None:
    rows = [insight(country=code) for code in ("US", "GB", "unknown")]

    contents = add(spool, rows, breakdown="country")

    found = {(row["breakdown"], row["country"]) for row in kept(spool)}
    assert contents[MONDAY].row_count == 3
    assert found == {("country", "US"), ("country", "GB"), ("country", "unknown")}


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
