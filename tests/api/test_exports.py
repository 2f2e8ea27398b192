"""Rows as files: the rows of the JSON pages, safe to open, and gone with the download.

acme has five rows in its default window, as tests/api/test_rows tells.
"""

import csv
import hashlib
import io
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

import api.snapshots
from api.callers import EVERYONE
from api.errors import TooManyExports, TooSlow
from api.exports import Export, Exports
from api.main import create_app
from api.schemas_objects import CampaignRow
from api.settings import Settings
from api.snapshots import QUERIES, Query, Reader, Snapshots
from tests.fixtures.listening import listening
from tests.fixtures.local_client import LocalClient

Row = dict[str, Any]
Publish = Callable[..., None]
LEVELS = ["campaign", "adset", "ad", "account"]
MONEY = {
    "spend",
    "spend_account_currency",
    "purchase_value",
    "purchase_value_account_currency",
    "fx_rate",
}
HOSTILE = [
    '=HYPERLINK("http://x";"y")',
    "+1",
    "-2",
    "@SUM(A1)",
    "\tcmd",
    "\r=1",
    "\n=1",
    "\uff1d1",
    'quo"ted, and; more',
    "two\r\nlines",
    "\ufeffmark",
    "نور",
    "'",
]
# What DuckDB never ends with; it can only be interrupted.
ENDLESS = (
    "copy (select sum(a.range + b.range) from range(10000000) a, range(10000000) b) "
    "to $file (format csv)"
)


def export(client: LocalClient, query: str) -> bytes:
    answer = client.get(f"/v1/rows/{query}")
    assert answer.status_code == 200, answer.text
    return answer.content


def pages(client: LocalClient, query: str) -> list[Row]:
    answer = client.get(f"/v1/rows/{query}")
    assert answer.status_code == 200, answer.text
    rows: list[Row] = answer.json()["data"]
    return rows


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def as_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None else str(cell)


def csv_rows(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def parquet_rows(content: bytes, folder: Path) -> list[Row]:
    file = folder / "export.parquet"
    file.write_bytes(content)
    found = duckdb.connect().execute("from read_parquet(?)", [str(file)])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def world(publish: Publish, report: Callable[..., None], acme_world: Any) -> None:
    """One store, whose rows say when they were read, to the microsecond."""
    for table in ("daily", "adset", "ad"):
        for row in acme_world[f"core.meta_{table}_metrics"]:
            row["loaded_at"] = "2026-03-10T09:25:00.123456Z"
    acme_world["core.meta_daily_metrics"][3]["spend"] = "-0.50000000000001"
    acme_world["core.meta_level_totals"][0]["date_day"] = "2026-03-09"
    publish(acme_world)
    report()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("level", LEVELS)
def test_ndjson_has_the_rows_of_the_pages_word_for_word(
    client: LocalClient, level: str
) -> None:
    expected = pages(client, level)

    lines = export(client, f"{level}?format=ndjson").decode().splitlines()

    assert len(expected) == (1 if level == "account" else 5)
    assert in_order([json.loads(line) for line in lines]) == in_order(expected)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("level", LEVELS)
def test_csv_has_the_rows_of_the_pages_as_text(client: LocalClient, level: str) -> None:
    expected = [
        {name: as_text(cell) for name, cell in row.items()}
        for row in pages(client, level)
    ]

    assert in_order(csv_rows(export(client, f"{level}?format=csv"))) == in_order(
        expected
    )


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("level", LEVELS)
def test_parquet_has_the_rows_of_the_pages_in_the_tables_types(
    client: LocalClient, level: str, tmp_path: Path
) -> None:
    expected = pages(client, level)

    rows = parquet_rows(export(client, f"{level}?format=parquet"), tmp_path)

    for row in rows:
        assert {type(row[name]) for name in MONEY} <= {Decimal, type(None)}
        assert isinstance(row["account_id"], str)
    told = [CampaignRow.model_dump(_shaped(level, row), mode="json") for row in rows]
    assert in_order(told) == in_order(expected)


def _shaped(level: str, row: Row) -> Any:
    from api.schemas_objects import AccountRow, AdRow, AdsetRow

    shapes = {"campaign": CampaignRow, "adset": AdsetRow, "ad": AdRow}
    return shapes.get(level, AccountRow).model_validate(row)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "query",
    [
        "country=US",
        "campaign_id=2&campaign_id=4",
        "object_id=4",
        "since=2026-03-05&until=2026-03-09",
        "since=2026-02-26&until=2026-02-27",
    ],
)
def test_filters_narrow_an_export_as_they_narrow_pages(
    client: LocalClient, query: str
) -> None:
    expected = pages(client, f"campaign?{query}")

    content = export(client, f"campaign?{query}&format=ndjson")

    rows = [json.loads(line) for line in content.decode().splitlines()]
    assert in_order(rows) == in_order(expected)


