"""The queries behind an explanation, in order. All numbers are the database's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from api.asked import check_days
from api.errors import NotAdditive
from api.explain.contracts import Contract, Rule, Side, differing_rules
from api.explain.measures import Measure
from api.snapshots import Reader, Row

# Rows are of a day and a country.
NO_EXPORT = {"has_days": True, "has_countries": True}


@dataclass(frozen=True)
class Scope:
    """What both readers are asked for: the store with its currencies, and the days,
    country and campaigns that were given.

    Attributes:
        left_out: accounts of the store of which an export has nothing.
    """

    store: str
    since: date | None = None
    until: date | None = None
    country: str | None = None
    campaign_ids: list[str] | None = None
    reporting_currency: str | None = None
    account_currencies: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One rule changed from A's to B's.

    Attributes:
        figures: its row of `queries/explain_steps.sql`.
        rows: the largest rows behind it, of `queries/explain_step_rows.sql`.
        rest: the sum of the others, None where there are none.
    """

    rule: Rule
    figures: Row
    rows: list[Row]
    rest: Row | None


@dataclass(frozen=True)
class Comparison:
    """Two readers on the same rows.

    Attributes:
        windows: for each the reader's own row of `queries/explain_windows.sql`.
        days: the first and the last day that any mixture of both reaches.
        ends: the row of `queries/explain_ends.sql`.
        shares: the rows of `queries/explain_shapley.sql`; None where not asked for.
        currency_a: the currency of A's money, None where the metric is no money.
    """

    measure: Measure
    a: Side
    b: Side
    currency_a: str | None
    currency_b: str | None
    windows: dict[str, Row]
    days: tuple[date, date]
    ends: Row
    steps: list[Step]
    classes: list[Row]
    shares: list[Row] | None

    @property
    def is_read(self) -> bool:
        """Whether any day of either window was read."""
        return bool(self.ends["is_read_a"] or self.ends["is_read_b"])


def compare(
    reader: Reader,
    scope: Scope,
    measure: Measure,
    a: Side,
    b: Side,
    *,
    row_limit: int,
    with_shares: bool,
    order: Sequence[Rule] = tuple(Rule),
    facts: str = "explain_facts",
    splits: Mapping[str, object] = NO_EXPORT,
) -> Comparison:
    """What each reader shows of a metric, and the difference in steps.

    Args:
        row_limit: how many rows behind a step are given; the rest is summed.
        with_shares: whether to split the difference without an order too. It takes a
            value for each subset of the rules that differ.
        order: in which the rules are changed.
        facts: the query that makes the rows both are given.
        splits: whether B splits campaigns by day and country, where it is an export.
    """
    reader.rows("explain_rules", {})
    reader.rows(facts, {})
    windows, values = _bound(reader, scope, measure, a, b)
    reader.rows("explain_marked", values)
    reader.rows("explain_signatures", {})

    differing = differing_rules(a, b, scope.since, scope.until)
    ordered = [rule for rule in order if rule in differing]
    masks = _masks(ordered)
    pairs = _pairs(masks, _subsets(ordered) if with_shares else [])
    reader.rows(
        "explain_values",
        {
            **values,
            "top_masks": [top for top, _ in pairs],
            "bottom_masks": [bottom for _, bottom in pairs],
        },
    )
    (read,) = reader.rows("explain_read", values)
    (ends,) = reader.rows("explain_ends", {**read, "last_mask": masks[-1]})
    return Comparison(
        measure=measure,
        a=a,
        b=b,
        currency_a=currency_of(a.contract, scope, measure),
        currency_b=currency_of(b.contract, scope, measure),
        windows={side: windows[side, side] for side in ("a", "b")},
        days=(values["first_day"], values["last_day"]),
        ends=ends,
        steps=_steps(
            reader,
            ordered,
            masks,
            {
                "row_limit": row_limit,
                "has_campaigns": "account" not in (a.contract.level, b.contract.level),
                **splits,
            },
        ),
        classes=reader.rows("explain_classes", {**splits}),
        shares=reader.rows(
            "explain_shapley",
            {"rules": [int(rule) for rule in ordered], "last_mask": masks[-1]},
        )
        if with_shares
        else None,
    )


def currency_of(contract: Contract, scope: Scope, measure: Measure) -> str | None:
    """The currency of a reader's money; None where the metric holds none.

    Raises:
        NotAdditive: it would add up amounts of several currencies.
    """
    if not measure.holds_money:
        return None
    if contract.currency != "account" and measure.unit != "account_currency":
        return scope.reporting_currency
    if len(scope.account_currencies) > 1:
        raise NotAdditive(
            f"`{contract.reader}` would add up {measure.name} in several currencies: "
            f"{', '.join(scope.account_currencies)}.",
            "Name a reader that counts in reporting currency, and its metric.",
        )
    return scope.account_currencies[0] if scope.account_currencies else None


def _bound(
    reader: Reader, scope: Scope, measure: Measure, a: Side, b: Side
) -> tuple[dict[tuple[str, str], Row], Row]:
    values: Row = {
        "store": scope.store,
        "since": scope.since,
        "until": scope.until,
        "country": scope.country,
        "campaign_ids": scope.campaign_ids,
        **measure.values(),
    }
    for name, side in (("a", a), ("b", b)):
        rules = side.contract.model_dump(exclude={"reader", "label"})
        values |= {f"{rule}_{name}": value for rule, value in rules.items()}
        values[f"now_{name}"] = side.now_at
    windows = {
        (row["window_of"], row["zone_of"]): row
        for row in reader.rows("explain_windows", values)
    }
    for (window_of, zone_of), row in windows.items():
        values[f"since_{window_of}{zone_of}"] = row["since"]
        values[f"until_{window_of}{zone_of}"] = row["until"]
        check_days(row["since"], row["until"])
    for name in ("a", "b"):
        values[f"today_{name}"] = windows[name, name]["today"]
    values["first_day"] = min(row["since"] for row in windows.values())
    values["last_day"] = max(row["until"] for row in windows.values())
    return windows, values


def _masks(ordered: Sequence[Rule]) -> list[int]:
    """The mixtures on the way from A to B: A's rules, then one more of B's each."""
    masks = [0]
    for rule in ordered:
        masks.append(masks[-1] | rule)
    return masks


def _subsets(ordered: Sequence[Rule]) -> list[int]:
    found = [0]
    for rule in ordered:
        found += [mask | rule for mask in found]
    return found


def _pairs(masks: list[int], subsets: list[int]) -> list[tuple[int, int]]:
    """Mixtures to be valued: each by itself, and each step's parts apart."""
    found = {(mask, mask) for mask in (*masks, *subsets)}
    for before, after in pairwise(masks):
        found |= {(after, before), (before, after)}
    return sorted(found)


def _steps(
    reader: Reader, ordered: list[Rule], masks: list[int], asked: Row
) -> list[Step]:
    if not ordered:
        return []
    figures = reader.rows("explain_steps", {"masks": masks})
    listed = reader.rows(
        "explain_step_rows",
        {
            **asked,
            "masks_before": masks[:-1],
            "masks_after": masks[1:],
        },
    )
    found = []
    for number, (rule, step) in enumerate(zip(ordered, figures, strict=True), 1):
        rows = [row for row in listed if row["step"] == number]
        rest = rows.pop() if rows and rows[-1]["row_rank"] is None else None
        found.append(Step(rule=rule, figures=step, rows=rows, rest=rest))
    return found
