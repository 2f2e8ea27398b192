"""OPS-4: a wall clock that jumps changes no number and no order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dlt.common import time as dlt_time

from ingest import cycle, load_ids, snapshots
from ingest.errors import BuildFailed
from ingest.kept_snapshots import Shelf
from ingest.old_snapshots import prune
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import RestateDay
from tests.conftest import Pathways
from tests.fixtures.raw_tables import rows
from tests.fixtures.small_builds import build
from tests.promises import fault_run
from tests.promises.crashed_runs import DAY_TWO, Folder, base_folder, differences
from tests.warehouse.test_runs import small_world

HOUR, YEAR = 3600, 365 * 86_400


def warehouse(data_dir: Path, *load_ids_of_loads: str, dead: str = "") -> None:
    """Loads that ended, and one that left rows and no mark."""
    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        connection.execute(
            "create schema raw_meta; create schema raw_fx; "
            "create table raw_meta._dlt_loads (load_id varchar); "
            "create table raw_fx._dlt_loads (load_id varchar); "
            "create table raw_meta.receipts (_dlt_load_id varchar)"
        )
        for number, load_id in enumerate(load_ids_of_loads):
            schema = ("raw_meta", "raw_fx")[number % 2]
            connection.execute(
                f"insert into {schema}._dlt_loads values ($id)", {"id": load_id}
            )
        if dead:
            connection.execute(
                "insert into raw_meta.receipts values ($id)", {"id": dead}
            )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """dlt's wall clock, to be set; it began with this process."""
    moment = [1_773_000_000.0]
    monkeypatch.setattr(dlt_time, "precise_time", lambda: moment[0])
    monkeypatch.setattr(dlt_time.increasing_precise_time, "_last", 0.0)
    return moment


def next_load_id() -> str:
    from dlt.common.storages.load_package import create_load_id

    return create_load_id()


def test_load_id_is_the_moment_while_the_clock_is_right(
    tmp_path: Path, clock: list[float]
) -> None:
    warehouse(tmp_path, "1772999999.5")

    load_ids.keep_growing(tmp_path)

    assert next_load_id() == "1773000000.0"


@pytest.mark.parametrize("newest", ["1773003600.25", "1804536000.1234567"])
def test_load_id_is_greater_than_the_newest_when_the_clock_was_set_back(
    tmp_path: Path, clock: list[float], newest: str
) -> None:
    warehouse(tmp_path, "1772999999.5", newest)

    load_ids.keep_growing(tmp_path)
    following = [next_load_id() for _ in range(3)]

    # As texts, as everything compares them, and as numbers.
    assert newest < following[0] < following[1] < following[2]
    assert float(newest) < float(following[0]) < float(newest) + 1e-5


def test_load_ids_go_with_the_clock_again_when_it_has_caught_up(
    tmp_path: Path, clock: list[float]
) -> None:
    warehouse(tmp_path, "1773003600.25")
    load_ids.keep_growing(tmp_path)
    behind = next_load_id()

    clock[0] = 1_773_003_700.0

    assert behind < next_load_id() == "1773003700.0"


def test_load_id_of_a_dead_load_is_never_given_again(
    tmp_path: Path, clock: list[float]
) -> None:
    warehouse(tmp_path, "1773003600.25")
    load_ids.keep_growing(tmp_path)
    dead = next_load_id()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("insert into raw_meta.receipts values ($id)", {"id": dead})
    # As the next process begins.
    dlt_time.increasing_precise_time._last = 0.0

    load_ids.keep_growing(tmp_path)

    assert next_load_id() > dead


def test_first_load_needs_no_warehouse(tmp_path: Path, clock: list[float]) -> None:
    load_ids.keep_growing(tmp_path)

    assert next_load_id() == "1773000000.0"


def test_snapshots_never_go_back_in_id_or_moment(tmp_path: Path) -> None:
    build(tmp_path)
    noon = datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC)
    moments = [noon, noon - timedelta(hours=1), noon - timedelta(days=365), noon]

    published = [
        snapshots.publish(tmp_path, moment, f"17731440{number}0.5")
        for number, moment in enumerate(moments)
    ]
    removed = prune(tmp_path, Shelf(1, days=0, most_bytes=0))

    ids = [snapshot.snapshot_id for snapshot in published]
    assert ids == sorted(ids)
    assert [each.published_at for each in published] == [noon.isoformat()] * 4
    assert sorted(removed) == ids[:2]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("clock") / "data"
    base_folder(data_dir)
    return data_dir


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(0, -HOUR, id="set back an hour between two loads"),
        pytest.param(YEAR, 0, id="a year ahead once, then right again"),
        pytest.param(YEAR, -HOUR, id="a year ahead, then an hour behind"),
    ],
)
def test_loads_under_a_jumping_clock_show_what_they_show_without(
    base: Path, tmp_path: Path, first: int, second: int
) -> None:
    """dlt's clock jumps; what was read on each day stays the day's."""
    later = DAY_TWO + timedelta(hours=2)
    found = []
    for number, skews in enumerate([(0, 0), (first, second)]):
        with Sandbox(small_world(), clock=DAY_TWO) as sandbox:
            folder = Folder(Pathways(base, sandbox)).copied(tmp_path / str(number))
            for moment, skew in zip((DAY_TWO, later), skews, strict=True):
                sandbox.clock.set(moment)
                ended = folder("sync", failpoint=f"sync.rates_fetched:1:skew={skew}")
                assert ended.exit_code == 0, ended.err
            found.append(folder.visible())
            ids = folder.run.query(
                "select load_id from raw_meta._dlt_loads order by rowid",
                "warehouse.duckdb",
            )
            assert ids == sorted(ids)
            assert len(set(ids)) == 3

    assert differences(found[1], found[0]) == []


@pytest.mark.slow
@pytest.mark.parametrize("metas_too", [False, True], ids=["ours alone", "Meta's too"])
def test_history_is_thinned_out_only_by_a_time_that_meta_says_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metas_too: bool
) -> None:
    """A clock that jumps sixty days ahead: what was read before stays, as far as Meta's
    `Date` is right."""
    monkeypatch.setattr(cycle, "dbt_build", refused)
    with fault_run.small_world() as sandbox:
        sandbox.date_follows_clock = True
        run = fault_run.FaultRun(tmp_path, sandbox)
        run.sync()
        day = sandbox.clock.now().date() - timedelta(days=2)
        sandbox.append(RestateDay(sandbox.clock.now(), fault_run.BAD, day, 900, 1000))
        sandbox.clock.advance(minutes=15)
        run.sync()
        ahead = sandbox.clock.now() + timedelta(days=60)
        if metas_too:
            sandbox.clock.set(ahead)

        report = cycle.run_cycle(
            run.settings.model_copy(update={"now": ahead}), 0, timedelta(minutes=15)
        )

        assert [step.outcome for step in report.steps if step.step == "prune"] == ["ok"]
        versions = rows(
            tmp_path,
            "select count(distinct _dlt_load_id) from raw_meta.ad_insights "
            f"where account_id = '{fault_run.BAD}' and date_start = '{day}'",
        )
        assert versions == [(1 if metas_too else 2,)]


def refused(*_: object) -> None:
    raise BuildFailed("No build here.")
