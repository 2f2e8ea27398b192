"""Hostile bytes in listings of objects: kept exactly, or refused by name."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest import tables
from ingest.errors import WindowUnusable
from ingest.spool import Spool

ACCOUNT = "100000000000001"
CAMPAIGN = f'{{"account_id":"{ACCOUNT}","id":"6","name":"fine","daily_budget":"5"}}'


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool")
    yield opened
    opened.close()


def add_campaign(spool: Spool, campaign: str) -> None:
    page = spool.write_page(f"[{campaign}]".encode())
    read_at = datetime(2026, 3, 3, tzinfo=UTC)
    known = tables.OBJECT_SCHEMA.empty_table()
    spool.add_objects(ACCOUNT, "campaign", [page], read_at, known, True)


def kept(spool: Spool) -> list[dict[str, Any]]:
    return [
        found for batch in spool.batches("campaigns") for found in batch.to_pylist()
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"fine"', "5", id="a number for a name"),
        pytest.param('"fine"', '{"a":1}', id="an object for a name"),
        pytest.param('"fine"', r'"\ud800"', id="lone surrogate"),
        pytest.param('"6"', "6.0", id="an id 6.0"),
        pytest.param('"6"', '"act_6"', id="an id with letters"),
        pytest.param('"5"', "5.5", id="a budget 5.5"),
        pytest.param('"5"', '"NaN"', id="a budget NaN"),
        pytest.param('"5"', '"5","updated_time":"soon"', id="a time that is none"),
        pytest.param('"5"', '"5","start_time":1772409600', id="a time as a number"),
        pytest.param('"5"', '"5","attribution_spec":"7d"', id="a spec as text"),
        pytest.param('"5"', '"5","name":"other"', id="a name twice"),
        # It would be stored as nobody's, again on every listing.
        pytest.param(f'"account_id":"{ACCOUNT}",', "", id="no account"),
    ],
)
def test_object_that_raw_cannot_keep_exactly_is_refused(
    spool: Spool, old: str, new: str
) -> None:
    with pytest.raises(WindowUnusable) as caught:
        add_campaign(spool, CAMPAIGN.replace(old, new))

    assert caught.value.code.startswith("SPOOL-")
    assert kept(spool) == []


def test_odd_object_is_kept_letter_for_letter(spool: Spool) -> None:
    number = "9" * 30
    name = json.dumps('\0 "quoted" 🎁')

    add_campaign(spool, CAMPAIGN.replace('"6"', number).replace('"fine"', name))

    (found,) = kept(spool)
    assert (found["id"], found["name"]) == (number, '\0 "quoted" 🎁')
