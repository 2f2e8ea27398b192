"""Which parts a metric consists of: a sum is one, a ratio has a top and a bottom."""

from dataclasses import dataclass

from api.errors import NotAdditive, UnknownName
from api.snapshots import Reader, Row


@dataclass(frozen=True)
class Part:
    """A sum over rows.

    Attributes:
        column: the column of marts.explain_rows that is summed; under a reader that
            counts in account currency its original amount.
        needs_rate: whether only rows with a rate count, where the reader says so.
    """

    column: str
    needs_rate: bool = False

    @property
    def is_money(self) -> bool:
        """Whether it is an amount of a currency."""
        return self.column.startswith(("spend", "purchase_value"))


PARTS = {
    "spend": Part("spend"),
    "revenue": Part("purchase_value"),
    "purchase_value": Part("purchase_value"),
    "spend_account_currency": Part("spend_account_currency"),
    "purchase_value_account_currency": Part("purchase_value_account_currency"),
    "orders": Part("purchases", needs_rate=True),
    "purchases": Part("purchases"),
    "impressions": Part("impressions"),
    "converted_impressions": Part("impressions", needs_rate=True),
    "clicks": Part("clicks"),
    "converted_clicks": Part("clicks", needs_rate=True),
    "link_clicks": Part("link_clicks"),
    "outbound_clicks": Part("outbound_clicks"),
    "landing_page_views": Part("landing_page_views"),
    "add_to_cart": Part("add_to_cart"),
    "checkouts_initiated": Part("checkouts_initiated"),
}
MONEY = ("reporting_currency", "account_currency")


@dataclass(frozen=True)
class Measure:
    """A metric and the names of its parts."""

    name: str
    label: str
    unit: str
    good_direction: str
    top: str
    bottom: str | None

    @property
    def is_money(self) -> bool:
        """Whether its values are amounts of a currency."""
        return self.unit in MONEY

    @property
    def is_top_money(self) -> bool:
        """Whether its top part is an amount."""
        return PARTS[self.top].is_money

    @property
    def is_bottom_money(self) -> bool:
        """Whether its bottom part is an amount; a sum has none."""
        return self.bottom is not None and PARTS[self.bottom].is_money

    @property
    def holds_money(self) -> bool:
        """Whether a part of it is an amount."""
        return self.is_top_money or self.is_bottom_money

    def values(self) -> dict[str, object]:
        """As the queries bind it."""
        top = PARTS[self.top]
        bottom = PARTS[self.bottom] if self.bottom else Part("")
        return {
            "metric": self.name,
            "top_name": self.top,
            "bottom_name": self.bottom,
            "top": top.column,
            "bottom": bottom.column,
            "top_needs_rate": top.needs_rate,
            "bottom_needs_rate": bottom.needs_rate,
        }


def asked_measure(reader: Reader, name: str) -> Measure:
    """The metric asked for, as the snapshot defines it.

    Raises:
        UnknownName: there is none of that name.
        NotAdditive: its values do not come from sums.
    """
    rows = reader.rows("metric_definitions", {"names": [name]})
    if not rows:
        raise UnknownName(
            f"There is no metric `{name}`.", "/v1/definitions lists them."
        )
    (row,) = rows
    parts = row["inputs"] if row["type"] in ("ratio", "derived") else [name]
    if not _is_made_of_sums(row, parts):
        raise NotAdditive(
            f"`{name}` does not come from sums, so no rows add up to a difference of it"
            f"{': reach is never summed.' if name == 'reach' else '.'}",
            f"Sums are {', '.join(PARTS)}; ratios of them can be explained too.",
        )
    top, bottom = (*parts, None)[:2]
    return Measure(
        name=name,
        label=row["label"],
        unit=row["unit"],
        good_direction=row["good_direction"],
        top=str(top),
        bottom=bottom,
    )


def _is_made_of_sums(row: Row, parts: list[str]) -> bool:
    return row["type"] != "modelled" and len(parts) <= 2 and set(parts) <= PARTS.keys()