@pytest.mark.usefixtures("world")
def test_csv_without_rows_is_its_header(client: LocalClient) -> None:
    query = "campaign?since=2026-02-26&until=2026-02-27&format=csv"

    (header,) = csv.reader(io.StringIO(export(client, query).decode(), newline=""))

    assert set(header) == set(CampaignRow.model_fields)


@pytest.fixture
def hostile(publish: Publish, report: Callable[..., None], acme_world: Any) -> None:
    """Campaigns whose names a spreadsheet, or csv itself, would trip over."""
    row = acme_world["core.meta_daily_metrics"][2]
    acme_world["core.meta_daily_metrics"] = [
        row | {"campaign_id": str(number), "campaign_name": name, "spend": "-1.00"}
        for number, name in enumerate(HOSTILE)
    ]
    publish(acme_world)
    report()


@pytest.mark.usefixtures("hostile")
def test_no_cell_of_csv_is_a_formula_and_nothing_else_is_changed(
    client: LocalClient,
) -> None:
    rows = csv_rows(export(client, "campaign?format=csv"))

    names = {int(row["campaign_id"]): row["campaign_name"] for row in rows}
    # The first eight begin like formulas; numbers may be negative.
    assert names == {
        number: ("'" if number < 8 else "") + name
        for number, name in enumerate(HOSTILE)
    }
    assert {row["spend"] for row in rows} == {"-1.00"}


@pytest.mark.usefixtures("hostile")
def test_ndjson_and_parquet_have_names_as_they_are(
    client: LocalClient, tmp_path: Path
) -> None:
    lines = export(client, "campaign?format=ndjson").decode().split("\n")[:-1]
    rows = parquet_rows(export(client, "campaign?format=parquet"), tmp_path)

    for found in ([json.loads(line) for line in lines], rows):
        names = {int(row["campaign_id"]): row["campaign_name"] for row in found}
        assert names == dict(enumerate(HOSTILE))


@pytest.mark.usefixtures("world")
def test_csv_is_as_rfc_4180_wants_it(client: LocalClient) -> None:
    content = export(client, "campaign?format=csv")

    # Five rows and the header.
    assert content.count(b"\r\n") == content.count(b"\n") == 6
    assert content.endswith(b"\r\n")


@pytest.mark.usefixtures("world")
def test_csv_has_a_byte_order_mark_where_it_is_asked_for(client: LocalClient) -> None:
    plain = client.get("/v1/rows/campaign?format=csv")
    marked = client.get("/v1/rows/campaign?format=csv&bom=true")

    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert marked.headers["Content-Length"] == str(len(marked.content))


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/json, text/csv", "application/json"),
        ("application/json;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0, application/json;q=0.1", "application/json"),
        ("application/x-ndjson;q=high", "application/x-ndjson"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("image/png", "application/json"),
        (",;=,;q=1", "application/json"),
    ],
)
def test_the_form_is_what_accept_prefers(
    client: LocalClient, accept: str, form: str
) -> None:
    answer = client.get("/v1/rows/campaign", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, form)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.usefixtures("world")
def test_a_form_that_is_named_goes_before_accept(client: LocalClient) -> None:
    answer = client.get("/v1/rows/campaign?format=json", headers={"Accept": "text/csv"})

    assert answer.headers["content-type"] == "application/json"


