"""What lies in the folder of a spool, and what is left of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.pages import read_page
from ingest.spool import Spool
from tests.fixtures.spooled import (
    add,
    insight,
)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


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


def test_page_that_a_hung_worker_writes_late_is_in_nobodys_way(tmp_path: Path) -> None:
    hung = Spool(tmp_path / "spool")
    spool = Spool(tmp_path / "spool")
    page = spool.write_page(b"[1]")

    hung.write_page(b"[2]")

    assert page.read_bytes() == b"[1]"
    spool.close()
