"""A comparison in the shape of the answer."""

from decimal import Decimal
from typing import Any

from api.explain.comparison import Comparison, Step
from api.explain.contracts import Rule
from api.explain.measures import Measure
from api.explain.sentences import rule_of, sentence, summary
from api.explain.words import exact
from api.schemas_explain import (
    BehindRow,
    ExplainCheck,
    ExplainStep,
    Explanation,
    MetricAsked,
    ReaderContract,
    ReaderValue,
    Rest,
    RowClass,
    RuleName,
    RuleShare,
)
from api.snapshots import Row

NAMES: dict[Rule, RuleName] = {
    Rule.AS_OF: "as_of",
    Rule.WINDOW: "window",
    Rule.TIME_ZONE: "time_zone",
    Rule.PARTIAL_DAY: "partial_day",
    Rule.LEVEL: "level",
    Rule.STATUS: "status",
    Rule.COUNTRY: "country",
    Rule.CURRENCY: "currency",
    Rule.DEFINITION: "definition",
    Rule.NOT_IN_EXPORT: "not_in_export",
    Rule.NOT_IN_OURS: "not_in_ours",
    Rule.OTHER_NUMBERS: "other_numbers",
}
PARTS_OF_A_RATIO = ("top", "bottom")
DELTAS = ("top_delta", "bottom_delta")
WITHOUT = {
    "orders": "no_purchases",
    "spend": "no_spend",
    "impressions": "no_impressions",
    "converted_impressions": "no_impressions",
    "converted_clicks": "no_clicks",
}


def document(
    comparison: Comparison, checks: list[ExplainCheck], link: str | None
) -> Explanation:
    """A comparison as the answer's data, with a link to the same request."""
    measure, ends = comparison.measure, comparison.ends
    residual = (
        comparison.steps[-1].figures["residual"]
        if comparison.steps
        else ends["difference"]
    )
    has_doubts = any(check.verdict in ("fail", "not_comparable") for check in checks)
    return Explanation(
        metric=MetricAsked(
            name=measure.name,
            label=measure.label,
            unit=measure.unit,
            top=measure.top,
            bottom=measure.bottom,
        ),
        summary=summary(comparison, has_doubts),
        a=_value("a", comparison),
        b=_value("b", comparison),
        difference=_text(ends["difference"], measure.is_money),
        steps=[_step(step, comparison) for step in comparison.steps],
        residual=None
        if ends["difference"] is None
        else _text(residual, measure.is_money),
        classes=[_class(row, measure) for row in comparison.classes],
        shares=None
        if comparison.shares is None
        else [_share(row) for row in comparison.shares],
        checks=checks,
        link=link,
    )


def _text(value: Decimal | None, is_money: bool = False) -> str | None:
    return None if value is None else exact(value, is_money)


def _value(name: str, comparison: Comparison) -> ReaderValue:
    side = comparison.a if name == "a" else comparison.b
    ends, window = comparison.ends, comparison.windows[name]
    measure = comparison.measure
    parts = {part: ends[f"{part}_{name}"] for part in PARTS_OF_A_RATIO}
    return ReaderValue(
        reader=side.contract.reader,
        value=_text(ends[f"value_{name}"], measure.is_money),
        reason=_reason(name, comparison),
        currency=comparison.currency_a if name == "a" else comparison.currency_b,
        **_parts(parts, measure),
        row_count=ends[f"row_count_{name}"],
        since=window["since"],
        until=window["until"],
        today=window["today"],
        snapshot_id=side.snapshot_id,
        now_at=side.now_at,
        contract=ReaderContract.model_validate(side.contract.model_dump()),
    )


def _parts(row: Row, measure: Measure) -> dict[str, Any]:
    """Top and bottom parts of a row as text; a sum has no bottom."""
    return {
        name: None
        if name.startswith("bottom") and measure.bottom is None
        else exact(
            value,
            measure.is_bottom_money
            if name.startswith("bottom")
            else measure.is_top_money,
        )
        for name, value in row.items()
    }


def _reason(name: str, comparison: Comparison) -> str | None:
    ends = comparison.ends
    if ends[f"value_{name}"] is not None:
        return None
    if not ends[f"is_read_{name}"]:
        return "not_read"
    if not ends[f"is_known_{name}"]:
        return "no_rate"
    return WITHOUT[str(comparison.measure.bottom)]


def _step(step: Step, comparison: Comparison) -> ExplainStep:
    figures, measure = step.figures, comparison.measure
    row_count = len(step.rows) + (step.rest["row_count"] if step.rest else 0)
    is_ratio = measure.bottom is not None
    return ExplainStep(
        dimension=NAMES[step.rule],
        a=rule_of(step.rule, comparison.a, comparison),
        b=rule_of(step.rule, comparison.b, comparison),
        delta=_text(figures["delta"], measure.is_money),
        **_parts({name: figures[name] for name in DELTAS}, measure),
        top_effect=_text(figures["top_effect"]) if is_ratio else None,
        bottom_effect=_text(figures["bottom_effect"]) if is_ratio else None,
        sentence=sentence(step, comparison, row_count),
        row_count=row_count,
        rows=[
            BehindRow.model_validate({**row, **_deltas(row, measure)})
            for row in step.rows
        ],
        rest=Rest.model_validate({**step.rest, **_deltas(step.rest, measure)})
        if step.rest
        else None,
    )


def _deltas(row: Row, measure: Measure) -> dict[str, Any]:
    return _parts({name: row[name] for name in DELTAS}, measure)


def _class(row: Row, measure: Measure) -> RowClass:
    parts = {
        f"{part}_{of}": row[f"{part}_{of}"]
        for part in PARTS_OF_A_RATIO
        for of in ("a", "b", "delta")
    }
    return RowClass(
        name=row["class_name"],
        left_out_of_a_by=_names(row["rules_of_a"]),
        left_out_of_b_by=_names(row["rules_of_b"]),
        other_value_by=_names(row["value_rules"]),
        row_count=row["row_count"],
        **_parts(parts, measure),
    )


def _share(row: Row) -> RuleShare:
    return RuleShare(
        dimension=NAMES[Rule(row["rule_bit"])],
        weighted_sum=_text(row["weighted_sum"]),
        orders=int(row["order_count"]),
        share=row["rule_share"],
    )


def _names(mask: int) -> list[RuleName]:
    return [name for rule, name in NAMES.items() if rule & mask]
