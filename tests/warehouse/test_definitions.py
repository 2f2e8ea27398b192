"""The registry of metrics: one home, and everything that is said of a metric is true.

dbt reads it from yml and makes the functions and `marts.metric_definitions` of it; the
API answers that table. None of it needs a row of data.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from api.main import create_app
from api.schemas_definitions import DimensionDefinition, MetricDefinition
from api.schemas_query import DIMENSIONS, MEASURES
from api.settings import Settings
from api.snapshots import QUERIES
from tests.conftest import Pathways
from tests.warehouse.conftest import EmptyBuild

Row = dict[str, Any]
# Shapes of metrics; their other fields are dimensions, but for what says why of a null.
ROWS = ("CampaignRow", "AdsetRow", "AdRow", "AccountRow", "CampaignCard", "Country")
METRICS = ("Overview", "TrendDay", "QueryRow", "BudgetPrior", "BudgetRow")
# Sums that a formula is tried on.
SUMS = {
    "spend": 50,
    "revenue": 200,
    "orders": 8,
    "clicks": 400,
    "impressions": 20000,
    "converted_clicks": 250,
    "converted_impressions": 10000,
}


@pytest.fixture(scope="module")
def metrics(empty_build: EmptyBuild) -> dict[str, Row]:
    rows = empty_build.query(QUERIES["metric_definitions"].sql, {"names": None})
    return {row["name"]: row for row in rows}


@pytest.fixture(scope="module")
def dimensions(empty_build: EmptyBuild) -> dict[str, Row]:
    rows = empty_build.query(QUERIES["dimension_definitions"].sql, {"names": None})
    return {row["name"]: row for row in rows}


@pytest.fixture(scope="module")
def columns(empty_build: EmptyBuild) -> dict[str, str]:
    """What each column of every model means, by schema, table and column."""
    nodes = empty_build.artifact("manifest")["nodes"].values()
    return {
        f"{node['schema']}.{node['name']}.{column['name']}": column["description"]
        for node in nodes
        if node["resource_type"] == "model"
        for column in node["columns"].values()
    }


@pytest.fixture(scope="module")
def shapes() -> dict[str, dict[str, Any]]:
    document = create_app(Settings(Path("unused"))).openapi()
    schemas: dict[str, dict[str, Any]] = document["components"]["schemas"]
    return schemas


def test_definitions_are_what_the_api_says_they_are(
    metrics: dict[str, Row], dimensions: dict[str, Row]
) -> None:
    assert {"spend", "reach", "roas", "posterior_cac"} <= metrics.keys()
    assert {"store", "country_code", "date_day", "ad_id"} <= dimensions.keys()
    for row in metrics.values():
        MetricDefinition.model_validate(row)
    for row in dimensions.values():
        DimensionDefinition.model_validate(row)


def test_every_formula_gives_what_its_function_gives(
    empty_build: EmptyBuild, metrics: dict[str, Row]
) -> None:
    sums = ", ".join(
        f"cast({value} as double) as {name}" for name, value in SUMS.items()
    )
    made = {name: row for name, row in metrics.items() if row["inputs"]}
    told = ", ".join(f"{row['formula']} as {name}" for name, row in made.items())
    called = ", ".join(
        f"metrics.{name}({', '.join(row['inputs'])}) as {name}"
        for name, row in made.items()
    )

    by_text = empty_build.query(f"select {told} from (select {sums})")
    by_function = empty_build.query(f"select {called} from (select {sums})")

    # Of the sums above: 200 / 8, 50 / 8, 200 / 50, 100 * 400 / 20000, 50 / 250,
    # 1000 * 50 / 10000, 100 * 8 / 250.
    worked_out = {"aov": 25, "cac": 6.25, "roas": 4, "ctr": 2, "cpc": 0.2}
    worked_out |= {"cpm": 5, "conversion_rate": 3.2}
    assert by_text == [pytest.approx(worked_out)]
    assert by_function == [pytest.approx(worked_out)]


def test_every_ratio_is_null_without_its_divisor(
    empty_build: EmptyBuild, metrics: dict[str, Row]
) -> None:
    made = [name for name, row in metrics.items() if row["inputs"]]
    asked = [
        f"metrics.{name}({value}, {divisor})"
        for name in made
        for value, divisor in ((0, 0), (5, 0), (5, "null"))
    ]

    answers = empty_build.query(f"select [{', '.join(asked)}] as answers")

    assert len(made) == 7
    assert answers == [{"answers": [None] * 21}]


def test_every_measure_that_adds_up_may_be_queried_and_every_ratio(
    metrics: dict[str, Row], dimensions: dict[str, Row]
) -> None:
    stocks = {"daily_budget", "lifetime_budget"}
    summed = {name for name, row in metrics.items() if row["type"] != "modelled"}

    assert set(MEASURES) == summed - stocks
    assert set(DIMENSIONS) <= dimensions.keys()


def test_functions_are_the_registered_ones(
    empty_build: EmptyBuild, metrics: dict[str, Row]
) -> None:
    rows = empty_build.query(
        "select function_name as name, parameters from duckdb_functions() "
        "where schema_name = 'metrics' and function_type = 'macro'"
    )

    made = {row["name"]: row["parameters"] for row in rows}

    assert made.keys() - metrics.keys() == {"ratio", "change"}
    registered = {name: row["inputs"] for name, row in metrics.items() if row["inputs"]}
    assert {name: made[name] for name in registered} == registered


def test_functions_are_called_with_their_inputs_in_order(
    empty_build: EmptyBuild, metrics: dict[str, Row]
) -> None:
    # Outside of the dashboard two sums have their columns' names.
    other_names = {"purchase_value": "revenue", "purchases": "orders"}

    called = [
        (name, call.name, [other_names.get(a.sql(), a.sql()) for a in call.expressions])
        for name, sql in empty_build.statements().items()
        if "metrics." in sql
        for dot in sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Dot)
        if dot.this.name == "metrics" and isinstance(call := dot.expression, exp.Func)
        if metrics.get(call.name, {}).get("inputs")
    ]

    assert {name for _, name, _ in called} == {
        name for name, row in metrics.items() if row["inputs"]
    }
    for statement, name, arguments in called:
        assert arguments == metrics[name]["inputs"], statement


def test_what_adds_up_is_a_sum_or_modelled(metrics: dict[str, Row]) -> None:
    over = ("adds_up_over_days", "adds_up_over_objects", "adds_up_over_countries")

    for name, row in metrics.items():
        adds_up = {row[part] for part in over}
        is_measured = row["type"] == "simple" and row["non_additive_dimension"] is None
        if is_measured:
            assert (adds_up, row["agg"]) == ({True}, "sum"), name
        elif row["type"] != "modelled":
            assert adds_up == {False}, name


def test_definitions_lead_to_columns_and_pages_that_exist(
    empty_build: EmptyBuild,
    metrics: dict[str, Row],
    dimensions: dict[str, Row],
    columns: dict[str, str],
) -> None:
    manifest = empty_build.artifact("manifest")
    nodes = manifest["nodes"].keys() | manifest["metrics"].keys()

    for row in (*metrics.values(), *dimensions.values()):
        assert row["node"] in nodes
        kind = row["node"].partition(".")[0]
        assert row["lineage"] == f"/lineage#!/{kind}/{row['node']}"
        if row.get("inputs"):
            assert set(row["inputs"]) <= metrics.keys(), row["name"]
        else:
            assert f"{row['model']}.{row['column_name']}" in columns, row["name"]
    for row in dimensions.values():
        assert row["description"] == columns[f"{row['model']}.{row['column_name']}"]


def is_number(field: dict[str, Any]) -> bool:
    """Whether a field of an answer is a number, or money as text."""
    kinds = field.get("anyOf", [field])
    if "$ref" in kinds[0]:
        return kinds[0]["$ref"].rpartition("/")[2].startswith("Figure")
    return any(
        kind.get("type") in ("number", "integer") or "pattern" in kind for kind in kinds
    )


@pytest.mark.parametrize("shape", [*METRICS, *ROWS])
def test_every_metric_that_the_api_answers_is_registered(
    shapes: dict[str, dict[str, Any]], metrics: dict[str, Row], shape: str
) -> None:
    fields = shapes[shape]["properties"]

    numbers = {name for name, field in fields.items() if is_number(field)}

    assert len(numbers) > 8
    assert numbers - metrics.keys() == set()


@pytest.mark.parametrize("shape", ROWS)
def test_every_other_field_of_a_row_is_a_dimension(
    shapes: dict[str, dict[str, Any]], dimensions: dict[str, Row], shape: str
) -> None:
    fields = shapes[shape]["properties"]

    others = {name for name, field in fields.items() if not is_number(field)}

    assert others - dimensions.keys() <= {"reasons"}


def test_every_field_leads_to_a_column_or_metric_of_the_same_meaning(
    shapes: dict[str, dict[str, Any]],
    columns: dict[str, str],
    metrics: dict[str, Row],
) -> None:
    led = 0
    for shape, schema in shapes.items():
        for name, field in schema.get("properties", {}).items():
            meaning = None
            if "x-dbt-column" in field:
                meaning = columns[field["x-dbt-column"]]
            elif "x-dbt-metric" in field:
                meaning = metrics[field["x-dbt-metric"]]["description"]
            if meaning is not None:
                led += 1
                assert field["description"] == meaning, (shape, name)
    assert led > 250


@pytest.mark.parametrize(
    ("shape", "made_here"),
    [
        *((name, set()) for name in ("CampaignRow", "AdsetRow", "AdRow", "AccountRow")),
        ("Account", {"today"}),
        ("AdObject", {"status_group"}),
        ("BudgetPrior", set()),
        ("BudgetRow", set()),
        ("CampaignCard", {"reasons"}),
        ("Country", {"reasons"}),
        ("DimensionDefinition", {"lineage"}),
        ("MetricDefinition", {"inputs", "lineage"}),
        ("Overview", set()),
        (
            "QueryRow",
            {
                "has_unconverted",
                "is_attribution_mixed",
                "is_cut",
                "is_partial_day",
                "reasons",
            },
        ),
        # Of several accounts' days, and of several days.
        (
            "TrendDay",
            {
                "has_missing_days",
                "is_cut",
                "is_partial_day",
                "reasons",
                "since",
                "until",
            },
        ),
    ],
)
def test_a_field_without_a_column_is_one_that_the_api_makes(
    shapes: dict[str, dict[str, Any]], shape: str, made_here: set[str]
) -> None:
    found = {
        name
        for name, field in shapes[shape]["properties"].items()
        if not {"x-dbt-column", "x-dbt-metric"} & field.keys()
    }

    assert found == made_here


def test_shapes_that_a_function_makes_name_one_that_exists(
    empty_build: EmptyBuild, shapes: dict[str, dict[str, Any]]
) -> None:
    named = {
        shape["x-dbt-function"]
        for shape in shapes.values()
        if "x-dbt-function" in shape
    }

    assert len(named) == 4
    assert named <= empty_build.statements().keys()


def test_facts_hold_no_ratio_so_a_formula_rebuilds_no_day(
    empty_build: EmptyBuild, root: Path
) -> None:
    manifest = empty_build.artifact("manifest")["nodes"]
    statements = empty_build.statements()

    kept = [
        name
        for name, node in manifest.items()
        if node["config"].get("materialized") == "incremental"
    ]

    assert len(kept) > 2
    for name in kept:
        assert "metrics." not in statements[name], name


def test_the_registry_is_no_part_of_a_partitions_fingerprint(root: Path) -> None:
    macro = (root / "dbt_project/macros/project_hash.sql").read_text()
    patterns = re.findall(r"'(dbt_project[\w/.*]+)'", macro)
    hashed = {path for pattern in patterns for path in root.glob(pattern)}
    folder = root / "dbt_project/models/marts/definitions"

    assert folder / "metric_definitions.sql" in hashed
    assert not hashed & set(folder.glob("*.yml"))


def test_exposures_name_both_readers(empty_build: EmptyBuild) -> None:
    exposures = empty_build.artifact("manifest")["exposures"].values()

    readers = {
        exposure["config"]["meta"]["reader"]: exposure["url"].rpartition("/")[2]
        for exposure in exposures
        if "reader" in exposure["config"]["meta"]
    }

    assert readers == {"ai_budget": "budget", "dashboard": "dashboard"}


@pytest.mark.slow
def test_the_documentation_is_one_page_with_every_definition(
    empty_build: EmptyBuild, metrics: dict[str, Row], tmp_path: Path
) -> None:
    run = Pathways(tmp_path / "data")
    shutil.copytree(empty_build.data_dir, run.data_dir)

    ended = run("docs", "--json")

    assert ended.exit_code == 0, ended.err
    page = Path(ended.document["page"])
    assert [path.name for path in page.parent.iterdir()] == [page.name]
    text = page.read_text()
    assert "Which table answers which question" in text
    for metric in metrics.values():
        assert f'"{metric["node"]}"' in text, metric["name"]
