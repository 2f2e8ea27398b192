"""Records that the real Graph API gave, the whole way: HTTP, spool, dlt, raw tables."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest.errors import WindowUnusable
from ingest.expectation import Expectation
from ingest.graph_client import GraphClient
from ingest.ledger import Ledger, read_ledger
from ingest.outcome import AccountOutcome
from ingest.pace import Pace
from ingest.pages import read_page
from ingest.pipeline import load_meta
from ingest.planner import PlannedWindow
from ingest.progress.interface import Progress
from ingest.reading import Reader
from ingest.spool import Spool
from ingest.windows import DateWindow
from tests.fixtures.fake_time import FakeTime
from tests.fixtures.loopback import Answer, Asked, Loopback
from tests.fixtures.raw_tables import rows

RECORDED = Path(__file__).resolve().parents[1] / "fixtures" / "recorded"
PAGE = RECORDED / "insights_page_by_product.json"
ACCOUNT = "212551616838260"
DAY = date(2021, 3, 1)
READ_AT = datetime(2021, 3, 20, 8, 0, tzinfo=UTC)
# As the recorded page ends: cursors, and no `next`.
PAGING = b'"paging":{"cursors":{"before":"MAZDZD","after":"NzIZD"}}'

pytestmark = pytest.mark.xdist_group("recorded")


def records(kind: str) -> list[bytes]:
    """The records of a kind, each in its very bytes."""
    lines = (RECORDED / "records.jsonl").read_bytes().splitlines()
    starts = b'{"kind": "%b", "record": ' % kind.encode()
    return [line[len(starts) : -1] for line in lines if line.startswith(starts)]


def answer(asked: Asked) -> Answer:
    """What the account answered."""
    edge = asked.path.removeprefix(f"/v25.0/act_{ACCOUNT}").removeprefix("/")
    if not edge:
        return Answer(records("account")[0])
    kind = edge.removesuffix("s")
    if edge == "insights":
        is_recorded = asked.params["level"] == "ad" and "breakdowns" not in asked.params
        kind = "insight" if is_recorded else "none"
    return Answer(b'{"data":[%b],%b}' % (b",".join(records(kind)), PAGING))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Loopback]]:
    """The warehouse after the account was read whole, and the server that answered."""
    data_dir = tmp_path_factory.mktemp("recorded")
    spool = Spool(data_dir / "spool")
    with Loopback(answer) as server:
        clock = FakeTime(READ_AT).clock
        client = GraphClient(server.url, "v25.0", "token", clock=clock)
        outcome = AccountOutcome("airbyte", ACCOUNT)
        reader = Reader(
            client=client,
            spool=spool,
            ledger=Ledger(),
            data_dir=data_dir,
            clock=clock,
            outcome=outcome,
            progress=Progress(),
            pace=Pace(clock, longest_wait=0),
            expectation=Expectation(ACCOUNT, Ledger(), 500),
            page_limit=500,
            load_seconds=600,
            slices=1,
            api_version="v25.0",
            shrink_share=0.5,
        )
        account = reader.account()
        reader.objects(account)
        window = PlannedWindow(ACCOUNT, DateWindow(DAY, DAY), "missing", "by hand")
        reader.windows(account, [window])
        client.close()
        assert outcome.failures == []
        load_meta(data_dir, spool)
        spool.close()
        yield data_dir, server


Loaded = tuple[Path, Loopback]


def stored(loaded: Loaded, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return rows(
        loaded[0], f"select {', '.join(columns)} from raw_meta.{table} order by all"
    )


def test_cursor_without_next_ended_each_listing(loaded: Loaded) -> None:
    paths = [asked.path.rpartition("/")[2] for asked in loaded[1].asked]

    # The account, three listings, and four levels in total and by country. Only ads
    # were recorded, so the three other levels are short of them and looked at twice.
    assert paths == [
        f"act_{ACCOUNT}",
        "campaigns",
        "adsets",
        "ads",
        *["insights"] * (8 + 3),
    ]
    assert not any("after" in asked.params for asked in loaded[1].asked)


def test_account_is_as_recorded(loaded: Loaded) -> None:
    found = stored(
        loaded,
        "accounts",
        "account_id",
        "name",
        "currency",
        "timezone_name",
        "account_status",
        "created_time",
    )

    assert found == [
        (
            "212551616838260",
            "Airbyte",
            "USD",
            "America/Los_Angeles",
            "1",
            "2020-04-13T18:04:59-0700",
        )
    ]


def test_campaign_is_as_recorded_and_its_absent_budgets_are_null(
    loaded: Loaded,
) -> None:
    found = stored(
        loaded,
        "campaigns",
        "id",
        "account_id",
        "name",
        "status",
        "effective_status",
        "objective",
        "buying_type",
        "created_time",
        "updated_time",
        "start_time",
        "stop_time",
        "daily_budget",
        "lifetime_budget",
        "bid_strategy",
    )

    assert found == [
        (
            "23853498584890398",
            "212551616838260",
            "New Leads Campaign -- Fake Ads",
            "ACTIVE",
            "ACTIVE",
            "OUTCOME_LEADS",
            "AUCTION",
            "2023-03-08T14:18:45-0800",
            "2023-03-09T11:51:54-0800",
            "2023-03-08T14:18:45-0800",
            "2023-03-14T00:00:00-0700",
            None,
            None,
            None,
        )
    ]


def test_adset_keeps_a_budget_of_zero_apart_from_an_absent_one(loaded: Loaded) -> None:
    found = stored(
        loaded,
        "adsets",
        "id",
        "campaign_id",
        "daily_budget",
        "lifetime_budget",
        "bid_strategy",
        "status",
        "optimization_goal",
        "attribution_spec",
        "end_time",
    )

    assert found == [
        (
            "23853619670380398",
            "23853619670350398",
            "2000",
            "0",
            "LOWEST_COST_WITHOUT_CAP",
            None,
            None,
            None,
            None,
        )
    ]


def test_ad_is_as_recorded(loaded: Loaded) -> None:
    found = stored(
        loaded, "ads", "id", "adset_id", "campaign_id", "name", "updated_time", "status"
    )

    assert found == [
        (
            "23853620229650398",
            "23853619670380398",
            "23853619670350398",
            "With The Highest Standard for Reliability",
            "2023-03-21T22:41:46-0700",
            "ACTIVE",
        )
    ]


def test_insights_keep_every_digit(loaded: Loaded) -> None:
    found = stored(
        loaded,
        "ad_insights",
        "ad_id",
        "adset_id",
        "campaign_id",
        "spend",
        "impressions",
        "clicks",
        "reach",
        "account_currency",
        "date_start",
        "breakdown",
    )

    assert found == [
        (
            "23846765228310398",
            "23846765228280398",
            "23846765228240398",
            "1.09",
            "839",
            "1",
            "797",
            "USD",
            DAY,
            "none",
        ),
        (
            "23846784938030398",
            "23846765228280398",
            "23846765228240398",
            "0.71",
            "489",
            "0",
            "473",
            "USD",
            DAY,
            "none",
        ),
    ]


def test_metrics_that_meta_left_out_are_null(loaded: Loaded) -> None:
    absent = (
        "inline_link_clicks",
        "outbound_clicks",
        "actions",
        "action_values",
        "attribution_setting",
        "country",
    )

    found = stored(loaded, "ad_insights", *absent)

    assert found == [(None,) * 6, (None,) * 6]


def test_levels_and_countries_without_rows_are_read_whole(loaded: Loaded) -> None:
    readings = read_ledger(loaded[0]).readings

    counts = rows(
        loaded[0],
        "select level, breakdown, row_count from raw_meta.receipts "
        "where resource = 'insights' and row_count > 0",
    )
    assert len(readings) == 8
    assert counts == [("ad", "none", 2)]


def test_loaded_records_hold_no_paging(loaded: Loaded, tmp_path: Path) -> None:
    shutil.copy(loaded[0] / "warehouse.duckdb", tmp_path)

    content = (tmp_path / "warehouse.duckdb").read_bytes()

    assert b"23846784938030398" in content
    assert b"MAZDZD" not in content
    assert b"NzIZD" not in content


def test_recorded_page_ends_the_listing_and_keeps_its_rows() -> None:
    page = read_page(200, PAGE.read_bytes())

    assert page.after is None
    assert orjson.loads(page.rows) == json.loads(PAGE.read_text())["data"]


def test_recorded_page_by_product_is_not_taken_for_totals(tmp_path: Path) -> None:
    # Two products of one ad and day: without the breakdown, two versions of one row.
    page = read_page(200, PAGE.read_bytes())
    spool = Spool(tmp_path / "spool")
    day = DateWindow(date(2023, 6, 1), date(2023, 6, 1))
    path = spool.write_page(page.rows)

    with pytest.raises(WindowUnusable) as caught:
        spool.add_insights(
            "798085168510957", "ad", "none", day, [path], lambda *_: True
        )

    spool.close()
    assert caught.value.code == "SPOOL-MOVED"


@pytest.mark.parametrize(
    ("product", "spend", "impressions", "clicks", "link_clicks", "outbound"),
    [
        pytest.param(0, "14.35", "185", "9", "9", "9", id="first product"),
        pytest.param(1, "8.53", "171", "7", "4", "4", id="second product"),
    ],
)
def test_each_row_of_the_recorded_page_keeps_every_digit(
    tmp_path: Path,
    product: int,
    spend: str,
    impressions: str,
    clicks: str,
    link_clicks: str,
    outbound: str,
) -> None:
    sent = json.loads(PAGE.read_text())["data"][product]
    spool = Spool(tmp_path / "spool")
    day = DateWindow(date(2023, 6, 1), date(2023, 6, 1))
    page = read_page(200, json.dumps({"data": [sent], "paging": {}}).encode())
    path = spool.write_page(page.rows)

    spool.add_insights("798085168510957", "ad", "none", day, [path], lambda *_: True)

    (row,) = [row for part in spool.batches("ad_insights") for row in part.to_pylist()]
    spool.close()
    assert row["ad_id"] == "23854695759200548"
    assert (row["spend"], row["impressions"], row["clicks"]) == (
        spend,
        impressions,
        clicks,
    )
    assert (row["inline_link_clicks"], row["reach"]) == (link_clicks, None)
    assert json.loads(row["outbound_clicks"]) == [
        {"action_type": "outbound_click", "value": outbound}
    ]
    assert json.loads(row["actions"]) == sent["actions"]


def test_recorded_purchase_values_keep_their_types_order_and_digits(
    tmp_path: Path,
) -> None:
    (recorded,) = records("action_values")
    values = recorded.removeprefix(b'{"action_values": ').removesuffix(b"}")
    spool = Spool(tmp_path / "spool")
    path = spool.write_page(
        b'[{"account_id":"1","campaign_id":"2","date_start":"2021-03-01",'
        b'"action_values":%b}]' % values
    )

    spool.add_insights(
        "1", "campaign", "none", DateWindow(DAY, DAY), [path], lambda *_: True
    )

    (row,) = [
        row for part in spool.batches("campaign_insights") for row in part.to_pylist()
    ]
    spool.close()
    found = json.loads(row["action_values"])
    assert [(item["action_type"], item["value"]) for item in found] == [
        ("offsite_conversion.fb_pixel_purchase", "23.05"),
        ("offsite_conversion.fb_pixel_add_to_cart", "253.51"),
        ("omni_add_to_cart", "253.51"),
        ("omni_initiated_checkout", "92.19"),
        ("omni_purchase", "23.05"),
        ("add_payment_info", "0"),
    ]
