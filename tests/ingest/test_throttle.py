"""What Meta's usage headers and refusals say about waiting."""

import json

import pytest

from ingest.throttle import (
    LIMITED_POINTS,
    Quota,
    UseCase,
    is_limited,
    pause,
    read_quota,
    scope_of,
    seconds_until_free,
    wait_after_refusal,
)

ACCOUNT = "100000000000001"


def business(**cases: dict[str, object]) -> dict[str, str]:
    """The business use case header, by use case."""
    entries = [{"type": name, **case} for name, case in cases.items()]
    return {"x-business-use-case-usage": json.dumps({ACCOUNT: entries})}


@pytest.mark.parametrize(
    ("headers", "percent"),
    [
        pytest.param({}, 0, id="no header"),
        pytest.param({"x-app-usage": '{"call_count":31}'}, 31, id="app"),
        pytest.param(
            {"x-app-usage": '{"call_count":3,"total_cputime":40,"total_time":7}'},
            40,
            id="the fullest of the app's three",
        ),
        pytest.param(
            {"x-ad-account-usage": '{"acc_id_util_pct":61.5}'}, 61.5, id="acc"
        ),
        pytest.param(
            {"x-fb-ads-insights-throttle": '{"app_id_util_pct":8,"acc_id_util_pct":9}'},
            9,
            id="insights",
        ),
        pytest.param(business(ads_insights={"call_count": 77}), 77, id="use case"),
        pytest.param(business(ads_management={"call_count": 99}), 0, id="another's"),
        pytest.param({"x-app-usage": "garbage"}, 0, id="garbage"),
        pytest.param({"x-app-usage": "[1]"}, 0, id="a list"),
        pytest.param({"x-app-usage": '{"call_count":"many"}'}, 0, id="a word"),
        pytest.param({"x-app-usage": '{"call_count":true}'}, 0, id="a truth value"),
    ],
)
def test_the_fullest_quota_counts_and_what_is_unclear_is_not_known(
    headers: dict[str, str], percent: float
) -> None:
    assert read_quota(headers, ACCOUNT, "insights").percent == percent


@pytest.mark.parametrize(
    ("use_case", "percent"),
    [pytest.param("insights", 70, id="of insights"), ("management", 20)],
)
def test_use_cases_of_an_account_are_told_apart(
    use_case: UseCase, percent: float
) -> None:
    headers = business(
        ads_insights={"call_count": 70}, ads_management={"call_count": 20}
    )

    assert read_quota(headers, ACCOUNT, use_case).percent == percent


def test_minutes_to_regain_access_become_seconds() -> None:
    headers = business(
        ads_insights={"call_count": 100, "estimated_time_to_regain_access": 7}
    )

    assert read_quota(headers, ACCOUNT, "insights").regain_seconds == 420


def test_seconds_until_the_account_is_reset_count_when_it_is_full() -> None:
    full = {"x-ad-account-usage": '{"acc_id_util_pct":100,"reset_time_duration":240}'}
    fresh = {"x-ad-account-usage": '{"acc_id_util_pct":50,"reset_time_duration":240}'}

    assert read_quota(full, ACCOUNT, "management").regain_seconds == 240
    assert read_quota(fresh, ACCOUNT, "management").regain_seconds == 0


@pytest.mark.parametrize(
    ("tier", "limited"),
    [
        pytest.param(None, True, id="not known yet"),
        ("development_access", True),
        ("limited_access", True),
        ("standard_access", False),
        ("full_access", False),
        ("FULL", False),
    ],
)
def test_app_is_limited_unless_its_tier_says_otherwise(
    tier: str | None, limited: bool
) -> None:
    assert is_limited(tier) is limited


@pytest.mark.parametrize(
    ("percent", "seconds"),
    [
        pytest.param(74.9, 0, id="below three quarters"),
        pytest.param(75, 5, id="three quarters"),
        # Five seconds and one more for each per cent above 75.
        pytest.param(85, 15, id="85"),
        pytest.param(94, 24, id="94"),
        pytest.param(95, 60, id="nearly full"),
        pytest.param(100, 60, id="full"),
    ],
)
def test_pause_grows_before_the_quota_is_full(percent: float, seconds: float) -> None:
    assert pause(Quota(account_percent=percent)) == seconds


def test_pause_lasts_as_long_as_meta_says() -> None:
    assert pause(Quota(account_percent=100, regain_seconds=660)) == 660


@pytest.mark.parametrize(
    ("code", "refusals", "seconds"),
    [
        pytest.param(80000, 1, 60, id="first"),
        pytest.param(80000, 2, 120, id="second"),
        pytest.param(80000, 3, 240, id="third"),
        pytest.param(80000, 4, 300, id="no longer than five minutes"),
        pytest.param(368, 1, 1800, id="blocked for behaviour"),
    ],
)
def test_refusal_without_a_time_doubles_the_wait(
    code: int, refusals: int, seconds: float
) -> None:
    assert wait_after_refusal(code, Quota(), refusals) == seconds


def test_refusal_with_a_time_waits_that_long() -> None:
    quota = Quota(regain_seconds=900)

    assert wait_after_refusal(17, quota, 1) == 900
    assert wait_after_refusal(429, quota, 1, retry_after=30) == 30


@pytest.mark.parametrize(
    ("code", "scope"),
    [(4, "app"), (341, "app"), (17, "user"), (32, "user"), (613, "account")]
    + [(code, "account") for code in (80000, 80004, 80014, 429)],
)
def test_refusal_shuts_out_whom_its_code_names(code: int, scope: str) -> None:
    assert scope_of(code) == scope


def test_limited_app_waits_until_its_oldest_points_are_five_minutes_old() -> None:
    # Forty-nine points at 0 s and one at 100 s: the fifty that are used.
    calls = [(0.0, 1)] * (LIMITED_POINTS - 1) + [(100.0, 1)]

    assert seconds_until_free(calls, 1, 200.0) == 100.0
    # A POST needs three: still those of 0 s.
    assert seconds_until_free(calls, 3, 200.0) == 100.0
    assert seconds_until_free(calls, 1, 300.0) == 0.0


def test_limited_app_with_points_left_does_not_wait() -> None:
    calls = [(0.0, 1)] * (LIMITED_POINTS - 1)

    assert seconds_until_free(calls, 1, 10.0) == 0.0
    assert seconds_until_free(calls, 3, 10.0) == 290.0
