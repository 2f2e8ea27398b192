"""What the API costs under load: a key, ETags and eight callers on loopback.

The server and the callers are processes of their own. Beside each figure stand a route
of constant JSON of the same server and what DuckDB alone needs for the same statements.
"""

import asyncio
import hashlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pytest

from api.callers import EVERYONE
from api.keys import Keys, new_key
from api.main import create_app
from api.settings import Settings
from api.snapshots import Reader, Snapshots
from ingest.http_protocol import BoundedProtocol
from tests.api.conftest import NOW, acme, reporting_into, write_database
from tests.bench.measuring import report
from tests.conftest import ROOT
from tests.fixtures.local_client import LocalClient

pytestmark = pytest.mark.bench

CLIENTS = 8
SECONDS = 5.0
DAYS, CAMPAIGNS = 1000, 100
# Countries of each campaign and day, by how many rows that makes.
SIZES = {"1 M": 10, "10 M": 100}
FIRST_TIMES = 60
DASHBOARD = "/v1/dashboard?since={since}&until={until}&compare=none"
FACTS = """
    insert into marts.dashboard_daily by name
    select
        'acme' as store,
        '111' as account_id,
        cast(1 + c.range as varchar) as campaign_id,
        'C' || k.range as country_code,
        'USD' as account_currency,
        'EUR' as reporting_currency,
        'exact' as fx_status,
        '7d_click_1d_view' as attribution_setting,
        (c.range + k.range) % 50 + 0.25 as spend,
        2 * ((c.range + k.range) % 50) + 0.5 as spend_account_currency,
        1000 + d.range % 100 as impressions,
        50 + k.range % 10 as clicks,
        40 as link_clicks,
        0 as outbound_clicks,
        3 as landing_page_views,
        2 as add_to_cart,
        1 as checkouts_initiated,
        (c.range + d.range) % 3 as purchases,
        30 * ((c.range + d.range) % 3) as purchase_value,
        15 * ((c.range + d.range) % 3) as purchase_value_account_currency,
        false as is_partial_day,
        cast(date '2026-03-10' - cast(d.range as integer) as date) as date_day
    from range({days}) d, range({campaigns}) c, range({countries}) k
    order by date_day, campaign_id, country_code;
    insert into marts.account_days by name
    select
        'acme' as store,
        '111' as account_id,
        false as is_partial_day,
        cast(date '2026-03-10' - cast(range as integer) as date) as date_day
    from range({days});
    insert into marts.dashboard_campaigns by name
    select
        'acme' as store,
        '111' as account_id,
        cast(1 + range as varchar) as campaign_id,
        'campaign ' || range as campaign_name,
        'ACTIVE' as status,
        'ACTIVE' as effective_status,
        true as is_active,
        true as is_present
    from range({campaigns});
"""


def write_folder(folder: Path, countries: int) -> str:
    """A data folder with so many rows and a key; gives back the key."""
    world = acme()
    for table in ("dashboard_daily", "account_days", "dashboard_campaigns"):
        world[f"marts.{table}"] = []
    (folder / "snapshots").mkdir(parents=True)
    file = folder / "snapshots" / "s1.duckdb"
    write_database(file, world)
    with duckdb.connect(file) as connection:
        connection.execute(
            FACTS.format(days=DAYS, campaigns=CAMPAIGNS, countries=countries)
        )
    manifest = {
        "snapshot_id": "s1",
        "file": "snapshots/s1.duckdb",
        "published_at": "2026-03-10T09:25:00+00:00",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "previous": None,
    }
    file.with_suffix(".json").write_text(json.dumps(manifest))
    (folder / "current.json").write_text(json.dumps(manifest))
    reporting_into(folder)()
    key, text = new_key("bench", ["acme"], NOW, None)
    (folder / "keys.json").write_text(Keys(keys=(key,)).model_dump_json())
    return text


def settings_of(folder: Path) -> Settings:
    return Settings(
        folder, now=NOW, requests_per_second=1e6, burst=10**6, kept_bytes=8 * 2**20
    )


def _serve(folder: Path, channel: Connection) -> None:
    import uvicorn

    app = create_app(settings_of(folder))

    async def constant() -> dict[str, str]:
        return {"status": "ok"}

    app.add_api_route("/constant", constant)
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=0, log_level="warning", access_log=False, http=BoundedProtocol
        )
    )

    async def serving() -> None:
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        channel.send(server.servers[0].sockets[0].getsockname()[1])
        await asyncio.to_thread(channel.recv)
        server.should_exit = True
        await task

    asyncio.run(serving())


