"""Figures and rules as words. Rounds for reading only; answers hold exact decimals."""

from decimal import Decimal

from api.explain.contracts import Contract
from api.explain.measures import Measure

LEVELS = {
    "account": "account rows",
    "campaign": "campaign rows",
    "adset": "ad set rows",
    "ad": "ad rows",
}
STATUSES = {
    "all": "every status",
    "active": "active only",
    "ref_active": "ACTIVE, UNKNOWN or no status only",
}
STATUS_LEVELS = {"own": "its own status", "campaign": "its campaign's status"}
STATUS_MOMENTS = {
    "now": "as it is now",
    "day": "as it was on the day",
    "mixed": "as it is now for the last 61 days, as on the day before that",
}
COUNTRIES = {
    "all": "every country, what Meta gave to none (ZZ) too",
    "no_residual": "every country, but not what Meta gave to none (ZZ)",
    "known": "known countries only, without ZZ and unknown",
    "with_orders": "only countries with a purchase",
}
CURRENCIES = {
    "reporting": "reporting currency, rows without a rate left out with their orders",
    "reporting_all_orders": (
        "reporting currency, rows without a rate left out of money but not of orders"
    ),
    "account": "the account's own currency",
}
CLICKS = {"all": "clicks of every kind", "link": "link clicks", "outbound": "outbound"}
# What our rows and an export's are, by rule.
EXPORTS = {
    "NOT_IN_EXPORT": ("all rows read", "only campaigns, days and countries it has"),
    "NOT_IN_OURS": ("rows read only", "rows too that were not read"),
    "OTHER_NUMBERS": ("numbers as read", "numbers as exported"),
}
PARTIAL_DAYS = {
    "include": "days that still run count",
    "exclude": "days that still run are left out",
}


def exact(value: Decimal, is_money: bool = False) -> str:
    """A number as decimal text with all its digits, of money at least two places."""
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(2 if is_money else 0, "0")
    return f"{whole}.{fraction}" if fraction else whole


def told_value(value: Decimal, measure: Measure, currency: str | None) -> str:
    """A value of the metric for people, in its unit."""
    if measure.is_money:
        return f"{value:,.2f} {currency}"
    if measure.unit == "percent":
        return f"{value:,.2f} %"
    if measure.bottom is None:
        return f"{value:,f}".partition(".")[0]
    return f"{value:,.4f}"


def status_rule(contract: Contract) -> str:
    """A reader's status rule."""
    if contract.status == "all":
        return STATUSES["all"]
    return (
        f"{STATUSES[contract.status]}, by {STATUS_LEVELS[contract.status_level]} "
        f"{STATUS_MOMENTS[contract.status_moment]}"
    )
