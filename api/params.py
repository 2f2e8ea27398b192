"""What requests may ask: parameters, their defaults and limits. All of them are here.

A window of days has both ends included and is in each account's own days. Today is the
store's newest local day at the clock; it counts, and is marked partial.
"""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

LONGEST_DAYS = 1200
DASHBOARD_DAYS = 7
BUDGET_DAYS = 14

Period = Literal[
    "today",
    "yesterday",
    "last_7d",
    "last_14d",
    "last_30d",
    "last_60d",
    "last_90d",
    "mtd",
    "last_month",
]
Compare = Literal["previous_period", "previous_year", "none"]
Grain = Literal["day", "week", "month"]
Level = Literal["campaign", "adset", "ad", "account"]
ObjectType = Literal["campaign", "adset", "ad"]
Form = Literal["json", "csv", "ndjson", "parquet"]


def _day_text(value: object) -> object:
    # In a body a number would do, as seconds since 1970.
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write a day as YYYY-MM-DD, such as 2026-03-10")
    return value


def _sorted(values: list[str] | None) -> list[str] | None:
    return sorted(set(values)) if values else None


Day = Annotated[
    date, BeforeValidator(_day_text), Field(ge=date(2004, 1, 1), le=date(2099, 12, 31))
]
ObjectId = Annotated[str, Field(pattern=r"^[0-9]{1,25}$")]
DefinedName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
StatusName = Annotated[
    str, Field(pattern=r"^(active|paused|archived|deleted|other|[A-Z_]{1,40})$")
]


def _zoned(value: object) -> object:
    # In an URL a plus sign that was not encoded is a blank.
    text = re.sub(r" (?=\d{2}:?\d{2}$)", "+", value) if isinstance(value, str) else ""
    if not re.fullmatch(_MOMENT, text):
        raise ValueError("write a moment with its zone, such as 2026-03-10T09:30:00Z")
    return text


_MOMENT = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})"
PastMoment = Annotated[AwareDatetime, BeforeValidator(_zoned)]


class AsOfQuery(BaseModel):
    """The parameter of routes that answer for the past too."""

    as_of: PastMoment | None = Field(
        None,
        description="Answer as published at this ISO moment with a zone, windows "
        "included; `meta.as_of` says which moment it holds for. Default: now.",
    )


class StoreQuery(BaseModel):
    """Parameters of routes about a store. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="The store. May be left out where the caller may see only one.",
    )


class PastQuery(AsOfQuery):
    """All that stands in the URL of a route whose other parameters are in its body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DaysQuery(StoreQuery):
    """Parameters about days."""

    since: Day | None = Field(
        None,
        description="First day, YYYY-MM-DD. Default: so many days to `until` as the "
        f"reader has by default, {DASHBOARD_DAYS} (the budget: {BUDGET_DAYS}).",
    )
    until: Day | None = Field(
        None, description="Last day, included, YYYY-MM-DD. Default: today."
    )
    period: Period | None = Field(
        None,
        description="Days by name, instead of since and until. All but `yesterday` and "
        "`last_month` end today, today included.",
    )


class RangeQuery(DaysQuery, AsOfQuery):
    """Parameters of routes about days."""


class DashboardQuery(RangeQuery):
    """Parameters of the dashboard."""

    compare: Compare = Field(
        "previous_period",
        description="The window behind `previous` and `change`: as many days directly "
        "before, the same dates a year before, or none.",
    )
    grain: Grain = Field(
        "day",
        description="What a row of the trends is of. A week begins on Monday; one that "
        "the window cuts holds the window's days of it alone.",
    )
    include_inactive: bool = Field(
        False, description="Count campaigns too that are not active now."
    )
    campaign_id: Annotated[list[ObjectId], Field(max_length=100)] | None = Field(
        None, description="Only these campaigns, by id; may be repeated."
    )
    country: str | None = Field(
        None,
        pattern=r"^([A-Z]{2}|unknown)$",
        description="Only this country: ISO code, `unknown`, or `ZZ` for the residual.",
    )

    @property
    def campaign_ids(self) -> list[str] | None:
        """The campaigns asked for, sorted; None for all."""
        return _sorted(self.campaign_id)


class BudgetQuery(RangeQuery):
    """Parameters of the budget reader. All statuses are answered."""

    country: str | None = Field(
        None,
        pattern=r"^[A-Z]{2}$",
        description="Of the parts by country only this one, ISO code; the totals stay.",
    )


