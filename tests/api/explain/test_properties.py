"""Whatever the ledger and the two readers: steps, rows, classes and shares are exact.

Compared with a recompute in Python that shares no code (fixtures/explain_oracle.py).
"""

import functools
import itertools
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.callers import EVERYONE
from api.explain.comparison import Comparison, Scope, compare
from api.explain.contracts import Contract, Rule, Side
from api.explain.document import NAMES
from api.explain.measures import PARTS, Measure
from api.shelf import Source
from api.snapshots import Reader
from tests.fixtures.explain_ledgers import (
    FEW,
    NOW,
    ZONES,
    Case,
    cases,
    restated,
    write_rows,
)
from tests.fixtures.explain_oracle import (
    COLUMNS,
    RATIOS,
    Ledger,
    Mixture,
    shown_rows,
    value_of,
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
    for share, turned in zip(told.shares or [], back.shares or [], strict=True):
        one, other = share["weighted_sum"], turned["weighted_sum"]
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
