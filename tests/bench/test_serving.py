"""What the API costs under load: a key, ETags, logs and eight callers on loopback.

The server and the callers are processes of their own. Beside each figure stand a route
of constant JSON of the same server and what DuckDB alone needs for the same statements.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.callers import EVERYONE
from api.main import create_app
from api.snapshots import Reader, Snapshots
from ingest.database_files import read_whole
from ingest.files import digest_of
from ingest.snapshots import publish
from tests.bench.measuring import report, spread
from tests.bench.serving import Server, served, settings_of, write_folder
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW

pytestmark = pytest.mark.bench

# Countries of each campaign and day, by how many rows that makes.
SIZES = {"1 M": 10, "10 M": 100}
FIRST_TIMES, FIRST_TIMES_OF_EIGHT = 60, 240
PUBLISHES, PUBLISH_SECONDS = 6, 2.0
# 10,000 requests of which none is like another; memory is looked at after 2,000.
DISTINCT, WARM = 10_000, 2_000
# With the window it is compared with, as it is asked for by default.
DASHBOARD = "/v1/dashboard?since={since}&until={until}"


def first_times(count: int, skipped: int = 0) -> list[str]:
    """Dashboards of 90 days that were never asked for, of other days each."""
    last = date(2026, 3, 10)
    ends = [last - timedelta(days=skipped + number) for number in range(count)]
    return [DASHBOARD.format(since=end - timedelta(days=89), until=end) for end in ends]


def duckdb_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Processor milliseconds of DuckDB for the statements of each of these."""
    run: list[tuple[str, Any]] = []
    inner = Reader._run

    def noted(self: Reader, query: str, values: Any) -> Any:
        run.append((query, dict(values)))
        return inner(self, query, values)

    (folder / "keys.json").rename(folder / "keys.aside")
    found: list[float] = []
    with LocalClient(create_app(settings_of(folder))) as client:
        client.get(DASHBOARD.format(since="2020-01-01", until="2020-01-01"))
        with monkeypatch.context() as patch:
            patch.setattr(Reader, "_run", noted)
            for target in first_times(FIRST_TIMES):
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


def memory(server: Server) -> dict[str, Any]:
    """Resident megabytes over requests of which none is like another."""
    targets = [
        f"/v1/rows/campaign?limit=1&object_id={n}" for n in range(1, DISTINCT + 1)
    ]
    first = server.asked(*targets[:WARM], seconds=600)
    before = server.resident_mb()
    rest = server.asked(*targets[WARM:], seconds=600)
    return {
        "warm_mb": round(before, 1),
        "after_mb": round(server.resident_mb(), 1),
        "requests": first["requests"] + rest["requests"],
        "statuses": Counter(first["statuses"]) + Counter(rest["statuses"]),
    }


def seconds_of(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def while_publishing(server: Server, folder: Path, target: str) -> dict[str, Any]:
    """What callers see while the build is published again and again, and what of a
    publication is neither hashing the file nor reading it whole."""
    build = folder / "build.duckdb"
    hashing = seconds_of(lambda: digest_of(build))
    reading = seconds_of(lambda: read_whole(build))

    def published(number: int) -> float:
        moment = NOW + timedelta(seconds=number)
        seconds = seconds_of(partial(publish, folder, moment, f"{number}.5"))
        time.sleep(max(0.0, PUBLISH_SECONDS - seconds))
        return seconds

    numbers = range(1, PUBLISHES + 1)
    with ThreadPoolExecutor(1) as publisher:
        publishing = publisher.map(published, numbers)
        found = server.asked(target, seconds=PUBLISHES * PUBLISH_SECONDS)
        under_load = list(publishing)
    alone = [published(PUBLISHES + number) for number in (1, 2, 3)]
    return {
        **found,
        "publish_seconds": {
            "under_load": spread(under_load),
            "alone": spread(alone),
            "of_that_hashing": round(hashing, 2),
            "of_that_reading_whole": round(reading, 2),
            "besides": round(statistics.median(alone) - hashing - reading, 2),
        },
    }


def test_serving_under_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document: dict[str, Any] = {}
    repeated = DASHBOARD.format(since="2025-12-11", until="2026-03-10")
    for name, countries in SIZES.items():
        folder = tmp_path / name.replace(" ", "")
        key = write_folder(folder, countries)
        alone = duckdb_alone(folder, monkeypatch)
        one, eight = (
            first_times(FIRST_TIMES),
            first_times(FIRST_TIMES_OF_EIGHT, skipped=FIRST_TIMES),
        )
        with served(folder, key) as server:
            server.asked("/constant", seconds=0.5)
            found = {
                "first_time_one_client": server.asked(*one, seconds=600, clients=1),
                "first_time": server.asked(*eight, seconds=600),
                "constant": server.asked("/constant"),
                "repeated": server.asked(repeated),
                "constant_again": server.asked("/constant"),
                "while_publishing": while_publishing(server, folder, repeated),
            }
            if name == "1 M":
                found["distinct"] = memory(server)
        document[name] = {
            **found,
            "duckdb_alone_ms": round(statistics.median(alone), 2),
        }
    report("serving", document)

    for found in document.values():
        asked = [one for one in found.values() if isinstance(one, dict)]
        assert all(one["statuses"].keys() == {"200"} for one in asked)
        constant = max(
            found[one]["per_second"] for one in ("constant", "constant_again")
        )
        assert found["repeated"]["per_second"] >= 0.6 * constant
        assert found["repeated"]["p99_ms"] <= 5
        assert found["while_publishing"]["p99_ms"] <= 500
        assert found["while_publishing"]["publish_seconds"]["besides"] <= 1
    small, large = document.values()
    one = small["first_time_one_client"]
    assert one["processor_ms"] <= 2 * small["duckdb_alone_ms"] + 1
    assert small["first_time"]["p99_ms"] <= 150
    assert large["first_time"]["p50_ms"] <= 4 * small["first_time"]["p50_ms"]
    assert large["repeated"]["p50_ms"] <= 1.5 * small["repeated"]["p50_ms"]
    assert small["distinct"]["after_mb"] <= 1.05 * small["distinct"]["warm_mb"]
