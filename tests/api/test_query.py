"""POST /v1/query beside sums worked out by hand. acme's rows, rate 0.5, all statuses:

day    campaign country  spend  value purchases impressions clicks
03-01  1        US       16.00  30.00 4         1600        80
03-01  2        US      100.00   0    0           10         1
03-04  1        US       10.00  30.00 2         1000        50
03-04  1        ZZ        1.50   0    0          100         5
03-05  4        unknown   0.25   4.00 1           20         0
03-05  2        US        7.00   7.00 1          700         7
03-10  1        DE        8.25  26.00 2          880        45
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.schemas_query import DIMENSIONS, MEASURES
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import served
from tests.fixtures.world_rows import World
from tests.fixtures.worlds import acme

Row = dict[str, Any]
PARTS = ("days", "objects", "countries")
FOLDER = Path(__file__).parents[2] / "dbt_project/models/marts/definitions"
ALL_DAYS = {"since": "2026-03-01", "until": "2026-03-10"}


def registry() -> dict[str, list[Row]]:
    """The definitions as they are registered; all stand in one table here."""
    metrics = yaml.safe_load((FOLDER / "_definitions__metrics.yml").read_text())
    models = yaml.safe_load((FOLDER / "_definitions__semantic_models.yml").read_text())
    dimensions = {
        part["name"]: part
        for model in models["semantic_models"]
        for part in [*model["entities"], *model.get("dimensions", [])]
    }
    return {
        "marts.metric_definitions": [
            {
                "name": metric["name"],
                "label": metric["label"],
                "type": metric["type"],
                "description": metric["description"],
                "unit": metric["config"]["meta"]["unit"],
                "good_direction": metric["config"]["meta"]["good_direction"],
                "caveats": metric["config"]["meta"].get("caveats"),
                "model": "core.meta_objects_history",
                "node": f"metric.pathways.{metric['name']}",
                **{
                    f"adds_up_over_{part}": (
                        part in metric["config"]["meta"]["adds_up_over"]
                    )
                    for part in PARTS
                },
            }
            for metric in metrics["metrics"]
        ],
        "marts.dimension_definitions": [
            {
                "name": name,
                "label": part["label"],
                "type": "entity" if part["type"] == "foreign" else part["type"],
                "description": part["description"],
                "model": "core.meta_ad_metrics",
                "column_name": name,
                "node": "model.pathways.meta_ad_metrics",
            }
            for name, part in dimensions.items()
        ],
    }


def world() -> World:
    """acme with the whole registry; ad set and ad of each campaign are 2x and 3x."""
    made = acme()
    rows = made["core.meta_daily_metrics"]
    of_adsets = [
        {**row, "adset_id": "2" + row["campaign_id"], "adset_name": "same name"}
        for row in rows
    ]
    return made | {
        **registry(),
        "core.meta_adset_metrics": of_adsets,
        "core.meta_ad_metrics": [
            {**row, "ad_id": "3" + row["campaign_id"]} for row in of_adsets
        ],
        "core.meta_level_totals": [
            {**rows[0], "level": level, "object_id": "1", "reach": reach, **ids}
            for level, reach, ids in (
                ("account", 900, {"campaign_id": None}),
                ("campaign", 700, {}),
                ("adset", 400, {"adset_id": "21"}),
                ("adset", 350, {"adset_id": "22"}),
            )
        ],
    }


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClient]:
    with served(tmp_path_factory.mktemp("acme"), world()) as client:
        yield client


def asked(client: LocalClient, **query: Any) -> dict[str, Any]:
    answer = client.post("/v1/query", json=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def rows(client: LocalClient, **query: Any) -> list[Row]:
    found: list[Row] = asked(client, **{**ALL_DAYS, **query})["data"]["rows"]
    return found


def cells(found: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in found]


def test_without_dimensions_there_is_one_row_of_all(client: LocalClient) -> None:
    (row,) = rows(client, measures=["spend", "orders", "impressions", "roas", "ctr"])

    # 143.00 = 16 + 100 + 10 + 1.5 + 0.25 + 7 + 8.25; value 97; clicks 188 of 4,310.
    assert (row["spend"], row["orders"], row["impressions"]) == ("143.00", 10, 4310)
    assert row["roas"] == pytest.approx(97 / 143)
    assert row["ctr"] == pytest.approx(100 * 188 / 4310)
    assert row["reasons"] == {}


def test_a_row_has_what_was_asked_for_and_no_other_name(client: LocalClient) -> None:
    (row, *_) = rows(client, measures=["clicks"], dimensions=["campaign_id"])

    assert set(row) == {
        "campaign_id",
        "clicks",
        "is_partial_day",
        "is_attribution_mixed",
        "has_unconverted",
        "reasons",
    }


def test_ratios_are_of_the_sums_of_their_group(client: LocalClient) -> None:
    found = rows(
        client, measures=["spend", "revenue", "cac"], dimensions=["campaign_id"]
    )

    # Campaign 1: 16 + 10 + 1.5 + 8.25 for 8 purchases; 2: 107 for 1; 4: 0.25 for 1.
    assert cells(found, "campaign_id", "spend", "revenue") == [
        ("1", "35.75", "86.00"),
        ("2", "107.00", "7.00"),
        ("4", "0.25", "4.00"),
    ]
    assert [row["cac"] for row in found] == pytest.approx([35.75 / 8, 107, 0.25])


def test_a_ratio_without_its_divisor_is_null_and_says_why(client: LocalClient) -> None:
    measures = ["cac", "aov", "cpc", "roas", "conversion_rate"]
    found = rows(client, measures=measures, dimensions=["campaign_id", "date_day"])

    by_key = {(row["campaign_id"], row["date_day"]): row for row in found}
    paused = by_key["2", "2026-03-01"]
    assert (paused["cac"], paused["aov"]) == (None, None)
    assert paused["reasons"] == {"cac": "no_purchases", "aov": "no_purchases"}
    without_click = by_key["4", "2026-03-05"]
    assert without_click["reasons"] == {
        "cpc": "no_clicks",
        "conversion_rate": "no_clicks",
    }


@pytest.mark.parametrize(
    ("filters", "spend"),
    [
        ([{"dimension": "country_code", "values": ["US"]}], "133.00"),
        ([{"dimension": "country_code", "values": ["US", "DE"]}], "141.25"),
        (
            [
                {
                    "dimension": "country_code",
                    "operator": "not_equals",
                    "values": ["US"],
                }
            ],
            "10.00",
        ),
        (
            [
                {"dimension": "country_code", "values": ["US"]},
                {"dimension": "campaign_id", "values": ["1"]},
            ],
            "26.00",
        ),
        ([{"dimension": "effective_status_now", "values": ["PAUSED"]}], "107.00"),
        # What was never listed has no status: it is not PAUSED.
        (
            [
                {
                    "dimension": "effective_status_now",
                    "operator": "not_equals",
                    "values": ["PAUSED"],
                }
            ],
            "36.00",
        ),
        ([{"dimension": "adset_id", "values": ["22"]}], "107.00"),
    ],
)
def test_filters_keep_the_rows_of_their_values(
    client: LocalClient, filters: list[Row], spend: str
) -> None:
    (row,) = rows(client, measures=["spend"], filters=filters)

    assert row["spend"] == spend


def test_a_group_without_rows_is_not_answered(client: LocalClient) -> None:
    nowhere = [{"dimension": "country_code", "values": ["FR"]}]

    assert rows(client, measures=["spend"], filters=nowhere) == []


def test_days_are_added_up_by_week_and_month(client: LocalClient) -> None:
    weeks = rows(client, measures=["spend"], dimensions=["date_day"], grain="week")
    months = rows(client, measures=["spend"], dimensions=["date_day"], grain="month")
    days = rows(client, measures=["spend"], dimensions=["date_day"])

    # Sunday 03-01 is of the week from 02-23; Tuesday 03-10 of the one from 03-09.
    assert cells(weeks, "date_day", "spend", "is_cut", "is_partial_day") == [
        ("2026-02-23", "116.00", True, False),
        ("2026-03-02", "18.75", False, False),
        ("2026-03-09", "8.25", True, True),
    ]
    assert cells(months, "date_day", "spend", "is_cut") == [
        ("2026-03-01", "143.00", True)
    ]
    assert cells(days, "date_day", "spend", "is_cut") == [
        ("2026-03-01", "116.00", False),
        ("2026-03-04", "11.50", False),
        ("2026-03-05", "7.25", False),
        ("2026-03-10", "8.25", False),
    ]


@pytest.mark.parametrize(
    ("order", "campaigns"),
    [
        (None, ["1", "2", "4"]),
        ({"name": "spend"}, ["2", "1", "4"]),
        ({"name": "spend", "direction": "asc"}, ["4", "1", "2"]),
        ({"name": "roas", "direction": "desc"}, ["4", "1", "2"]),
        ({"name": "campaign_id", "direction": "desc"}, ["4", "2", "1"]),
    ],
)
def test_rows_are_in_the_order_asked_for(
    client: LocalClient, order: Row | None, campaigns: list[str]
) -> None:
    found = rows(
        client,
        measures=["spend", "roas"],
        dimensions=["campaign_id"],
        **({"order": order} if order else {}),
    )

    assert [row["campaign_id"] for row in found] == campaigns


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_what_is_not_known_comes_last(client: LocalClient, direction: str) -> None:
    found = rows(
        client,
        measures=["cpc"],
        dimensions=["campaign_id"],
        order={"name": "cpc", "direction": direction},
    )

    # Campaign 4 has no click.
    assert found[-1]["campaign_id"] == "4"


def test_more_groups_than_asked_for_are_told(client: LocalClient) -> None:
    query = {"measures": ["spend"], "dimensions": ["campaign_id"], **ALL_DAYS}
    order = {"name": "spend"}

    some = asked(client, **query, order=order, limit=2)["data"]
    whole = asked(client, **query, order=order, limit=3)["data"]

    assert [row["campaign_id"] for row in some["rows"]] == ["2", "1"]
    assert (some["is_truncated"], whole["is_truncated"]) == (True, False)


def test_pages_join_to_all_groups_once(client: LocalClient) -> None:
    query = {
        "measures": ["spend"],
        "dimensions": ["country_code", "campaign_id"],
        "order": {"name": "spend"},
        **ALL_DAYS,
    }
    whole = asked(client, **query)
    assert whole["meta"]["next_cursor"] is None

    found: list[Row] = []
    cursor = None
    for count in (2, 2, 1):
        document = asked(client, **query, limit=2, cursor=cursor)
        assert len(document["data"]["rows"]) == count
        found += document["data"]["rows"]
        cursor = document["meta"]["next_cursor"]

    assert cursor is None
    assert found == whole["data"]["rows"]
    # US of campaign 2 and of 1, DE, ZZ, unknown.
    assert [row["spend"] for row in found] == [
        *("107.00", "26.00", "8.25", "1.50", "0.25"),
    ]


def test_the_finest_name_tells_of_which_rows_the_sums_are(client: LocalClient) -> None:
    for name, level in (
        ("account_id", "campaign"),
        ("country_code", "campaign"),
        ("adset_name", "adset"),
        ("ad_id", "ad"),
    ):
        data = asked(client, measures=["spend"], dimensions=[name])["data"]
        assert data["level"] == level


def test_columns_are_told_with_label_and_unit(client: LocalClient) -> None:
    data = asked(
        client, measures=["roas", "spend"], dimensions=["country_code", "date_day"]
    )["data"]

    told = cells(data["columns"], "name", "kind", "label", "unit", "good_direction")
    assert told == [
        ("country_code", "dimension", "Country", None, None),
        ("date_day", "dimension", "Day", None, None),
        ("roas", "measure", "Purchase ROAS (return on ad spend)", "ratio", "up"),
        ("spend", "measure", "Amount spent", "reporting_currency", "none"),
    ]
    assert data["grain"] == "day"


def test_sums_are_those_of_the_dashboard(client: LocalClient) -> None:
    overview = client.get(
        "/v1/dashboard?include_inactive=true&since=2026-03-01"
    ).json()["data"]["overview"]

    (row,) = rows(client, measures=list(overview))

    assert {name: row[name] for name in overview} == {
        name: figure["value"] for name, figure in overview.items()
    }


def test_every_measure_and_dimension_that_may_be_asked_for_is_answered(
    client: LocalClient,
) -> None:
    additive = [name for name in MEASURES if name != "reach"]
    document = asked(client, measures=additive, dimensions=list(DIMENSIONS))

    assert len(document["data"]["rows"]) == 5
    assert set(additive) | set(DIMENSIONS) <= set(document["data"]["rows"][0])
    for name in additive:
        assert rows(client, measures=[name], order={"name": name})
    for name in DIMENSIONS:
        order = {"name": name, "direction": "asc"}
        assert rows(client, measures=["spend"], dimensions=[name], order=order)
