"""Whatever the ledger and the two readers: steps, rows, classes and shares are exact.

Compared with a recompute in Python that shares no code (fixtures/explain_oracle.py).
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.callers import EVERYONE
from api.explain.comparison import Comparison, Scope, compare
from api.explain.contracts import Contract, Rule, Side
from api.explain.document import NAMES
from api.explain.measures import PARTS, Measure
from api.shelf import Source
from api.snapshots import Reader
from tests.fixtures.explain_oracle import (
    COLUMNS,
    RATIOS,
    Ledger,
    Mixture,
    shown_rows,
    value_of,
)

Row = dict[str, Any]
# Early on 10 March in Riyadh, still 9 March in UTC and New York.
NOW = datetime(2026, 3, 9, 21, 30, tzinfo=UTC)
ZONES = ["Asia/Riyadh", "America/New_York"]
FIRST = date(2025, 12, 28)
STATUSES = ("ACTIVE", "PAUSED", "UNKNOWN", "WITH_ISSUES", None)
SUMS = ("spend", "revenue", "orders", "purchases", "clicks", "converted_clicks")
METRICS = (*SUMS, *RATIOS)
# A comparison takes a dozen statements: few here, many more in the slow ring.
FEW = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))


class Case(NamedTuple):
    ledger: Ledger
    a: Row
    b: Row
    metric: str


def readers(name: str) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "reader": st.just(name),
            "label": st.just(name.upper()),
            "window_days": st.sampled_from((2, 7, 80, 80)),
            "time_zone": st.sampled_from(("account", "UTC", "Etc/GMT-3")),
            "partial_days": st.sampled_from(("include", "exclude")),
            "level": st.sampled_from(("campaign", "campaign", "campaign", "adset")),
            "status": st.sampled_from(("all", "all", "active", "ref_active")),
            "status_level": st.sampled_from(("own", "campaign")),
            "status_moment": st.sampled_from(("now", "day", "mixed")),
            "countries": st.sampled_from(
                ("all", "no_residual", "known", "with_orders")
            ),
            "currency": st.sampled_from(
                ("reporting", "reporting_all_orders", "account")
            ),
            "clicks": st.sampled_from(("all", "link", "outbound")),
        }
    )


# Days lie where windows end, and where a mixed status becomes the day's own.
DAYS = st.sampled_from((9, 10, 11, 12, 65, 66, 70, 71, 72)).map(
    lambda days: FIRST + timedelta(days=days)
)
KEYS = st.tuples(
    st.sampled_from(("campaign", "campaign", "campaign", "adset", "account")),
    st.sampled_from(("1", "2")),
    st.sampled_from(("US", "DE", "ZZ", "unknown")),
    DAYS,
)
AMOUNTS = st.decimals(Decimal("-5"), Decimal("900"), places=4)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    found = []
    for level, campaign, country, day in draw(
        st.lists(KEYS, min_size=6, max_size=16, unique=True)
    ):
        spend, value = draw(AMOUNTS), draw(AMOUNTS)
        has_rate = draw(st.sampled_from((True, True, True, False)))
        rate = Decimal("1.0713456789")
        found.append(
            {
                "store": "acme",
                "account_id": campaign,
                "object_id": f"{level} {campaign}",
                "campaign_id": None if level == "account" else campaign,
                "level": level,
                "country_code": country,
                "date_day": day,
                "spend": spend * rate if has_rate else None,
                "spend_account_currency": spend,
                "purchase_value": value * rate if has_rate else None,
                "purchase_value_account_currency": value,
                **{name: draw(st.integers(0, 5)) for name in ("impressions", "clicks")},
                # Often none, so that a country may have no order at all.
                "purchases": draw(st.sampled_from((0, 0, 1, 4))),
                "link_clicks": draw(st.integers(0, 3)),
                "outbound_clicks": draw(st.integers(0, 2)),
                **{
                    name: draw(st.sampled_from(STATUSES))
                    for name in (
                        "object_effective_status",
                        "object_effective_status_now",
                        "effective_status",
                        "effective_status_now",
                    )
                },
                **{
                    name: draw(st.booleans())
                    for name in (
                        "is_partial_day",
                        "is_active",
                        "was_active",
                        "is_campaign_active",
                        "was_campaign_active",
                    )
                },
            }
        )
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    a, b = draw(readers("a")), draw(readers("b"))
    # Often only some rules differ: small differences are where mistakes hide.
    for name in draw(st.sets(st.sampled_from(sorted(a.keys() - {"reader", "label"})))):
        b[name] = a[name]
    ledger = Ledger(draw(rows()), ZONES, NOW)
    return Case(ledger, a, b, draw(st.sampled_from(METRICS)))


@st.composite
def restated(draw: st.DrawFn) -> Case:
    """Some rows were other before, some were not there, some are gone."""
    case = draw(cases())
    before = []
    for row in case.ledger.rows:
        match draw(st.sampled_from(("same", "other", "new"))):
            case "same":
                before.append(row)
            case "other":
                before.append({**row, "purchases": 9, "is_active": False})
    gone = draw(st.sampled_from(case.ledger.rows))
    before.append({**gone, "object_id": "gone", "country_code": "FR"})
    return case._replace(ledger=replace(case.ledger, before=before))


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


def write_rows(
    database: duckdb.DuckDBPyConnection, catalog: str, ledger_rows: list[Row]
) -> None:
    types = {name: pa.decimal128(38, 14) for name in ("spend", "purchase_value")} | {
        name: pa.decimal128(18, 4)
        for name in ("spend_account_currency", "purchase_value_account_currency")
    }
    given_rows = pa.table(
        {
            name: pa.array(
                [row[name] for row in ledger_rows],
                types.get(name, pa.string() if "status" in name else None),
            )
            for name in ledger_rows[0]
        }
    )
    database.execute(f"delete from {catalog}.marts.explain_rows")
    database.register("given_rows", given_rows)
    database.execute(
        f"insert into {catalog}.marts.explain_rows by name from given_rows"
    )


def compared(
    database: duckdb.DuckDBPyConnection, case: Case, **changes: Any
) -> Comparison:
    write_rows(database, "b", case.ledger.rows)
    snapshot_of_a = "s1"
    asked = {"row_limit": 1000, "with_shares": True} | changes
    if case.ledger.before is not None:
        write_rows(database, "a", case.ledger.before)
        snapshot_of_a = "s0"
        asked["facts"] = "explain_facts_of_two"
    top, bottom, _ = RATIOS.get(case.metric, (case.metric, None, 1))
    reader = Reader(EVERYONE, Source("s1", NOW), database, 60)
    try:
        return compare(
            reader,
            Scope("acme"),
            Measure(case.metric, case.metric, "count", "up", top, bottom),
            Side(Contract.model_validate(case.a), snapshot_of_a, NOW),
            Side(Contract.model_validate(case.b), "s1", NOW),
            **asked,
        )
    finally:
        reader.end()


def alone(side: str, case: Case) -> Mixture:
    taken = frozenset(NAMES.values()) if side == "b" else frozenset()
    return Mixture(case.a, case.b, taken)


def mixtures(case: Case, comparison: Comparison) -> list[Mixture]:
    """From A to B by the steps that were told."""
    found = [Mixture(case.a, case.b)]
    for step in comparison.steps:
        taken = found[-1].taken_from_b | {NAMES[step.rule]}
        found.append(Mixture(case.a, case.b, taken))
    return found


def is_same(told: Any, exact: Any) -> bool:
    """Sums to the last digit; ratios to ten places, which is what they have."""
    if told is None or exact is None:
        return told is None and exact is None
    if isinstance(exact, Decimal):
        return bool(told == exact)
    slack = Fraction(6, 10**11) + abs(exact) / 10**14
    return bool(abs(Fraction(told) - exact) <= slack)


@FEW
@given(st.one_of(cases(), restated()))
def test_every_value_on_the_way_is_that_of_an_independent_recompute(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    told = compared(database, case)

    expected = [
        value_of(mixture, case.ledger, case.metric) for mixture in mixtures(case, told)
    ]
    values = [step.figures["metric_value"] for step in told.steps]
    parts = [
        (step.figures["top_part"], step.figures["bottom_part"]) for step in told.steps
    ]
    for (value, top, bottom), told_value, (told_top, told_bottom) in zip(
        expected[1:], values, parts, strict=True
    ):
        assert is_same(told_value, value)
        assert told_top == top
        assert bottom is None or told_bottom == bottom
    for side in ("a", "b"):
        value, top, _ = value_of(alone(side, case), case.ledger, case.metric)
        assert told.ends[f"top_{side}"] == top
        # Null where no row's part is known; the recompute has 0.
        if told.ends[f"value_{side}"] is not None:
            assert is_same(told.ends[f"value_{side}"], value)


@FEW
@given(st.one_of(cases(), restated()))
def test_steps_add_up_to_the_difference_and_rows_to_their_step(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    told = compared(database, case)

    ends = told.ends
    deltas = [step.figures["delta"] for step in told.steps]
    if ends["difference"] is not None:
        known = [delta for delta in deltas if delta is not None]
        assert sum(known, Decimal(0)) == ends["difference"]
        assert all(step.figures["residual"] == 0 for step in told.steps)
    tops = [step.figures["top_delta"] for step in told.steps]
    assert sum(tops, Decimal(0)) == ends["top_b"] - ends["top_a"]
    for step in told.steps:
        figures = step.figures
        for part in ("top_delta", "bottom_delta"):
            behind = sum((row[part] for row in step.rows), Decimal(0))
            assert behind == figures[part]
        if figures["metric_value"] is not None and figures["value_before"] is not None:
            whole = figures["metric_value"] - figures["value_before"]
            if figures["top_effect"] is not None:
                assert figures["top_effect"] + figures["bottom_effect"] == whole


@FEW
@given(cases(), st.integers(0, 4))
def test_the_rows_that_are_not_listed_are_summed(
    database: duckdb.DuckDBPyConnection, case: Case, limit: int
) -> None:
    every = compared(database, case)

    told = compared(database, case, row_limit=limit)

    for step, whole in zip(told.steps, every.steps, strict=True):
        assert step.rows == whole.rows[:limit]
        others = whole.rows[limit:]
        assert (step.rest is None) == (not others)
        if step.rest is not None:
            assert step.rest["row_count"] == len(others)
            assert step.rest["top_delta"] == sum(row["top_delta"] for row in others)


@FEW
@given(cases())
def test_seen_from_the_other_side_in_reverse_order_everything_is_its_negative(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    told = compared(database, case)

    back = compared(
        database,
        case._replace(a=case.b, b=case.a),
        order=tuple(reversed(tuple(Rule))),
    )

    names = ("top_delta", "bottom_delta", "top_effect", "bottom_effect")
    for step, returned in zip(told.steps, reversed(back.steps), strict=True):
        assert step.rule == returned.rule
        for name in names:
            one, other = step.figures[name], returned.figures[name]
            assert one == other if one is None or other is None else one == -other
    if told.ends["difference"] is not None:
        assert told.ends["difference"] == -back.ends["difference"]
    for share, returned in zip(told.shares or [], back.shares or [], strict=True):
        one, other = share["weighted_sum"], returned["weighted_sum"]
        assert one == other if one is None or other is None else one == -other


@FEW
@given(cases())
def test_a_reader_compared_with_itself_has_no_step(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    told = compared(database, case._replace(b={**case.a, "reader": "b", "label": "B"}))

    assert told.steps == []
    assert told.ends["difference"] in (0, None)
    assert {row["class_name"] for row in told.classes} <= {"both_same_value"}


@FEW
@given(st.one_of(cases(), restated()))
def test_classes_part_the_rows_add_up_and_name_rules_that_differ(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    told = compared(database, case)

    in_a = shown_rows(alone("a", case), case.ledger)
    in_b = shown_rows(alone("b", case), case.ledger)
    counts: dict[str, int] = {}
    for row in told.classes:
        name = row["class_name"].replace("_other_value", "").replace("_same_value", "")
        counts[name] = counts.get(name, 0) + row["row_count"]
    assert counts.get("both", 0) == sum(row in in_b for row in in_a)
    assert counts.get("a_only", 0) == sum(row not in in_b for row in in_a)
    assert counts.get("b_only", 0) == sum(row not in in_a for row in in_b)
    for part in ("top", "bottom"):
        whole = told.ends[f"{part}_b"] - told.ends[f"{part}_a"]
        assert sum(row[f"{part}_delta"] for row in told.classes) == whole
    differing = sum(int(step.rule) for step in told.steps)
    for row in told.classes:
        named = row["rules_of_a"] | row["rules_of_b"] | row["value_rules"]
        assert (named == 0) == (row["class_name"] == "both_same_value")
        assert named & ~differing == 0


@FEW
@given(st.one_of(cases(), restated()))
def test_shares_add_up_and_each_is_the_mean_over_all_orders(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    told = compared(database, case, with_shares=False)
    # Rules beyond the fourth are made alike: all orders of eight are 40,320.
    alike = {
        column: case.a[column]
        for step in told.steps[4:]
        for column in COLUMNS[NAMES[step.rule]]
    }
    case = case._replace(b={**case.b, **alike})
    told = compared(database, case)
    names = [NAMES[step.rule] for step in told.steps]
    value = functools.cache(
        lambda taken: value_of(Mixture(case.a, case.b, taken), case.ledger, case.metric)
    )
    shares = {NAMES[Rule(row["rule_bit"])]: row for row in told.shares or []}
    assert set(shares) == set(names)
    orders = list(itertools.permutations(names))
    for name in names:
        before = [frozenset(order[: order.index(name)]) for order in orders]
        pairs = [(value(taken)[0], value(taken | {name})[0]) for taken in before]
        assert shares[name]["order_count"] == len(orders)
        if any(None in pair for pair in pairs):
            assert shares[name]["weighted_sum"] is None
        else:
            exact = sum(after - start for start, after in pairs)
            slack = Fraction(2 * len(orders), 10**10) if case.metric in RATIOS else 0
            size = max(abs(Fraction(end)) for pair in pairs for end in pair)
            assert abs(
                Fraction(shares[name]["weighted_sum"]) - Fraction(exact)
            ) <= slack * (1 + size)
    known = [row["weighted_sum"] for row in shares.values()]
    if names and None not in known:
        whole = value(frozenset(names))[0], value(frozenset())[0]
        if case.metric not in RATIOS:
            assert sum(known) == len(orders) * (whole[0] - whole[1])
        elif told.ends["difference"] is not None:
            assert sum(known) == len(orders) * told.ends["difference"]


def test_rules_that_do_the_same_have_the_same_share(
    database: duckdb.DuckDBPyConnection,
) -> None:
    """Either of two rules leaves out the one row: half of it each."""
    row = {
        "store": "acme",
        "account_id": "1",
        "object_id": "1",
        "campaign_id": "1",
        "level": "campaign",
        "country_code": "ZZ",
        "date_day": date(2026, 3, 9),
        "spend": Decimal("7.5"),
        "spend_account_currency": Decimal("7.5"),
        "purchases": 1,
        "is_partial_day": True,
        "is_active": True,
    }
    a = dict.fromkeys(("reader", "label"), "a") | {
        "window_days": 7,
        "time_zone": "UTC",
        "partial_days": "include",
        "level": "campaign",
        "status": "all",
        "status_level": "own",
        "status_moment": "now",
        "countries": "all",
        "currency": "reporting",
        "clicks": "all",
    }
    b = {**a, "reader": "b", "partial_days": "exclude", "countries": "known"}

    told = compared(database, Case(Ledger([row], ZONES, NOW), a, b, "spend"))

    # 7.50 goes; each rule takes it in one of two orders: 7.50 of 2 x 7.50.
    assert [share["weighted_sum"] for share in told.shares or []] == [-7.5, -7.5]
    assert [share["order_count"] for share in told.shares or []] == [2, 2]
    assert [step.figures["delta"] for step in told.steps] == [-7.5, 0]


def test_every_part_of_every_ratio_is_recomputed_too() -> None:
    assert {name for top, bottom, _ in RATIOS.values() for name in (top, bottom)} <= (
        PARTS.keys()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "check",
    [
        test_every_value_on_the_way_is_that_of_an_independent_recompute,
        test_steps_add_up_to_the_difference_and_rows_to_their_step,
        test_classes_part_the_rows_add_up_and_name_rules_that_differ,
        test_shares_add_up_and_each_is_the_mean_over_all_orders,
    ],
    ids=lambda check: check.__name__,
)
def test_many_more_ledgers_and_readers(
    database: duckdb.DuckDBPyConnection, check: Any
) -> None:
    inner = check.hypothesis.inner_test
    settings(FEW, max_examples=100)(
        given(database=st.just(database), case=st.one_of(cases(), restated()))(inner)
    )()