class DefinitionsQuery(BaseModel):
    """Parameters of the definitions. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[list[DefinedName], Field(max_length=100)] | None = Field(
        None, description="Only these metrics and dimensions; may be repeated."
    )


class PageQuery(BaseModel):
    """Parameters of routes that answer in pages."""

    limit: int = Field(100, ge=1, le=1000, description="Rows on a page.")
    cursor: str | None = Field(
        None,
        max_length=500,
        description="`meta.next_cursor` of the page before; else the same request.",
    )


class RowsQuery(RangeQuery, PageQuery):
    """Parameters of the rows. All statuses are answered."""

    country: str | None = Field(
        None,
        pattern=r"^([A-Z]{2}|unknown)$",
        description="Only this country: ISO code, `unknown`, or `ZZ` for the residual.",
    )
    campaign_id: Annotated[list[ObjectId], Field(max_length=100)] | None = Field(
        None, description="Only rows of these campaigns, by id; may be repeated."
    )
    object_id: ObjectId | None = Field(
        None, description="Only rows of this object of the level, by id."
    )
    format: Form | None = Field(
        None,
        description="The form of the answer; by default what Accept prefers, or json. "
        "All others are exports: every row at once, in no order. csv is UTF-8 with "
        "commas between cells, whatever Excel's language takes for a separator; text "
        "that a spreadsheet would take for a formula begins with an apostrophe there.",
    )
    bom: bool = Field(
        False,
        description="Begin csv with a byte order mark, by which Excel knows UTF-8.",
    )

    @property
    def campaign_ids(self) -> list[str] | None:
        """The campaigns asked for, sorted; None for all."""
        return _sorted(self.campaign_id)


class ExplainQuery(StoreQuery, AsOfQuery):
    """Parameters of an explanation. Without days each reader shows its own window."""

    metric: DefinedName = Field(
        description="The metric, a sum or a ratio of sums; /v1/definitions lists them."
    )
    a: DefinedName = Field(
        "ai_budget",
        description="The reader to begin with: a shipped one (ai_budget, dashboard, "
        "ref_ai_budget, ref_budget_intelligence, ref_dashboard) or one of the "
        "configuration (pathways.readers).",
    )
    b: DefinedName = Field("dashboard", description="The reader to end with.")
    since: Day | None = Field(
        None,
        description="First day of both, YYYY-MM-DD. Default: each reader's own days to "
        "`until`.",
    )
    until: Day | None = Field(
        None,
        description="Last day of both, included. Default: each reader's own today.",
    )
    country: str | None = Field(
        None,
        pattern=r"^([A-Z]{2}|unknown)$",
        description="Only this country: ISO code, `unknown`, or `ZZ` for the residual.",
    )
    campaign_id: Annotated[list[ObjectId], Field(max_length=100)] | None = Field(
        None, description="Only these campaigns, by id; may be repeated."
    )
    rows: int = Field(20, ge=0, le=1000, description="Rows to list behind each step.")
    shares: bool = Field(
        False, description="Split the difference over all orders of the rules too."
    )
    as_of_a: PastMoment | None = Field(
        None,
        description="What A showed at this moment, ISO with a zone: its snapshot of "
        "then, its windows ending then. Default: `as_of`.",
    )
    as_of_b: PastMoment | None = Field(None, description="The same of B.")

    @property
    def campaign_ids(self) -> list[str] | None:
        """The campaigns asked for, sorted; None for all."""
        return _sorted(self.campaign_id)


class ObjectsQuery(StoreQuery, AsOfQuery):
    """Parameters of the objects."""

    type: ObjectType | None = Field(None, description="Only objects of this type.")
    status: (
        Annotated[list[StatusName], Field(max_length=20), AfterValidator(_sorted)]
        | None
    ) = Field(
        None,
        description="Only objects of these statuses; may be repeated. In small letters "
        "a group (active, paused, archived, deleted, other); in capitals Meta's own "
        "effective status.",
    )
    include_absent: bool = Field(
        False, description="Answer objects too that the newest whole listing lacks."
    )
    limit: int = Field(1000, ge=1, le=5000, description="Objects on a page, all types.")
    cursor: str | None = Field(
        None,
        max_length=500,
        description="`meta.next_cursor` of the page before; else the same request.",
    )
