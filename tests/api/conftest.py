"""A data folder with snapshots made by hand, and the API over it.

Tables have the columns of the models' contracts and ratios the macros of the project,
so that neither has a second home here. The numbers are in `world`; tests work out what
follows from them. The clock stands at 2026-03-10 09:30 UTC.
"""

import csv
import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from fastapi.testclient import TestClient
from jinja2 import Template
from pydantic import BaseModel

from api.main import create_app
from api.schemas_budget import (
    BudgetTrust,
    ReallocatedCampaign,
    ReallocationTotals,
    StartPlan,
)
from api.settings import Settings
from tests.fixtures.local_client import LocalClient

PROJECT = Path(__file__).parents[2] / "dbt_project"
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
Row = dict[str, Any]
World = dict[str, list[Row]]

ACME = {"store": "acme", "account_id": "111", "account_currency": "USD"} | {
    "reporting_currency": "EUR"
}
BOLT_EUR = {"store": "bolt", "account_id": "222", "account_currency": "EUR"} | {
    "reporting_currency": "USD"
}
BOLT_USD = {"store": "bolt", "account_id": "333", "account_currency": "USD"} | {
    "reporting_currency": "USD"
}


def _metrics(day: str, campaign: str, country: str, *numbers: Any) -> Row:
    spend, value, purchases, impressions, clicks = numbers
    return {
        "date_day": day,
        "campaign_id": campaign,
        "country_code": country,
        "spend": spend,
        "purchase_value": value,
        "purchases": purchases,
        "impressions": impressions,
        "clicks": clicks,
        "spend_account_currency": spend,
        "purchase_value_account_currency": value,
        "link_clicks": clicks,
        "outbound_clicks": 0,
        "landing_page_views": 3,
        "add_to_cart": 2,
        "checkouts_initiated": 1,
        "fx_status": "missing" if spend is None else "exact",
        "attribution_setting": "1d_click" if campaign == "4" else "7d_click_1d_view",
        "is_partial_day": day == "2026-03-10",
        "load_id": "1",
    }


def _days(of: Row, since: str, until: str) -> list[Row]:
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        {**of, "date_day": day, "is_partial_day": day == date(2026, 3, 10)}
        for day in days
    ]


def _at_each_level(days: list[Row]) -> list[Row]:
    levels = ("account", "campaign", "adset", "ad")
    return [{**day, "level": level} for day in days for level in levels]


def _object(of: Row, kind: str, object_id: str, status: str, **more: Any) -> Row:
    is_active = status in ("ACTIVE", "WITH_ISSUES")
    return {
        **of,
        "object_type": kind,
        "object_id": object_id,
        "object_name": f"{kind} {object_id}",
        "status": "ACTIVE",
        "effective_status": status,
        "is_active": is_active,
        "is_present": True,
        **more,
    }


def _campaign(of: Row, campaign_id: str, status: str | None, **more: Any) -> Row:
    return {
        **of,
        "campaign_id": campaign_id,
        "campaign_name": f"campaign {campaign_id}",
        "status": status,
        "effective_status": status,
        "is_active": status != "PAUSED",
        "is_present": status is not None,
        **more,
    }


def _check(of: Row, name: str) -> Row:
    return {
        **of,
        "check_name": name,
        "verdict": "ok",
        "evidence": f"{name} holds.",
        "fix": None,
    }


def _defined(name: str, kind: str, formula: str, **more: Any) -> Row:
    return {
        "name": name,
        "label": name.title(),
        "type": kind,
        "description": f"What {name} means.",
        "formula": formula,
        "unit": "ratio",
        "good_direction": "up",
        "node": f"metric.pathways.{name}",
        "adds_up_over_days": kind == "simple",
        "adds_up_over_objects": kind == "simple",
        "adds_up_over_countries": kind == "simple",
        **more,
    }


def _advice(level: str, country: str | None, spend: str, **more: Any) -> Row:
    return {
        **ACME,
        "campaign_id": "1",
        "level": level,
        "country_code": country,
        "spend": spend,
        "action": "Hold",
        "since_day": "2026-02-25",
        "until_day": "2026-03-10",
        **more,
    }


