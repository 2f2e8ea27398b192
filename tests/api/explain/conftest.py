"""The world of `tests/fixtures/worlds.py`, with all that an explanation reads.

Of acme, spend / value / purchases: 1 March campaign 1 16.00 / 30.00 / 4 and campaign 2
(paused now) 100.00 / 0 / 0; 4 March campaign 1 10.00 / 30.00 / 2 in US and 1.50 / 0 / 0
in ZZ; 5 March campaign 2 7.00 / 7.00 / 1 and campaign 4 (never listed) 0.25 / 4.00 / 1
in an unknown country; 10 March, today, campaign 1 8.25 / 26.00 / 2.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from fastapi.testclient import TestClient

from tests.fixtures.explain_ledgers import ZONES

Row = dict[str, Any]
World = dict[str, list[Row]]
MODELS = Path(__file__).parents[3] / "dbt_project" / "models" / "marts"
REGISTRY = MODELS / "definitions" / "_definitions__metrics.yml"


def registered() -> list[Row]:
    """The metrics as marts.metric_definitions has them."""
    found = []
    for metric in yaml.safe_load(REGISTRY.read_text())["metrics"]:
        asked = metric["type_params"]
        inputs = [asked.get("numerator"), asked.get("denominator")]
        inputs = [each["name"] for each in asked.get("metrics", [])] or inputs
        found.append(
            {
                "name": metric["name"],
                "label": metric["label"],
                "type": metric["type"],
                "inputs": ", ".join(filter(None, inputs)) or None,
                "unit": metric["config"]["meta"]["unit"],
                "good_direction": metric["config"]["meta"]["good_direction"],
                "node": f"metric.pathways.{metric['name']}",
            }
        )
    return found


@pytest.fixture
def world(both_world: World) -> World:
    rows = both_world["marts.dashboard_daily"]
    return {
        **both_world,
        "marts.metric_definitions": registered(),
        "core.meta_adset_metrics": rows,
        "core.meta_daily_metrics": rows,
    }


@pytest.fixture
def published(
    world: World, publish: Callable[..., None], report: Callable[..., None]
) -> None:
    publish(world)
    report()


@pytest.fixture
def explained(client: TestClient, published: None) -> Callable[..., Row]:
    def _explained(metric: str = "spend", store: str = "acme", **asked: Any) -> Row:
        params = {"store": store, "metric": metric, **asked}
        answer = client.get("/v1/explain", params=params)
        assert answer.status_code == 200, answer.text
        data: Row = answer.json()["data"]
        return data

    return _explained


def steps_of(data: Row) -> list[tuple[str, str]]:
    return [(step["dimension"], step["delta"]) for step in data["steps"]]


@pytest.fixture
def run(
    data_dir: Path, published: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """`pathways` in this process, over the published snapshot."""
    from ingest.cli import pathways

    monkeypatch.setenv("PATHWAYS__DATA_DIR", str(data_dir))
    monkeypatch.setenv("PATHWAYS__NOW", "2026-03-10T09:30:00Z")
    return lambda *words: CliRunner().invoke(pathways, ["explain", *words])


@pytest.fixture(scope="module")
def database(
    contract_tables: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Catalogs `a` and `b`, what has no catalog's name being b's."""
    folder = tmp_path_factory.mktemp("explain")
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for catalog in ("a", "b"):
            contract_tables(folder / f"{catalog}.duckdb")
            connection.execute(f"attach '{folder}/{catalog}.duckdb' as {catalog}")
            connection.execute(f"use {catalog}")
            for number, zone in enumerate(ZONES):
                connection.execute(
                    "insert into marts.accounts (store, account_id, timezone_name) "
                    "values ('acme', ?, ?)",
                    [str(number), zone],
                )
            connection.execute(
                "insert into marts.account_days (store, account_id, date_day) "
                "select 'acme', '1', unnest(range(date '2025-12-01', "
                "date '2026-03-12', interval 1 day))"
            )
        yield connection
