"""The shape of an explanation: two readers, the difference, its steps, the checks."""

from datetime import date, datetime
from typing import ClassVar, Literal

from api.schemas import Money, Shape, column, own_column, told
from api.schemas_status import Check

RuleName = Literal[
    "as_of",
    "window",
    "time_zone",
    "partial_day",
    "level",
    "status",
    "country",
    "currency",
    "definition",
    "not_in_export",
    "not_in_ours",
    "other_numbers",
]


class ReaderContract(Shape):
    """By which rules a reader comes to its number."""

    table: ClassVar[str] = "marts.reader_contracts"

    reader: str = own_column("reader", "Name of the reader.")
    label: str = own_column("label", "Name of the reader for people.")
    window_days: int = own_column(
        "window_days",
        "How many days the reader shows by default, the last one its today.",
    )
    time_zone: str = own_column(
        "time_zone",
        "Where the reader's today is taken from: account, the newest local day among "
        "the store's accounts, or the name of a zone.",
    )
    partial_days: str = own_column(
        "partial_days",
        "include or exclude: whether days count that were still running when they were "
        "read.",
    )
    level: str = own_column(
        "level", "Whose rows the reader adds up: account, campaign, adset or ad."
    )
    status: str = own_column(
        "status",
        "all; active, by the status rule; ref_active, as the reference system filters: "
        "ACTIVE, UNKNOWN or none.",
    )
    status_level: str = own_column(
        "status_level",
        "Whose status is judged: own, that of the row's object, or campaign.",
    )
    status_moment: str = own_column(
        "status_moment",
        "now: as last listed. day: as on the row's day. mixed: as last listed for 61 "
        "days until today, as on the day before that.",
    )
    countries: str = own_column(
        "countries",
        "Which countries count: all; no_residual, without `ZZ`; known, without `ZZ` "
        "and `unknown`; with_orders, those of the known that have a purchase in the "
        "reader's own rows.",
    )
    currency: str = own_column(
        "currency",
        "reporting: money converted at the day's rate, rows without one left out with "
        "their orders. reporting_all_orders: the same money, but orders and clicks of "
        "all rows. account: amounts of the accounts' own currency.",
    )
    clicks: str = own_column(
        "clicks", "What the reader calls a click: all, link or outbound."
    )


class MetricAsked(Shape):
    """The metric that is compared."""

    name: str = told("Its name, as in /v1/definitions.")
    label: str = told("Its name for people.")
    unit: str = told("Its unit, as in /v1/definitions.")
    top: str = told("The sum that it is, or a ratio's top part.")
    bottom: str | None = told("A ratio's bottom part; null for a sum.")


class ReaderValue(Shape):
    """What one reader shows."""

    reader: str = told("The reader.")
    value: str | None = told(
        "The metric, decimal text, a ratio rounded to ten places; null when not known."
    )
    reason: str | None = told(
        "Why it is null: not_read (no day of the window), no_rate (no row has one), or "
        "what the bottom part lacks, such as no_purchases."
    )
    currency: str | None = told("The currency of money in it; null for other units.")
    top: str = told("The top part, decimal text: of the rows whose part is known.")
    bottom: str | None = told("The bottom part; null for a sum.")
    row_count: int = told("How many rows it adds up.")
    since: date = told("First day.")
    until: date = told("Last day, included.")
    today: date = told("Its today.")
    now_at: datetime = told("The moment at which its today is taken (UTC).")
    snapshot_id: str = told("The snapshot that it reads, or an export's file.")
    contract: ReaderContract = told("Its rules.")


class BehindRow(Shape):
    """A row behind a step."""

    table: ClassVar[str] = "marts.explain_rows"

    account_id: str | None = column("account_id")
    campaign_id: str | None = column("campaign_id")
    campaign_name: str | None = column("campaign_name")
    level: str | None = told(
        "The level of the object; null where the step goes to another level and rows "
        "are of all objects of the campaign, or of the account."
    )
    object_id: str | None = told("The object, by its id; null likewise.")
    country_code: str | None = column("country_code")
    date_day: date | None = column("date_day")
    top_delta: str = told(
        "By how much the top part changes with the row, decimal text; of a sum that is "
        "the metric itself."
    )
    bottom_delta: str | None = told("By how much the bottom part does; null for a sum.")


