"""The attribution setting stands beside the numbers, and a change of it is dated."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import ChangeAttribution
from ingest.sandbox.world import DEFAULT_SEED, build_world, default_plans
from tests.conftest import Pathways

pytestmark = pytest.mark.slow

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
CHANGED = START + timedelta(hours=20)
# Half past eleven in the evening, in New York still the day before.
SEEN = datetime(2026, 3, 12, 3, 30, tzinfo=UTC)
Settings = dict[str, set[str]]


@dataclass
class Told:
    sandbox: Sandbox
    run: Pathways
    before: Settings
    after: Settings
    advised_before: dict[str, str]
    advised_after: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One campaign of two ad sets; views cease to count in the first one."""
    plan = replace(
        default_plans()[0], campaigns=1, adsets_per_campaign=2, created_days_ago=3
    )
    with Sandbox(build_world([plan], seed=DEFAULT_SEED, start=START)) as sandbox:
        run = Pathways(tmp_path_factory.mktemp("attribution") / "data", sandbox)
        first = run("run", "--backfill-minutes", "0")
        before = settings_of(run, date(2026, 3, 10))
        advised = advised_with(run)
        adset = sandbox.world.adsets[0]
        sandbox.append(ChangeAttribution(CHANGED, adset.id, "1d_click"))
        sandbox.clock.set(SEEN)
        second = run("run", "--backfill-minutes", "0")
        assert (first.exit_code, second.exit_code) == (0, 0), first.err + second.err
        after = settings_of(run, date(2026, 3, 11))
        yield Told(sandbox, run, before, after, advised, advised_with(run))


def settings_of(run: Pathways, day: date) -> Settings:
    """By level, every setting beside a day's numbers, in total and by country."""
    found = run.query(
        "select level, list(distinct attribution_setting) from core.meta_insights "
        f"where date_day = '{day}' group by level"
    )
    return {level: set(settings) for level, settings in found}


def advised_with(run: Pathways) -> dict[str, str]:
    """The setting beside the advice for each object, and beside the store's prior."""
    return dict(
        run.query(
            "select coalesce(adset_id, campaign_id), attribution_setting "
            "from marts.budget_recommendations where level <> 'campaign_country' "
            "union all "
            "select 'prior', arg_max(attribution_setting, as_of_day) "
            "from marts.budget_priors where account_id is null and country_code is null"
        )
    )


def test_the_setting_stands_beside_the_numbers_of_every_level(told: Told) -> None:
    first, second = (adset.attribution_setting for adset in told.sandbox.world.adsets)

    assert (first, second) == ("7d_click_1d_view", "1d_click")
    assert told.before == {
        "account": {"mixed"},
        "campaign": {"mixed"},
        "adset": {first, second},
        "ad": {first, second},
    }
    assert told.after == {
        level: {"1d_click"} for level in ("account", "campaign", "adset", "ad")
    }


def test_a_change_of_an_ad_sets_attribution_is_dated(told: Told) -> None:
    adset = told.sandbox.world.adsets[0]
    campaign = told.sandbox.world.campaigns[0]

    changes = told.run.query("select * from marts.attribution_changes")

    assert changes == [
        (
            "acme",
            adset.account_id,
            campaign.id,
            adset.id,
            campaign.name,
            adset.name,
            "CLICK_THROUGH 7, VIEW_THROUGH 1",
            "CLICK_THROUGH 1",
            date(2026, 3, 11),
            SEEN,
        )
    ]


def test_the_setting_stands_beside_advice_and_priors(told: Told) -> None:
    campaign = told.sandbox.world.campaigns[0].id
    first, second = (adset.id for adset in told.sandbox.world.adsets)
    both = {first, second}

    assert told.advised_before == {
        campaign: "mixed",
        first: "7d_click_1d_view",
        second: "1d_click",
        "prior": "mixed",
    }
    # Every day of the campaign was read again since.
    assert told.advised_after == dict.fromkeys({campaign, "prior"} | both, "1d_click")
