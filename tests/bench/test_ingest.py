"""How fast a first load is, beside the limit of the same run.

The limit: the same windows, asked one page after another of the same server, their
bytes written to disk and put into a DuckDB file by its own JSON reader; no check, no
receipt, no dlt. Both run as processes of their own, start-up included. Ratios count,
not seconds.
"""

import json
import statistics
import sys
from pathlib import Path

import pytest

from tests.bench.measuring import (
    Cost,
    first_requests,
    insight_rows,
    large_plans,
    last_days,
    measured,
    pathways,
    report,
    served,
    spread,
    summary,
)
from tests.conftest import Pathways

pytestmark = pytest.mark.bench

ROUNDS = 3
DAYS = 280
LIMIT = """
import sys, json, pathlib, duckdb, requests
url, token, out, plan = sys.argv[1:]
folder = pathlib.Path(out); folder.mkdir()
session = requests.Session()
session.headers["Authorization"] = f"Bearer {token}"
n = 0
for path, params in json.loads(pathlib.Path(plan).read_text()):
    more = True
    while more:
        body = session.get(url + path, params=params).content
        end = body.rfind(b'],"paging":')
        (folder / f"{n}.json").write_bytes(body[8 : end + 1] if end > 0 else b"[]")
        n += 1
        paging = json.loads(b"{" + body[end + 2 :])["paging"] if end > 0 else {}
        more = "next" in paging
        if more:
            params["after"] = paging["cursors"]["after"]
columns = {
    name: "VARCHAR"
    for name in "account_id campaign_id campaign_name adset_id adset_name ad_id "
    "ad_name country account_currency attribution_setting spend impressions clicks "
    "inline_link_clicks reach".split()
}
columns |= {"outbound_clicks": "JSON", "actions": "JSON", "action_values": "JSON"}
columns["date_start"] = "DATE"
declared = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
connection = duckdb.connect(str(folder / "limit.duckdb"))
connection.execute("set enable_progress_bar = false")
connection.execute(
    f"create table rows as select * from read_json('{out}/*.json', format = 'array', "
    f"columns = {{{declared}}})"
)
print(connection.execute("select count(*) from rows").fetchall()[0][0])
"""


def test_first_load_of_half_a_million_rows(tmp_path: Path) -> None:
    plans = large_plans(accounts=1, days=DAYS)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(first_requests(plans, DAYS)))
    loads: list[Cost] = []
    limits: list[Cost] = []
    rows: set[int] = set()
    with served(plans) as world:

        def limit(name: str) -> Cost:
            url = world.environment["SOURCES__META__API_BASE_URL"]
            token = world.environment["SOURCES__META__ACCESS_TOKEN"]
            arguments = [url, token, str(tmp_path / name), str(plan)]
            run = Pathways(tmp_path / name, extra=world.environment)
            return measured(
                [sys.executable, "-c", LIMIT, *arguments], run.environment()
            )

        # Rendered once before anyone is timed: the server is not what is measured.
        limit("warm")
        for number in range(ROUNDS):
            run = Pathways(tmp_path / f"load{number}", extra=world.environment)
            loads.append(pathways(run, "sync", *last_days(DAYS)))
            limits.append(limit(f"limit{number}"))
            rows |= {insight_rows(run), int(limits[-1].out.split()[-1])}
    shares = [b.wall / a.wall for a, b in zip(loads, limits, strict=True)]
    worked = [b.processor / a.processor for a, b in zip(loads, limits, strict=True)]
    count = max(rows)
    report(
        "ingest",
        {
            "rows": count,
            "load": summary(loads),
            "limit": summary(limits),
            "rows_per_second": spread([count / cost.wall for cost in loads]),
            "share_of_limit": spread(shares),
            "share_of_limit_in_processor_seconds": spread(worked),
        },
    )

    assert len(rows) == 1
    assert count >= 500_000
    assert statistics.median(shares) >= 0.35
    assert max(cost.peak_mb for cost in loads) <= 800
