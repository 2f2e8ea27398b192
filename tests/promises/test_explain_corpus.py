"""Seeded differences, each from the sandbox to the answer: the right cause comes first.

One warehouse: a first day, then a pause, a rename, a vanished ad, a restated day and
rates that stay away, and a second cycle three days later. `-s` prints the list.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from api.settings import Settings
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import Rename, RestateDay, SetStatus, VanishAd
from ingest.sandbox.world import default_world
from tests.conftest import Pathways
from tests.fixtures.local_client import LocalClient

pytestmark = pytest.mark.slow
READERS: dict[str, dict[str, object]] = {
    "complete_days": {"based_on": "dashboard", "partial_days": "exclude"},
    "known_countries": {"based_on": "dashboard", "countries": "known"},
    "link_clicks_only": {"based_on": "dashboard", "clicks": "link"},
    "status_of_the_day": {"based_on": "dashboard", "status_moment": "day"},
    "by_utc": {"based_on": "dashboard", "time_zone": "UTC"},
    "accounts": {"based_on": "ai_budget", "level": "account"},
    "every_ad": {"based_on": "ai_budget", "level": "ad"},
    "active_ads": {"based_on": "dashboard", "level": "ad"},
    "orders_without_money": {
        "based_on": "dashboard",
        "currency": "reporting_all_orders",
    },
}
# Before rates stayed away; both ends included.
OLDER = {"since": "2026-02-10", "until": "2026-02-23"}
NEWER = {"since": "2026-03-07", "until": "2026-03-11"}


@dataclass(frozen=True)
class Difference:
    """What was seeded, how it is asked about, and what has to come first.

    Attributes:
        cause: the rule with the largest share; None where the two have to agree.
        clock: hours that the API's clock is ahead of the last cycle.
        is_since_the_first_day: whether A is asked as of the first day's end.
    """

    seeded: str
    cause: str | None
    store: str = "acme"
    metric: str = "spend"
    a: str = "ai_budget"
    b: str = "dashboard"
    asked: dict[str, Any] = field(default_factory=dict)
    of: str | None = None
    clock: int = 0
    is_since_the_first_day: bool = False


CORPUS = [
    Difference("two default windows, 14 and 7 days", "window", store="noor"),
    Difference("a campaign paused since", "status", of="paused", asked=OLDER),
    Difference(
        "a campaign active on the day, paused now",
        "status",
        a="status_of_the_day",
        of="paused",
        asked=OLDER,
    ),
    Difference(
        "a vanished ad",
        "status",
        store="noor",
        a="every_ad",
        b="active_ads",
        of="campaign of the vanished ad",
        asked=OLDER,
    ),
    Difference("a renamed campaign", None, of="renamed", asked=OLDER),
    Difference("campaigns and their account", None, a="accounts", b="ai_budget"),
    Difference(
        "a day with 23 hours",
        None,
        asked={"since": "2026-03-08"} | {"until": "2026-03-08"},
        metric="purchases",
        of="renamed",
    ),
    Difference(
        "rates that stay away: orders that no spend stands against",
        "currency",
        metric="cac",
        a="orders_without_money",
        asked={"since": "2026-02-26", "until": "2026-03-11"},
    ),
    Difference(
        "what Meta gave to no country",
        "country",
        store="noor",
        metric="impressions",
        a="known_countries",
        asked=OLDER,
    ),
    Difference(
        "a day that still runs",
        "partial_day",
        store="noor",
        a="complete_days",
    ),
    Difference(
        "midnight in Riyadh, not yet in UTC",
        "time_zone",
        store="noor",
        a="by_utc",
        clock=10,
    ),
    Difference(
        "clicks of every kind and clicks on links",
        "definition",
        metric="ctr",
        a="link_clicks_only",
        asked=NEWER,
    ),
    Difference("a reader and itself", None, a="dashboard"),
    Difference(
        "purchases that Meta attributed later",
        "as_of",
        store="noor",
        metric="revenue",
        a="dashboard",
        asked={"since": "2026-03-05", "until": "2026-03-05"},
        is_since_the_first_day=True,
    ),
    Difference(
        "a campaign paused since then",
        "as_of",
        a="dashboard",
        of="paused",
        asked=OLDER,
        is_since_the_first_day=True,
    ),
    Difference(
        "a campaign renamed since then",
        None,
        a="dashboard",
        of="renamed",
        asked=OLDER,
        is_since_the_first_day=True,
    ),
]


@dataclass
class Seeded:
    """The published end of the story, and the ids in it."""

    data_dir: Path
    now: datetime
    ids: dict[str, str]
    first_at: datetime
    first_overview: dict[str, Any]

    def explain(self, seeded: Difference) -> dict[str, Any]:
        now = self.now + timedelta(hours=seeded.clock)
        app = create_app(Settings(self.data_dir, now=now, readers=READERS))
        params = {"store": seeded.store, "metric": seeded.metric} | seeded.asked
        if seeded.of:
            params["campaign_id"] = self.ids[seeded.of]
        if seeded.is_since_the_first_day:
            params["as_of_a"] = self.first_at.isoformat()
        answer = LocalClient(app).get(
            "/v1/explain", params={**params, "a": seeded.a, "b": seeded.b}
        )
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    world = default_world()
    acme, noor = (account.id for account in world.accounts)
    active = [
        campaign
        for campaign in world.campaigns
        if campaign.account_id == acme and campaign.status == "ACTIVE"
    ]
    ad = next(ad for ad in world.ads if ad.account_id == noor and ad.status == "ACTIVE")
    with Sandbox(world) as sandbox:
        run = Pathways(tmp_path_factory.mktemp("corpus") / "data", sandbox)
        for day in range(15):
            sandbox.rates.withhold(date(2026, 2, 24) + timedelta(days=day))
        first = run("run", "--backfill-minutes", "0")
        start = sandbox.clock.now()
        then = LocalClient(create_app(Settings(run.data_dir, now=start)))
        shown = then.get("/v1/dashboard", params={"store": "noor"}).json()["data"]
        sandbox.append(
            Rename(start + timedelta(hours=1), active[0].id, "Another name"),
            SetStatus(start + timedelta(hours=2), active[1].id, "PAUSED"),
            VanishAd(start + timedelta(hours=3), ad.id),
            RestateDay(start + timedelta(hours=4), noor, date(2026, 3, 5), 1000, 1500),
        )
        sandbox.clock.advance(hours=50)
        second = run("run", "--backfill-minutes", "0")
        assert (first.exit_code, second.exit_code) == (0, 0), first.err + second.err
        ids = {
            "renamed": active[0].id,
            "paused": active[1].id,
            "campaign of the vanished ad": ad.campaign_id,
        }
        yield Seeded(run.data_dir, sandbox.clock.now(), ids, start, shown["overview"])


def first_cause(data: dict[str, Any]) -> str | None:
    """The rule that the summary names first."""
    steps = [step for step in data["steps"] if step["delta"] and float(step["delta"])]
    if not steps:
        return None
    largest = max(steps, key=lambda step: abs(float(step["delta"])))
    assert largest["dimension"].replace("_", " ") in data["summary"]
    return str(largest["dimension"])


@pytest.mark.parametrize("difference", CORPUS, ids=lambda each: each.seeded)
def test_the_right_cause_comes_first(seeded: Seeded, difference: Difference) -> None:
    data = seeded.explain(difference)

    named = first_cause(data)
    print(
        f"{difference.seeded:60} {difference.metric:12} "
        f"{data['a']['value']} -> {data['b']['value']}  "
        f"expected {difference.cause or 'agreement'}, named {named or 'agreement'}"
    )
    assert named == difference.cause
    assert float(data["residual"]) == 0
    if difference.cause is None:
        assert data["summary"].startswith("The two agree")


@pytest.mark.parametrize("metric", ["spend", "revenue", "orders"])
def test_what_the_first_days_report_showed_is_what_it_had_shown(
    seeded: Seeded, metric: str
) -> None:
    asked = Difference(
        "since then", "window", "noor", metric, "dashboard", is_since_the_first_day=True
    )

    told = seeded.explain(asked)

    assert Decimal(told["a"]["value"]) == Decimal(
        str(seeded.first_overview[metric]["value"])
    )
    assert told["a"]["snapshot_id"] != told["b"]["snapshot_id"]
    dimensions = [step["dimension"] for step in told["steps"]]
    assert dimensions[:2] == ["as_of", "window"]
