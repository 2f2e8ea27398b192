"""The headers in which the API says how much of its quotas is used."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Used quotas in per cent; minutes and seconds until they open again."""

    app: int = 1
    account: int = 2
    insights: int = 3
    management: int = 2
    regain_minutes: int = 0
    reset_seconds: int = 300
    tier: str = "standard_access"


def headers(
    usage: Usage, account_id: str | None, *, is_insights: bool
) -> dict[str, str]:
    """The usage headers of an answer about an account (digits), or about none."""
    app = {
        "call_count": usage.app,
        "total_cputime": usage.app,
        "total_time": usage.app,
    }
    found = {"x-app-usage": json.dumps(app)}
    if account_id is None:
        return found
    used = usage.insights if is_insights else usage.management
    case = {
        "type": "ads_insights" if is_insights else "ads_management",
        "call_count": used,
        "total_cputime": used,
        "total_time": used,
        "estimated_time_to_regain_access": usage.regain_minutes,
        "ads_api_access_tier": usage.tier,
    }
    account = {
        "acc_id_util_pct": usage.account,
        "reset_time_duration": usage.reset_seconds,
        "ads_api_access_tier": usage.tier,
    }
    found["x-business-use-case-usage"] = json.dumps({account_id: [case]})
    found["x-ad-account-usage"] = json.dumps(account)
    if is_insights:
        throttle = {
            "app_id_util_pct": usage.app,
            "acc_id_util_pct": usage.insights,
            "ads_api_access_tier": usage.tier,
        }
        found["x-fb-ads-insights-throttle"] = json.dumps(throttle)
    return found
