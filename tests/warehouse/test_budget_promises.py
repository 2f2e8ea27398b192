"""What the budget's advice promises for any data: bounded, explained, in order.

The tables are those of a build on an empty warehouse, the functions those that a
published snapshot carries; each test puts rows of its own into a copy.
"""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 3, 10)
FIRST_OF_WINDOW = TODAY - timedelta(days=13)
LESS_TO_MORE = {"Cut": 0, "Hold": 1, "Insufficient Data": 1, "Scale": 2}


class CellDay(NamedTuple):
    """What a campaign did in a country on a day; without a rate spend is unknown."""

    campaign_id: str
    country_code: str
    days_ago: int
    spend: Decimal
    purchases: int
    price: Decimal
    has_rate: bool = True


class Budget:
    """The budget's tables and functions in a build of their own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, compiled: Path) -> None:
        self.connection = connection
        self.compiled = compiled

    def load(
        self,
        cells: list[CellDay],
        target_roas: float | None = 2.5,
        break_even_roas: float | None = None,
    ) -> None:
        """Replaces all that the store did; the day 0 days ago is still running."""
        run = self.connection.execute
        for table in ("accounts", "budget_priors", "dashboard_daily"):
            run(f"delete from marts.{table}")
        run(
            "insert into marts.accounts by name select 'noor' as store,"
            " '1' as account_id, 'USD' as reporting_currency,"
            " ?::decimal(18, 4) as target_roas, ?::decimal(18, 4) as break_even_roas,"
            " ?::date as newest_day",
            [target_roas, break_even_roas, TODAY],
        )
        for cell in cells:
            spend = cell.spend if cell.has_rate else None
            value = cell.purchases * cell.price if cell.has_rate else None
            run(
                "insert into marts.dashboard_daily by name select 'noor' as store,"
                " '1' as account_id, ? as campaign_id, ? as country_code,"
                " 'SAR' as account_currency, 'USD' as reporting_currency,"
                " ?::decimal(38, 14) as spend, ?::decimal(18, 4)"
                " as spend_account_currency, ?::bigint as purchases,"
                " ?::decimal(38, 14) as purchase_value, ?::boolean as is_partial_day,"
                " ?::date as date_day",
                [
                    cell.campaign_id,
                    cell.country_code,
                    spend,
                    cell.spend,
                    cell.purchases,
                    value,
                    cell.days_ago == 0,
                    TODAY - timedelta(days=cell.days_ago),
                ],
            )
        run(f"insert into marts.budget_priors {self.model('budget_priors')}")

    def model(self, name: str) -> str:
        """The SQL of a model."""
        return (self.compiled / f"{name}.sql").read_text(encoding="utf-8")

    def call(self, function: str) -> list[dict[str, Any]]:
        """Rows of a table function for the default window."""
        answer = self.connection.execute(
            f"select * from metrics.{function}($store, $since, $until)",
            {"store": "noor", "since": FIRST_OF_WINDOW, "until": TODAY},
        )
        names = [column[0] for column in answer.description or []]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture(scope="session")
def empty_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build on an empty warehouse, beside it the compiled SQL."""
    folder = tmp_path_factory.mktemp("budget")
    subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--quiet", "build"),
            *("--select", "+budget_recommendations"),
            *("--exclude-resource-type", "test", "unit_test"),
            *("--target-path", str(folder / "target")),
            *("--log-path", str(folder / "logs")),
        ],
        cwd=ROOT,
        env={**os.environ, "PATHWAYS__DATA_DIR": str(folder)},
        check=True,
    )
    return folder


@pytest.fixture
def budget(empty_build: Path, tmp_path: Path) -> Iterator[Budget]:
    # The compiled SQL names the database, which is named after its file.
    shutil.copy(empty_build / "build.duckdb", tmp_path / "build.duckdb")
    compiled = "target/compiled/pathways/dbt_project/models/marts/budget"
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        yield Budget(connection, empty_build / compiled)


cell_days = st.lists(
    st.builds(
        CellDay,
        campaign_id=st.sampled_from(["c1", "c2", "c3"]),
        country_code=st.sampled_from(["SA", "AE", "unknown", "ZZ"]),
        days_ago=st.integers(0, 70),
        spend=st.decimals(0, 5000, places=2),
        purchases=st.one_of(st.just(0), st.integers(0, 40)),
        price=st.decimals(0, 500, places=2),
        has_rate=st.sampled_from([True, True, True, False]),
    ),
    max_size=14,
    unique_by=lambda cell: (cell.campaign_id, cell.country_code, cell.days_ago),
)

