"""Whatever the ledger and the export: the three steps are what Python makes of both."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.callers import EVERYONE
from api.explain.comparison import Comparison, Scope, compare
from api.explain.contracts import OF_EXPORTS, Contract, Rule, Side
from api.explain.exported import ADS_MANAGER, Exported, put_beside
from api.explain.measures import PARTS, Measure
from api.shelf import Source
from api.snapshots import Reader
from tests.fixtures.explain_ledgers import (
    AMOUNTS,
    DAYS,
    FEW,
    FIRST,
    NOW,
    Row,
    readers,
    rows,
    write_rows,
)
from tests.fixtures.explain_oracle import RATIOS

Key = tuple[Any, ...]
SINCE, UNTIL = FIRST + timedelta(days=10), FIRST + timedelta(days=72)


class Case(NamedTuple):
    ours: list[Row]
    a: Row
    exported: Exported
    metric: str

    def key(self, row: Row, day: Any, country: Any) -> Key:
        splits = self.exported.columns
        return (
            row["campaign_id"],
            day if "day" in splits else None,
            country if "country" in splits else None,
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    columns = {"campaign_id", "spend", "purchases", "impressions"}
    columns |= draw(st.sets(st.sampled_from(("day", "country"))))
    keys = st.tuples(
        st.sampled_from(("1", "2", "3")),
        DAYS.filter(lambda day: SINCE <= day <= UNTIL),
        st.sampled_from(("US", "DE", "unknown")),
    )
    lines = [
        {
            "campaign_id": campaign,
            "campaign_name": f"campaign {campaign}",
            "day": day.isoformat() if "day" in columns else None,
            "country": country if "country" in columns else None,
            "spend": str(draw(AMOUNTS)),
            "purchases": str(draw(st.integers(0, 5))),
            "impressions": str(draw(st.integers(0, 50))),
        }
        for campaign, day, country in draw(
            st.lists(
                keys,
                min_size=1,
                max_size=12,
                unique_by=lambda key: (
                    key[0],
                    "day" in columns and key[1],
                    "country" in columns and key[2],
                ),
            )
        )
    ]
    exported = Exported("export.csv", "USD", SINCE, UNTIL, frozenset(columns), lines)
    metric = draw(st.sampled_from(("spend", "purchases", "impressions", "cac", "cpm")))
    return Case(draw(rows()), draw(readers("a")), exported, metric)


def compared(database: duckdb.DuckDBPyConnection, case: Case) -> Comparison:
    write_rows(database, "b", case.ours)
    top, bottom, _ = RATIOS.get(case.metric, (case.metric, None, 1))
    reader = Reader(EVERYONE, Source("s1", NOW), database, 60)
    put_beside(reader, "acme", case.exported)
    try:
        return compare(
            reader,
            Scope("acme", since=SINCE, until=UNTIL),
            Measure(case.metric, case.metric, "count", "up", top, bottom),
            Side(Contract.model_validate(case.a), "s1", NOW),
            Side(ADS_MANAGER, "export.csv", NOW, is_export=True),
            row_limit=1000,
            with_shares=False,
            facts="explain_facts_of_export",
            splits=case.exported.splits(),
        )
    finally:
        reader.end()


def expected_steps(case: Case, part: str) -> dict[Rule, Decimal]:
    """By key: what one of both lacks, and by how much what both have differs.

    Each campaign is of an account of its own here; those that the export lacks are
    left out, unless it has none that is known.
    """
    column = PARTS[part].column
    read = [row for row in case.ours if row["level"] == "campaign"]
    exported = {line["campaign_id"] for line in case.exported.rows}
    known = exported & {row["campaign_id"] for row in read}
    ours: dict[Key, Decimal] = {}
    for row in read:
        day: date = row["date_day"]
        if SINCE <= day <= UNTIL and (not known or row["campaign_id"] in known):
            key = case.key(row, day.isoformat(), row["country_code"])
            value = row[f"{column}_account_currency" if column == "spend" else column]
            ours[key] = ours.get(key, Decimal(0)) + value
    theirs: dict[Key, Decimal] = {}
    for line in case.exported.rows:
        key = case.key(dict(line), line["day"], line["country"])
        theirs[key] = Decimal(line[column] or 0)
    zero = Decimal(0)
    return {
        Rule.NOT_IN_EXPORT: -sum((ours[k] for k in ours.keys() - theirs.keys()), zero),
        Rule.NOT_IN_OURS: sum((theirs[k] for k in theirs.keys() - ours.keys()), zero),
        Rule.OTHER_NUMBERS: sum(
            (theirs[k] - ours[k] for k in ours.keys() & theirs.keys()), zero
        ),
    }


def check(database: duckdb.DuckDBPyConnection, case: Case) -> None:
    told = compared(database, case)

    steps = {step.rule: step for step in told.steps if step.rule in OF_EXPORTS}
    assert list(steps) == list(OF_EXPORTS)
    parts = {"top": told.measure.top, "bottom": told.measure.bottom}
    for side, part in parts.items():
        if part is None:
            continue
        expected = expected_steps(case, part)
        for rule, step in steps.items():
            assert step.figures[f"{side}_delta"] == expected[rule], (rule, part)
            behind = sum((row[f"{side}_delta"] for row in step.rows), Decimal(0))
            assert behind == expected[rule]
        column = PARTS[part].column
        shown = sum(Decimal(line[column] or 0) for line in case.exported.rows)
        assert told.ends[f"{side}_b"] == shown
        differences = [row[f"{side}_delta"] for row in told.classes]
        whole = told.ends[f"{side}_b"] - told.ends[f"{side}_a"]
        assert sum(differences, Decimal(0)) == whole
    assert all(step.figures["residual"] in (0, None) for step in told.steps)
    # What both have is in both, or left out by a rule of a reader's own.
    own_rules = {(row["rules_of_a"], row["rules_of_b"]) for row in told.classes}
    assert Rule.OTHER_NUMBERS not in {rules for pair in own_rules for rules in pair}


@FEW
@given(cases())
def test_the_steps_to_an_export_are_what_both_lack_and_differ_in(
    database: duckdb.DuckDBPyConnection, case: Case
) -> None:
    check(database, case)


@pytest.mark.slow
def test_the_same_of_a_hundred_exports(database: duckdb.DuckDBPyConnection) -> None:
    settings(FEW, max_examples=100)(
        given(database=st.just(database), case=cases())(check)
    )()
