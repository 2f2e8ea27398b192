"""Report jobs: made, polled, read; and the ways in which they end badly."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from ingest.sandbox.reports import Outcome
from ingest.sandbox.server import Sandbox
from ingest.sandbox.size_limits import SizeLimits
from ingest.sandbox.story import RestateDay

ACME = "100000000000001"
EDGE = f"act_{ACME}/insights"
ASKED = {
    "level": "ad",
    "time_range": json.dumps({"since": "2026-03-01", "until": "2026-03-03"}),
    "time_increment": "1",
    "fields": "ad_id,spend",
}


def started(sandbox: Sandbox, **more: str) -> str:
    answer = requests.post(
        f"{sandbox.url}/v25.0/{EDGE}",
        data={**ASKED, **more},
        headers={"Authorization": f"Bearer {sandbox.token}"},
        timeout=10,
    )
    return str(answer.json()["report_run_id"])


def test_a_job_is_polled_to_its_end_and_gives_the_rows_of_a_request(
    sandbox: Sandbox, ask: Any, ask_all: Any
) -> None:
    run = started(sandbox)

    polls = [ask(sandbox, run).json() for _ in range(3)]
    rows = ask_all(sandbox, f"{run}/insights", limit=7)

    assert [
        (poll["async_status"], poll["async_percent_completion"]) for poll in polls
    ] == [
        ("Job Not Started", 0),
        ("Job Running", 50),
        ("Job Completed", 100),
    ]
    assert polls[2] == {
        "id": run,
        "account_id": ACME,
        "time_ref": 1773135000,  # 2026-03-10 09:30 UTC
        "time_completed": 1773135000,
        "async_status": "Job Completed",
        "async_percent_completion": 100,
        "date_start": "2026-03-01",
        "date_stop": "2026-03-03",
    }
    assert rows == ask_all(sandbox, EDGE, **ASKED)
    assert len(rows) > 20


def test_a_report_shows_the_moment_it_was_made(
    sandbox: Sandbox, ask: Any, ask_all: Any
) -> None:
    sandbox.reports.polls = 0
    before = ask_all(sandbox, EDGE, **ASKED)
    run = started(sandbox)
    sandbox.append(
        RestateDay(
            datetime(2026, 3, 10, 9, tzinfo=UTC), ACME, date(2026, 3, 2), 500, 1000
        )
    )
    sandbox.clock.advance(days=2)

    rows = ask_all(sandbox, f"{run}/insights")

    assert rows == before
    assert rows != ask_all(sandbox, EDGE, **ASKED)


def test_a_job_that_is_not_done_cannot_be_read(sandbox: Sandbox, ask: Any) -> None:
    run = started(sandbox)

    early = ask(sandbox, f"{run}/insights")

    error = early.json()["error"]
    assert early.status_code == 400
    assert (error["code"], error["error_subcode"]) == (2601, 1815107)


@pytest.mark.parametrize("where", ["header", "query", "form"])
def test_the_token_may_be_in_header_query_or_form(sandbox: Sandbox, where: str) -> None:
    token = {"access_token": sandbox.token}
    bearer = {"Authorization": f"Bearer {sandbox.token}"}

    answer = requests.post(
        f"{sandbox.url}/v25.0/{EDGE}",
        params=ASKED | token if where == "query" else {},
        data={} if where == "query" else ASKED | (token if where == "form" else {}),
        headers=bearer if where == "header" else {},
        timeout=10,
    )

    assert answer.json()["report_run_id"] == "9100000000000001"
    assert sandbox.token not in repr(sandbox.requests)
    assert sandbox.requests[0].params["level"] == "ad"


def test_a_wrong_report_is_refused_when_it_is_made(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.url}/v25.0/{EDGE}",
        data={"fields": "colour", "access_token": sandbox.token},
        timeout=10,
    )

    assert answer.json()["error"]["code"] == 100


@pytest.mark.parametrize(
    ("outcome", "status", "percent"),
    [
        ("fail", "Job Failed", 0),
        ("skip", "Job Skipped", 0),
        ("stall", "Job Running", 0),
    ],
)
def test_a_job_can_be_made_to_end_badly_once(
    sandbox: Sandbox, ask: Any, outcome: Outcome, status: str, percent: int
) -> None:
    sandbox.reports.polls = 1
    sandbox.reports.plan(match="level=ad", outcome=outcome)
    bad, good = started(sandbox), started(sandbox)

    shown = [[ask(sandbox, run).json() for _ in range(4)][-1] for run in (bad, good)]

    assert (shown[0]["async_status"], shown[0]["async_percent_completion"]) == (
        status,
        percent,
    )
    assert shown[1]["async_status"] == "Job Completed"
    assert ("error_code" in shown[0]) == (outcome == "fail")
    assert ask(sandbox, f"{bad}/insights").json()["error"]["code"] == 2601


def test_a_short_job_lacks_its_last_third(
    sandbox: Sandbox, ask: Any, ask_all: Any
) -> None:
    sandbox.reports.polls = 0
    sandbox.reports.plan(match=".", outcome="short")
    whole = ask_all(sandbox, EDGE, **ASKED)

    rows = ask_all(sandbox, f"{started(sandbox)}/insights", limit=10)

    assert rows == whole[: len(whole) - len(whole) // 3]
    assert sum(Decimal(row["spend"]) for row in rows) < sum(
        Decimal(row["spend"]) for row in whole
    )


def test_a_fresh_job_can_be_unknown_at_first(sandbox: Sandbox, ask: Any) -> None:
    sandbox.reports.plan(match=".", outcome="unknown_first")
    run = started(sandbox)

    first, second = ask(sandbox, run).json(), ask(sandbox, run).json()

    assert (first["error"]["code"], first["error"]["error_subcode"]) == (100, 33)
    assert second["async_status"] == "Job Not Started"


def test_a_report_over_its_limit_fails(sandbox: Sandbox, ask: Any) -> None:
    sandbox.reports.polls = 0
    sandbox.size_limits = SizeLimits(report_rows=5)

    shown = ask(sandbox, started(sandbox)).json()

    assert shown["async_status"] == "Job Failed"
    assert (shown["error_code"], shown["error_subcode"]) == (100, 1487534)
