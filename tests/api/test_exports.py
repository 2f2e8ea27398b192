"""Rows as files: the rows of the JSON pages, and safe to open.

acme has five rows in its default window, as tests/api/test_rows tells.
"""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import BaseModel

from api.schemas_objects import CampaignRow
from api.snapshots import Reader
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import reporting_into, served
from tests.fixtures.world_rows import World
from tests.fixtures.worlds import acme

Row = dict[str, Any]
FORMS = ("ndjson", "csv", "parquet")
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
    " =1",
    "\u00a0+1",
    "\u200b\ufeff-1",
    "\x0b@1",
    "\u202d=1",
    "\u2212\u00a01",
    *("\ufe621", "\ufe631", "\ufe661", "\ufe6bx"),
    'quo"ted, and; more',
    "two\r\nlines",
    "\ufeffmark",
    " blank = 1",
    "نور",
    "'",
]


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


def keys(rows: list[Row]) -> list[tuple[str, ...]]:
    """What tells rows of any form apart, in order."""
    names = ("date_day", "account_id", "campaign_id", "adset_id", "country_code")
    return sorted(tuple(as_text(row.get(name)) for name in names) for row in rows)


def csv_rows(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def parquet_rows(content: bytes, folder: Path) -> list[Row]:
    file = folder / "export.parquet"
    file.write_bytes(content)
    found = duckdb.connect().execute("from read_parquet(?)", [str(file)])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def world() -> World:
    """One store, whose rows say when they were read, to the microsecond."""
    made = acme()
    for table in ("daily", "adset", "ad"):
        for row in made[f"core.meta_{table}_metrics"]:
            row["loaded_at"] = "2026-03-10T09:25:00.123456Z"
    made["core.meta_daily_metrics"][3]["spend"] = "-0.50000000000001"
    made["core.meta_level_totals"][0]["date_day"] = "2026-03-09"
    return made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    with served(tmp_path_factory.mktemp("acme"), world()) as client:
        yield client


@pytest.mark.parametrize("level", LEVELS)
def test_ndjson_has_the_rows_of_the_pages_word_for_word(
    client: LocalClient, level: str
) -> None:
    expected = pages(client, level)

    lines = export(client, f"{level}?format=ndjson").decode().splitlines()

    assert len(expected) == (1 if level == "account" else 5)
    assert in_order([json.loads(line) for line in lines]) == in_order(expected)


@pytest.mark.parametrize("level", LEVELS)
def test_csv_has_the_rows_of_the_pages_as_text(client: LocalClient, level: str) -> None:
    expected = [
        {name: as_text(cell) for name, cell in row.items()}
        for row in pages(client, level)
    ]

    assert in_order(csv_rows(export(client, f"{level}?format=csv"))) == in_order(
        expected
    )


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

    shapes: dict[str, type[BaseModel]]
    shapes = {"campaign": CampaignRow, "adset": AdsetRow, "ad": AdRow}
    return shapes.get(level, AccountRow).model_validate(row)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("campaign?country=US", 2),
        ("campaign?campaign_id=2&campaign_id=4", 2),
        ("campaign?object_id=4", 1),
        ("campaign?since=2026-03-05&until=2026-03-09", 2),
        ("campaign?since=2026-02-26&until=2026-02-27", 0),
        ("adset?object_id=21&country=DE", 1),
        ("adset?object_id=1", 0),
        ("ad?object_id=31&campaign_id=1", 3),
        ("account?object_id=111&since=2026-03-01", 1),
        ("account?object_id=112&since=2026-03-01", 0),
    ],
)
def test_filters_narrow_every_form_as_they_narrow_pages(
    client: LocalClient, query: str, count: int, tmp_path: Path
) -> None:
    expected = pages(client, query)
    ndjson, sheet, parquet = (
        export(client, f"{query}&format={form}") for form in FORMS
    )

    assert len(expected) == count
    lines = [json.loads(line) for line in ndjson.decode().splitlines()]
    assert in_order(lines) == in_order(expected)
    for found in (csv_rows(sheet), parquet_rows(parquet, tmp_path)):
        assert keys(found) == keys(expected)


def test_csv_without_rows_is_its_header(client: LocalClient) -> None:
    query = "campaign?since=2026-02-26&until=2026-02-27&format=csv"

    (header,) = csv.reader(io.StringIO(export(client, query).decode(), newline=""))

    assert set(header) == set(CampaignRow.model_fields)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    """Campaigns whose names a spreadsheet, or csv itself, would trip over."""
    made = acme()
    row = made["core.meta_daily_metrics"][2]
    made["core.meta_daily_metrics"] = [
        row | {"campaign_id": str(number), "campaign_name": name, "spend": "-1.00"}
        for number, name in enumerate(HOSTILE)
    ]
    with served(tmp_path_factory.mktemp("hostile"), made) as client:
        yield client


def test_no_cell_of_csv_is_a_formula_and_nothing_else_is_changed(
    hostile: LocalClient,
) -> None:
    rows = csv_rows(export(hostile, "campaign?format=csv"))

    names = {int(row["campaign_id"]): row["campaign_name"] for row in rows}
    # Those before the quotation begin like formulas; numbers may be negative.
    guarded = HOSTILE.index('quo"ted, and; more')
    assert guarded == 18
    assert names == {
        number: ("'" if number < guarded else "") + name
        for number, name in enumerate(HOSTILE)
    }
    assert {row["spend"] for row in rows} == {"-1.00"}


