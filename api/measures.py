"""Which names of the registry may be asked for together, and of which level's rows.

The registry is the snapshot's (`marts.metric_definitions`, `dimension_definitions`).
"""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.errors import BadParameter, NotAdditive, UnknownName
from api.schemas_query import DIMENSIONS, MEASURES, MetricsQuery, QueryLevel
from api.snapshots import Row

Registry = Mapping[str, Row]
# Objects from the finest to the coarsest, with the columns that only their rows have.
OBJECTS: dict[QueryLevel, tuple[str, ...]] = {
    "ad": ("ad_id", "ad_name"),
    "adset": ("adset_id", "adset_name"),
    "campaign": ("campaign_id", "campaign_name"),
    "account": ("account_id",),
}
# What an object's own total has besides its ids.
OF_TOTALS = {"date_day", "account_currency", "attribution_setting"}
LISTED = "/v1/definitions lists all."


@dataclass(frozen=True)
class Plan:
    """A query that can be answered.

    Attributes:
        values: what `queries/query.sql` binds, but for store, days and limit.
    """

    measures: list[str]
    dimensions: list[str]
    level: QueryLevel
    values: Mapping[str, object]


def planned(asked: MetricsQuery, metrics: Registry, dimensions: Registry) -> Plan:
    """How a query is answered.

    Raises:
        UnknownName: a name is none of the registry's.
        NotAdditive: a measure has no value for what it is asked by.
        BadParameter: two parts of the query do not fit together.
    """
    measures = list(dict.fromkeys(asked.measures))
    cut_by = list(dict.fromkeys(asked.dimensions))
    filters = {one.dimension: one for one in asked.filters}
    for name in measures:
        _check_measure(name, metrics, dimensions)
    for name in (*cut_by, *filters):
        _check_dimension(name, metrics, dimensions)
    _check_parts(asked, measures, cut_by)
    used = {*cut_by, *filters}
    whole = [name for name in measures if not _adds_up(metrics[name])]
    for name in whole:
        _check_whole(metrics[name], asked, cut_by, used)
    level = _finest(used)
    if not whole and level == "account":
        # Accounts by country are sums of their campaigns.
        level = "campaign"
    values: dict[str, object] = {
        "level": "total" if whole else level,
        "total_level": level,
        "dimensions": cut_by,
        "grain": asked.grain or "day",
        "order_by": asked.order.name if asked.order else None,
        "is_descending": bool(asked.order and asked.order.direction == "desc"),
    }
    for name in DIMENSIONS:
        if name != "date_day":
            one = filters.get(name)
            values[f"filter_{name}"] = one.values if one else None
            values[f"keeps_{name}"] = one is None or one.operator == "equals"
    return Plan(measures, cut_by, level, values)


def _finest(names: Collection[str]) -> QueryLevel:
    return next(
        (level for level, own in OBJECTS.items() if not {*own}.isdisjoint(names)),
        "account",
    )


def _adds_up(definition: Row) -> bool:
    """Whether a measure may be summed, or is made of ones that may."""
    return definition["type"] != "simple" or all(
        definition[f"adds_up_over_{part}"] for part in ("days", "objects", "countries")
    )


def _check_measure(name: str, metrics: Registry, dimensions: Registry) -> None:
    if name in metrics and name in MEASURES:
        return
    if name in metrics:
        raise NotAdditive(
            f"`{name}` is read as it stands, never summed: it cannot be queried.",
            f"It is a column of {metrics[name]['model']}; /v1/definitions tells more.",
        )
    if name in dimensions:
        raise UnknownName(f"`{name}` is no measure.", "Name it under dimensions.")
    known = [measure for measure in MEASURES if measure in metrics]
    raise UnknownName(f"There is no measure `{name}`.", _suggestion(name, known))


def _check_dimension(name: str, metrics: Registry, dimensions: Registry) -> None:
    if name in dimensions and name in DIMENSIONS:
        return
    known = [dimension for dimension in DIMENSIONS if dimension in dimensions]
    if name in dimensions:
        raise UnknownName(
            f"By `{name}` measures cannot be cut.", f"They can by {', '.join(known)}."
        )
    if name in metrics:
        raise UnknownName(f"`{name}` is no dimension.", "Name it under measures.")
    raise UnknownName(f"There is no dimension `{name}`.", _suggestion(name, known))


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean `{close[0]}`? {LISTED}" if close else LISTED


def _check_parts(asked: MetricsQuery, measures: list[str], cut_by: list[str]) -> None:
    if asked.grain and "date_day" not in cut_by:
        raise BadParameter(
            "A grain is of date_day, which is not asked for.",
            "Add date_day to dimensions, or leave out grain.",
        )
    names = [one.dimension for one in asked.filters]
    if "date_day" in names:
        raise BadParameter("Days are no filter.", "Use since and until, or period.")
    if len(names) > len(set(names)):
        raise BadParameter(
            "Two filters are of one dimension.", "Give one filter all of its values."
        )
    if asked.order and asked.order.name not in (*measures, *cut_by):
        raise BadParameter(
            f"The rows are to be ordered by `{asked.order.name}`, which they lack.",
            "Order by one of the measures or dimensions asked for.",
        )


def _check_whole(
    definition: Row, asked: MetricsQuery, cut_by: list[str], used: set[str]
) -> None:
    """Make sure that each group is one object on one day."""
    ids = {own[0] for own in OBJECTS.values()}
    over = []
    if "date_day" not in cut_by or asked.grain not in (None, "day"):
        over.append("days")
    if ids.isdisjoint(cut_by) or _finest(used) != _finest(ids.intersection(cut_by)):
        over.append("objects")
    if "country_code" in used:
        over.append("countries")
    others = sorted(used - ids - OF_TOTALS - {"country_code"})
    if over or others:
        what = f"does not add up over {' or '.join(over)}" if over else "has one value"
        hint = (
            "Ask for it by date_day (grain day) and an id (account_id, campaign_id, "
            "adset_id or ad_id), without country_code"
        )
        if others:
            hint += f" and {', '.join(others)}"
        raise NotAdditive(
            f"`{definition['name']}` {what}. {definition['caveats'] or ''}".strip(),
            f"{hint}. By country it stands in /v1/rows.",
        )