class Rest(Shape):
    """The rows behind a step that are not listed."""

    row_count: int = told("How many.")
    top_delta: str = told("The sum of their `top_delta`.")
    bottom_delta: str | None = told("The sum of their `bottom_delta`.")


class ExplainStep(Shape):
    """One rule changed from A's to B's, all before it being B's by then."""

    dimension: RuleName = told("The rule.")
    a: str = told("A's rule, in words.")
    b: str = told("B's rule, in words.")
    delta: str | None = told(
        "By how much the metric changes, decimal text; the steps add up to the "
        "difference. Null where the ratio is not defined after the step: the next step "
        "that has a value holds the change since the last one."
    )
    top_delta: str = told("By how much the top part changes: what the rows add up to.")
    bottom_delta: str | None = told("The same of the bottom part; null for a sum.")
    top_effect: str | None = told(
        "Of a ratio's change what its top part makes, the mean of changing it first "
        "and last; null for a sum and where the ratio is not defined."
    )
    bottom_effect: str | None = told("The rest of it, which the bottom part makes.")
    sentence: str = told("What it means and what to do.")
    row_count: int = told("How many rows are behind it.")
    rows: list[BehindRow] = told("The largest of them.")
    rest: Rest | None = told("All others; null where there are none.")


class RowClass(Shape):
    """Rows that stand alike to both readers; each row is in one class."""

    name: Literal[
        "a_only", "b_only", "both_same_value", "both_other_value", "neither"
    ] = told(
        "In which reader's number they are. neither: each leaves them out for a reason "
        "that the other does not have, so they come in and go between two steps."
    )
    left_out_of_a_by: list[RuleName] = told("A's rules that leave them out.")
    left_out_of_b_by: list[RuleName] = told("B's rules that leave them out.")
    other_value_by: list[RuleName] = told("Rules that give them another value.")
    row_count: int = told("How many rows.")
    top_a: str = told("Their top part in A, decimal text.")
    top_b: str = told("Their top part in B.")
    top_delta: str = told("The difference; those of all classes add up to the whole.")
    bottom_a: str | None = told("Their bottom part in A; null for a sum.")
    bottom_b: str | None = told("Their bottom part in B; null for a sum.")
    bottom_delta: str | None = told("The difference; null for a sum.")


class RuleShare(Shape):
    """What a rule makes of the difference, whatever the order."""

    dimension: RuleName = told("The rule.")
    weighted_sum: str | None = told(
        "The share times `orders`, exact, decimal text; null where a mixture of both "
        "readers' rules has no value."
    )
    orders: int = told("In how many orders the rules can be changed.")
    share: float | None = told("The share, as a number.")


class EvidenceRow(Shape):
    """A thing that a check found."""

    account_id: str | None = told("Its account; null for a table.")
    name: str | None = told("The object, table or currency, by its name or id.")
    level: str | None = told("Its level; null for a table.")
    cause: str | None = told("Why, where that can be told.")
    date_day: date | None = told("Its day, or its newest; null for a table.")
    spend_account_currency: Money = told("How much spend it is about.")
    purchases: int = told("How many purchases it is about.")


class ExplainCheck(Check):
    """One check, with what it found."""

    rows: list[EvidenceRow] = told("The largest things it found; none where it is ok.")


class Explanation(Shape):
    """Why two readers show different numbers."""

    metric: MetricAsked = told("What is compared.")
    summary: str = told("The answer in a sentence.")
    a: ReaderValue = told("The one reader.")
    b: ReaderValue = told("The other reader.")
    difference: str | None = told(
        "B's value minus A's, decimal text; null when either is not known."
    )
    steps: list[ExplainStep] = told("From A to B, one rule after the other.")
    residual: str | None = told(
        "What the steps leave of the difference: 0, or it is an error of ours."
    )
    classes: list[RowClass] = told("The same difference without an order.")
    shares: list[RuleShare] | None = told(
        "The difference split over all orders alike; null unless asked for."
    )
    checks: list[ExplainCheck] = told("What to look at first, in that order.")
    link: str | None = told(
        "The same request, as of the same moments; null where one reader is an export."
    )