def _judged(row: Row) -> Row:
    """A row of metrics as marts.explain_rows has it: campaign 2 is paused now."""
    is_active = row["campaign_id"] != "2"
    return {
        **row,
        "level": "campaign",
        "object_id": row["campaign_id"],
        "campaign_name": f"campaign {row['campaign_id']}",
        "effective_status": "ACTIVE",
        "effective_status_now": "ACTIVE" if is_active else "PAUSED",
        "object_effective_status": "ACTIVE",
        "object_effective_status_now": "ACTIVE" if is_active else "PAUSED",
        "is_active": is_active,
        "is_campaign_active": is_active,
        "was_active": True,
        "was_campaign_active": True,
    }


def shipped_readers() -> list[Row]:
    """What the project ships."""
    with (PROJECT / "seeds" / "readers.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def acme() -> World:
    """One account, rate 0.5, fourteen days read, campaign 2 paused, 4 never listed."""
    metrics = [
        _metrics("2026-03-01", "1", "US", "16.00", "30.00", 4, 1600, 80),
        _metrics("2026-03-01", "2", "US", "100.00", "0", 0, 10, 1),
        _metrics("2026-03-04", "1", "US", "10.00", "30.00", 2, 1000, 50),
        _metrics("2026-03-04", "1", "ZZ", "1.50", "0", 0, 100, 5),
        _metrics("2026-03-05", "4", "unknown", "0.25", "4.00", 1, 20, 0),
        _metrics("2026-03-05", "2", "US", "7.00", "7.00", 1, 700, 7),
        _metrics("2026-03-10", "1", "DE", "8.25", "26.00", 2, 880, 45),
    ]
    rows = [{**ACME, **row, "reach": 90} for row in metrics]
    return {
        "marts.accounts": [
            {
                **ACME,
                "timezone_name": "America/New_York",
                "first_day": "2026-02-25",
                "newest_day": "2026-03-10",
                "newest_complete_day": "2026-03-09",
                "target_roas": "2.5",
                "created_at": "2026-01-01T00:00:00Z",
            }
        ],
        "marts.account_days": _days(ACME, "2026-02-25", "2026-03-10"),
        "marts.level_days": _at_each_level(_days(ACME, "2026-02-25", "2026-03-10")),
        "marts.settled_days": [
            {"store": "acme", "date_day": "2026-03-04", "settled_share": 0.875},
            {"store": "acme", "date_day": "2026-03-09", "settled_share": None},
        ],
        "marts.dashboard_daily": rows,
        "marts.explain_rows": [_judged(row) for row in rows],
        "core.meta_daily_metrics": rows,
        "core.meta_adset_metrics": [{**row, "adset_id": "21"} for row in rows],
        "core.meta_ad_metrics": [
            {**row, "adset_id": "21", "ad_id": "31"} for row in rows
        ],
        "core.meta_level_totals": [
            {**row, "level": "account", "object_id": "111", "reach": 700}
            for row in rows[:1]
        ],
        "marts.dashboard_campaigns": [
            _campaign(ACME, "1", "ACTIVE", daily_budget="60.0000"),
            _campaign(ACME, "2", "PAUSED", lifetime_budget="1234.5678"),
            _campaign(ACME, "3", "ACTIVE"),
            _campaign(ACME, "4", None),
        ],
        "marts.object_tree": [
            _object(ACME, "campaign", "1", "ACTIVE", daily_budget="60.0000"),
            _object(ACME, "campaign", "2", "PAUSED"),
            _object(
                ACME, "adset", "21", "ACTIVE", parent_id="1", parent_name="campaign 1"
            ),
            _object(ACME, "adset", "22", "CAMPAIGN_PAUSED", parent_id="2"),
            _object(
                ACME, "ad", "31", "WITH_ISSUES", parent_id="21", grandparent_id="1"
            ),
            _object(ACME, "ad", "32", "ARCHIVED", parent_id="21", grandparent_id="1"),
            _object(ACME, "ad", "33", "DELETED", parent_id="21", grandparent_id="1"),
            _object(
                ACME, "ad", "34", "DISAPPROVED", parent_id="21", grandparent_id="1"
            ),
            _object(ACME, "ad", "35", "ACTIVE", parent_id="21", is_present=False),
        ],
        "marts.budget_priors": [
            {**ACME, "spend": "116.00", "roas": 0.26, "as_of_day": "2026-03-09"},
            {**ACME, "country_code": "DE", "as_of_day": "2026-03-09"},
            {**ACME, "country_code": "US", "as_of_day": "2026-03-09"},
        ],
        "marts.budget_recommendations": [
            _advice("campaign", None, "35.75", posterior_cac=4.25),
            _advice("campaign_country", "US", "26.00"),
            _advice("campaign_country", "DE", "8.25"),
            _advice("adset", None, "35.75", adset_id="21"),
        ],
        "marts.metric_definitions": [
            _defined("spend", "simple", "sum(spend)", column_name="spend"),
            _defined("roas", "ratio", "revenue / spend", inputs="revenue, spend"),
        ],
        "marts.reader_contracts": shipped_readers(),
        "marts.dimension_definitions": [
            {
                "name": "country_code",
                "label": "Country",
                "type": "categorical",
                "description": "Where it was shown.",
                "model": "marts.dashboard_daily",
                "column_name": "country_code",
                "node": "model.pathways.dashboard_daily",
            }
        ],
        "marts.status_checks": [
            _check(ACME, "currency_coverage"),
            _check(ACME, "hierarchy"),
            _check(ACME, "country_conservation"),
            _check(ACME, "status_mix"),
            _check(ACME, "level_parity"),
        ],
    }


def bolt() -> World:
    """Two accounts: 333 in reporting currency; 222 without a rate, made on 2026-03-08,
    not read on 2026-03-10."""
    unconverted = _metrics("2026-03-09", "11", "DE", None, None, 3, 500, 5)
    unconverted |= {
        "spend_account_currency": "33.00",
        "purchase_value_account_currency": "99.00",
    }
    rows = [
        {
            **BOLT_USD,
            **_metrics("2026-03-09", "10", "US", "10.00", "40.00", 2, 1000, 10),
        },
        {**BOLT_EUR, **unconverted},
    ]
    span = {"newest_complete_day": "2026-03-09"}
    return {
        "marts.accounts": [
            {
                **BOLT_EUR,
                **span,
                "timezone_name": "Asia/Riyadh",
                "first_day": "2026-03-08",
                "newest_day": "2026-03-09",
                "created_at": "2026-03-08T06:00:00Z",
            },
            {
                **BOLT_USD,
                **span,
                "timezone_name": "Europe/London",
                "first_day": "2026-03-04",
                "newest_day": "2026-03-10",
                "created_at": "2025-01-01T00:00:00Z",
            },
        ],
        "marts.account_days": [
            *_days(BOLT_EUR, "2026-03-08", "2026-03-09"),
            *_days(BOLT_USD, "2026-03-04", "2026-03-10"),
        ],
        "marts.level_days": [
            *_at_each_level(_days(BOLT_EUR, "2026-03-08", "2026-03-09")),
            *_at_each_level(_days(BOLT_USD, "2026-03-04", "2026-03-10")),
        ],
        "marts.settled_days": [
            {"store": "bolt", "date_day": "2026-03-05", "settled_share": 0.5},
        ],
        "marts.dashboard_daily": rows,
        "marts.explain_rows": [_judged(row) for row in rows],
        "core.meta_daily_metrics": rows,
        "marts.dashboard_campaigns": [
            _campaign(BOLT_USD, "10", "ACTIVE"),
            _campaign(BOLT_EUR, "11", "ACTIVE"),
        ],
        "marts.object_tree": [_object(BOLT_USD, "campaign", "10", "ACTIVE")],
    }


def both() -> World:
    one, other = acme(), bolt()
    return {table: rows + other.get(table, []) for table, rows in one.items()}


@functools.cache
def contracts() -> dict[str, dict[str, str]]:
    """Column types of each table of core and marts, from the models' yml."""
    found = {}
    for schema in ("core", "marts"):
        for file in sorted((PROJECT / "models" / schema).rglob("_*__models.yml")):
            for model in yaml.safe_load(file.read_text())["models"]:
                found[f"{schema}.{model['name']}"] = {
                    column["name"]: column["data_type"]
                    for column in model["columns"]
                    if "data_type" in column
                }
    return found


def ratio_macros() -> str:
    """What dbt makes of the registry's formulas for DuckDB."""
    text = (PROJECT / "macros" / "metrics.sql").read_text()
    called = Template(
        text + "{{ duckdb__create_metrics() }}", extensions=["jinja2.ext.do"]
    )
    folder = PROJECT / "models" / "marts" / "definitions"
    metrics = yaml.safe_load((folder / "_definitions__metrics.yml").read_text())
    for metric in metrics["metrics"]:
        asked = metric["type_params"]
        # As dbt parses them.
        asked |= {
            part: {"name": asked[part]}
            for part in ("numerator", "denominator")
            if part in asked
        }
    return called.render(
        type_double=lambda: "double",
        execute=True,
        graph={"metrics": {metric["name"]: metric for metric in metrics["metrics"]}},
    )


# The formulas of the budget have tests of their own; here only their shape counts.
BUDGET_FUNCTIONS = """
    create macro metrics.budget_priors_for(asked_store, until) as table
        select * from marts.budget_priors
        where store = asked_store and as_of_day <= until;
    create macro metrics.budget_rows(asked_store, since, until) as table
        select * from marts.budget_recommendations
        where store = asked_store and since_day = since and until_day = until;
    create macro metrics.budget_start_plans(asked_store, since, until) as table
        select {start_plan} from marts.accounts, (values ('DE'), ('US')) c (code)
        where store = asked_store;
    create macro metrics.budget_reallocation(asked_store, since, until) as table
        select {reallocation} from marts.accounts where store = asked_store;
    create macro metrics.budget_reallocation_totals(asked_store, since, until) as table
        select {totals} from marts.accounts where store = asked_store limit 1;
    create macro metrics.budget_trust(asked_store, since, until) as table
        select {trust} from marts.accounts where store = asked_store limit 1;
"""


def budget_functions() -> str:
    def nulls(shape: type[BaseModel], **known: str) -> str:
        return ", ".join(
            f"{known.get(name, 'null')} as {name}" for name in shape.model_fields
        )

    return BUDGET_FUNCTIONS.format(
        start_plan=nulls(StartPlan, country_code="c.code", daily_budget="12.5000"),
        reallocation=nulls(
            ReallocatedCampaign, account_id="account_id", campaign_id="'1'"
        ),
        totals=nulls(ReallocationTotals, total_daily_spend="30.0000"),
        trust=nulls(BudgetTrust, formula_version="'test-1'", prior_days="60"),
    )


@functools.cache
def database(world: str, folder: Path) -> bytes:
    """The file of a world, given as JSON."""
    file = folder / "build.duckdb"
    write_database(file, json.loads(world))
    content = file.read_bytes()
    file.unlink()
    return content


def write_database(file: Path, world: World) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema core; create schema marts;")
        connection.execute(ratio_macros())
        for table, columns in contracts().items():
            typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {table} ({typed})")
            for row in world.get(table, []):
                known = {name: row[name] for name in columns if name in row}
                names = ", ".join(f'"{name}"' for name in known)
                marks = ", ".join("?" for _ in known)
                connection.execute(
                    f"insert into {table} ({names}) values ({marks})",
                    list(known.values()),
                )
        connection.execute(budget_functions())


@pytest.fixture(scope="module")
def contract_tables() -> Callable[[Path], None]:
    """Writes a database with every table and function, without a row."""
    return lambda file: write_database(file, {})


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "snapshots").mkdir()
    return tmp_path


