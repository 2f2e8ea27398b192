"""Refusals have the status, code and wording of the Graph API."""

import json
from typing import Any

import pytest
import requests

from ingest.sandbox.faults import (
    connection_reset,
    graph_error,
    server_error,
    truncated,
)
from ingest.sandbox.server import Sandbox

ACME, NOOR = "act_100000000000001", "act_100000000000002"
RANGE = json.dumps({"since": "2026-03-01", "until": "2026-03-02"})
OLD = json.dumps({"since": "2023-02-09", "until": "2023-02-10"})
BACKWARDS = json.dumps({"since": "2026-03-02", "until": "2026-03-01"})
WRONG_STATUS = json.dumps(["CAMPAIGN_PAUSED"])

PARAMETER_CASES = [
    ("campaigns", {"fields": "colour"}, 100, None),
    ("campaigns", {"effective_status": WRONG_STATUS}, 100, 1487561),
    ("campaigns", {"after": "nonsense!"}, 100, None),
    ("campaigns", {"limit": "0"}, 100, None),
    ("insights", {"time_range": OLD}, 3018, None),
    ("insights", {"time_range": BACKWARDS}, 100, None),
    ("insights", {"time_range": RANGE.replace('"', "'")}, 100, None),
    ("insights", {"fields": "colour"}, 100, None),
    ("insights", {"fields": "country", "breakdowns": "country"}, 100, None),
    ("insights", {"level": "creative"}, 100, None),
    ("insights", {"filtering": '[{"field":"x.y","operator":"IN"}]'}, 100, None),
    ("photos", {}, 100, None),
]


@pytest.mark.parametrize(("edge", "params", "code", "subcode"), PARAMETER_CASES)
def test_a_wrong_parameter_is_refused(
    shared: Sandbox,
    ask: Any,
    edge: str,
    params: dict[str, str],
    code: int,
    subcode: int | None,
) -> None:
    answer = ask(shared, f"{ACME}/{edge}", **params)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert {"message", "type", "is_transient", "fbtrace_id"} <= set(error)


def test_the_earliest_day_is_37_months_back(shared: Sandbox, ask: Any) -> None:
    first = json.dumps({"since": "2023-02-10", "until": "2023-02-10"})

    answer = ask(shared, f"{ACME}/insights", time_range=first)

    assert answer.json() == {"data": []}


def test_an_unknown_field_is_named(shared: Sandbox, ask: Any) -> None:
    error = ask(shared, f"{ACME}/campaigns", fields="id,colour").json()["error"]

    assert error["message"] == (
        "(#100) Tried accessing nonexisting field (colour) on node type (Campaign)"
    )


def test_an_unknown_object_is_code_100_subcode_33(shared: Sandbox, ask: Any) -> None:
    error = ask(shared, "999/insights").json()["error"]

    assert (error["code"], error["error_subcode"]) == (100, 33)


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        (f"/v25.0/{ACME}", {}, 104),
        ("/v25.0/me/adaccounts", {}, 2500),
        (f"/v25.0/{ACME}", {"Authorization": "Bearer wrong"}, 190),
        (f"/v24.0/{ACME}", {"Authorization": "Bearer sandbox-token"}, 2635),
        (f"/{ACME}", {"Authorization": "Bearer sandbox-token"}, 2635),
    ],
)
def test_a_wrong_token_or_version_is_refused(
    shared: Sandbox, path: str, headers: dict[str, str], code: int
) -> None:
    answer = requests.get(shared.url + path, headers=headers, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("failure", "status", "code", "subcode"),
    [
        ("expired_token", 400, 190, 463),
        ("permission", 403, 200, None),
        ("application_permission", 403, 10, None),
    ],
)
def test_one_account_can_be_made_to_refuse(
    sandbox: Sandbox,
    ask: Any,
    failure: str,
    status: int,
    code: int,
    subcode: int | None,
) -> None:
    sandbox.fail_account(ACME, failure)

    refused = ask(sandbox, f"{ACME}/campaigns")
    other = ask(sandbox, f"{NOOR}/campaigns")
    sandbox.restore(ACME)
    restored = ask(sandbox, f"{ACME}/campaigns")

    error = refused.json()["error"]
    assert refused.status_code == status
    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert (other.status_code, restored.status_code) == (200, 200)


def test_only_reading_is_allowed(shared: Sandbox) -> None:
    answer = requests.post(
        f"{shared.url}/v25.0/{ACME}/campaigns",
        data={"name": "x", "access_token": shared.token},
        timeout=10,
    )

    assert answer.status_code == 405
    assert answer.json()["error"]["type"] == "GraphMethodException"


def test_a_scripted_error_is_served_as_often_as_ordered(
    sandbox: Sandbox, ask: Any
) -> None:
    fault = graph_error(80000, status=400, message="There have been too many calls")
    sandbox.faults.add(match=r"/insights\?.*level=ad", times=2, after=1, fault=fault)

    answers = [ask(sandbox, f"{ACME}/insights", level="ad") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 400, 400, 200]
    assert answers[1].json()["error"]["code"] == 80000
    assert [entry.fault for entry in sandbox.requests] == [False, True, True, False]


def test_a_server_error_is_a_page_for_people(sandbox: Sandbox, ask: Any) -> None:
    sandbox.faults.add(match="/campaigns", fault=server_error())

    answer = ask(sandbox, f"{ACME}/campaigns")

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")


def test_a_truncated_body_is_not_json(sandbox: Sandbox, ask: Any) -> None:
    sandbox.faults.add(match="/campaigns", fault=truncated())

    answer = ask(sandbox, f"{ACME}/campaigns")

    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_reset_connection_gives_no_answer(sandbox: Sandbox, ask: Any) -> None:
    sandbox.faults.add(match="/campaigns", fault=connection_reset())

    with pytest.raises(requests.exceptions.ConnectionError):
        ask(sandbox, f"{ACME}/campaigns")

    assert ask(sandbox, f"{ACME}/campaigns").status_code == 200
