"""An object without its account id is stored as nobody's, again on every listing."""

from datetime import UTC, datetime

import pytest

from ingest import tables
from ingest.errors import WindowUnusable
from ingest.spool import Spool


def test_object_without_its_account_is_refused(tmp_path) -> None:
    spool = Spool(tmp_path / "spool")
    page = spool.write_page(b'[{"id":"1","name":"Campaign"}]')

    with pytest.raises(WindowUnusable):
        spool.add_objects(
            "100000000000001",
            "campaign",
            [page],
            datetime(2026, 3, 1, tzinfo=UTC),
            tables.OBJECT_SCHEMA.empty_table(),
            True,
        )
