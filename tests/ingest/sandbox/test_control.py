"""The sandbox's own routes, its request log and its environment."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from ingest.sandbox.faults import FaultPlan
from ingest.sandbox.named_faults import CONSTRUCTORS, ordered
from ingest.sandbox.server import Sandbox, environment
from ingest.sandbox.world import default_world

ACME = "100000000000001"


def test_truth_is_served_as_rows(shared: Sandbox) -> None:
    answer = requests.get(
        f"{shared.url}/__sandbox__/truth",
        params={
            "account": f"act_{ACME}",
            "level": "campaign",
            "since": "2026-03-01",
            "until": "2026-03-02",
        },
        timeout=10,
    )

    rows = answer.json()
    truth = shared.truth(ACME, "campaign", date(2026, 3, 1))
    assert {row["day"] for row in rows} == {"2026-03-01", "2026-03-02"}
    assert {
        row["object_id"]: row["spend"] for row in rows if row["day"] == "2026-03-01"
    } == {object_id: str(metrics["spend"]) for object_id, metrics in truth.items()}


def test_countries_and_residual_of_the_truth_make_the_total(shared: Sandbox) -> None:
    day = date(2026, 3, 1)
    rows = list(shared.truth_rows(ACME, "account", day, day, by_country=True))

    total = shared.truth(ACME, "account", day)[ACME]

    assert {row.country for row in rows} >= {"ZZ", "US"}
    for name, value in total.items():
        assert sum(row.metrics[name] for row in rows) == value


def test_the_clock_is_moved_over_http(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/__sandbox__/clock"

    requests.post(url, json={"now": "2026-03-12T00:00:00+03:00"}, timeout=10)

    shown = requests.get(url, timeout=10).json()
    assert shown == {"now": "2026-03-11T21:00:00+00:00"}
    assert sandbox.clock.now().isoformat() == shown["now"]


def test_a_clock_without_a_zone_is_refused(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.url}/__sandbox__/clock", json={"now": "2026-03-12"}, timeout=10
    )

    assert answer.status_code == 400
    assert "time zone" in answer.json()["error"]


def test_events_are_added_over_http(sandbox: Sandbox, ask: Any) -> None:
    campaign_id = sandbox.world.campaigns[0].id
    event = {
        "kind": "rename",
        "at": "2026-03-10T09:00:00Z",
        "object_id": campaign_id,
        "name": "By wire",
    }

    added = requests.post(f"{sandbox.url}/__sandbox__/events", json=[event], timeout=10)
    refused = requests.post(
        f"{sandbox.url}/__sandbox__/events", json=[event | {"kind": "x"}], timeout=10
    )

    assert (added.status_code, refused.status_code) == (200, 400)
    assert ask(sandbox, campaign_id, fields="name").json()["name"] == "By wire"


def test_the_log_holds_every_request_and_no_token(ask_all: Any, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    with Sandbox(default_world(), log_path=path) as sandbox:
        ask_all(sandbox, f"act_{ACME}/campaigns", limit=2)
        url = f"{sandbox.url}/v25.0/me/adaccounts?access_token={sandbox.token}"
        requests.get(url, timeout=10)
        served = requests.get(f"{sandbox.url}/__sandbox__/requests", timeout=10)
        entries = sandbox.requests

    # Five campaigns are listed by default: pages of 2, 2 and 1; then two accounts.
    assert [entry.rows for entry in entries] == [2, 2, 1, 2]
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert sandbox.token not in served.text + path.read_text()
    assert len(path.read_text().splitlines()) == 4


def test_the_environment_leads_to_the_sandbox(shared: Sandbox) -> None:
    found = environment(shared)

    assert found["SOURCES__META__API_BASE_URL"] == shared.url
    assert found["PATHWAYS__NOW"] == "2026-03-10T09:30:00+00:00"
    assert found["SOURCES__META__STORES__NOOR__REPORTING_CURRENCY"] == "USD"
    assert json.loads(found["SOURCES__META__STORES__ACME__ACCOUNTS"]) == [f"act_{ACME}"]


def test_faults_are_ordered_listed_and_cleared_over_http(
    sandbox: Sandbox, ask: Any
) -> None:
    url = f"{sandbox.url}/__sandbox__/faults"
    order = {
        "fault": "http_error",
        "arguments": {"status": 503, "headers": {"Retry-After": "5"}},
        "match": "/campaigns",
        "times": 2,
    }

    requests.post(url, json=order, timeout=10)
    refused = ask(sandbox, f"act_{ACME}/campaigns")
    waiting = requests.get(url, timeout=10).json()
    cleared = requests.delete(url, timeout=10).json()

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert waiting == [
        {"name": "http_error", "match": "/campaigns", "times": 1, "after": 0}
    ]
    assert cleared == []
    assert ask(sandbox, f"act_{ACME}/campaigns").status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "no_such", "match": "."},
        {"fault": "slow", "match": "."},
        {"fault": "emptied"},
        {"fault": "emptied", "match": "("},
        {"fault": "emptied", "match": ".", "tmies": 2},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    shared: Sandbox, order: dict[str, Any]
) -> None:
    url = f"{shared.url}/__sandbox__/faults"

    answer = requests.post(url, json=order, timeout=10)

    assert answer.status_code == 400
    assert requests.get(url, timeout=10).json() == []


def test_every_named_fault_can_be_ordered_by_json() -> None:
    arguments = {
        "graph_error": {"code": 2, "status": 500, "message": "x"},
        "http_error": [502],
        "foreign_next": ["http://192.0.2.1"],
        "redirected": ["http://192.0.2.1"],
    }
    numbered = {"rows_dropped", "rows_repeated", "page_overlapping", "deep"}
    numbered |= {"hanging", "slow", "slow_head", "huge", "gzip_bomb"}
    plan = FaultPlan()

    for name in CONSTRUCTORS:
        given = arguments.get(name, [1] if name in numbered else [])
        ordered(plan, {"fault": name, "match": ".", "arguments": given})

    assert len(plan.waiting()) == len(CONSTRUCTORS) > 30


def test_reports_are_planned_and_listed_over_http(sandbox: Sandbox, ask: Any) -> None:
    url = f"{sandbox.url}/__sandbox__/reports"
    order = {"match": "insights", "outcome": "skip", "polls": 0}

    requests.post(url, json=order, timeout=10)
    run = requests.post(
        f"{sandbox.url}/v25.0/act_{ACME}/insights",
        data={"access_token": sandbox.token},
        timeout=10,
    ).json()["report_run_id"]

    (job,) = requests.get(url, timeout=10).json()
    assert (job["id"], job["status"]) == (run, "Job Skipped")


def test_every_answer_can_take_its_time(sandbox: Sandbox, ask: Any) -> None:
    sandbox.latency_seconds = 0.05

    answer = ask(sandbox, f"act_{ACME}/campaigns")

    assert answer.elapsed.total_seconds() >= 0.05
