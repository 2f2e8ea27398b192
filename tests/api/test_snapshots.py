"""Reading snapshots: switching, damage, and what a connection must not do."""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi.testclient import TestClient

from api.callers import EVERYONE
from api.errors import SnapshotUnusable, TooSlow
from api.main import create_app
from api.settings import Settings
from api.snapshots import QUERIES, Query, Snapshots
from tests.fixtures.local_client import LocalClient

Publish = Callable[..., None]


def marked(world: Any, build: int) -> Any:
    """The world with its build in every campaign name and in the spend of 03-09."""
    for card in world["marts.dashboard_campaigns"]:
        card["campaign_name"] = str(build)
    world["marts.dashboard_daily"] = [
        world["core.meta_daily_metrics"][2] | {"date_day": "2026-03-09", "spend": build}
    ]
    return world


def test_readers_never_see_a_mixture_nor_go_back_while_snapshots_are_published(
    settings: Settings, publish: Publish, acme_world: Any, report: Callable[..., None]
) -> None:
    report()
    publish(marked(acme_world, 0), "0")
    app = create_app(settings)
    is_over = threading.Event()
    has_read = threading.Semaphore(0)
    failures: list[str] = []

    def read() -> None:
        client, newest = LocalClient(app, raise_server_exceptions=False), 0
        while not is_over.is_set():
            answer = client.get("/v1/dashboard?compare=none")
            has_read.release()
            if answer.status_code != 200:
                failures.append(answer.text)
                continue
            document = answer.json()
            build = int(document["meta"]["snapshot_id"])
            data = document["data"]
            seen = {card["campaign_name"] for card in data["campaigns"]}
            spend = {
                data["overview"]["spend"]["value"],
                data["trends"][5]["spend"],
                data["campaigns"][0]["spend"],
                data["countries"][0]["spend"],
            }
            if seen != {str(build)} or spend != {f"{build}.00"} or build < newest:
                failures.append(f"{newest} {build} {seen} {spend}")
            newest = build

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for build in range(1, 6):
        publish(marked(acme_world, build), str(build))
        for _ in range(4):
            assert has_read.acquire(timeout=60)
    is_over.set()
    for reader in readers:
        reader.join()

    assert failures == []
    last = LocalClient(app).get("/v1/dashboard").json()
    assert last["data"]["overview"]["spend"]["value"] == "5.00"


def test_a_reader_stays_with_its_snapshot_and_the_old_one_closes_behind_it(
    settings: Settings, publish: Publish, acme_world: Any
) -> None:
    publish(acme_world, "s1")
    snapshots = Snapshots(settings)

    with snapshots.reading(EVERYONE) as early:
        publish(acme_world, "s2")
        with snapshots.reading(EVERYONE) as late:
            (settings.data_dir / "snapshots" / "s1.duckdb").unlink()

            assert (early.snapshot_id, late.snapshot_id) == ("s1", "s2")
            assert early.rows("stores", {"store": None})
    snapshots.close()


def test_going_back_to_the_snapshot_before_works_while_it_is_still_read(
    settings: Settings, publish: Publish, acme_world: Any, data_dir: Path
) -> None:
    publish(acme_world, "s1")
    first = (data_dir / "current.json").read_text()
    snapshots = Snapshots(settings)

    with snapshots.reading(EVERYONE):
        publish(acme_world, "s2")
        with snapshots.reading(EVERYONE):
            (data_dir / "current.json").write_text(first)
            with snapshots.reading(EVERYONE) as back:
                assert back.snapshot_id == "s1"
                assert back.rows("stores", {"store": None})
    snapshots.close()


def test_the_pointer_is_looked_at_no_more_often_than_told(
    settings: Settings, publish: Publish, acme_world: Any
) -> None:
    publish(acme_world, "s1")
    snapshots = Snapshots(replace(settings, poll_seconds=3600))

    with snapshots.reading(EVERYONE):
        pass
    publish(acme_world, "s2")
    with snapshots.reading(EVERYONE) as reader:
        assert reader.snapshot_id == "s1"
    snapshots.close()