def test_ndjson_and_parquet_have_names_as_they_are(
    hostile: LocalClient, tmp_path: Path
) -> None:
    lines = export(hostile, "campaign?format=ndjson").decode().split("\n")[:-1]
    rows = parquet_rows(export(hostile, "campaign?format=parquet"), tmp_path)

    for found in ([json.loads(line) for line in lines], rows):
        names = {int(row["campaign_id"]): row["campaign_name"] for row in found}
        assert names == dict(enumerate(HOSTILE))


def test_csv_is_as_rfc_4180_wants_it(client: LocalClient) -> None:
    content = export(client, "campaign?format=csv")

    # Five rows and the header.
    assert content.count(b"\r\n") == content.count(b"\n") == 6
    assert content.endswith(b"\r\n")


def test_csv_has_a_byte_order_mark_where_it_is_asked_for(client: LocalClient) -> None:
    plain = client.get("/v1/rows/campaign?format=csv")
    marked = client.get("/v1/rows/campaign?format=csv&bom=true")

    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert marked.headers["Content-Length"] == str(len(marked.content))


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
        ("text/csv, */*", "text/csv; charset=utf-8"),
        ("*/*, text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0.1, */*", "application/json"),
        ("text/csv;q=0.1, application/*", "application/json"),
        ("application/json;q=0.1, application/*", "application/x-ndjson"),
        ("application/json;q=0, */*;q=0.1", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/*;q=0.2, */*;q=0.1", "text/csv; charset=utf-8"),
        ("*/*;q=0", "application/json"),
    ],
)
def test_the_form_is_what_accept_prefers(
    client: LocalClient, accept: str, form: str
) -> None:
    answer = client.get("/v1/rows/campaign", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, form)
    assert "Accept" in answer.headers["Vary"]


def test_a_form_that_is_named_goes_before_accept(client: LocalClient) -> None:
    answer = client.get("/v1/rows/campaign?format=json", headers={"Accept": "text/csv"})

    assert answer.headers["content-type"] == "application/json"


def test_an_export_says_what_it_is_of(client: LocalClient) -> None:
    headers = client.get("/v1/rows/adset?format=csv").headers

    assert headers["X-Snapshot-ID"] == "s1"
    assert headers["X-Data-Through"] == "2026-03-10"
    assert headers["X-Row-Count"] == "5"
    assert headers["Content-Disposition"] == (
        'attachment; filename="acme_adset_2026-03-04_2026-03-10.csv"'
    )


STALE = {"since": "2026-03-10T09:00:00+00:00", "why": "Die Prüfung: 1 < 2,\n无效"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        # The first day that was read is 02-25; today still runs.
        ("since=2026-02-20", ("coverage", "partial_days", "stale")),
        ("as_of=2026-03-10T09:26:00Z", ("as_of",)),
    ],
)
def test_an_export_says_of_itself_what_its_pages_say(
    tmp_path: Path, query: str, told: tuple[str, ...]
) -> None:
    with served(tmp_path, world()) as client:
        reporting_into(tmp_path)(stale=STALE)
        expected = client.get(f"/v1/rows/ad?{query}").json()["meta"]
        headers = [
            client.get(f"/v1/rows/ad?format={form}&{query}").headers["X-Meta"]
            for form in FORMS
        ]

    assert all(expected[name] for name in told)
    for header in headers:
        assert json.loads(header) == expected
        assert header.isascii()


def test_what_an_export_says_of_itself_fits_into_a_head(client: LocalClient) -> None:
    query = "/v1/rows/campaign?since=2023-01-01&until=2026-02-24"
    unread = client.get(query).json()["meta"]["coverage"]["missing_days"]

    header = client.get(f"{query}&format=csv").headers["X-Meta"]

    # 1,151 days of 13 characters each.
    assert len(unread) == 1151
    assert len(header) < 6000
    assert json.loads(header)["coverage"] is None
    assert "as JSON" in json.loads(header)["warnings"][-1]


def test_a_listed_page_may_read_all_that_an_export_says(tmp_path: Path) -> None:
    page = "https://reports.example"

    with served(tmp_path, world(), cors_origins=(page,)) as client:
        answer = client.get("/v1/rows/ad?format=csv", headers={"Origin": page})

    exposed = answer.headers["Access-Control-Expose-Headers"].lower().split(", ")
    own = {name for name in answer.headers if name.startswith("x-")} - {
        *("x-content-type-options", "x-frame-options")
    }
    assert len(own) == 5
    assert own | {"content-disposition", "etag"} <= set(exposed)


@pytest.mark.parametrize(
    "query",
    ["format=csv&limit=10", "format=csv&cursor=x", "format=ndjson&bom=true", "bom=1"],
)
def test_what_an_export_lacks_is_refused(client: LocalClient, query: str) -> None:
    answer = client.get(f"/v1/rows/campaign?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


def test_who_has_the_export_costs_no_second_one(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = client.get("/v1/rows/campaign?format=csv").headers["ETag"]
    monkeypatch.setattr(Reader, "write", None)

    answer = client.get("/v1/rows/campaign?format=csv", headers={"If-None-Match": etag})

    assert answer.status_code == 304
