"""The host's time zone is nobody's business: not a load's, not a build's.

One account in New York, five days old, read and built on hosts of five zones: the two
ends of the world, two with parts of an hour, and one whose clocks change in these days.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, DEFAULT_START, build_world, default_plans
from ingest.tables import META_TABLES
from tests.conftest import Pathways, table_hashes

pytestmark = pytest.mark.slow

ZONES = (
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "Pacific/Marquesas",
    "America/New_York",
)


@dataclass
class Host:
    """What a host of a zone has of the same world."""

    raw: dict[str, list[tuple[Any, ...]]]
    built: list[tuple[str, int, str]]


def small_sandbox() -> Sandbox:
    plan = replace(
        default_plans()[0], campaigns=1, adsets_per_campaign=1, created_days_ago=4
    )
    return Sandbox(build_world([plan], seed=DEFAULT_SEED, start=DEFAULT_START))


def raw_rows(run: Pathways) -> dict[str, list[tuple[Any, ...]]]:
    """Every raw row, but for the load that brought it: that is named by the clock."""
    return {
        table: run.query(
            f"select cast(content as varchar) from (select * exclude (_dlt_load_id) "
            f"from raw_meta.{table}) as content order by 1",
            "warehouse.duckdb",
        )
        for table in META_TABLES
    }


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Host]:
    folder: Path = tmp_path_factory.mktemp("zones")
    found = {}
    with small_sandbox() as sandbox:
        first = Pathways(folder / "built", sandbox, {"TZ": ZONES[0]})
        assert first("sync").exit_code == 0
        for zone in ZONES:
            own = Pathways(folder / zone.split("/")[1], sandbox, {"TZ": zone})
            assert own("sync").exit_code == 0
            same = replace(first, extra={"TZ": zone})
            ended = same("build", "--full-refresh")
            assert ended.exit_code == 0, ended.err
            found[zone] = Host(raw_rows(own), list(table_hashes(same, "build.duckdb")))
    return found


def test_the_same_raw_rows_make_the_same_tables_under_five_zones(
    hosts: dict[str, Host],
) -> None:
    one, *others = (host.built for host in hosts.values())

    assert len(one) > 15
    assert sum(rows for _, rows, _ in one) > 100
    assert others == [one] * 4


def test_the_same_world_is_read_as_the_same_rows_under_five_zones(
    hosts: dict[str, Host],
) -> None:
    one, *others = (host.raw for host in hosts.values())

    assert len(one["ad_insights"]) > 10
    assert len(one["receipts"]) > 40
    assert others == [one] * 4
