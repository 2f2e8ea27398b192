"""What the spool does when memory or the disk ends, and how much it takes at a time."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NoReturn

import duckdb
import pytest

from ingest import page_table, spool
from ingest.errors import TooMuchData
from ingest.spool import Spool
from ingest.windows import DateWindow

ACCOUNT = "100000000000001"
MONDAY = date(2026, 3, 2)
ONE_DAY = DateWindow(MONDAY, MONDAY)


def pages(opened: Spool, rows: int, name: str) -> list[Path]:
    page = [
        {
            "account_id": ACCOUNT,
            "campaign_id": str(number),
            "campaign_name": f"{number} {name}",
            "date_start": str(MONDAY),
        }
        for number in range(rows)
    ]
    return [opened.write_page(json.dumps(page).encode())]


def add(opened: Spool, read: list[Path]) -> None:
    opened.add_insights(ACCOUNT, "campaign", "none", ONE_DAY, read, lambda *_: True)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "spool"
    assert not list((tmp_path / "spool").glob("page_*"))


def test_window_beyond_memory_is_to_be_split(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MEMORY_LIMIT", "2MB")
    opened = Spool(folder)

    with pytest.raises(TooMuchData) as caught:
        add(opened, pages(opened, rows=2_000, name="x" * 1_000))

    assert caught.value.code == "SPOOL-MEMORY"
    assert opened.row_count("campaign_insights") == 0


def test_failing_disk_is_not_called_a_bad_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(page_table, "read_insights", full)
    opened = Spool(folder)

    with pytest.raises(OSError, match="No space left on device"):
        add(opened, pages(opened, rows=1, name="x"))


def test_wide_rows_come_in_smaller_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "BATCH_BYTES", 2**20)
    opened = Spool(folder)
    # A row of more than 2^10 bytes: fewer than 1,024 of them a batch, so 3 or more.
    add(opened, pages(opened, rows=3_000, name="x" * 2**10))

    sizes = [
        batch.num_rows
        for batch in opened.batches("campaign_insights")
        if batch.num_rows
    ]

    assert sum(sizes) == 3_000
    assert max(sizes) < 1_024


def test_dropped_rows_are_not_counted(folder: Path) -> None:
    opened = Spool(folder)
    add(opened, pages(opened, rows=3, name="x"))

    opened.drop_insights(ACCOUNT, "campaign", "none", [MONDAY])

    assert opened.row_count("campaign_insights") == 0
