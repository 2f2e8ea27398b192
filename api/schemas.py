"""The shapes of answers, for OpenAPI: every field with its meaning and unit.

Money is a decimal string, exact as in the snapshot; ratios are numbers or null, the
reason under `reasons`; ids are strings; null means "not known", never zero.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue

from api.columns import MEANINGS


def _decimal_text(value: object) -> object:
    """A decimal as text with all its digits, but zeros beyond the second decimal."""
    if isinstance(value, int):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        return value
    whole, _, fraction = format(value, "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


Money = Annotated[
    str,
    BeforeValidator(_decimal_text),
    Field(pattern=r"^-?\d+\.\d{2,}$", examples=["12.50"]),
]
Data = TypeVar("Data")


COLUMN = "x-dbt-column"
FUNCTION = "x-dbt-function"
METRIC = "x-dbt-metric"


def column(name: str) -> Any:
    """A field that is a column of its shape's table, with its documented meaning."""
    return Field(description=MEANINGS[name], json_schema_extra={COLUMN: name})


def own_column(name: str, meaning: str) -> Any:
    """The same where the table gives the column a meaning of its own.

    Args:
        name: with schema and table where it is another's than the shape's.
    """
    return Field(description=meaning, json_schema_extra={COLUMN: name})


def metric(name: str, meaning: str) -> Any:
    """A field that is a metric of /v1/definitions, with its meaning there."""
    return Field(description=meaning, json_schema_extra={METRIC: name})


def told(meaning: str) -> Any:
    """A field with its meaning."""
    return Field(description=meaning)


class Shape(BaseModel):
    """What an answer is made of, and where in the snapshot that stands.

    In OpenAPI a field leads to its column (`x-dbt-column`: schema, table, column) or
    its metric (`x-dbt-metric`), a shape that a function makes to it (`x-dbt-function`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    table: ClassVar[str | None] = None
    function: ClassVar[str | None] = None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        own = handler.resolve_ref_schema(schema)
        for field in own.get("properties", {}).values():
            if COLUMN in field and "." not in field[COLUMN]:
                field[COLUMN] = f"{cls.table}.{field[COLUMN]}"
        if cls.function is not None:
            own[FUNCTION] = cls.function
        return schema


class Problem(Shape):
    """A failure, RFC 9457 problem+json."""

    type: str = told("Always `about:blank`: `code` tells failures apart.")
    title: str = told("The status in words.")
    status: int = told("The HTTP status.")
    code: str = told("Stable code, for programs.")
    detail: str = told("What went wrong.")
    hint: str = told("What to do next.")
    request_id: str = told(
        "Id of the request, as in the header X-Request-ID and the log."
    )
    errors: list[dict[str, str]] | None = Field(
        None, description="For code API-422-PARAMETER: each `parameter` and `message`."
    )


class Stale(Shape):
    """Why the data is older than it should be."""

    since: datetime | None = told("Since when (UTC); null where that is not known.")
    why: str = told("The reason.")


class Hidden(Shape):
    """What the status filter left out, in the window and under the other filters."""

    spend: Money | None = told(
        "Spend in reporting currency; null where nothing of it has a rate."
    )
    purchases: int | None = told("Purchases.")
    objects: int | None = told(
        "Objects, of a dashboard campaigns with rows in the window."
    )


NOTHING_HIDDEN = Hidden(spend="0.00", purchases=0, objects=0)


class StatusFilter(Shape):
    """How the answer is filtered by status, and what that hides."""

    include_inactive: bool = told("Whether objects count that are not active now.")
    hidden: Hidden | None = told(
        "What is hidden; null where the answer holds no metrics."
    )


class Unconverted(Shape):
    """Rows of one account currency without a rate: left out of money and orders."""

    table: ClassVar[str] = "marts.dashboard_daily"

    account_currency: str | None = column("account_currency")
    rows: int = told("Rows (campaign, day, country).")
    spend_account_currency: Money | None = told("Their spend in account currency.")
    purchases: int | None = told("Their purchases.")
    purchase_value_account_currency: Money | None = told(
        "Value of their purchases in account currency."
    )


class MissingDays(Shape):
    """Consecutive days of one account that were never read at the answer's level."""

    table: ClassVar[str] = "marts.level_days"

    account_id: str = column("account_id")
    since: date = told("First day, the account's.")
    until: date = told("Last day, included.")
    why: Literal["not_read", "before_account"] = told(
        "`before_account`: the account did not exist yet."
    )


