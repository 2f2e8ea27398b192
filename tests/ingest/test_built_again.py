"""Which past state answers for a moment, and that a whole one is not replaced by less.

One account is in New York, one in Tokyo, where the day ends at 15:00 UTC: of two
publications of a Monday thinning leaves Tokyo both and New York the last one.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.as_of import rebuild
from ingest.by_hand import ROLLBACK, ByHand, record
from ingest.publications import Publication
from ingest.settings import Settings
from ingest.thinning import thin
from tests.fixtures.raw_tables import ACCOUNT, create, load
from tests.ingest.test_thinning import publish

MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
TOKYO = "100000000000002"
LOADS = [f"177200000{n}.1" for n in range(3)]


@pytest.fixture
def published(tmp_path: Path) -> list[Publication]:
    """On Sunday, on Monday in both places, and on what is Tuesday in Tokyo."""
    create(tmp_path)
    zones = {ACCOUNT: "America/New_York", TOKYO: "Asia/Tokyo"}
    accounts = [
        {"account_id": account_id, "timezone_name": zone, "requested_at": MONDAY}
        for account_id, zone in zones.items()
    ]
    load(tmp_path, LOADS[0], accounts=accounts)
    moments = [MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(hours=2)]
    told: list[Publication] = []
    for moment, load_id in zip(moments, LOADS, strict=True):
        before = told[-1].snapshot_id if told else None
        told.append(publish(tmp_path, moment, load_id, previous=before))
        thin(tmp_path, moment)
    thin(tmp_path, MONDAY + timedelta(days=4))
    return told


def built_before(data_dir: Path, of: Publication) -> Path:
    """A past state that was built when all of it was still there."""
    folder = data_dir / "as_of"
    folder.mkdir()
    file = folder / f"{of.snapshot_id}.duckdb"
    file.write_bytes(b"all of it")
    digest = hashlib.sha256(b"all of it").hexdigest()
    file.with_suffix(".json").write_text(
        json.dumps({"is_exact": True, "sha256": digest})
    )
    return file


def test_what_was_built_whole_stays_where_not_all_of_it_is_left(
    tmp_path: Path, published: list[Publication]
) -> None:
    _, monday, _ = published
    file = built_before(tmp_path, monday)

    answer = rebuild(Settings(data_dir=tmp_path), MONDAY + timedelta(hours=1))

    assert answer.published.snapshot_id == monday.snapshot_id
    assert answer.is_exact
    assert file.read_bytes() == b"all of it"


def test_a_state_that_a_rollback_held_is_what_readers_had(
    tmp_path: Path, published: list[Publication]
) -> None:
    """Tuesday's was gone back from, to Monday's, for an hour and more."""
    _, monday, tuesday = published
    built_before(tmp_path, monday)
    at = MONDAY + timedelta(hours=3)
    names = (monday.snapshot_id, tuesday.snapshot_id)
    record(tmp_path, ByHand(ROLLBACK, *names, at.isoformat(), "ana", "wrong"))

    held = rebuild(Settings(data_dir=tmp_path), at + timedelta(hours=1))

    assert held.published.snapshot_id == monday.snapshot_id
    assert held.is_exact
