"""PUB-1, API-2: sixty publishes while eight clients read over HTTP."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
import uvicorn

from api.main import create_app
from api.settings import Settings
from ingest.kept_snapshots import Shelf
from ingest.old_snapshots import prune
from ingest.snapshots import publish
from tests.api.test_snapshots import marked
from tests.fixtures.world_database import write_database
from tests.fixtures.worlds import NOW

pytestmark = pytest.mark.slow

PUBLISHES, CLIENTS = 60, 8
SHELF = Shelf(newest=3, days=0, most_bytes=0)


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """The API on a port of its own, as `pathways serve` runs it."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    (socket,) = server.servers[0].sockets
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def build(data_dir: Path, number: int) -> None:
    """The next build: its number is in every name and in the spend of 03-09."""
    with duckdb.connect(str(data_dir / "build.duckdb")) as connection:
        connection.execute(
            "update marts.dashboard_campaigns set campaign_name = $number::varchar",
            {"number": number},
        )
        connection.execute(
            "update marts.dashboard_daily set spend = $number", {"number": number}
        )


def torn(document: Any) -> str | None:
    """Why the parts of an answer are not of one build; None where they are."""
    data = document["data"]
    names = {card["campaign_name"] for card in data["campaigns"]}
    spends = {
        data["overview"]["spend"]["value"],
        data["trends"][5]["spend"],
        data["campaigns"][0]["spend"],
        data["countries"][0]["spend"],
    }
    is_one = len(names) == 1 and spends == {f"{int(*names)}.00"}
    return None if is_one else f"{names} {spends}"


def test_no_answer_is_torn_none_fails_and_no_client_goes_back(
    settings: Settings,
    address: str,
    data_dir: Path,
    acme_world: Any,
    report: Callable[..., None],
) -> None:
    report()
    write_database(data_dir / "build.duckdb", json.loads(world(acme_world)))
    publish(data_dir, NOW, "1000.5")
    is_over = threading.Event()
    failures: list[str] = []
    answers: Counter[str] = Counter()

    def read() -> None:
        newest = ""
        with requests.Session() as session:
            while not is_over.is_set():
                answer = session.get(f"{address}/v1/dashboard?compare=none", timeout=30)
                if answer.status_code != 200:
                    failures.append(f"{answer.status_code} {answer.text}")
                    continue
                document = answer.json()
                found = document["meta"]["snapshot_id"]
                why = torn(document)
                if why or found < newest:
                    failures.append(f"{newest} {found} {why}")
                newest = found
                answers[found] += 1
                # All of this is one process: publishing wants its turn as well.
                is_over.wait(0.3)

    readers = [threading.Thread(target=read) for _ in range(CLIENTS)]
    for reader in readers:
        reader.start()
    started = time.monotonic()
    for number in range(1, PUBLISHES + 1):
        build(data_dir, number)
        moment = NOW + timedelta(seconds=number)
        last = publish(data_dir, moment, f"{1000 + number}.5")
        prune(data_dir, SHELF)
    seconds = time.monotonic() - started
    seen_before_the_end = len(answers)
    while answers[last.snapshot_id] < CLIENTS and not failures:
        time.sleep(0.01)
    is_over.set()
    for reader in readers:
        reader.join()

    print(
        f"\n{PUBLISHES} publishes in {seconds:.1f} s, {answers.total()} answers from "
        f"{len(answers)} snapshots, {len(failures)} failures"
    )
    assert failures == []
    assert seen_before_the_end > 10
    assert len(list((data_dir / "snapshots").glob("*.duckdb"))) <= 5


def world(acme_world: Any) -> str:
    return json.dumps(marked(acme_world, 0), default=str)
