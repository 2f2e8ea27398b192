"""How fast warm pages are served: over 100,000 rows a second, so that readers lag."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.statuses import KNOWN
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world, default_plans

COUNTRIES = ("US", "GB", "CA", "DE", "FR", "IT", "ES", "NL")
FIELDS = (
    "account_id,campaign_id,campaign_name,adset_id,adset_name,ad_id,ad_name,spend,"
    "impressions,clicks,reach,inline_link_clicks,outbound_clicks,actions,action_values,"
    "attribution_setting"
)
# Reads bytes only: all pages, eleven times, and tells rows and seconds of the last ten.
CLIENT = """
import json, sys, time, requests
url, params = sys.argv[1], json.loads(sys.argv[2])
session = requests.Session()
session.trust_env = False
for turn in range(11):
    rows, begin, after = 0, time.perf_counter(), {}
    while True:
        body = session.get(url, params=params | after, timeout=60).content
        tail = body[body.rindex(b'"paging":'):]
        if b'"next"' not in tail:
            rows += body.count(b'"date_start"')
            break
        rows += params["limit"]
        cursors = json.loads(b"{" + tail)["paging"]["cursors"]
        after = {"after": cursors["after"]}
    if turn:
        print(rows, time.perf_counter() - begin)
"""


@pytest.mark.bench
def test_warm_pages_are_served_at_over_100000_rows_a_second() -> None:
    # 12 campaigns of 4 ad sets of 5 ads are 240 ads.
    plan = replace(
        default_plans()[0],
        campaigns=12,
        adsets_per_campaign=4,
        ads_per_adset=(5,),
        countries=COUNTRIES,
    )
    status = {
        "field": "ad.effective_status",
        "operator": "IN",
        "value": sorted(KNOWN["ad"]),
    }
    params = {
        "level": "ad",
        "time_range": json.dumps({"since": "2026-02-01", "until": "2026-03-09"}),
        "time_increment": 1,
        "limit": 500,
        "breakdowns": "country",
        "filtering": json.dumps([status]),
        "fields": FIELDS,
    }

    with Sandbox(
        build_world([plan], seed=DEFAULT_SEED, start=DEFAULT_START)
    ) as sandbox:
        url = f"{sandbox.url}/v25.0/act_{plan.account_id}/insights"
        asked = json.dumps(params | {"access_token": sandbox.token})
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, url, asked],
            check=True,
            capture_output=True,
            text=True,
        )

    turns = [line.split() for line in done.stdout.splitlines()]
    speeds = sorted(int(rows) / float(seconds) for rows, seconds in turns)
    low, middle, high = speeds[0], speeds[len(speeds) // 2], speeds[-1]
    print(f"rows/s served: {low:,.0f} / {middle:,.0f} / {high:,.0f} (min/median/max)")
    assert middle > 100_000
