"""What Meta's usage headers and refusals say about waiting. Pure.

Source: Graph API overview, "Rate limits"; Marketing API overview, "Rate limiting".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

UseCase = Literal["insights", "management"]
Scope = Literal["app", "user", "account"]

# A new app may make 60 points of calls within 300 s for an account, then it is shut out
# for as long. A read counts one, a POST three; some room is left for other clients.
LIMITED_POINTS = 50
LIMITED_SECONDS = 300.0
POINTS = {"GET": 1, "POST": 3}

SLOW_FROM_PERCENT = 75.0
STOP_FROM_PERCENT = 95.0
# History gives way long before the fresh days could feel it.
HISTORY_STOPS_FROM_PERCENT = 50.0

_APP_CODES = frozenset({4, 341, 368})
_USER_CODES = frozenset({17, 32})
# Blocked for behaviour, not for volume: asking again soon makes it worse.
_LONG_CODES = frozenset({341, 368})
_FIRST_WAIT_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 300.0
_LONG_WAIT_SECONDS = 1800.0
_USE_CASES: dict[UseCase, frozenset[str]] = {
    "insights": frozenset({"ads_insights"}),
    "management": frozenset({"ads_management", "custom_audience"}),
}


@dataclass(frozen=True)
class Quota:
    """How much of its quotas a call left, as its answer said.

    Attributes:
        app_percent: of the app's; null when it was not said.
        account_percent: of the account's, for the use case of the call.
        regain_seconds: until Meta opens again; 0 while it is open.
        tier: Meta's word for the app's access.
    """

    app_percent: float | None = None
    account_percent: float | None = None
    regain_seconds: float = 0.0
    tier: str | None = None

    @property
    def percent(self) -> float:
        """Of the quota that is used most."""
        return max(self.app_percent or 0.0, self.account_percent or 0.0)


def is_limited(tier: str | None) -> bool:
    """Whether the app is held to the points of a new one; unknown counts as limited."""
    return tier is None or not {"standard", "full"} & set(tier.lower().split("_"))


def scope_of(code: int) -> Scope:
    """Whom a refusal shuts out: every call of the app or the user, or one account."""
    if code in _APP_CODES:
        return "app"
    return "user" if code in _USER_CODES else "account"


def read_quota(
    headers: Mapping[str, str], account_id: str | None, use_case: UseCase
) -> Quota:
    """What the headers of an answer say; what they do not say clearly is not known.

    Args:
        headers: by lower-case name.
        account_id: digits; whose entry counts where there are several.
    """
    app = _numbers(_object(headers, "x-app-usage"))
    insights = _object(headers, "x-fb-ads-insights-throttle")
    account = _object(headers, "x-ad-account-usage")
    cases = _cases(headers, account_id, use_case)
    app_percents = [*app.values(), _number(insights.get("app_id_util_pct"))]
    account_percents = [
        _number(account.get("acc_id_util_pct")),
        _number(insights.get("acc_id_util_pct")),
    ]
    for case in cases:
        names = ("call_count", "total_cputime", "total_time")
        account_percents += [_number(case.get(name)) for name in names]
    minutes = [_number(case.get("estimated_time_to_regain_access")) for case in cases]
    regain = max((60 * value for value in minutes if value), default=0.0)
    used = _highest(account_percents)
    if not regain and used is not None and used >= 100:
        regain = _number(account.get("reset_time_duration")) or 0.0
    tiers = [each.get("ads_api_access_tier") for each in (*cases, account, insights)]
    return Quota(
        app_percent=_highest(app_percents),
        account_percent=used,
        regain_seconds=regain,
        tier=next((tier for tier in tiers if isinstance(tier, str)), None),
    )


def pause(quota: Quota) -> float:
    """Seconds to leave before the next call, so that 100 % is never reached.

    Nothing below three quarters; then more with each per cent; from 95 % on, until Meta
    opens again, or a minute where it does not say when.
    """
    if quota.regain_seconds:
        return quota.regain_seconds
    if quota.percent < SLOW_FROM_PERCENT:
        return 0.0
    if quota.percent < STOP_FROM_PERCENT:
        return 5.0 + quota.percent - SLOW_FROM_PERCENT
    return _FIRST_WAIT_SECONDS


def wait_after_refusal(
    code: int, quota: Quota, refusals: int, retry_after: float | None = None
) -> float:
    """Seconds to stay away after Meta refused for the nth time in a row.

    What Meta says counts; else a minute, doubled each time up to five.
    """
    if retry_after or quota.regain_seconds:
        return retry_after or quota.regain_seconds
    if code in _LONG_CODES:
        return _LONG_WAIT_SECONDS
    return min(_FIRST_WAIT_SECONDS * 2.0 ** (refusals - 1), _LONGEST_WAIT_SECONDS)


def seconds_until_free(
    calls: Sequence[tuple[float, int]], points: int, moment: float
) -> float:
    """When a call of so many points fits in a limited app's budget, in seconds.

    Args:
        calls: moment and points of each earlier call, oldest first.
    """
    recent = [(at, cost) for at, cost in calls if moment - at < LIMITED_SECONDS]
    over = sum(cost for _, cost in recent) + points - LIMITED_POINTS
    for at, cost in recent:
        if over <= 0:
            break
        over -= cost
        if over <= 0:
            return at + LIMITED_SECONDS - moment
    return 0.0


def _cases(
    headers: Mapping[str, str], account_id: str | None, use_case: UseCase
) -> list[dict[str, Any]]:
    usage = _object(headers, "x-business-use-case-usage")
    # The key is the ad account; some answers name the business instead.
    listed = usage.get(account_id or "", [*usage.values()][:1])
    found = [case for case in _flat(listed) if isinstance(case, dict)]
    return [case for case in found if case.get("type") in _USE_CASES[use_case]]


def _flat(listed: object) -> list[object]:
    if not isinstance(listed, list):
        return []
    return [
        case
        for entry in listed
        for case in (entry if isinstance(entry, list) else [entry])
    ]


def _object(headers: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        found = orjson.loads(headers.get(name, "{}"))
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(entries: Mapping[str, object]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in entries.items()}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _highest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
