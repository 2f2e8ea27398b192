"""The API in a process of its own, over a folder with so many rows, and who asks it."""

import asyncio
import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb

from api.keys import Keys, new_key
from api.main import create_app
from api.settings import Settings
from ingest.http_protocol import BoundedProtocol
from tests.conftest import ROOT
from tests.fixtures.published import reporting_into
from tests.fixtures.world_database import write_database
from tests.fixtures.worlds import NOW, acme

CLIENTS = 8
SECONDS = 5.0
DAYS, CAMPAIGNS = 1000, 100
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
    insert into marts.level_days by name
    select
        'acme' as store,
        '111' as account_id,
        levels.level,
        false as is_partial_day,
        cast(date '2026-03-10' - cast(range as integer) as date) as date_day
    from range({days})
    cross join (values ('account'), ('campaign'), ('adset'), ('ad')) as levels (level);
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
    for table in ("dashboard_daily", "level_days", "dashboard_campaigns"):
        world[f"marts.{table}"] = []
    (folder / "snapshots").mkdir(parents=True)
    file = folder / "snapshots" / "s1.duckdb"
    write_database(file, world)
    with duckdb.connect(file) as connection:
        connection.execute(
            FACTS.format(days=DAYS, campaigns=CAMPAIGNS, countries=countries)
        )
    # What publishing copies.
    shutil.copy(file, folder / "build.duckdb")
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
    """As `pathways serve` does with `pathways.logs`: requests as JSON, to stderr."""
    import logging

    import uvicorn

    from ingest import logs

    sys.stderr = (folder / "log").open("w")
    logs.set_up([], formatter=logs.JsonLines())
    logging.getLogger("api.requests").setLevel(logging.INFO)
    app = create_app(settings_of(folder))

    async def constant() -> dict[str, str]:
        return {"status": "ok"}

    app.add_api_route("/constant", constant)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            http=BoundedProtocol,
            ws="none",
            log_level="warning",
            log_config=None,
            server_header=False,
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
