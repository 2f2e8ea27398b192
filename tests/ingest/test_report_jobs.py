"""Report jobs: made, waited for, failed, stalled, unknown for an instant."""

import re
from collections.abc import Iterator

import pytest

from ingest.clock import Clock
from ingest.errors import ObjectUnknown, ReportFailed, TooMuchData
from ingest.fields import insight_fields, status_filter
from ingest.graph_client import GraphClient
from ingest.pace import Pace
from ingest.report_jobs import made_report
from ingest.sandbox.page_faults import edited
from ingest.sandbox.reports import Outcome
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.fixtures.fake_time import clock_of_sandbox

ACME = "act_100000000000001"
LOAD_SECONDS = 7200
PARAMS = {
    "level": "campaign",
    "fields": ",".join(insight_fields("campaign")),
    "time_range": {"since": "2026-03-08", "until": "2026-03-09"},
    "time_increment": 1,
    "filtering": [status_filter("campaign")],
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(default_world()) as running:
        yield running


def client(sandbox: Sandbox) -> tuple[GraphClient, Clock]:
    clock = clock_of_sandbox(sandbox)
    pace = Pace(clock, longest_wait=0, tier="standard_access")
    token = sandbox.token
    return GraphClient(sandbox.url, "v25.0", token, clock=clock, pace=pace), clock


def waited(sandbox: Sandbox, clock: Clock, run: object = None) -> float:
    return (sandbox.clock.now() - sandbox.world.start).total_seconds()


def test_report_is_polled_with_growing_waits_until_it_is_whole(
    sandbox: Sandbox,
) -> None:
    sandbox.reports.polls = 3
    it, clock = client(sandbox)

    run_id = made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    polls = [e for e in sandbox.requests if e.path == f"/v25.0/{run_id}"]
    methods = [entry.method for entry in sandbox.requests]
    # Three polls that find it unfinished and the one that finds it whole.
    assert len(polls) == 4
    assert methods == ["POST", "GET", "GET", "GET", "GET"]
    assert waited(sandbox, clock) == 0.5 + 1 + 2 + 4


def test_report_is_whole_at_a_hundred_percent_whatever_its_status_says(
    sandbox: Sandbox,
) -> None:
    sandbox.reports.polls = 0
    early = edited(lambda body: re.sub(rb'(completion":)100', rb"\g<1>98", body))
    sandbox.faults.add(match=r"GET /v25.0/\d+\?", fault=early, times=2)
    it, clock = client(sandbox)

    run_id = made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    polls = [e for e in sandbox.requests if e.path == f"/v25.0/{run_id}"]
    # Two that are told "Job Completed" at 98 %, and one that is told all of it.
    assert len(polls) == 3


def test_rows_of_a_report_are_those_of_a_request_answered_at_once(
    sandbox: Sandbox,
) -> None:
    it, clock = client(sandbox)

    run_id = made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    reported = [*it.pages(f"{run_id}/insights", {"limit": 500})]
    at_once = [*it.pages(f"{ACME}/insights", PARAMS | {"limit": 500})]
    assert [page.rows for page in reported] == [page.rows for page in at_once]


@pytest.mark.parametrize("outcome", ["fail", "skip"])
def test_report_that_ends_without_a_result_is_not_waited_for(
    sandbox: Sandbox, outcome: Outcome
) -> None:
    sandbox.reports.plan(match="insights", outcome=outcome)
    it, clock = client(sandbox)

    with pytest.raises(ReportFailed) as caught:
        made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    assert {"fail": "Job Failed", "skip": "Job Skipped"}[outcome] in str(caught.value)
    assert waited(sandbox, clock) < 60


def test_report_that_does_not_get_on_is_given_up_after_five_minutes(
    sandbox: Sandbox,
) -> None:
    sandbox.reports.plan(match="insights", outcome="stall")
    it, clock = client(sandbox)

    with pytest.raises(ReportFailed, match="stands at"):
        made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    # Five minutes, and at most one wait of half a minute more.
    assert 300 < waited(sandbox, clock) <= 331


def test_run_that_is_unknown_for_an_instant_is_asked_after_again(
    sandbox: Sandbox,
) -> None:
    sandbox.reports.plan(match="insights", outcome="unknown_first")
    it, clock = client(sandbox)

    run_id = made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    assert run_id.isdigit()


def test_run_that_stays_unknown_is_given_up(sandbox: Sandbox) -> None:
    from ingest.sandbox.faults import graph_error

    unknown = graph_error(100, status=400, message="Unsupported get", subcode=33)
    sandbox.faults.add(match=r"GET /v25.0/\d+\?", fault=unknown, times=None)
    it, clock = client(sandbox)

    with pytest.raises(ObjectUnknown):
        made_report(it, clock, f"{ACME}/insights", PARAMS, LOAD_SECONDS)

    # Four polls that may find it unknown, and the one that gives it up.
    assert [entry.method for entry in sandbox.requests].count("GET") == 5


def test_report_that_does_not_get_on_leaves_a_short_load_most_of_its_time(
    sandbox: Sandbox,
) -> None:
    sandbox.reports.plan(match="insights", outcome="stall")
    it, clock = client(sandbox)

    with pytest.raises(ReportFailed, match="stands at"):
        made_report(it, clock, f"{ACME}/insights", PARAMS, 600)

    # A quarter of the load, and at most one wait of half a minute more.
    assert 150 < waited(sandbox, clock) <= 181


def test_report_that_gets_on_too_slowly_is_asked_for_with_fewer_days(
    sandbox: Sandbox,
) -> None:
    sandbox.reports.polls = 90
    it, clock = client(sandbox)

    with pytest.raises(TooMuchData, match=r"stands at \d+ %"):
        made_report(it, clock, f"{ACME}/insights", PARAMS, 600)

    assert 300 < waited(sandbox, clock) <= 331


def test_report_is_given_a_minute_however_short_the_load(sandbox: Sandbox) -> None:
    sandbox.reports.plan(match="insights", outcome="stall")
    it, clock = client(sandbox)

    with pytest.raises(ReportFailed, match="stands at"):
        made_report(it, clock, f"{ACME}/insights", PARAMS, 60)

    assert 60 < waited(sandbox, clock) <= 91