any_data = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def assert_bounded_and_explained(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        numbers = [value for value in row.values() if isinstance(value, float)]
        assert all(math.isfinite(number) for number in numbers), row
        assert -20 <= row["step_percent"] <= 20
        assert row["action"] in LESS_TO_MORE
        assert row["reason"]
        assert (row["action"] == "Insufficient Data") == (
            row["sufficiency"] == "insufficient"
        )
        assert (row["posterior_roas"] is None) == (row["missing_reason"] is not None)
        if row["posterior_roas"] is not None:
            assert 0 < row["cac_p10"] <= row["cac_p50"] <= row["cac_p90"]
            assert 0 <= row["roas_p10"] <= row["roas_p50"] <= row["roas_p90"]
            assert 0 <= row["prior_weight"] <= 1
            assert 0 <= row["probability_roas_at_target"] <= 1
            assert 0 <= row["probability_cac_at_target"] <= 1


@pytest.mark.slow
@any_data
@given(
    cells=cell_days,
    target_roas=st.sampled_from([None, 0.5, 2.5]),
    break_even_roas=st.sampled_from([None, 1.5]),
)
def test_advice_is_bounded_and_explained_for_any_data(
    budget: Budget,
    cells: list[CellDay],
    target_roas: float | None,
    break_even_roas: float | None,
) -> None:
    budget.load(cells, target_roas, break_even_roas)

    rows = budget.call("budget_rows")

    assert_bounded_and_explained(rows)


@pytest.mark.slow
@any_data
@given(
    cells=cell_days, bar=st.sampled_from([0.4, 1.0, 2.5]), by_break_even=st.booleans()
)
def test_a_higher_bar_never_advises_more_spend(
    budget: Budget, cells: list[CellDay], bar: float, by_break_even: bool
) -> None:
    advised = []
    for height in (bar, 1.4 * bar):
        budget.load(cells, height, height if by_break_even else None)
        rows = budget.call("budget_rows")
        advised.append(
            {
                (row["level"], row["campaign_id"], row["country_code"]): (
                    LESS_TO_MORE[row["action"]],
                    row["probability_roas_at_target"] or 0,
                )
                for row in rows
            }
        )

    lower, higher = advised

    assert lower.keys() == higher.keys()
    for unit, (action, probability) in higher.items():
        assert action <= lower[unit][0]
        assert probability <= lower[unit][1]


@pytest.mark.slow
@any_data
@given(cells=cell_days)
def test_reallocation_keeps_the_total_and_its_bounds(
    budget: Budget, cells: list[CellDay]
) -> None:
    budget.load(cells)

    rows = budget.call("budget_reallocation")

    moved = [row for row in rows if row["left_out_reason"] is None]
    assert sum(row["proposed_daily_spend"] for row in moved) == sum(
        row["daily_spend"] for row in moved
    )
    assert all(0.5 <= row["multiple"] <= 1.2 for row in moved)


@pytest.mark.slow
@any_data
@given(cells=cell_days)
def test_start_plans_ask_for_more_where_a_purchase_costs_more(
    budget: Budget, cells: list[CellDay]
) -> None:
    budget.load(cells)

    plans = budget.call("budget_start_plans")

    assert {plan["country_code"] for plan in plans} <= {"SA", "AE"}
    for plan in plans:
        assert plan["reason"]
        if plan["cac_p50"] is not None:
            low, high = plan["expected_purchases_low"], plan["expected_purchases_high"]
            assert low <= plan["expected_purchases"] <= high
            assert plan["daily_budget_low"] <= plan["daily_budget"]
            assert plan["daily_budget"] <= plan["daily_budget_high"]


def daily(campaign_id: str, spend: str, purchases: int, price: str) -> list[CellDay]:
    """The same numbers on each of the last 60 complete days."""
    return [
        CellDay(campaign_id, "SA", day, Decimal(spend), purchases, Decimal(price))
        for day in range(1, 61)
    ]


STORIES = {
    "no data at all": [],
    "one day only": [CellDay("c1", "SA", 1, Decimal(100), 5, Decimal(60))],
    "only the running day": [CellDay("c1", "SA", 0, Decimal(100), 5, Decimal(60))],
    "no purchase in the store": daily("c1", "100", 0, "0"),
    "purchases without a value": daily("c1", "100", 5, "0"),
    "one outlier day": [
        *daily("c1", "100", 5, "60"),
        CellDay("c2", "SA", 3, Decimal("0.01"), 900, Decimal(99999)),
        CellDay("c3", "SA", 3, Decimal(9999999), 0, Decimal(0)),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("cells", STORIES.values(), ids=STORIES.keys())
def test_odd_stores_get_bounded_and_explained_answers(
    budget: Budget, cells: list[CellDay]
) -> None:
    budget.load(cells)

    rows = budget.call("budget_rows")
    trust = budget.call("budget_trust")
    plans = budget.call("budget_start_plans")

    assert_bounded_and_explained(rows)
    assert len(trust) == 1
    assert all(plan["reason"] for plan in plans)


@pytest.mark.slow
def test_a_campaign_that_spent_three_target_cacs_for_nothing_is_cut(
    budget: Budget,
) -> None:
    # The store pays 20 for 60: ROAS 3. The target CAC is 60 / 2.5 = 24, three are 72.
    failing = [
        CellDay("failing", "SA", day, Decimal(18), 0, Decimal(0)) for day in range(1, 5)
    ]
    budget.load([*daily("c1", "100", 5, "60"), *failing])

    rows = budget.call("budget_rows")

    actions = {row["campaign_id"]: row["action"] for row in rows if row["roas"] == 0}
    assert actions == {"failing": "Cut"}


@pytest.mark.slow
def test_mart_and_function_give_the_same_rows_for_the_default_window(
    budget: Budget,
) -> None:
    budget.load([*daily("c1", "100", 5, "60"), *daily("c2", "30", 0, "0")])

    mart = budget.connection.execute(budget.model("budget_recommendations")).fetchall()
    function = [tuple(row.values()) for row in budget.call("budget_rows")]

    assert len(mart) == 4
    assert sorted(map(str, mart)) == sorted(map(str, function))