def _missing(file: Path) -> None:
    file.unlink()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-4096])


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def _not_a_database(file: Path) -> None:
    file.write_text("<html>")


DAMAGES = [_missing, _cut, _flipped, _not_a_database]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_leaves_the_one_being_served(
    client: TestClient,
    publish: Publish,
    acme_world: Any,
    data_dir: Path,
    damage: Callable[[Path], None],
) -> None:
    publish(marked(acme_world, 1), "s1")
    assert client.get("/readyz").json()["snapshot_id"] == "s1"

    publish(marked(acme_world, 2), "s2")
    damage(data_dir / "snapshots" / "s2.duckdb")
    document = client.get("/v1/dashboard").json()

    assert document["meta"]["snapshot_id"] == "s1"
    assert document["data"]["overview"]["spend"]["value"] == "1.00"
    (warning, _) = document["meta"]["warnings"]
    assert "cannot be used" in warning
    assert "published at 2026-03-10T09:25:00+00:00" in warning


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_snapshot_that_is_damaged_while_it_is_served_gives_way(
    client: TestClient,
    publish: Publish,
    acme_world: Any,
    data_dir: Path,
    damage: Callable[[Path], None],
) -> None:
    publish(marked(acme_world, 1), "s1")
    publish(marked(acme_world, 2), "s2")
    assert client.get("/readyz").json()["snapshot_id"] == "s2"

    damage(data_dir / "snapshots" / "s2.duckdb")
    document = client.get("/v1/dashboard").json()

    assert document["meta"]["snapshot_id"] == "s1"
    assert document["data"]["overview"]["spend"]["value"] == "1.00"


@pytest.mark.parametrize("damage", DAMAGES)
def test_at_the_start_a_damaged_snapshot_gives_way_to_the_one_before(
    settings: Settings,
    publish: Publish,
    acme_world: Any,
    data_dir: Path,
    damage: Callable[[Path], None],
) -> None:
    publish(marked(acme_world, 1), "s1")
    publish(marked(acme_world, 2), "s2")
    damage(data_dir / "snapshots" / "s2.duckdb")

    document = LocalClient(create_app(settings)).get("/v1/dashboard").json()

    assert document["meta"]["snapshot_id"] == "s1"
    assert document["data"]["overview"]["spend"]["value"] == "1.00"


@pytest.mark.parametrize(
    "statement",
    [
        "drop table marts.settled_days",
        "alter table marts.dashboard_daily drop column attribution_setting",
    ],
)
def test_a_snapshot_of_an_earlier_release_is_answered_with_what_to_run(
    client: TestClient,
    publish: Publish,
    acme_world: Any,
    data_dir: Path,
    statement: str,
) -> None:
    publish(acme_world, "s1")
    file = data_dir / "snapshots" / "s1.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(statement)
    for named in (file.with_suffix(".json"), data_dir / "current.json"):
        document = json.loads(named.read_text())
        document["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        named.write_text(json.dumps(document))

    answer = client.get("/v1/dashboard")

    assert answer.status_code == 503
    assert "pathways run" in answer.json()["hint"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_with_nothing_good_to_read_the_answer_is_503(
    client: TestClient,
    publish: Publish,
    acme_world: Any,
    data_dir: Path,
    damage: Callable[[Path], None],
) -> None:
    publish(acme_world, "s1")
    damage(data_dir / "snapshots" / "s1.duckdb")

    answer = client.get("/v1/dashboard")

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-SNAPSHOT")
    assert str(data_dir) not in answer.text
    assert client.get("/v1/status").status_code == 200


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"snapshot_id": "s1"}),
        json.dumps(
            {
                "snapshot_id": "x",
                "file": "../../etc/passwd",
                "sha256": "0",
                "published_at": "2026-03-10T09:25:00+00:00",
            }
        ),
    ],
)
def test_a_pointer_that_cannot_be_followed_changes_nothing(
    client: TestClient, publish: Publish, acme_world: Any, data_dir: Path, pointer: str
) -> None:
    publish(acme_world, "s1")
    assert client.get("/readyz").status_code == 200

    (data_dir / "current.json").write_text(pointer)

    assert client.get("/readyz").json()["snapshot_id"] == "s1"


