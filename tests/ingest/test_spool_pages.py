"""Pages on disk, and a reading that another one replaces."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from ingest.errors import WindowUnusable
from ingest.fields import Breakdown, Level
from ingest.spool import Spool
from ingest.windows import DateWindow

ACCOUNT, OTHER = "100000000000001", "100000000000002"
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
TWO_DAYS = DateWindow(MONDAY, TUESDAY)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


def read_two_days(
    spool: Spool,
    spend: str = "1.00",
    account: str = ACCOUNT,
    level: Level = "campaign",
    breakdown: Breakdown = "none",
) -> None:
    rows = [
        {
            "account_id": account,
            "campaign_id": "6",
            "adset_id": "7",
            "country": "US",
            "spend": spend,
            "date_start": str(day),
        }
        for day in (MONDAY, TUESDAY)
    ]
    page = spool.write_page(json.dumps(rows).encode())
    spool.add_insights(account, level, breakdown, TWO_DAYS, [page], lambda *_: True)


def held(spool: Spool, table: str = "campaign_insights") -> list[tuple[str, ...]]:
    names = ("account_id", "breakdown", "date_start", "spend")
    return sorted(
        tuple(str(row[name]) for name in names)
        for batch in spool.batches(table)
        for row in batch.to_pylist()
    )


def test_second_reading_of_a_day_takes_the_place_of_the_first(spool: Spool) -> None:
    read_two_days(spool, spend="1.00")

    spool.drop_insights(ACCOUNT, "campaign", "none", [MONDAY, TUESDAY])
    read_two_days(spool, spend="2.00")

    assert held(spool) == [
        (ACCOUNT, "none", "2026-03-02", "2.00"),
        (ACCOUNT, "none", "2026-03-03", "2.00"),
    ]


def test_only_what_is_named_is_dropped(spool: Spool) -> None:
    read_two_days(spool)
    read_two_days(spool, account=OTHER)
    read_two_days(spool, breakdown="country")
    read_two_days(spool, level="adset")

    spool.drop_insights(ACCOUNT, "campaign", "none", [MONDAY])

    assert held(spool) == [
        (ACCOUNT, "country", "2026-03-02", "1.00"),
        (ACCOUNT, "country", "2026-03-03", "1.00"),
        (ACCOUNT, "none", "2026-03-03", "1.00"),
        (OTHER, "none", "2026-03-02", "1.00"),
        (OTHER, "none", "2026-03-03", "1.00"),
    ]
    assert len(held(spool, "adset_insights")) == 2


def test_dropping_days_that_were_not_read_or_none_drops_nothing(spool: Spool) -> None:
    read_two_days(spool)

    spool.drop_insights(ACCOUNT, "campaign", "none", [date(2026, 3, 9)])
    spool.drop_insights(ACCOUNT, "campaign", "none", [])

    assert len(held(spool)) == 2


def test_pages_of_a_listing_that_failed_midway_leave_the_disk(
    spool: Spool, tmp_path: Path
) -> None:
    pages = [spool.write_page(b"[]") for _ in range(3)]
    pages[1].unlink()

    spool.discard(pages)

    assert list((tmp_path / "spool").glob("page_*")) == []


def test_refused_pages_leave_the_disk(spool: Spool, tmp_path: Path) -> None:
    pages = [spool.write_page(b"[]"), spool.write_page(b"<html>")]

    with pytest.raises(WindowUnusable):
        spool.add_insights(
            ACCOUNT, "campaign", "none", TWO_DAYS, pages, lambda *_: True
        )

    assert list((tmp_path / "spool").glob("page_*")) == []


def test_many_threads_write_pages_of_their_own(spool: Spool) -> None:
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda n: spool.write_page(b"[%d]" % n), range(400)))

    assert [page.read_bytes() for page in pages] == [b"[%d]" % n for n in range(400)]
