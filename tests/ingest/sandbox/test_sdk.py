"""Meta's own client, facebook-business, reads the sandbox to the same totals."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from ingest.sandbox.nodes import Level
from ingest.sandbox.server import Sandbox
from ingest.sandbox.statuses import KNOWN

ACME = "100000000000001"
SINCE, UNTIL = date(2026, 2, 20), date(2026, 3, 10)
FIELDS = ["ad_id", "spend", "impressions"]


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[AdAccount]:
    """The account in Meta's client. Its crash reports, which go to Meta, are off."""
    monkeypatch.setattr(FacebookSession, "GRAPH", sandbox.url)
    session = FacebookSession(access_token=sandbox.token, timeout=10)
    session.requests.trust_env = False
    yield AdAccount(f"act_{ACME}", api=FacebookAdsApi(session, api_version="v25.0"))
    session.requests.close()


def every_status(level: Level) -> list[dict[str, Any]]:
    field = f"{level}.effective_status"
    return [{"field": field, "operator": "IN", "value": sorted(KNOWN[level])}]


def asked(level: Level) -> dict[str, Any]:
    return {
        "level": level,
        "time_range": {"since": SINCE.isoformat(), "until": UNTIL.isoformat()},
        "time_increment": 1,
        "filtering": [] if level == "account" else every_status(level),
        "limit": 17,
    }


def sums(rows: list[Any]) -> dict[str, Decimal]:
    return {
        name: sum((Decimal(row[name]) for row in rows), Decimal(0))
        for name in ("spend", "impressions")
    } | {"rows": Decimal(len(rows))}


def true_sums(sandbox: Sandbox, level: Level) -> dict[str, Decimal]:
    rows = list(sandbox.truth_rows(ACME, level, SINCE, UNTIL))
    return {
        name: sum((row.metrics[name] for row in rows), Decimal(0))
        for name in ("spend", "impressions")
    } | {"rows": Decimal(len(rows))}


def test_it_lists_campaigns_ad_sets_and_ads(
    sandbox: Sandbox, account: AdAccount
) -> None:
    world = sandbox.world
    listings: list[tuple[Level, Any, Any]] = [
        ("campaign", account.get_campaigns, world.campaigns),
        ("adset", account.get_ad_sets, world.adsets),
        ("ad", account.get_ads, world.ads),
    ]
    for level, get, nodes in listings:
        params = {"filtering": every_status(level), "limit": 4}

        found = list(get(fields=["name"], params=params))

        own = {node.id: node.name for node in nodes if node.account_id == ACME}
        assert {one["id"]: one["name"] for one in found} == own
        assert len(found) == len(own) > 4


@pytest.mark.parametrize("level", ["account", "campaign", "adset", "ad"])
def test_it_pages_insights_to_the_end(
    sandbox: Sandbox, account: AdAccount, level: Level
) -> None:
    rows = list(account.get_insights(fields=FIELDS, params=asked(level)))

    assert sums(rows) == true_sums(sandbox, level)
    assert len(rows) > 17


def test_it_runs_a_report_job_and_reads_all_its_rows(
    sandbox: Sandbox, account: AdAccount
) -> None:
    run: AdReportRun = account.get_insights_async(fields=FIELDS, params=asked("ad"))
    statuses = [run.api_get()["async_status"]]
    while statuses[-1] != "Job Completed":
        statuses.append(run.api_get()["async_status"])

    rows = list(run.get_result(params={"limit": 50}))

    assert statuses == ["Job Not Started", "Job Running", "Job Completed"]
    assert sums(rows) == true_sums(sandbox, "ad")
    assert sandbox.token not in repr(sandbox.requests)


def test_it_understands_a_refusal(sandbox: Sandbox, account: AdAccount) -> None:
    sandbox.throttle(ACME, "insights", 5)

    with pytest.raises(FacebookRequestError) as refused:
        account.get_insights(fields=FIELDS, params=asked("ad"))

    assert refused.value.api_error_code() == 80000
    assert refused.value.api_error_subcode() == 2446079
