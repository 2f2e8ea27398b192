"""What a window is refused for; whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import WindowUnusable
from ingest.spool import Spool
from tests.fixtures.spooled import (
    ACCOUNT,
    MONDAY,
    THREE_DAYS,
    Row,
    add,
    insight,
    keep_all,
    kept,
)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


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