@pytest.mark.usefixtures("world")
def test_an_export_says_what_it_is_of(client: LocalClient) -> None:
    headers = client.get("/v1/rows/adset?format=csv").headers

    assert headers["X-Snapshot-ID"] == "s1"
    assert headers["X-Data-Through"] == "2026-03-10"
    assert headers["X-Row-Count"] == "5"
    assert headers["Content-Disposition"] == (
        'attachment; filename="acme_adset_2026-03-04_2026-03-10.csv"'
    )


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "query",
    ["format=csv&limit=10", "format=csv&cursor=x", "format=ndjson&bom=true", "bom=1"],
)
def test_what_an_export_lacks_is_refused(client: LocalClient, query: str) -> None:
    answer = client.get(f"/v1/rows/campaign?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


@pytest.mark.usefixtures("world")
def test_more_rows_than_an_export_may_have_are_refused(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.exports.MOST_ROWS", 5)
    whole = client.get("/v1/rows/campaign?format=csv")
    monkeypatch.setattr("api.exports.MOST_ROWS", 4)
    # Another window, or the answer would be 304 or kept.
    answer = client.get("/v1/rows/campaign?format=csv&period=last_7d")

    assert whole.status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-RANGE")
    assert "fewer days" in answer.json()["hint"]


@pytest.mark.usefixtures("world")
def test_who_has_the_export_costs_no_second_one(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = client.get("/v1/rows/campaign?format=csv").headers["ETag"]
    monkeypatch.setattr(Reader, "write", None)

    answer = client.get("/v1/rows/campaign?format=csv", headers={"If-None-Match": etag})

    assert answer.status_code == 304


def folder() -> list[Path]:
    return list(Path(api.snapshots._exports().name).iterdir())


def asked() -> Export:
    values = {
        "level": "campaign",
        "store": "acme",
        "since": "2026-03-04",
        "until": "2026-03-10",
        "object_id": None,
        "country": None,
        "campaign_ids": None,
    }
    return Export("csv", CampaignRow, values, "name", {}, has_bom=False)


@pytest.mark.usefixtures("world")
def test_only_so_many_exports_are_under_way(settings: Settings) -> None:
    snapshots, exports = Snapshots(settings), Exports(at_once=1, seconds=60)

    with snapshots.reading(EVERYONE) as reader:
        first = exports.answer(reader, asked(), lambda: False)
        with pytest.raises(TooManyExports):
            exports.answer(reader, asked(), lambda: False)
        # Not even begun to be downloaded, it has no name any more.
        assert folder() == []
        del first
        exports.answer(reader, asked(), lambda: False)
    snapshots.close()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("is_given_up", [True, False], ids=["given up", "too slow"])
def test_an_export_that_is_not_made_in_time_leaves_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, is_given_up: bool
) -> None:
    monkeypatch.setitem(QUERIES, "export_csv", Query(ENDLESS, frozenset({"file"})))
    snapshots = Snapshots(settings)
    exports = Exports(at_once=1, seconds=60 if is_given_up else 0.5)

    with snapshots.reading(EVERYONE) as reader:
        for _ in range(2):
            with pytest.raises(TooSlow):
                exports.answer(reader, asked(), lambda: is_given_up)
    snapshots.close()

    assert folder() == []


@pytest.mark.usefixtures("world")
def test_an_export_that_cannot_be_written_says_so(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.snapshots._file_name", lambda: "missing/file")

    answer = client.get("/v1/rows/campaign?format=csv")

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-EXPORT")
    assert "missing/file" not in answer.text


@pytest.mark.usefixtures("world")
def test_a_caller_who_goes_away_stops_the_query_of_the_export(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(QUERIES, "export_csv", Query(ENDLESS, frozenset({"file"})))
    begun, ended = threading.Event(), threading.Event()
    write = Reader.write

    def watched(*arguments: Any) -> Any:
        begun.set()
        try:
            return write(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr(Reader, "write", watched)
    app = create_app(replace(settings, export_seconds=600))
    with listening(app, timeout_graceful_shutdown=1) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(
                b"GET /v1/rows/campaign?format=csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            )
            assert begun.wait(10)

        assert ended.wait(10)
    assert folder() == []


MILLION = """
    insert into core.meta_daily_metrics by name
    select
        'acme' as store,
        '111' as account_id,
        cast(c.range as varchar) as campaign_id,
        '=campaign ' || c.range as campaign_name,
        'C' || k.range as country_code,
        'USD' as account_currency,
        '1' as load_id,
        c.range + 0.25 as spend,
        1000 as impressions,
        cast(date '2026-03-10' - cast(d.range as integer) as date) as date_day,
        timestamptz '2026-03-10 09:25:00+00' as loaded_at
    from range(1000) d, range(100) c, range(10) k
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_million_rows_are_exported_within_little_memory(
    publish: Publish,
    report: Callable[..., None],
    settings: Settings,
    acme_world: Any,
    form: str,
) -> None:
    acme_world["core.meta_daily_metrics"] = []
    publish(acme_world)
    report()
    file = settings.data_dir / "snapshots" / "s1.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute(MILLION)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for names_it in (file.with_suffix(".json"), settings.data_dir / "current.json"):
        told = json.loads(names_it.read_text()) | {"sha256": digest}
        names_it.write_text(json.dumps(told))
    app = create_app(replace(settings, memory_limit="200MB"))
    target = f"/v1/rows/campaign?format={form}&since=2023-06-15&until=2026-03-10"

    with listening(app) as url:
        answer = requests.get(url + target, stream=True, timeout=120)
        assert answer.status_code == 200, answer.text
        size = lines = 0
        for piece in answer.iter_content(2**20):
            size += len(piece)
            lines += piece.count(b"\n")

    assert answer.headers["X-Row-Count"] == "1000000"
    assert size == int(answer.headers["Content-Length"])
    assert lines == {"csv": 1_000_001, "ndjson": 1_000_000}.get(form, lines)
    assert folder() == []
