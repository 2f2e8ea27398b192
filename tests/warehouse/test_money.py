"""A store of six currencies: every amount against decimals worked out by hand.

One warehouse, two moments. By the first, 2026-03-31, four days of October were read, in
which clocks go back, and the last five weeks, in which they go forward and no rate was
published from the 10th to the 17th of March. By the second, a day later, the 31st was
read again, its rate is out, and one lira rate of the past was corrected.
"""

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from api.main import create_app
from api.settings import Settings
from ingest.sandbox.nodes import LEVELS, Level
from ingest.sandbox.plans import currency_plans
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import DEFAULT_SEED, build_world
from tests.conftest import Pathways
from tests.fixtures.exact_money import Amounts, Key, Rate, exact_rows, published_rates
from tests.fixtures.local_client import LocalClient

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
TODAY = START.date()
OCTOBER = date(2025, 10, 24), date(2025, 10, 27)
FIVE_WEEKS = TODAY - timedelta(days=35), TODAY
MARCH = date(2026, 3, 6), TODAY
WITHHELD = [date(2026, 3, day) for day in (10, 11, 12, 13, 16, 17)]
CORRECTED, CORRECT_RATE = date(2026, 3, 25), Decimal("40.1234")

# Table, its level, the column of its own object; by country, or None for totals.
TABLES: list[tuple[str, Level, str, bool]] = [
    *(("core.meta_level_totals", level, "object_id", False) for level in LEVELS),
    ("core.meta_daily_metrics", "campaign", "campaign_id", True),
    ("marts.dashboard_daily", "campaign", "campaign_id", True),
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
        with LocalClient(
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
        (FIVE_WEEKS[0], TODAY - timedelta(days=1), START),
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
        done(run, "sync", "--since", str(OCTOBER[0]), "--until", str(OCTOBER[1]))
        done(run, "sync")
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
    rows = run.query(
        f"select account_id, {own}, date_day, {country}, account_currency, "
        "spend_account_currency, purchase_value_account_currency, purchases, "
        "spend, purchase_value, fx_status, fx_source, fx_rate, fx_rate_date "
        f"from {table} {where}"
    )
    return {row[:4]: Amounts(*[*row[4:10], Rate(*row[10:])]) for row in rows}


@pytest.mark.parametrize(
    ("table", "level", "own", "by_country"), TABLES, ids=lambda value: str(value)
)
def test_every_row_has_the_exact_amounts_and_their_rate(
    moment: Moment, table: str, level: Level, own: str, by_country: bool
) -> None:
    truth = moment.truth[level, by_country]

    ours = published(moment.run, table, level, own)

    # Six accounts, forty days; more where there are countries.
    assert len(truth) > 200
    # A row of a day without any delivery may stand with zeros.
    ours = {
        key: row
        for key, row in ours.items()
        if key in truth or row.spend_account_currency or row.purchases
    }
    assert ours == truth


def in_usd(rows: Iterable[Amounts]) -> tuple[Decimal, Decimal, Decimal]:
    """Spend, value and purchases of the rows that have a rate."""
    converted = [row for row in rows if row.spend is not None and row.value is not None]
    return (
        sum((row.spend or Decimal(0) for row in converted), Decimal(0)),
        sum((row.value or Decimal(0) for row in converted), Decimal(0)),
        sum((row.purchases for row in converted), Decimal(0)),
    )


def grouped(
    rows: dict[Key, Amounts], by: Callable[[Key], str]
) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    found: dict[str, list[Amounts]] = defaultdict(list)
    for key, row in rows.items():
        found[by(key)].append(row)
    return {name: in_usd(of) for name, of in found.items()}


def without_rate(
    rows: Iterable[Amounts],
) -> dict[str, tuple[int, Decimal, Decimal, Decimal]]:
    """By currency: rows, spend, purchases and value, as they are in it."""
    found: dict[str, list[Amounts]] = defaultdict(list)
    for row in rows:
        if row.spend is None:
            found[row.currency].append(row)
    return {
        currency: (
            len(of),
            sum((row.spend_account_currency for row in of), Decimal(0)),
            sum((row.purchases for row in of), Decimal(0)),
            sum((row.value_account_currency for row in of), Decimal(0)),
        )
        for currency, of in found.items()
    }


def told_without_rate(
    document: Any,
) -> dict[str, tuple[int, Decimal, Decimal, Decimal]]:
    return {
        row["account_currency"]: (
            row["rows"],
            Decimal(row["spend_account_currency"]),
            Decimal(row["purchases"]),
            Decimal(row["purchase_value_account_currency"]),
        )
        for row in document["meta"]["coverage"]["unconverted"]
    }


def figures(row: Any, value: str, purchases: str) -> tuple[Decimal, Decimal, Decimal]:
    return (
        Decimal(row["spend"] or 0),
        Decimal(row[value] or 0),
        Decimal(row[purchases] or 0),
    )


def test_the_dashboard_adds_up_in_one_currency_and_says_what_it_left_out(
    moment: Moment,
) -> None:
    rows = moment.campaign_rows(*MARCH)

    document = moment.get(
        "/v1/dashboard",
        since=str(MARCH[0]),
        until=str(MARCH[1]),
        include_inactive="true",
    )

    overview = {
        name: figure["value"] for name, figure in document["data"]["overview"].items()
    }
    parts = {
        part: {
            row[key]: figures(row, "revenue", "orders")
            for row in document["data"][part]
        }
        for part, key in (
            ("trends", "date_day"),
            ("campaigns", "campaign_id"),
            ("countries", "country_code"),
        )
    }
    assert document["meta"]["currency"] == "USD"
    assert figures(overview, "revenue", "orders") == in_usd(rows.values())
    assert parts["trends"] == grouped(rows, lambda key: str(key[2]))
    assert parts["campaigns"] == grouped(rows, lambda key: key[1])
    assert parts["countries"] == grouped(rows, lambda key: str(key[3]))
    assert told_without_rate(document) == without_rate(rows.values())
    # No rate ever, and on the eighth day of the gap no usable one.
    assert set(without_rate(rows.values())) == {"KWD", "TRY", "JPY", "EUR"}
    assert any("no exchange rate" in text for text in document["meta"]["warnings"])


def test_the_budget_reader_adds_up_to_the_same(moment: Moment) -> None:
    rows = moment.campaign_rows(*MARCH)

    document = moment.get("/v1/budget", since=str(MARCH[0]), until=str(MARCH[1]))

    campaigns = document["data"]["campaigns"]
    assert {
        row["campaign_id"]: figures(row, "purchase_value", "purchases")
        for row in campaigns
    } == grouped(rows, lambda key: key[1])
    assert told_without_rate(document) == without_rate(rows.values())
    left_out = {
        row["campaign_id"]: (
            row["unconvertible_rows"],
            Decimal(row["unconvertible_spend_account_currency"] or 0),
        )
        for row in campaigns
    }
    by_campaign: dict[str, list[Amounts]] = defaultdict(list)
    for key, row in rows.items():
        by_campaign[key[1]].append(row)
    assert left_out == {
        campaign: tuple(next(iter(without_rate(of).values()), (0, Decimal(0))))[:2]
        for campaign, of in by_campaign.items()
    }


def test_rows_over_http_carry_their_rate(moment: Moment) -> None:
    day = date(2026, 3, 17)
    truth = {key: row for key, row in moment.truth["ad", True].items() if key[2] == day}

    document = moment.get("/v1/rows/ad", since=str(day), until=str(day), limit="1000")

    rows = {
        (row["account_id"], row["ad_id"], day, row["country_code"]): (
            row["fx_status"],
            row["fx_source"],
            row["fx_rate"] and Decimal(row["fx_rate"]),
            row["fx_rate_date"] and date.fromisoformat(row["fx_rate_date"]),
            row["spend"] and Decimal(row["spend"]),
        )
        for row in document["data"]
        if Decimal(row["spend_account_currency"] or 0) or row["purchases"]
    }
    assert {row.rate.status for row in truth.values()} == {
        "exact",
        "identity",
        "missing",
    }
    assert rows == {key: (*astuple(row.rate), row.spend) for key, row in truth.items()}


# A letter a day: exact, carried, provisional, missing, identity. Friday the 6th, its
# weekend, Monday the 9th; seven days that carry its rate and an eighth that has none;
# the 18th to 20th, a weekend, five days, a weekend, Monday the 30th; today.
MARKET = "e cc e ccccccc m eee cc eeeee cc e p".replace(" ", "")
STATUSES = {
    "EUR": MARKET,
    "JPY": MARKET,
    "KWD": 26 * "m",
    "SAR": 26 * "e",
    "TRY": MARKET,
    "USD": 26 * "i",
}
COLUMNS = "account_currency, date_day, fx_status, fx_source, fx_rate, fx_rate_date"


def rates_by_currency(run: Pathways) -> dict[str, list[tuple[Any, ...]]]:
    found = defaultdict(list)
    for currency, *rate in run.query(
        f"select distinct {COLUMNS} from core.meta_insights "
        f"where date_day >= '{MARCH[0]}' order by account_currency, date_day"
    ):
        found[currency].append(tuple(rate))
    return dict(found)


def test_the_rates_of_weekends_a_gap_a_peg_and_a_missing_currency(told: Told) -> None:
    """`pytest -m slow -n 0 -s -k the_rates_of` prints the table."""
    found = rates_by_currency(told.first.run)

    print(f"\n{COLUMNS.replace(', ', '  ')}")
    for currency, rates in found.items():
        for day, status, source, rate, rate_date in rates:
            print(
                f"{currency}  {day:%a %Y-%m-%d}  {status:<11}  {source or '-':<8}  "
                f"{rate or '-':>14}  {rate_date or '-'}"
            )
    assert {
        currency: "".join(status[0] for _, status, *_ in rates)
        for currency, rates in found.items()
    } == STATUSES


def test_a_provisional_rate_gives_way_to_the_days_own(told: Told) -> None:
    before, after = (
        {
            currency: rates[-1]
            for currency, rates in rates_by_currency(moment.run).items()
        }
        for moment in (told.first, told.later)
    )

    of_euro = told.sandbox.rates.on(TODAY)
    monday = TODAY - timedelta(days=1)
    for currency in ("EUR", "JPY", "TRY"):
        assert before[currency][1] == "provisional"
        assert before[currency][-1] == monday
        rate = of_euro["USD"] / of_euro.get(currency, Decimal(1))
        assert after[currency] == (
            TODAY,
            "exact",
            "ecb",
            rate.quantize(Decimal("1e-10")),
            TODAY,
        )
    for currency in ("KWD", "SAR", "USD"):
        assert before[currency] == after[currency]


@pytest.mark.parametrize(
    "table",
    ["core.meta_insights", "marts.dashboard_daily", "core.built_partitions"],
)
def test_a_corrected_rate_restates_its_currency_and_day_and_nothing_else(
    told: Told, table: str
) -> None:
    changed: dict[bool, set[tuple[str, date]]] = defaultdict(set)
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for name, moment in (("before", told.first), ("after", told.later)):
        rows[name] = moment.run.query(
            f"select account_id, date_day, cast(content as varchar) from {table} "
            "as content order by all"
        )
    for account_id, day, _ in set(rows["before"]) ^ set(rows["after"]):
        changed[day == TODAY].add((told.currencies[account_id], day))

    assert len(rows["before"]) >= 6 * 40
    assert changed[False] == {("TRY", CORRECTED)}
    # The day that was read again.
    assert changed[True] == {(currency, TODAY) for currency in told.currencies.values()}


def test_of_its_rows_only_what_the_rate_makes_is_another(told: Told) -> None:
    before, after = (
        moment.run.query(
            "select * exclude (spend, purchase_value, fx_rate), "
            "fx_rate, spend, purchase_value "
            "from core.meta_insights where account_currency = 'TRY' "
            f"and date_day = '{CORRECTED}' order by level, object_id, is_total, "
            "country_code"
        )
        for moment in (told.first, told.later)
    )

    usd = told.sandbox.rates.on(CORRECTED)["USD"]
    assert len(before) > 10
    assert [row[:-3] for row in before] == [row[:-3] for row in after]
    assert {row[-3] for row in before} == {
        (usd / told.rate_before).quantize(Decimal("1e-10"))
    }
    assert {row[-3] for row in after} == {
        (usd / CORRECT_RATE).quantize(Decimal("1e-10"))
    }


def test_every_version_of_a_rate_is_kept_and_none_is_stored_twice(told: Told) -> None:
    versions = told.later.run.query(
        "select quote_currency, rate_date, list(rate order by fetched_at) "
        "from raw_fx.exchange_rates group by all having count(*) > 1",
        "warehouse.duckdb",
    )

    assert versions == [("TRY", CORRECTED, [told.rate_before, CORRECT_RATE])]


def test_days_in_which_clocks_change_are_days_like_others(told: Told) -> None:
    """25 hours on the 26th of October, 23 on the 29th of March, in Berlin."""
    (euro,) = (key for key, value in told.currencies.items() if value == "EUR")
    days = {
        day: (rows, ends_at, is_partial)
        for day, rows, ends_at, is_partial in told.first.run.query(
            "select date_day, count(*), max(day_ends_at), bool_or(is_partial_day) "
            "from core.meta_insights where level = 'account' and is_total "
            f"and account_id = '{euro}' group by all"
        )
    }

    hours = {}
    for day in (date(2025, 10, 26), date(2026, 3, 29), date(2026, 3, 28)):
        rows, ends_at, is_partial = days[day]
        assert (rows, is_partial) == (1, False)
        hours[day] = (ends_at - days[day - timedelta(days=1)][1]) / timedelta(hours=1)
    assert list(hours.values()) == [25, 23, 24]
    # Midnight in Berlin is 23:00 UTC in winter, 22:00 in summer.
    assert days[date(2025, 10, 26)][1] == datetime(2025, 10, 26, 23, tzinfo=UTC)
    assert days[date(2026, 3, 29)][1] == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert [day for day, (_, _, is_partial) in days.items() if is_partial] == [TODAY]
    truth = told.first.truth["account", False]
    for day in hours:
        assert (euro, euro, day, None) in truth


# Ratios, shares and estimates; whatever else is floating point could be money.
NO_MONEY = re.compile(
    r"(^|_)(aov|cac|roas)(_|$)|_factor$|_share$|_weight$|_percent$|^probability_"
    r"|^equiv_purchases|_purchases$"
)


@pytest.mark.parametrize("file", ["warehouse.duckdb", "build.duckdb", "current.duckdb"])
def test_no_money_is_floating_point(told: Told, file: str) -> None:
    columns = told.first.run.query(
        "select schema_name || '.' || table_name, column_name, data_type "
        "from duckdb_columns() where not internal "
        f"and database_name = '{(told.first.run.data_dir / file).resolve().stem}'",
        file,
    )

    kinds = {kind.split("(")[0] for _, _, kind in columns}
    money = {name for _, name, kind in columns if kind.startswith("DECIMAL")}
    floating = [
        (table, name)
        for table, name, kind in columns
        if kind in ("DOUBLE", "FLOAT") and not NO_MONEY.search(name)
    ]
    assert {"DECIMAL", "VARCHAR", "DATE", "BIGINT"} <= kinds
    assert {"spend", "daily_budget" if file != "warehouse.duckdb" else "rate"} <= money
    assert floating == []


@pytest.fixture(scope="module")
def unknown(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Moment:
    """The first moment, had an older release let in an account of unknown currency."""
    folder = tmp_path_factory.mktemp("unknown") / "data"
    shutil.copytree(told.first.run.data_dir, folder, symlinks=True)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "update raw_meta.accounts set currency = 'XXX' where currency = 'TRY'"
        )
    run = Pathways(folder, told.sandbox)
    done(run, "build")
    done(run, "publish")
    return Moment(run, told.first.at, {})


def test_an_unknown_currency_leaves_the_other_accounts_as_they_are(
    told: Told, unknown: Moment
) -> None:
    (lira,) = (key for key, value in told.currencies.items() if value == "TRY")
    tables = ("core.meta_insights", "core.meta_objects_history", "marts.object_tree")
    before, after = (
        [
            moment.run.query(
                f"select cast(content as varchar) from {table} as content "
                f"where account_id <> '{lira}' order by 1"
            )
            for table in tables
        ]
        for moment in (told.first, unknown)
    )

    assert (
        unknown.get("/v1/status")["meta"]["snapshot_id"]
        != (told.first.get("/v1/status")["meta"]["snapshot_id"])
    )
    assert all(len(rows) > 10 for rows in before)
    assert after == before


def test_an_account_of_unknown_currency_has_no_budgets_and_is_named(
    told: Told, unknown: Moment
) -> None:
    budgets = {
        (key, has_budget)
        for key, has_budget in unknown.run.query(
            "select account_id, daily_budget is not null from core.meta_objects "
            "where object_type = 'campaign' and budget_level = 'campaign'"
        )
    }
    checks = {
        row["account_id"]: row
        for row in unknown.get("/v1/status")["data"]["checks"]
        if row["check"] == "budget_unit"
    }

    (lira,) = (key for key, value in told.currencies.items() if value == "TRY")
    assert budgets == {(key, key != lira) for key in told.currencies}
    assert checks[lira]["verdict"] == "warn"
    assert f"2 campaigns of account Bazaar TRY ({lira})" in checks[lira]["evidence"]
    assert "currency_minor_units" in checks[lira]["fix"]
    assert {key for key, row in checks.items() if row["verdict"] == "ok"} == {
        key for key in told.currencies if key != lira
    }


def test_its_amounts_stay_and_are_counted_as_not_converted(
    told: Told, unknown: Moment
) -> None:
    document = unknown.get(
        "/v1/dashboard",
        since=str(MARCH[0]),
        until=str(MARCH[1]),
        include_inactive="true",
    )

    rows = told.first.campaign_rows(*MARCH).values()
    lira = [row for row in rows if row.currency == "TRY"]
    others = [row for row in rows if row.currency != "TRY"]
    overview = document["data"]["overview"]
    assert Decimal(overview["spend"]["value"]) == in_usd(others)[0]
    assert told_without_rate(document) == {
        **without_rate(others),
        "XXX": (
            len(lira),
            sum((row.spend_account_currency for row in lira), Decimal(0)),
            sum((row.purchases for row in lira), Decimal(0)),
            sum((row.value_account_currency for row in lira), Decimal(0)),
        ),
    }
