"""The shape of the definitions: what each number means, and where it comes from.

Their meanings are word for word those of the tables (a test compares).
"""

from typing import ClassVar, Literal

from api.schemas import Shape, own_column, told


class MetricDefinition(Shape):
    """A number that answers hold."""

    table: ClassVar[str] = "marts.metric_definitions"

    name: str = own_column("name", "Its name, the same in every answer.")
    label: str = own_column("label", "Its name for people.")
    ads_manager_label: str | None = own_column(
        "ads_manager_label",
        "Its column in Ads Manager; null where Ads Manager has none like it.",
    )
    type: Literal["simple", "ratio", "derived", "modelled"] = own_column(
        "type",
        "In MetricFlow's words: simple (a measure, summed), ratio, derived. modelled: "
        "a result that is read as it stands, never aggregated.",
    )
    description: str = own_column("description", "What it means.")
    agg: str | None = own_column(
        "agg", "How a simple metric aggregates its measure; null for others."
    )
    measure: str | None = own_column(
        "measure", "The measure of a simple metric; null for others."
    )
    non_additive_dimension: str | None = own_column(
        "non_additive_dimension",
        "The dimension over which the measure must not be aggregated; null where "
        "there is none.",
    )
    formula: str | None = own_column(
        "formula",
        "How it is made: of a column, or of other metrics, which are sums; null for a "
        "modelled one.",
    )
    inputs: list[str] = told("The metrics in the formula; none for other types.")
    unit: Literal[
        "reporting_currency",
        "account_currency",
        "count",
        "people",
        "days",
        "percent",
        "ratio",
        "probability",
    ] = own_column(
        "unit",
        "reporting_currency or account_currency (money, major units), count, people, "
        "days, percent, ratio or probability (0 to 1).",
    )
    good_direction: Literal["up", "down", "none"] = own_column(
        "good_direction", "up, down, or none where neither is better."
    )
    adds_up_over_days: bool = own_column(
        "adds_up_over_days", "Whether its values of several days may be summed."
    )
    adds_up_over_objects: bool = own_column(
        "adds_up_over_objects",
        "Whether its values of several objects of one level may be summed.",
    )
    adds_up_over_countries: bool = own_column(
        "adds_up_over_countries",
        "Whether its values of all countries, `ZZ` included, sum to the total.",
    )
    caveats: str | None = own_column(
        "caveats",
        "What to know before comparing it; null where there is nothing.",
    )
    model: str | None = own_column(
        "model",
        "The table that its column stands in; null for ratio and derived ones, whose "
        "inputs lead there.",
    )
    column_name: str | None = own_column(
        "column_name", "Its column there; null likewise."
    )
    node: str = own_column("node", "Its node in the documentation of dbt.")
    lineage: str = told("That node's page, under this API.")


class DimensionDefinition(Shape):
    """What metrics may be cut by."""

    table: ClassVar[str] = "marts.dimension_definitions"

    name: str = own_column("name", "Its name, the same in every answer.")
    label: str = own_column("label", "Its name for people.")
    type: Literal["categorical", "time", "entity"] = own_column(
        "type",
        "In MetricFlow's words: categorical, time or entity (an id that tables are "
        "joined by).",
    )
    description: str = own_column("description", "What it means.")
    model: str = own_column("model", "A table that its column stands in.")
    column_name: str = own_column("column_name", "Its column there.")
    node: str = own_column("node", "The table's node in the documentation of dbt.")
    lineage: str = told("That node's page, under this API.")


class Definitions(Shape):
    """All metrics and dimensions, by name."""

    metrics: list[MetricDefinition] = told("Metrics, by name.")
    dimensions: list[DimensionDefinition] = told("Dimensions, by name.")
