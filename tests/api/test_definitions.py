"""The definitions over HTTP, and what each route reads beside what its exposure says.

That the definitions are true is the matter of tests/warehouse/test_definitions.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from api.snapshots import QUERIES, Reader

pytestmark = pytest.mark.usefixtures("acme_only")
DBT = Path(__file__).parents[2] / "dbt_project"


def get(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/definitions{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_metrics_tell_their_formula_their_inputs_and_where_to_read_on(
    client: TestClient,
) -> None:
    document = get(client)

    roas, spend = document["data"]["metrics"]
    assert (roas["formula"], roas["inputs"]) == (
        "revenue / spend",
        ["revenue", "spend"],
    )
    assert (spend["formula"], spend["inputs"]) == ("sum(spend)", [])
    assert (roas["adds_up_over_days"], spend["adds_up_over_days"]) == (False, True)
    assert roas["lineage"] == "/lineage#!/metric/metric.pathways.roas"
    assert document["meta"]["snapshot_id"] == "s1"


def test_dimensions_tell_their_table_and_column(client: TestClient) -> None:
    (country,) = get(client)["data"]["dimensions"]

    assert (country["model"], country["column_name"]) == (
        "marts.dashboard_daily",
        "country_code",
    )
    assert country["lineage"] == "/lineage#!/model/model.pathways.dashboard_daily"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?name=roas", ["roas"]),
        ("?name=spend&name=country_code", ["spend", "country_code"]),
        ("?name=unheard_of", []),
    ],
)
def test_some_may_be_asked_for_by_name(
    client: TestClient, query: str, names: list[str]
) -> None:
    data = get(client, query)["data"]

    assert [row["name"] for row in data["metrics"] + data["dimensions"]] == names


def test_what_is_no_name_is_refused(client: TestClient) -> None:
    answer = client.get("/v1/definitions?name=Roas'--")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def tables_of(query: str) -> set[str]:
    """The tables that a query reads, through the budget's functions too."""
    sql = re.sub(r"--.*", "", QUERIES[query].sql)
    found = set(re.findall(r"(?:core|marts)\.(\w+)", sql))
    if "metrics.budget_" in sql:
        macro = (DBT / "macros" / "budget_functions.sql").read_text()
        found |= set(re.findall(r'": "(?:core|marts)\.(\w+)"', macro))
    return found


def exposures() -> list[Any]:
    file = DBT / "models" / "marts" / "_marts__exposures.yml"
    return [
        pytest.param(
            exposure["url"].removeprefix("http://127.0.0.1:8000"),
            {re.findall(r"'(\w+)'", ref)[0] for ref in exposure["depends_on"]},
            id=exposure["name"],
        )
        for exposure in yaml.safe_load(file.read_text())["exposures"]
    ]


@pytest.mark.parametrize(("route", "named"), exposures())
def test_an_exposure_names_what_its_route_reads(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    route: str,
    named: set[str],
) -> None:
    # What all answers depend on is known from here on.
    client.get("/v1/stores?store=acme")
    asked: list[str] = []
    rows = Reader.rows

    def recorded(self: Reader, query: str, values: Any) -> Any:
        asked.append(query)
        return rows(self, query, values)

    monkeypatch.setattr(Reader, "rows", recorded)

    for level in ("campaign", "adset", "ad", "account"):
        if route == "/v1/query":
            answer = client.post(route, json={"measures": ["spend"]})
        else:
            asks_for = "?metric=spend" if route == "/v1/explain" else ""
            answer = client.get(route.replace("{level}", level) + asks_for)
        assert answer.status_code == 200, answer.text

    read = set().union(*map(tables_of, asked))
    # What AI Budget reads for any window, dbt builds for the default one.
    assert read == named - {"budget_recommendations"}
