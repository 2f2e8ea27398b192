"""One set of models on DuckDB, Postgres and Spark: the same rows in every public table.

The default world is loaded by real cycles, a first day and three more with a restated
day, a rename, a pause, a new and a vanished ad, an emptied day and a withheld rate.
Each engine builds from a copy of the same raw rows.
"""

import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import (
    EmptyDay,
    NewAd,
    Rename,
    RestateDay,
    SetStatus,
    VanishAd,
)
from ingest.sandbox.world import default_world
from tests.conftest import Pathways
from tests.fixtures import engines
from tests.fixtures.engine_rows import (
    MISSING,
    Built,
    Table,
    Tables,
    built_by_duckdb,
    built_by_postgres,
    built_by_spark,
    differing,
    public_tables,
    total,
)

pytestmark = pytest.mark.engines
STAGES = ("first day", "three days on")
BUILD = ("build", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Told:
    """A data folder as it stood at each stage, and what DuckDB had built there."""

    folders: dict[str, Path]
    built: dict[str, Built]

    def tables(self, stage: str, engine: str) -> list[Table]:
        """The public tables, but for those that the engine does not build."""
        return [
            table
            for table in public_tables(self.folders[stage] / "build.duckdb")
            if table.name not in MISSING[engine]
        ]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    world = default_world()
    folder = tmp_path_factory.mktemp("engines")
    acme, noor = (account.id for account in world.accounts)
    campaigns = [
        campaign
        for campaign in world.campaigns
        if campaign.account_id == acme and campaign.status == "ACTIVE"
    ]
    adset = next(adset for adset in world.adsets if adset.account_id == acme)
    vanished = next(ad for ad in world.ads if ad.account_id == noor)
    kept = {}

    def keep(run: Pathways, stage: str, *arguments: str) -> None:
        # A cycle thins raw after it published; a build follows what is left.
        for verb in (("run", *arguments), ("build",)):
            ended = run(*verb)
            assert ended.exit_code == 0, ended.err
        kept[stage] = folder / stage.replace(" ", "_")
        kept[stage].mkdir()
        for file in ("warehouse.duckdb", "build.duckdb"):
            shutil.copy(run.data_dir / file, kept[stage] / file)

    with Sandbox(world, empty_page_every=5) as sandbox:
        run = Pathways(folder / "data", sandbox)
        sandbox.rates.withhold(date(2026, 3, 11))
        keep(run, STAGES[0])

        start = sandbox.clock.now()
        sandbox.append(
            RestateDay(start + timedelta(hours=20), acme, date(2026, 2, 20), 900, 1300),
            Rename(start + timedelta(hours=21), campaigns[0].id, "Renamed 'é' \"q\""),
            SetStatus(start + timedelta(hours=22), campaigns[1].id, "PAUSED"),
            NewAd(start + timedelta(hours=23), adset.id, "901000000000000077", "Fresh"),
            VanishAd(start + timedelta(hours=30), vanished.id),
            EmptyDay(start + timedelta(hours=31), noor, date(2026, 3, 3)),
        )
        sandbox.clock.advance(days=3)
        keep(run, STAGES[1], "--accept-shrink")
    return Told(kept, {stage: built_by_duckdb(path) for stage, path in kept.items()})


@pytest.fixture(scope="session")
def server() -> Iterator[engines.Postgres]:
    binaries = engines.postgres_binaries()
    if binaries is None:
        pytest.skip("no initdb on PATH or in /usr/lib/postgresql: install Postgres")
    if importlib.util.find_spec("dbt.adapters.postgres") is None:
        pytest.skip("dbt-postgres is not installed: pip install -e .[postgres]")
    with engines.postgres_server(binaries) as running:
        yield running


@pytest.fixture(scope="session")
def postgres(told: Told, server: engines.Postgres) -> dict[str, Built]:
    """What Postgres built at each stage, at the second one incrementally."""
    built = {}
    for stage in STAGES:
        engines.copy_raw_to_postgres(told.folders[stage], server)
        engines.dbt("postgres", told.folders[stage], *BUILD, **server.variables)
        built[stage] = built_by_postgres(server, told.tables(stage, "Postgres"))
    return built


@pytest.fixture(scope="session")
def spark(told: Told) -> dict[str, Built]:
    """What Spark built of the last stage; it builds everything anew each time."""
    if shutil.which("java") is None:
        pytest.skip("no java on PATH: Spark needs 17 or later")
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: pip install -e .[spark]")
    if importlib.util.find_spec("dbt.adapters.spark") is None:
        pytest.skip("dbt-spark is not installed: pip install -e .[spark]")
    stage = STAGES[-1]
    folder = engines.build_on_spark(told.folders[stage])
    return {stage: built_by_spark(folder, told.tables(stage, "Spark"))}


def assert_same(told: Told, stage: str, engine: str, found: Tables) -> None:
    tables = told.tables(stage, engine)
    expected = told.built[stage].tables
    assert found.keys() == {table.name for table in tables}
    print(f"\n{stage}: DuckDB | {engine}")
    for table in tables:
        ours, others = expected[table.name], found[table.name]
        sums = [
            f"{column} {total(table, ours, column)} | {total(table, others, column)}"
            for column in ("spend", "purchases")
            if column in table.columns
        ]
        print(f"{table.name:28} rows {len(ours):,} | {len(others):,}", *sums, sep="   ")
    for name, rows in found.items():
        assert len(rows) == len(expected[name]), name
        assert list(differing(expected[name], rows))[:3] == [], name


@pytest.mark.parametrize("engine", MISSING)
def test_every_public_table_but_the_named_ones_is_compared(
    told: Told, engine: str
) -> None:
    compared = {table.name for table in told.tables(STAGES[-1], engine)}

    assert compared == told.built[STAGES[-1]].tables.keys() - MISSING[engine].keys()
    assert len(compared) >= 17
    assert {"core.meta_daily_metrics", "marts.budget_priors"} <= compared


@pytest.mark.parametrize("stage", STAGES)
def test_postgres_builds_the_rows_that_duckdb_builds(
    told: Told, postgres: dict[str, Built], stage: str
) -> None:
    assert_same(told, stage, "Postgres", postgres[stage].tables)


def test_postgres_rebuilds_the_changed_days_only(postgres: dict[str, Built]) -> None:
    first, later = (postgres[stage] for stage in STAGES)
    days = len(later.tables["marts.account_days"])

    print(f"\nPostgres rebuilt {later.rebuilt} of {days} days")
    assert first.rebuilt == len(first.tables["marts.account_days"])
    assert later.rebuilt is not None
    assert 0 < later.rebuilt < days / 2


def test_postgres_that_orders_text_by_a_language_is_refused(
    server: engines.Postgres, tmp_path: Path
) -> None:
    import psycopg2

    english = "template template0 locale_provider icu icu_locale 'en-US'"
    try:
        database = server.create_database("english", english)
    except psycopg2.Error as error:
        pytest.skip(f"this Postgres has no ICU: {error}")

    with pytest.raises(AssertionError, match="orders text by a language"):
        engines.dbt("postgres", tmp_path, *BUILD, **database.variables)


def test_spark_builds_the_rows_that_duckdb_builds(
    told: Told, spark: dict[str, Built]
) -> None:
    for stage, built in spark.items():
        assert_same(told, stage, "Spark", built.tables)


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "spark"])
def test_ratios_are_one_formula_on(
    told: Told, request: pytest.FixtureRequest, engine: str
) -> None:
    # 1/4, 30/12 four times, 3 of 200 in percent and a thousand, 12 to 15, no divisor.
    expected = (0.25, 2.5, 2.5, 2.5, 1.5, 2.5, 15.0, 1.5, 25.0, None, None)

    built = told.built if engine == "duckdb" else request.getfixturevalue(engine)

    for of_stage in built.values():
        assert of_stage.ratios == expected