@dataclass(frozen=True)
class Server:
    """The API in a process of its own."""

    port: int
    pid: int
    headers: dict[str, str]

    def asked(
        self,
        *targets: str,
        seconds: float = SECONDS,
        clients: int = CLIENTS,
        **more: str,
    ) -> dict[str, Any]:
        """What callers in another process saw, and what it cost the server."""
        load = {
            "host": "127.0.0.1",
            "port": self.port,
            "headers": {**self.headers, **more},
            "targets": targets,
            "clients": clients,
            "seconds": seconds,
        }
        before = self._processor()
        ended = subprocess.run(
            [sys.executable, "-m", "tests.bench.load"],
            cwd=ROOT,
            input=json.dumps(load),
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(ended.stdout)
        used = 1000 * (self._processor() - before) / found["requests"]
        return {**found, "processor_ms": round(used, 2)}

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _processor(self) -> float:
        parts = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(folder: Path, key: str) -> Iterator[Server]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, theirs), daemon=True)
    process.start()
    try:
        headers = {"Authorization": f"Bearer {key}"}
        yield Server(ours.recv(), int(process.pid or 0), headers)
    finally:
        ours.send("stop")
        process.join(30)


def first_times() -> list[str]:
    """Dashboards of 90 days that were never asked for, of other days each."""
    last = date(2026, 3, 10)
    ends = [last - timedelta(days=3 * number) for number in range(FIRST_TIMES)]
    return [DASHBOARD.format(since=end - timedelta(days=89), until=end) for end in ends]


def duckdb_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Processor milliseconds of DuckDB for the statements of each of these."""
    run: list[tuple[str, Any]] = []
    inner = Reader._run

    def noted(self: Reader, query: str, values: Any) -> Any:
        run.append((query, dict(values)))
        return inner(self, query, values)

    (folder / "keys.json").rename(folder / "keys.aside")
    found = []
    with LocalClient(create_app(settings_of(folder))) as client:
        client.get(DASHBOARD.format(since="2020-01-01", until="2020-01-01"))
        with monkeypatch.context() as patch:
            patch.setattr(Reader, "_run", noted)
            for target in first_times():
                run.append(("", None))
                assert client.get(target).status_code == 200
    (folder / "keys.aside").rename(folder / "keys.json")
    snapshots = Snapshots(replace(settings_of(folder), query_seconds=600))
    with snapshots.reading(EVERYONE) as reader:
        for query, values in run:
            begun = time.process_time()
            if query:
                reader._run(query, values)
                found[-1] += 1000 * (time.process_time() - begun)
            else:
                found.append(0.0)
    snapshots.close()
    return found


def test_serving_under_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document: dict[str, Any] = {}
    repeated = DASHBOARD.format(since="2025-12-11", until="2026-03-10")
    for name, countries in SIZES.items():
        folder = tmp_path / name.replace(" ", "")
        key = write_folder(folder, countries)
        alone = duckdb_alone(folder, monkeypatch)
        with served(folder, key) as server:
            server.asked(repeated, seconds=0.5)
            found = {
                "first_time": server.asked(*first_times(), seconds=600, clients=1),
                "constant": server.asked("/constant"),
                "repeated": server.asked(repeated),
                "constant_again": server.asked("/constant"),
            }
            found["duckdb_alone_ms"] = round(statistics.median(alone), 2)
            if name == "1 M":
                found["memory"] = memory(server)
        document[name] = found
    report("serving", document)

    for found in document.values():
        constant = max(
            found[one]["per_second"] for one in ("constant", "constant_again")
        )
        assert found["repeated"]["statuses"].keys() == {"200"}
        assert found["repeated"]["per_second"] >= 0.6 * constant
        assert found["repeated"]["p99_ms"] <= 5
    small, large = document.values()
    first = small["first_time"]
    assert first["processor_ms"] <= 2 * small["duckdb_alone_ms"] + 1
    assert first["p99_ms"] <= 150
    assert large["first_time"]["p50_ms"] <= 4 * first["p50_ms"]
    memory_mb = small["memory"]
    assert memory_mb["after_10000"] <= 1.05 * memory_mb["after_2000"]


def memory(server: Server) -> dict[str, float]:
    """Resident megabytes over 10,000 requests of which none is like another."""
    targets = [f"/v1/rows/campaign?limit=1&object_id={n}" for n in range(1, 10_001)]
    server.asked(*targets[:2000], seconds=600)
    before = server.resident_mb()
    server.asked(*targets[2000:], seconds=600)
    return {
        "after_2000": round(before, 1),
        "after_10000": round(server.resident_mb(), 1),
    }
