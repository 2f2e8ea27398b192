"""Pages, cursors, links and headers."""

import json
from typing import Any

import requests

from ingest.sandbox.server import Sandbox
from ingest.sandbox.usage import Usage
from ingest.sandbox.world import default_world

ACME = "act_100000000000001"
RANGE = json.dumps({"since": "2026-03-01", "until": "2026-03-05"})


def test_a_page_has_25_rows_unless_asked_otherwise(shared: Sandbox, ask: Any) -> None:
    body = ask(
        shared, f"{ACME}/insights", level="ad", time_range=RANGE, time_increment=1
    ).json()

    assert len(body["data"]) == 25


def test_next_is_followed_to_the_end_without_repeats(
    shared: Sandbox, ask_all: Any
) -> None:
    asked = {
        "level": "ad",
        "time_range": RANGE,
        "time_increment": 1,
        "fields": "ad_id,spend",
    }

    small = ask_all(shared, f"{ACME}/insights", **asked, limit=7)
    large = ask_all(shared, f"{ACME}/insights", **asked, limit=5000)

    assert small == large
    keys = [(row["ad_id"], row["date_start"]) for row in large]
    assert len(set(keys)) == len(keys)


def test_a_page_that_ends_with_the_rows_has_no_next(shared: Sandbox, ask: Any) -> None:
    asked = {"level": "account", "time_range": RANGE, "time_increment": 1}

    body = ask(shared, f"{ACME}/insights", **asked, limit=5).json()

    assert len(body["data"]) == 5
    assert set(body["paging"]) == {"cursors"}


def test_next_is_a_whole_address_with_the_token_in_clear(
    shared: Sandbox, ask: Any
) -> None:
    first = ask(shared, f"{ACME}/campaigns", limit=2).json()

    second = requests.get(first["paging"]["next"], timeout=10).json()

    assert f"access_token={shared.token}" in first["paging"]["next"]
    assert len(second["data"]) == 2
    assert second["data"] != first["data"]


def test_a_cursor_is_an_offset(shared: Sandbox, ask: Any) -> None:
    body = ask(shared, f"{ACME}/ads", limit=2).json()

    # base64 of "2" is "Mg==", and Meta writes "ZD" for "=".
    assert body["paging"]["cursors"]["after"] == "MgZDZD"


def test_an_empty_page_may_have_a_next(ask: Any, ask_all: Any) -> None:
    asked = {"level": "account", "time_range": RANGE, "time_increment": 1, "limit": 2}

    with Sandbox(default_world(), empty_page_every=2) as sandbox:
        first = ask(sandbox, f"{ACME}/insights", **asked).json()
        after = first["paging"]["cursors"]["after"]
        empty = ask(sandbox, f"{ACME}/insights", **asked, after=after).json()
        rows = ask_all(sandbox, f"{ACME}/insights", **asked)

    assert empty["data"] == []
    assert "next" in empty["paging"]
    assert [row["date_start"][-2:] for row in rows] == ["01", "02", "03", "04", "05"]


def test_headers_tell_how_much_is_used(sandbox: Sandbox, ask: Any) -> None:
    sandbox.usage = Usage(insights=91, regain_minutes=7)

    headers = ask(sandbox, f"{ACME}/insights").headers

    (case,) = json.loads(headers["x-business-use-case-usage"])["100000000000001"]
    assert case["type"] == "ads_insights"
    assert (case["call_count"], case["estimated_time_to_regain_access"]) == (91, 7)
    assert json.loads(headers["x-fb-ads-insights-throttle"])["acc_id_util_pct"] == 91
    assert {"x-app-usage", "x-ad-account-usage", "x-fb-trace-id"} <= set(headers)
    assert headers["facebook-api-version"] == "v25.0"
