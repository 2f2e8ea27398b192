"""What a request asks for: its parts, field lists, filters and dates."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ingest.sandbox.errors import bad_parameter, bad_status, beyond_37_months
from ingest.sandbox.nodes import Level
from ingest.sandbox.statuses import KNOWN

_MONTHS_KEPT = 37
_PRESET_DAYS = {"last_7d": 7, "last_14d": 14, "last_28d": 28, "last_30d": 30}


@dataclass(frozen=True)
class Request:
    """A request without its token in `params`. `path` begins with the version."""

    base_url: str
    method: str
    path: str
    params: dict[str, str]
    token: str | None

    @property
    def line(self) -> str:
        """Method, path and decoded query, without any token."""
        query = "&".join(f"{name}={text}" for name, text in self.told.items())
        return f"{self.method} {self.path}?{query}"

    @property
    def told(self) -> dict[str, str]:
        """The parameters that a log may show."""
        return {
            name: text for name, text in self.params.items() if name != "input_token"
        }


@dataclass(frozen=True)
class Filters:
    """Conditions on objects: allowed values by level, and changes since (Unix seconds).

    A level that is not there is not restricted. `without_ids` are shut out by level;
    `more_than` are metrics of a row (money in whole units) that must be over a number.
    """

    statuses: dict[Level, frozenset[str]] = field(default_factory=dict)
    ids: dict[Level, frozenset[str]] = field(default_factory=dict)
    updated_since: dict[Level, int] = field(default_factory=dict)
    without_ids: dict[Level, frozenset[str]] = field(default_factory=dict)
    more_than: dict[str, Decimal] = field(default_factory=dict)

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same conditions."""
        return (
            tuple(sorted(self.statuses.items())),
            tuple(sorted(self.ids.items())),
            tuple(sorted(self.updated_since.items())),
            tuple(sorted(self.without_ids.items())),
            tuple(sorted(self.more_than.items())),
        )

    def allows(self, level: Level, object_id: str) -> bool:
        """Whether the conditions on ids let the object of this level through."""
        return object_id in self.ids.get(level, (object_id,)) and (
            object_id not in self.without_ids.get(level, ())
        )


def field_names(request: Request) -> list[str]:
    """The field list in the order asked; empty when none was given.

    A list with commas, or an array as JSON, which is how Meta's own client posts it.
    """
    given = request.params.get("fields", "")
    if given.startswith("["):
        return list(dict.fromkeys(_texts(_json(given, "fields"), "fields")))
    return list(
        dict.fromkeys(name.strip() for name in given.split(",") if name.strip())
    )


def filters(request: Request, edge: Level | None) -> Filters:
    """The conditions in `filtering` and, for an edge of objects, `effective_status`."""
    found = Filters()
    if edge is not None and (given := request.params.get("effective_status")):
        _restrict_statuses(found, edge, _json(given, "effective_status"))
    conditions = _json(request.params.get("filtering", "[]"), "filtering")
    if not isinstance(conditions, list):
        raise bad_parameter("Param filtering must be an array.")
    for condition in conditions:
        _add_condition(found, condition)
    if edge is not None and found.more_than:
        raise bad_parameter("Filtering by metrics is for insights")
    return found


def time_range(request: Request, today: date) -> tuple[date, date]:
    """First and last day, both included, in the account's days.

    Raises: GraphError for a range that is malformed or begins over 37 months ago.
    """
    since, until = _asked_range(request, today)
    if since > until:
        raise bad_parameter(
            "Param time_range: the start date must not be after the end date"
        )
    if since < months_before(today, _MONTHS_KEPT):
        raise beyond_37_months()
    return since, until


def months_before(day: date, months: int) -> date:
    """The day so many months earlier, or that month's last where there is no such."""
    count = day.year * 12 + day.month - 1 - months
    first = date(count // 12, count % 12 + 1, 1)
    next_first = date((count + 1) // 12, (count + 1) % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (next_first - first).days) - 1)


def _asked_range(request: Request, today: date) -> tuple[date, date]:
    if (given := request.params.get("time_range")) is not None:
        return _dates(_json(given, "time_range"))
    preset = request.params.get("date_preset", "last_30d")
    if preset == "today":
        return today, today
    if preset == "yesterday":
        return today - timedelta(days=1), today - timedelta(days=1)
    if preset == "maximum":
        return months_before(today, _MONTHS_KEPT), today
    if preset not in _PRESET_DAYS:
        raise bad_parameter(f"Param date_preset: {preset} is not a known value")
    return today - timedelta(days=_PRESET_DAYS[preset]), today - timedelta(days=1)


def _dates(given: Any) -> tuple[date, date]:
    if not isinstance(given, dict) or set(given) != {"since", "until"}:
        raise bad_parameter("Param time_range must have the keys since and until")
    try:
        return date.fromisoformat(given["since"]), date.fromisoformat(given["until"])
    except (TypeError, ValueError) as error:
        raise bad_parameter("Param time_range: dates must be YYYY-MM-DD") from error


def _add_condition(found: Filters, condition: Any) -> None:
    match condition:
        case {"field": str(name), "operator": str(operator), "value": value}:
            level, _, attribute = name.partition(".")
        case _:
            raise bad_parameter("Param filtering: each needs field, operator and value")
    match level, attribute, operator:
        case (("campaign" | "adset" | "ad"), "effective_status", "IN"):
            _restrict_statuses(found, level, value)
        case (("campaign" | "adset" | "ad"), "id", "IN"):
            _restrict_ids(found, level, _texts(value, name))
        case (("campaign" | "adset" | "ad"), "id", "EQUAL"):
            _restrict_ids(found, level, _texts([value], name))
        case (("campaign" | "adset" | "ad"), "id", "NOT_IN"):
            shut_out = found.without_ids.get(level, frozenset())
            found.without_ids[level] = shut_out | frozenset(_texts(value, name))
        case (("spend" | "impressions"), "", "GREATER_THAN"):
            limit = _number(value, level)
            found.more_than[level] = max(limit, found.more_than.get(level, limit))
        case (("campaign" | "adset" | "ad"), "updated_time", "GREATER_THAN"):
            found.updated_since[level] = _seconds(value)
        case _:
            raise bad_parameter(f"Filtering field {name} with {operator} is not valid")


def _restrict_statuses(found: Filters, level: Level, value: Any) -> None:
    values = _texts(value, f"{level}.effective_status")
    if wrong := sorted(set(values) - KNOWN[level]):
        raise bad_status(wrong)
    asked = frozenset(values)
    found.statuses[level] = asked & found.statuses.get(level, asked)


def _restrict_ids(found: Filters, level: Level, values: list[str]) -> None:
    asked = frozenset(values)
    found.ids[level] = asked & found.ids.get(level, asked)


def _number(value: Any, name: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise bad_parameter(f"Filtering by {name} needs a number") from error
    if not number.is_finite():
        raise bad_parameter(f"Filtering by {name} needs a number")
    return number


def _texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad_parameter(f"Param {name} must be an array of strings")
    return value


def _seconds(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise bad_parameter("updated_time must be in Unix seconds") from error


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise bad_parameter(f"Param {name} must be valid JSON") from error
