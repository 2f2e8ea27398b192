"""Facts of the token, refusals of accounts, and accounts that change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import event_from_json
from ingest.sandbox.tokens import TokenFacts

ACME, NOOR = "act_100000000000001", "act_100000000000002"
EXPIRY = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_is_inspected(sandbox: Sandbox, method: str) -> None:
    sandbox.token_facts = TokenFacts(expires_at=EXPIRY, scopes=("ads_read", "email"))
    asked = {"input_token": sandbox.token} | (
        {"method": "get"} if method == "POST" else {}
    )

    answer = requests.request(
        method,
        f"{sandbox.url}/v25.0/debug_token",
        params=asked if method == "GET" else {},
        data=asked if method == "POST" else None,
        headers={"Authorization": f"Bearer {sandbox.token}"},
        timeout=10,
    )

    assert answer.json()["data"] == {
        "app_id": "200000000000001",
        "type": "SYSTEM_USER",
        "application": "Sandbox",
        "is_valid": True,
        "expires_at": 1773964800,  # 2026-03-20 00:00 UTC
        "data_access_expires_at": 0,
        "scopes": ["ads_read", "email"],
        "user_id": "100000000000000",
    }
    assert sandbox.token not in repr(sandbox.requests)


def test_another_token_is_not_valid(shared: Sandbox, ask: Any) -> None:
    data = ask(shared, "debug_token", input_token="other").json()["data"]

    assert data["is_valid"] is False
    assert data["error"]["code"] == 190


def test_a_token_expires_by_the_clock(sandbox: Sandbox, ask: Any) -> None:
    sandbox.token_facts = TokenFacts(expires_at=EXPIRY)
    before = ask(sandbox, f"{ACME}/campaigns")
    sandbox.clock.set(EXPIRY)

    after = ask(sandbox, f"{ACME}/campaigns")
    data = ask(sandbox, "debug_token", input_token=sandbox.token).json()["data"]

    assert before.status_code == 200
    assert after.json()["error"]["error_subcode"] == 463
    assert data["is_valid"] is False


def test_permissions_follow_the_scopes(sandbox: Sandbox, ask: Any) -> None:
    sandbox.token_facts = TokenFacts(scopes=("email",))

    permissions = ask(sandbox, "me/permissions").json()["data"]
    refused = ask(sandbox, f"{ACME}/campaigns")

    assert permissions == [{"permission": "email", "status": "granted"}]
    assert refused.json()["error"]["code"] == 200


@pytest.mark.parametrize(
    ("failure", "code", "subcode"),
    [
        ("session_invalid", 190, 460),
        ("app_removed", 190, 458),
        ("token_invalid", 190, 467),
        ("no_session", 102, None),
        ("permission_3", 3, None),
        ("permission_10", 10, None),
        ("permission_200", 200, None),
        ("permission_272", 272, None),
        ("permission_294", 294, None),
        ("unknown_object", 100, 33),
        ("unknown_error", 1, 99),
    ],
)
def test_an_account_refuses_in_each_way(
    sandbox: Sandbox, ask: Any, failure: str, code: int, subcode: int | None
) -> None:
    sandbox.fail_account(ACME, failure)

    error = ask(sandbox, f"{ACME}/insights").json()["error"]

    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert ask(sandbox, f"{NOOR}/insights").status_code == 200


def test_a_disabled_account_says_so_and_refuses_insights(
    sandbox: Sandbox, ask: Any
) -> None:
    sandbox.fail_account(ACME, "disabled_account")

    account = ask(sandbox, ACME, fields="account_status").json()
    listed = ask(sandbox, "me/adaccounts", fields="account_status").json()["data"]
    insights = ask(sandbox, f"{ACME}/insights")

    assert account["account_status"] == 2
    assert [one["account_status"] for one in listed] == [2, 1]
    assert ask(sandbox, f"{ACME}/campaigns").status_code == 200
    assert (insights.status_code, insights.json()["error"]["code"]) == (403, 200)


def test_an_account_changes_currency_and_status(sandbox: Sandbox, ask: Any) -> None:
    sandbox.change_account(ACME, currency="JPY")
    sandbox.clock.advance(hours=1)
    sandbox.change_account(ACME, account_status=3)

    shown = ask(sandbox, ACME, fields="currency,account_status").json()
    (row,) = ask(sandbox, f"{ACME}/insights", fields="account_currency,spend").json()[
        "data"
    ]

    assert (shown["currency"], shown["account_status"]) == ("JPY", 3)
    assert row["account_currency"] == "JPY"
    assert "." not in row["spend"]


def test_an_account_changes_by_an_event(sandbox: Sandbox, ask: Any) -> None:
    at = sandbox.clock.now() + timedelta(hours=1)
    sandbox.append(
        event_from_json(
            {
                "kind": "change_account",
                "at": at.isoformat(),
                "account_id": ACME.removeprefix("act_"),
                "currency": None,
                "account_status": 2,
            }
        )
    )

    before = ask(sandbox, ACME, fields="account_status").json()["account_status"]
    sandbox.clock.set(at)
    after = ask(sandbox, ACME, fields="account_status,currency").json()

    assert before == 1
    assert (after["account_status"], after["currency"]) == (2, "USD")


def test_the_date_header_can_follow_the_clock(sandbox: Sandbox, ask: Any) -> None:
    real = ask(sandbox, ACME).headers["date"]
    sandbox.date_follows_clock = True

    shown = ask(sandbox, ACME).headers["date"]

    assert shown == "Tue, 10 Mar 2026 09:30:00 GMT"
    assert real != shown


def test_an_app_secret_asks_for_its_proof(sandbox: Sandbox, ask: Any) -> None:
    sandbox.token_facts = TokenFacts(app_secret="key")
    # HMAC-SHA256 of "sandbox-token" under "key", worked out with openssl.
    proof = "a83c274668634892bfbea9a2a7defc2689a46410fffb393a3c991f65143f8791"

    without = ask(sandbox, ACME)
    proven = ask(sandbox, ACME, appsecret_proof=proof)

    assert without.json()["error"]["message"] == (
        "Invalid appsecret_proof provided in the API argument"
    )
    assert proven.status_code == 200