def test_a_repaired_pointer_is_followed_again(
    client: TestClient, publish: Publish, acme_world: Any, data_dir: Path
) -> None:
    publish(acme_world, "s1")
    client.get("/readyz")
    (data_dir / "current.json").write_text("{")
    client.get("/readyz")

    publish(acme_world, "s2")
    document = client.get("/v1/stores").json()

    assert document["meta"]["snapshot_id"] == "s2"
    assert document["meta"]["warnings"] == ["status.json is missing."]


def test_a_snapshot_without_a_table_that_is_read_is_not_served(
    client: TestClient, publish: Publish, acme_world: Any, data_dir: Path
) -> None:
    publish(acme_world, "s1")
    file = data_dir / "snapshots" / "s1.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("drop table marts.status_checks")
    pointer = json.loads((data_dir / "current.json").read_text())
    pointer["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (data_dir / "current.json").write_text(json.dumps(pointer))

    assert client.get("/readyz").json()["code"] == "API-503-SNAPSHOT"


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/etc/*')",
        "attach '/tmp/other.duckdb' as other",
        "copy (select 1) to '/tmp/out.csv'",
        "export database '/tmp/out'",
        "install httpfs",
        "load httpfs",
        "set threads = 8",
        "set memory_limit = '64GB'",
        "set TimeZone = 'Asia/Riyadh'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "create table core.mine (one integer)",
        "drop table core.meta_receipts",
        "delete from marts.accounts",
        "insert into marts.accounts (store) values ('x')",
    ],
)
def test_a_connection_cannot_leave_its_snapshot(
    settings: Settings,
    publish: Publish,
    acme_world: Any,
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
) -> None:
    publish(acme_world)
    hostile = {**QUERIES, "hostile": Query(statement, frozenset())}
    monkeypatch.setattr("api.snapshots.QUERIES", hostile)
    snapshots = Snapshots(settings)

    refusal = r"(?i)locked|disabled|read-only"
    refusals = (duckdb.Error, SnapshotUnusable)
    with snapshots.reading(EVERYONE) as reader, pytest.raises(refusals) as refused:
        reader.rows("hostile", {})

    cause = refused.value.__cause__ or refused.value
    assert re.search(refusal, str(cause)), cause
    snapshots.close()


def test_queries_that_take_too_long_are_interrupted(
    settings: Settings,
    publish: Publish,
    acme_world: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(acme_world)
    endless = "select sum(a.range + b.range) from range(10000000) a, range(10000000) b"
    slow = {**QUERIES, "slow": Query(endless, frozenset())}
    monkeypatch.setattr("api.snapshots.QUERIES", slow)
    snapshots = Snapshots(replace(settings, query_seconds=0.05))

    with snapshots.reading(EVERYONE) as reader:
        with pytest.raises(TooSlow):
            reader.rows("slow", {})
        with pytest.raises(TooSlow):
            reader.rows("stores", {"store": None})
    snapshots.close()


def test_an_answer_that_takes_too_long_is_503(
    settings: Settings,
    publish: Publish,
    acme_world: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(acme_world)
    endless = "select sum(a.range + b.range) from range(10000000) a, range(10000000) b"
    monkeypatch.setitem(QUERIES, "stores", Query(endless, frozenset()))
    client = LocalClient(create_app(replace(settings, query_seconds=0.05)))

    answer = client.get("/v1/stores")

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-TIME")
    assert answer.headers["Retry-After"]


def test_an_answer_that_takes_too_much_memory_is_503(
    settings: Settings,
    publish: Publish,
    acme_world: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(acme_world)
    greedy = "select list(range) as store from range(100000000)"
    monkeypatch.setitem(QUERIES, "stores", Query(greedy, frozenset()))
    client = LocalClient(create_app(replace(settings, memory_limit="64MB")))

    answer = client.get("/v1/stores")

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-MEMORY")
