"""No SQL sums what does not add up, or averages a ratio.

Read from every statement there is: models and data tests as compiled, the functions of
the budget, the API's queries. What does not add up is what the registry says.
"""

import pytest

from tests.fixtures.aggregations import wrong_aggregations
from tests.warehouse.conftest import EmptyBuild


@pytest.fixture(scope="module")
def non_additive(empty_build: EmptyBuild) -> set[str]:
    rows = empty_build.query(
        "select name from marts.metric_definitions where not "
        "(adds_up_over_days or adds_up_over_objects or adds_up_over_countries)"
    )
    return {row["name"] for row in rows}


@pytest.mark.slow
def test_what_does_not_add_up_is_not_summed_and_ratios_are_not_averaged(
    empty_build: EmptyBuild, non_additive: set[str]
) -> None:
    statements = empty_build.statements()

    wrong = {
        name: found
        for name, sql in statements.items()
        if (found := wrong_aggregations(sql, non_additive))
    }

    assert wrong == {}
    for name in ("model.pathways.budget_priors", "metrics.budget_rows", "dashboard"):
        assert name in statements


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "select sum(reach) as reach from core.meta_daily_metrics",
        "select sum(frequency) as frequency from insights",
        "select sum(unique_clicks) as clicks from insights",
        "select sum(daily_budget) over (order by day) from core.meta_objects_history",
        "select sum(case when is_active then lifetime_budget end) as b from t",
        "select sum(roas) as roas from marts.budget_priors",
        "select sum(metrics.cac(spend, purchases)) as cac from marts.dashboard_daily",
        "select avg(ctr) as ctr from campaigns",
        "select avg(metrics.ctr(clicks, impressions)) as ctr from campaigns",
        "select avg(spend / clicks) as cpc from campaigns",
        "with days as (select sum(spend) / sum(clicks) as cost from t group by day) "
        "select avg(cost) as cpc from days",
        "with people as (select reach as seen from t), all_people as "
        "(select * from people) select sum(all_people.seen) as seen from all_people",
        "select (select sum(seen) from (select reach as seen from t) as s) as seen",
        "with both as (select spend as amount from t union all select reach as other "
        "from t) select sum(amount) as amount from both",
        "with swapped as (select * replace (reach as spend) from t) "
        "select sum(spend) as spend from swapped",
        "with least as (select max(reach) as seen from t group by day) "
        "select sum(seen) as seen from least",
        "select sum(100 * roas) as roas from t",
        "select sum(reach / days) as reach from t",
    ],
    ids=lambda sql: sql[:60],
)
def test_a_wrong_aggregation_is_found(non_additive: set[str], sql: str) -> None:
    assert len(wrong_aggregations(sql, non_additive)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "select max(reach) as reach, count(reach) as known from t",
        "select sum(case when reach > 0 then spend end) as spend from t",
        "select sum(spend * roas) as expected_value from t",
        "select metrics.roas(sum(purchase_value), sum(spend)) as roas from t",
        "select sum(purchases) / sum(clicks) as rate from t",
        "select sum(purchases / settled_share) as final from t",
        "with reach as (select spend as money from t) select sum(money) from reach",
    ],
    ids=lambda sql: sql[:60],
)
def test_a_right_aggregation_is_left_alone(non_additive: set[str], sql: str) -> None:
    assert wrong_aggregations(sql, non_additive) == []
