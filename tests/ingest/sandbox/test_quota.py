"""Quotas run on the sandbox's clock; blocks refuse until they end."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from ingest.sandbox.quota import Quota, UseCase
from ingest.sandbox.server import Sandbox

ACME, NOOR = "act_100000000000001", "act_100000000000002"


def business_usage(answer: requests.Response) -> dict[str, Any]:
    header = json.loads(answer.headers["x-business-use-case-usage"])
    return dict(header["100000000000001"][0])


def seconds_later(sandbox: Sandbox, seconds: int) -> None:
    sandbox.clock.set(sandbox.clock.now() + timedelta(seconds=seconds))


def test_headers_tell_the_share_used_and_the_tier(sandbox: Sandbox, ask: Any) -> None:
    sandbox.quota = Quota(points=10)

    answers = [ask(sandbox, f"{ACME}/campaigns") for _ in range(3)]

    assert [business_usage(answer)["call_count"] for answer in answers] == [10, 20, 30]
    assert business_usage(answers[0])["ads_api_access_tier"] == "development_access"
    account = json.loads(answers[2].headers["x-ad-account-usage"])
    assert account["acc_id_util_pct"] == 30


def test_the_call_over_the_points_begins_a_block(sandbox: Sandbox, ask: Any) -> None:
    sandbox.quota = Quota(points=2, decay_seconds=300, block_seconds=290)

    answers = [ask(sandbox, f"{ACME}/campaigns") for _ in range(4)]
    other = ask(sandbox, f"{NOOR}/campaigns")

    error = answers[2].json()["error"]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 400]
    assert (error["code"], error["error_subcode"]) == (80004, 2446079)
    assert business_usage(answers[2])["call_count"] == 100
    # 290 seconds are 4 minutes and 50 seconds: five, rounded up.
    assert business_usage(answers[2])["estimated_time_to_regain_access"] == 5
    assert [entry.refused for entry in sandbox.requests] == [
        None,
        None,
        "throttled",
        "throttled",
        None,
    ]
    assert [entry.during_block for entry in sandbox.requests] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert other.status_code == 200


def test_a_block_ends_by_the_clock(sandbox: Sandbox, ask: Any) -> None:
    sandbox.quota = Quota(points=1)
    ask(sandbox, f"{ACME}/campaigns")
    ask(sandbox, f"{ACME}/campaigns")

    seconds_later(sandbox, 299)
    early = ask(sandbox, f"{ACME}/insights")
    seconds_later(sandbox, 1)
    late = ask(sandbox, f"{ACME}/insights")

    assert early.json()["error"]["code"] == 80000
    assert business_usage(early)["estimated_time_to_regain_access"] == 1
    assert late.status_code == 200


def test_points_come_back_as_the_window_slides(sandbox: Sandbox, ask: Any) -> None:
    sandbox.quota = Quota(points=4, decay_seconds=100)
    for _ in range(3):
        ask(sandbox, f"{ACME}/campaigns")
        seconds_later(sandbox, 40)

    # 120 s after the first call: it has gone, the second (80 s) and third (40 s) stay.
    answer = ask(sandbox, f"{ACME}/campaigns")

    assert business_usage(answer)["call_count"] == 75


def test_making_a_report_costs_three_points(sandbox: Sandbox) -> None:
    sandbox.quota = Quota(points=10)

    answer = requests.post(
        f"{sandbox.url}/v25.0/{ACME}/insights",
        data={"access_token": sandbox.token},
        timeout=10,
    )

    assert business_usage(answer)["call_count"] == 30


@pytest.mark.parametrize(
    ("account", "use_case", "code", "refused"),
    [
        (None, None, 4, {"me", "acme campaigns", "acme insights", "noor campaigns"}),
        (ACME, None, 17, {"acme campaigns", "acme insights"}),
        (ACME, "insights", None, {"acme insights"}),
        (ACME, "management", 80003, {"acme campaigns"}),
        (None, None, 32, {"me", "acme campaigns", "acme insights", "noor campaigns"}),
        (ACME, None, 613, {"acme campaigns", "acme insights"}),
        (ACME, None, 341, {"acme campaigns", "acme insights"}),
        (ACME, None, 368, {"acme campaigns", "acme insights"}),
    ],
)
def test_calls_are_blocked_by_hand_until_the_clock_has_passed(
    sandbox: Sandbox,
    ask: Any,
    account: str | None,
    use_case: UseCase | None,
    code: int | None,
    refused: set[str],
) -> None:
    paths = {
        "me": "me/adaccounts",
        "acme campaigns": f"{ACME}/campaigns",
        "acme insights": f"{ACME}/insights",
        "noor campaigns": f"{NOOR}/campaigns",
    }
    sandbox.throttle(account, use_case, 2, code)

    answers = {name: ask(sandbox, path) for name, path in paths.items()}
    sandbox.clock.advance(minutes=2)
    later = {name: ask(sandbox, path) for name, path in paths.items()}

    codes = {
        answer.json()["error"]["code"]
        for answer in answers.values()
        if answer.status_code != 200
    }
    assert codes == {code or 80000}
    assert {name for name, one in answers.items() if one.status_code != 200} == refused
    assert {answer.status_code for answer in later.values()} == {200}


def test_an_unknown_throttle_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no throttle"):
        sandbox.throttle(None, None, 1, 190)
