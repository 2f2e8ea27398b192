"""What an insights request asks for, checked as the API checks it."""

from dataclasses import dataclass
from datetime import date, timedelta

from ingest.sandbox import params
from ingest.sandbox.errors import bad_parameter, unknown_insights_field
from ingest.sandbox.nodes import LEVELS, Level
from ingest.sandbox.params import Filters, Request, months_before

DEFAULT_FIELDS = ("impressions", "spend")
IDENTITY_LEVELS: dict[str, Level] = {
    "account_id": "account",
    "account_name": "account",
    "account_currency": "account",
    "campaign_id": "campaign",
    "campaign_name": "campaign",
    "objective": "campaign",
    "buying_type": "campaign",
    "adset_id": "adset",
    "adset_name": "adset",
    "optimization_goal": "adset",
    "ad_id": "ad",
    "ad_name": "ad",
}
METRIC_FIELDS = frozenset(
    (
        "spend",
        "impressions",
        "clicks",
        "reach",
        "frequency",
        "inline_link_clicks",
        "outbound_clicks",
        "actions",
        "action_values",
        "attribution_setting",
    )
)
_DATES = frozenset(("date_start", "date_stop"))
_REACH = frozenset(("reach", "frequency"))
_MONTHS_OF_REACH_BY_COUNTRY = 13
_LONGEST_INCREMENT = 90

Span = tuple[date, date]


@dataclass(frozen=True)
class InsightsQuery:
    """A checked request for insights.

    `fields` leave out the dates, which every row carries, and identities below the
    level. `spans` are the rows' periods, first and last day included, in order.
    """

    level: Level
    fields: tuple[str, ...]
    by_country: bool
    spans: tuple[Span, ...]
    filters: Filters


def insights_query(request: Request, node_level: Level, today: date) -> InsightsQuery:
    """The query of a request to a node of this level on the account's today.

    Raises: GraphError as the API would refuse it.
    """
    level = _level(request, node_level)
    since, until = params.time_range(request, today)
    by_country = _by_country(request)
    fields = params.field_names(request) or list(DEFAULT_FIELDS)
    for name in fields:
        if name == "country" and by_country:
            raise bad_parameter("country must not be in fields: it is a breakdown")
        if name not in METRIC_FIELDS | _DATES and name not in IDENTITY_LEVELS:
            raise unknown_insights_field(name)
    hidden = set(_DATES)
    if by_country and since < months_before(today, _MONTHS_OF_REACH_BY_COUNTRY):
        hidden |= _REACH
    return InsightsQuery(
        level=level,
        fields=tuple(
            name for name in fields if name not in hidden and not _is_below(name, level)
        ),
        by_country=by_country,
        spans=tuple(_spans(request, since, until)),
        filters=params.filters(request, edge=None),
    )


def _level(request: Request, node_level: Level) -> Level:
    asked = request.params.get("level", node_level)
    for level in LEVELS:
        if level == asked:
            if LEVELS.index(level) < LEVELS.index(node_level):
                raise bad_parameter(f"Param level: {asked} is above the object")
            return level
    raise bad_parameter(f"Param level must be one of {{{', '.join(LEVELS)}}}")


def _by_country(request: Request) -> bool:
    given = request.params.get("breakdowns", "")
    names = given.strip('[]"').replace('"', "").split(",") if given else []
    if unknown := [name for name in names if name.strip() not in ("", "country")]:
        raise bad_parameter(f"breakdowns: {unknown[0]} is not served by this API")
    return any(name.strip() for name in names)


def _is_below(name: str, level: Level) -> bool:
    owner = IDENTITY_LEVELS.get(name)
    return owner is not None and LEVELS.index(owner) > LEVELS.index(level)


def _spans(request: Request, since: date, until: date) -> list[Span]:
    given = request.params.get("time_increment", "all_days")
    if given == "all_days":
        return [(since, until)]
    if given == "monthly":
        return _months(since, until)
    if not given.isdigit() or not 1 <= int(given) <= _LONGEST_INCREMENT:
        raise bad_parameter("Param time_increment must be 1 to 90, monthly or all_days")
    step = timedelta(days=int(given))
    spans: list[Span] = []
    while since <= until:
        spans.append((since, min(since + step - timedelta(days=1), until)))
        since += step
    return spans


def _months(since: date, until: date) -> list[Span]:
    spans: list[Span] = []
    while since <= until:
        next_month = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
        spans.append((since, min(next_month - timedelta(days=1), until)))
        since = next_month
    return spans