@pytest.fixture
def publish(data_dir: Path) -> Callable[..., None]:
    """Writes a snapshot of a world, its manifest and the pointer, like `publish`."""
    return publishing_into(data_dir)


def publishing_into(data_dir: Path) -> Callable[..., None]:
    """What publishes in a data folder."""
    published: list[str] = []

    def _publish(
        world: World,
        snapshot_id: str = "s1",
        published_at: str = "2026-03-10T09:25:00+00:00",
    ) -> None:
        file = data_dir / "snapshots" / f"{snapshot_id}.duckdb"
        file.write_bytes(database(json.dumps(world, default=str), data_dir.parent))
        manifest = {
            "snapshot_id": snapshot_id,
            "published_at": published_at,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "previous": published[-1] if published else None,
        }
        file.with_suffix(".json").write_text(json.dumps(manifest))
        pointer = {
            **manifest,
            "file": f"snapshots/{snapshot_id}.duckdb",
        }
        temporary = data_dir / "current.json.tmp"
        temporary.write_text(json.dumps(pointer))
        temporary.replace(data_dir / "current.json")
        published.append(snapshot_id)

    return _publish


@pytest.fixture
def report(data_dir: Path) -> Callable[..., None]:
    """Writes status.json: account 111 read five minutes ago, all else as given."""
    return reporting_into(data_dir)


