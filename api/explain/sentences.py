"""The steps of a comparison in words: what differs, what it makes, what to do."""

from datetime import UTC

from api.explain.comparison import Comparison, Step
from api.explain.contracts import OF_EXPORTS, Rule, Side
from api.explain.words import (
    CLICKS,
    COUNTRIES,
    CURRENCIES,
    EXPORTS,
    LEVELS,
    PARTIAL_DAYS,
    status_rule,
    told_value,
)

ADVICE = {
    Rule.AS_OF: (
        "Meta corrects days for weeks, and statuses change: compare both as of one "
        "moment."
    ),
    Rule.WINDOW: "Ask both for the same days: add since= and until=.",
    Rule.TIME_ZONE: "Ask for days by date: then no clock decides which they are.",
    Rule.PARTIAL_DAY: "Let until= be a day that is over.",
    Rule.LEVEL: (
        "Levels differ where Meta leaves a child out: see the check level_parity and "
        "marts.level_gaps."
    ),
    Rule.STATUS: "Compare with include_inactive=true, or filter both alike.",
    Rule.COUNTRY: "Compare the totals, or one country: add country=.",
    Rule.CURRENCY: "Add the missing rates, or compare in the account's currency.",
    Rule.NOT_IN_EXPORT: (
        "See that the export is of the same account, without a filter; what Meta gives "
        "to no country (ZZ) is in none by country."
    ),
    Rule.NOT_IN_OURS: (
        "See that its account is configured and that these days were read, by the "
        "check unread_days: `pathways sync --since --until` reads them."
    ),
    Rule.OTHER_NUMBERS: (
        "Meta corrects days for weeks: read them anew, and export again. Purchases "
        "also follow the attribution setting."
    ),
    Rule.DEFINITION: "Compare a metric that both define alike: see /v1/definitions.",
}


def rule_of(rule: Rule, side: Side, comparison: Comparison) -> str:
    """A reader's rule in words."""
    contract = side.contract
    window = comparison.windows["a" if side is comparison.a else "b"]
    match rule:
        case Rule.AS_OF:
            return f"snapshot {side.snapshot_id}"
        case Rule.WINDOW:
            days = (window["until"] - window["since"]).days + 1
            return f"{days} days, {window['since']} to {window['until']}"
        case Rule.TIME_ZONE:
            zone = contract.time_zone
            where = "the accounts' own zone" if zone == "account" else zone
            return f"today is {window['today']}, by {where}"
        case Rule.PARTIAL_DAY:
            return PARTIAL_DAYS[contract.partial_days]
        case Rule.LEVEL:
            return LEVELS[contract.level]
        case Rule.STATUS:
            return status_rule(contract)
        case Rule.COUNTRY:
            return COUNTRIES[contract.countries]
        case Rule.CURRENCY:
            return CURRENCIES[contract.currency]
        case Rule.NOT_IN_EXPORT | Rule.NOT_IN_OURS | Rule.OTHER_NUMBERS:
            return EXPORTS[rule.name or ""][side.is_export]
        case _:
            return CLICKS[contract.clicks]


def sentence(step: Step, comparison: Comparison, row_count: int) -> str:
    """What a step means and what to do about it."""
    a, b = comparison.a, comparison.b
    rules = (
        f"{_label(a, comparison)}: {rule_of(step.rule, a, comparison)}; "
        f"{_label(b, comparison)}: {rule_of(step.rule, b, comparison)}."
    )
    delta = step.figures["delta"]
    if row_count == 0:
        return f"{rules} That makes no difference here."
    rows = f"{row_count:,} row{'' if row_count == 1 else 's'}"
    if delta is None:
        label = comparison.measure.label
        return f"{rules} {rows} differ; {label} has no value after this step."
    if delta == 0:
        return f"{rules} {rows} differ, and add up to nothing."
    return f"{rules} {_effect(step, comparison)}, by {rows}. {ADVICE[step.rule]}"


def summary(comparison: Comparison, has_doubts: bool) -> str:
    """The answer in a sentence or two."""
    ends, measure = comparison.ends, comparison.measure
    a, b = _label(comparison.a, comparison), _label(comparison.b, comparison)
    if ends["difference"] is None:
        unknown = [
            label
            for label, value in ((a, ends["value_a"]), (b, ends["value_b"]))
            if value is None
        ]
        text = f"{' and '.join(unknown)}: {measure.label} is not known."
    elif ends["difference"] == 0 and comparison.currency_a == comparison.currency_b:
        value = told_value(ends["value_a"], measure, comparison.currency_a)
        offset = [step for step in comparison.steps if step.rows or step.rest]
        text = (
            f"The two agree: {a} and {b} both show {value}"
            f"{', though some of their rows differ.' if offset else '.'}"
        )
    else:
        text = (
            f"{a} shows "
            f"{told_value(ends['value_a'], measure, comparison.currency_a)}, {b} "
            f"{told_value(ends['value_b'], measure, comparison.currency_b)}."
            f"{_main_causes(comparison)}"
        )
    doubt = " Some checks are not ok: look at them first." if has_doubts else ""
    return text + doubt


def _label(side: Side, comparison: Comparison) -> str:
    """A reader's name; of one reader at two moments, with the moment."""
    one, other = comparison.a.contract, comparison.b.contract
    if one.label == other.label and one.reader != other.reader:
        return f"{side.contract.label} ({side.contract.reader})"
    if one.label != other.label or comparison.a.now_at == comparison.b.now_at:
        return side.contract.label
    moment = side.now_at.astimezone(UTC)
    return f"{side.contract.label} as of {moment:%Y-%m-%d %H:%M} UTC"


def _main_causes(comparison: Comparison) -> str:
    found = sorted(
        (step for step in comparison.steps if step.figures["delta"]),
        key=lambda step: (-abs(step.figures["delta"]), step.rule),
    )
    causes = [f"{_name(step.rule)} ({_signed(step, comparison)})" for step in found]
    return f" The difference is made by {', '.join(causes)}." if causes else ""


def _name(rule: Rule) -> str:
    return str(rule.name).lower().replace("_", " ")


def _effect(step: Step, comparison: Comparison) -> str:
    label = _label(comparison.b, comparison)
    what = "That" if step.rule in OF_EXPORTS else f"{label}'s rule"
    return (
        f"{what} makes it {_size(step, comparison)} "
        f"{'more' if step.figures['delta'] > 0 else 'less'}"
    )


def _signed(step: Step, comparison: Comparison) -> str:
    return f"{'+' if step.figures['delta'] > 0 else '-'}{_size(step, comparison)}"


def _size(step: Step, comparison: Comparison) -> str:
    """How much a step makes: in A's currency until the step that changes it."""
    is_changed = step.figures["mask"] & Rule.CURRENCY
    currency = comparison.currency_b if is_changed else comparison.currency_a
    return told_value(abs(step.figures["delta"]), comparison.measure, currency)
