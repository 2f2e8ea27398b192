"""A store of six currencies: every amount against decimals worked out by hand.

One warehouse, two moments. By the first, 2026-03-31, two windows were read: four days
of October in which clocks go back, and March from the 6th on, in which they go forward
and no rate was published from the 10th to the 17th. By the second, a day later, the
31st was read again, its rate is out, and one lira rate of the past was corrected.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.settings import Settings
from ingest.sandbox.nodes import LEVELS, Level
from ingest.sandbox.plans import currency_plans
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, build_world
from tests.conftest import Pathways
from tests.fixtures.exact_money import Amounts, Key, Rate, exact_rows, published_rates

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
TODAY = START.date()
OCTOBER = date(2025, 10, 24), date(2025, 10, 27)
MARCH = date(2026, 3, 6), TODAY
WITHHELD = [date(2026, 3, day) for day in (10, 11, 12, 13, 16, 17)]
CORRECTED, CORRECT_RATE = date(2026, 3, 25), Decimal("40.1234")

# Table, its level, the column of its own object; by country, or None for totals.
TABLES: list[tuple[str, Level, str, bool]] = [
    *(("core.meta_level_totals", level, "object_id", False) for level in LEVELS),
    ("core.meta_daily_metrics", "campaign", "campaign_id", True),
    ("core.meta_adset_metrics", "adset", "adset_id", True),
    ("core.meta_ad_metrics", "ad", "ad_id", True),
]


@dataclass
class Moment:
    """What was published at a moment, and what is true of it."""

    run: Pathways
    at: datetime
    truth: dict[tuple[Level, bool], dict[Key, Amounts]]

    def campaign_rows(self, since: date, until: date) -> dict[Key, Amounts]:
        """By country, as both readers have them."""
        rows = self.truth["campaign", True]
        return {key: row for key, row in rows.items() if since <= key[2] <= until}

    def get(self, path: str, **params: str) -> Any:
        with TestClient(
            create_app(Settings(data_dir=self.run.data_dir, now=self.at))
        ) as client:
            answer = client.get(path, params={"store": "bazaar", **params})
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass
class Told:
    sandbox: Sandbox
    first: Moment
    later: Moment
    rate_before: Decimal
    currencies: dict[str, str] = field(default_factory=dict)


def at_moment(run: Pathways, sandbox: Sandbox) -> Moment:
    now = sandbox.clock.now()
    windows = [
        (*OCTOBER, START),
        (MARCH[0], TODAY - timedelta(days=1), START),
        (TODAY, TODAY, now),
    ]
    rates = published_rates(sandbox, now)
    return Moment(
        run,
        now,
        {
            (level, by_country): dict(
                exact_rows(sandbox, level, windows, rates, by_country=by_country)
            )
            for _, level, _, by_country in TABLES
        },
    )


def done(run: Pathways, *verb: str) -> None:
    ended = run(*verb)
    assert ended.exit_code == 0, ended.err + ended.out


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    plans = currency_plans(created_days_ago=165)
    world = build_world(plans, seed=DEFAULT_SEED, start=START)
    folder: Path = tmp_path_factory.mktemp("money")
    with Sandbox(world) as sandbox:
        for day in WITHHELD:
            sandbox.rates.withhold(day)
        run = Pathways(folder / "data", sandbox)
        for since, until in (OCTOBER, MARCH):
            done(run, "sync", "--since", str(since), "--until", str(until))
        done(run, "build")
        done(run, "publish")
        kept = Path(shutil.copytree(run.data_dir, folder / "first", symlinks=True))
        first = at_moment(Pathways(kept, sandbox), sandbox)

        rate_before = sandbox.rates.on(CORRECTED)["TRY"]
        sandbox.rates.correct(CORRECTED, "TRY", CORRECT_RATE)
        sandbox.clock.advance(days=1)
        done(run, "sync", "--since", str(TODAY), "--until", str(TODAY))
        done(run, "build")
        done(run, "publish")
        later = at_moment(run, sandbox)
        currencies = {account.id: account.currency for account in world.accounts}
        yield Told(sandbox, first, later, rate_before, currencies)


@pytest.fixture(params=["first", "later"])
def moment(told: Told, request: pytest.FixtureRequest) -> Moment:
    found: Moment = getattr(told, request.param)
    return found


def published(run: Pathways, table: str, level: str, own: str) -> dict[Key, Amounts]:
    country = "null" if table.endswith("level_totals") else "country_code"
    where = f"where level = '{level}'" if country == "null" else ""
    return {
        (account_id, object_id, day, country): Amounts(*amounts, Rate(*rate))
        for account_id, object_id, day, country, *amounts_and_rate in run.query(
            f"select account_id, {own}, date_day, {country}, account_currency, "
            "spend_account_currency, purchase_value_account_currency, purchases, "
            "spend, purchase_value, fx_status, fx_source, fx_rate, fx_rate_date "
            f"from {table} {where}"
        )
        for amounts, rate in [(amounts_and_rate[:6], amounts_and_rate[6:])]
    }


@pytest.mark.parametrize(
    ("table", "level", "own", "by_country"), TABLES, ids=lambda value: str(value)
)
def test_every_row_has_the_exact_amounts_and_their_rate(
    moment: Moment, table: str, level: Level, own: str, by_country: bool
) -> None:
    truth = moment.truth[level, by_country]

    ours = published(moment.run, table, level, own)

    # Six accounts, thirty days; more where there are countries.
    assert len(truth) > 170
    # A row of a day without any delivery may stand with zeros.
    ours = {
        key: row
        for key, row in ours.items()
        if key in truth or row.spend_account_currency or row.purchases
    }
    assert ours == truth