def reporting_into(data_dir: Path) -> Callable[..., None]:
    """What writes status.json in a data folder."""

    def _report(account: Row | None = None, **changes: Any) -> None:
        read_at = "2026-03-10T09:25:00+00:00"
        document = {
            "version": 1,
            "written_at": "2026-03-10T09:26:00+00:00",
            "snapshot_id": "s1",
            "interval_seconds": 900,
            "cycle": {
                "started_at": "2026-03-10T09:24:00+00:00",
                "finished_at": "2026-03-10T09:26:00+00:00",
                "outcome": "ok",
                "exit_code": 0,
                "steps": [
                    {
                        "step": "load",
                        "outcome": "ok",
                        "seconds": 1.5,
                        "detail": "8 windows",
                    }
                ],
            },
            "stale": None,
            "failed_checks": [],
            "accounts": [
                {
                    "store": "acme",
                    "account_id": "111",
                    "currency": "USD",
                    "timezone": "America/New_York",
                    "last_read_at": read_at,
                    "levels": [
                        {
                            "level": "campaign",
                            "newest_read_at": read_at,
                            "newest_day": "2026-03-10",
                            "today_read_at": read_at,
                        }
                    ],
                    "objects": [
                        {
                            "object_type": "campaign",
                            "newest_listed_at": read_at,
                            "newest_whole_at": None,
                        }
                    ],
                    "backfill": {
                        "is_complete": True,
                        "days_missing": 0,
                        "oldest_missing": None,
                        "newest_missing": None,
                        "failed_days": 0,
                    },
                    "failures": [],
                    **(account or {}),
                }
            ],
            **changes,
        }
        (data_dir / "status.json").write_text(json.dumps(document))

    return _report


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """The pointer is looked at before every request."""
    return Settings(data_dir, now=NOW, poll_seconds=0)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """The API; failures nobody foresaw come back as answers."""
    app = create_app(settings)
    with LocalClient(app, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def served(folder: Path, world: World, **changes: Any) -> Iterator[LocalClient]:
    """The API over a world of its own, for tests that only read.

    Args:
        folder: an empty one.
        changes: of the settings.
    """
    (folder / "snapshots").mkdir()
    publishing_into(folder)(world)
    reporting_into(folder)()
    with LocalClient(
        create_app(Settings(folder, now=NOW, **changes)), raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def acme_world() -> World:
    return acme()


@pytest.fixture
def both_world() -> World:
    return both()


@pytest.fixture
def acme_only(publish: Callable[..., None], report: Callable[..., None]) -> None:
    """Published: one store."""
    publish(acme())
    report()


@pytest.fixture
def two_stores(publish: Callable[..., None], report: Callable[..., None]) -> None:
    """Published: two stores."""
    publish(both())
    report()
