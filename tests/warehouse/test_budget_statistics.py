"""The statistics of the budget model as SQL, against values noted from scipy."""

from pathlib import Path

import duckdb
import jinja2
import pytest

MACROS = (
    Path(__file__).parents[2] / "dbt_project" / "macros" / "budget_statistics.sql"
).read_text(encoding="utf-8")


def value_of(expression: str, **columns: float) -> float:
    """The value of a macro call on one row with the named columns."""
    rendered = jinja2.Environment().from_string(  # noqa: S701 - SQL, not HTML
        MACROS + "select {{ " + expression + " }} from given"
    )
    given = ", ".join(f"{value}::double as {name}" for name, value in columns.items())
    query = f"with given as (select {given}) {rendered.render()}"
    row = duckdb.connect().execute(query).fetchone()
    assert row is not None
    return float(row[0])


# scipy.stats.gamma.ppf(p, shape) / shape
@pytest.mark.parametrize(
    ("shape", "percent", "exact"),
    [
        pytest.param(2, 10, 0.265906, id="shape 2, p10"),
        pytest.param(2, 50, 0.839173, id="shape 2, p50"),
        pytest.param(2, 90, 1.944860, id="shape 2, p90"),
        pytest.param(4, 10, 0.436192, id="shape 4, p10"),
        pytest.param(4, 50, 0.918015, id="shape 4, p50"),
        pytest.param(4, 90, 1.670196, id="shape 4, p90"),
        pytest.param(10, 10, 0.622130, id="shape 10, p10"),
        pytest.param(100, 90, 1.130105, id="shape 100, p90"),
    ],
)
def test_gamma_quantiles_are_within_a_percent_of_scipy(
    shape: float, percent: int, exact: float
) -> None:
    quantile = value_of(
        f"gamma_quantile('mean', 'shape', {percent})", mean=1, shape=shape
    )

    assert quantile == pytest.approx(exact, rel=0.01)


# scipy.stats.gamma.sf(bar, shape, scale=mean / shape)
@pytest.mark.parametrize(
    ("shape", "mean", "bar", "exact"),
    [
        pytest.param(2, 1, 1.5, 0.199148, id="shape 2"),
        pytest.param(4, 2.4, 2, 0.572986, id="shape 4"),
        pytest.param(12, 1, 2, 0.002524, id="shape 12, far out"),
        pytest.param(40, 3, 2.5, 0.856697, id="shape 40"),
    ],
)
def test_probability_of_reaching_a_bar_is_within_a_thousandth_or_three_of_scipy(
    shape: float, mean: float, bar: float, exact: float
) -> None:
    score = value_of(
        "gamma_score('mean', 'shape', 'bar')", mean=mean, shape=shape, bar=bar
    )
    probability = value_of("normal_probability('score')", score=score)

    assert probability == pytest.approx(exact, abs=0.003)


# scipy.stats.norm.cdf
@pytest.mark.parametrize(
    ("score", "exact"),
    [
        (-3, 0.0013499),
        (-0.5, 0.3085375),
        (0, 0.5),
        (0.25, 0.5987063),
        (1.959964, 0.975),
    ],
)
def test_normal_probability_is_within_a_ten_millionth_of_scipy(
    score: float, exact: float
) -> None:
    probability = value_of("normal_probability('score')", score=score)

    assert probability == pytest.approx(exact, abs=1.5e-7)


@pytest.mark.parametrize(("score", "limit"), [(-1e9, 0), (1e9, 1)])
def test_normal_probability_stays_between_0_and_1_however_far_out(
    score: float, limit: int
) -> None:
    probability = value_of("normal_probability('score')", score=score)

    assert 0 <= probability <= 1
    assert probability == pytest.approx(limit, abs=1e-12)
