"""Listings of objects: what is new, what changed, what vanished."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest import tables
from ingest.errors import WindowUnusable
from ingest.fields import ObjectType
from ingest.spool import Spool
from tests.fixtures.spooled import (
    ACCOUNT,
    Row,
    kept,
    paged,
)

READ_AT = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


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
        # It would be stored as nobody's, again on every listing.
        pytest.param({"id": "1", "name": "Campaign"}, id="no account"),
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