class Coverage(Shape):
    """What the answer does not know."""

    missing_days: list[date] = told(
        "Days that were not read for some account of the store, or for none of them, "
        "at the level of the rows that are answered or added up."
    )
    missing: list[MissingDays] = told("The same, per account, as ranges of days.")
    unconverted: list[Unconverted] | None = told(
        "What lacks an exchange rate; null where the rows say it (fx_status)."
    )
    previous_missing_days: list[date] = told(
        "Days of the compared window that were not read."
    )
    previous_unconverted_rows: int | None = told(
        "Rows of the compared window without an exchange rate."
    )


class WindowShape(Shape):
    """Days, both ends included, each account's own."""

    since: date = told("First day.")
    until: date = told("Last day, included.")


class AsOf(Shape):
    """Which moment of the past is answered for."""

    asked: datetime = told("The moment asked for (UTC).")
    holds_for: datetime = told("The moment that the numbers were published at (UTC).")
    is_exact: bool = told(
        "Whether nothing else was published between the two; if not, what was is no "
        "longer kept."
    )


class Pinned(Shape):
    """Readers were given an earlier snapshot by hand; newer ones are not answered."""

    since: datetime = told("Since when (UTC).")
    why: str = told("The reason given.")


class Meta(Shape):
    """What an answer is made of."""

    snapshot_id: str | None = told(
        "The one snapshot that all of the answer is read from."
    )
    data_through: date | None = told(
        "The last day that every account of the store has a reading of, of campaigns; "
        "coverage is of the answer's own level."
    )
    generated_at: datetime = told("When the answer was made (UTC).")
    currency: str | None = told(
        "The reporting currency of all money not named otherwise; null for several "
        "stores that differ."
    )
    timezone: list[str] = told("The zones of the accounts' days.")
    status_filter: StatusFilter | None = told(
        "How status filters; null where it does not."
    )
    coverage: Coverage | None = told(
        "What is not known; null where no days are answered."
    )
    partial_days: list[date] = told(
        "Days of the window that were still running when some account was read."
    )
    stale: Stale | None = told("Null, or since when and why the data is too old.")
    as_of: AsOf | None = told("The moment of the past answered for; null for now.")
    pinned: Pinned | None = told("Null, or since when and why a rollback holds.")
    warnings: list[str] = told("What else a reader of these numbers should know.")
    next_cursor: str | None = told("Where the next page begins; null on the last one.")
    window: WindowShape | None = told("The days answered; null where there are none.")


class Answer(Shape, Generic[Data]):
    """Every answer: the data, and what it is made of."""

    data: Data = told("What was asked for.")
    meta: Meta = told("What it is made of.")


class Store(Shape):
    """A store and its accounts."""

    table: ClassVar[str] = "marts.accounts"

    store: str = column("store")
    reporting_currency: str | None = column("reporting_currency")
    timezones: list[str] | None = told("Time zones of its accounts.")
    account_ids: list[str] = told("Its ad accounts, digits without `act_`.")
    target_roas: Money | None = column("target_roas")
    break_even_roas: Money | None = column("break_even_roas")
    first_day: date | None = told("The first day any account has a reading of.")
    newest_day: date | None = told("The newest day any account has a reading of.")
    newest_complete_day: date | None = told(
        "The newest day that was over when read, for every account."
    )


class Account(Shape):
    """An ad account of a store."""

    table: ClassVar[str] = "marts.accounts"

    store: str = column("store")
    account_id: str = column("account_id")
    account_name: str | None = column("account_name")
    account_currency: str | None = column("account_currency")
    reporting_currency: str | None = column("reporting_currency")
    timezone_name: str | None = column("timezone_name")
    account_status: str | None = column("account_status")
    target_roas: Money | None = column("target_roas")
    break_even_roas: Money | None = column("break_even_roas")
    first_day: date | None = column("first_day")
    newest_day: date | None = column("newest_day")
    newest_complete_day: date | None = column("newest_complete_day")
    today: date | None = told("The account's day at the clock; null without a zone.")
    created_at: datetime | None = column("created_at")
