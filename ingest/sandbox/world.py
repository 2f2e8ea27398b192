"""Builds the seeded world: accounts, campaigns, ad sets and ads at the start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ingest.sandbox import noise
from ingest.sandbox.nodes import Account, Ad, AdSet, Campaign
from ingest.sandbox.odd_names import odd
from ingest.sandbox.shapes import SHAPES, Shape

DEFAULT_SEED = 20260310
DEFAULT_START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)

# Minor units that a dollar's worth costs; only so that figures look right.
_DOLLAR_PRICES = {
    "USD": 100,
    "EUR": 92,
    "GBP": 79,
    "SAR": 375,
    "AED": 367,
    "JPY": 150,
    "TRY": 3_300,
    "KWD": 31,
}
_AUDIENCES = ("Women 25-44", "Men 25-44", "All 18-65", "Lookalike 1%")
_FORMATS = ("Video", "Carousel", "Image", "Collection", "Reel")
_OWN_STATUSES = frozenset(("PAUSED", "ARCHIVED", "DELETED"))
_ADSET_PAUSED_DAYS_AGO = 9
_STOPPED_DAYS_AGO = {
    "PAUSED": 14,
    "ARCHIVED": 30,
    "DELETED": 6,
    "DISAPPROVED": 5,
    "PENDING_REVIEW": 2,
    "PREAPPROVED": 2,
    "PENDING_BILLING_INFO": 3,
}


@dataclass(frozen=True)
class AccountPlan:
    """How large an account is to be. `ads_per_adset` is gone through in turn.

    History begins `created_days_ago` days before the start; no campaigns, no rows.
    `odd_names` gives names that break careless readers, `huge_ids` ids of campaigns, ad
    sets and ads past 2^63; neither changes a figure.
    """

    account_id: str
    store: str
    name: str
    currency: str
    timezone: str
    reporting_currency: str
    created_days_ago: int = 100
    countries: tuple[str, ...] = ("US", "GB", "CA", "DE")
    campaigns: int = 7
    adsets_per_campaign: int = 2
    ads_per_adset: tuple[int, ...] = (3, 2)
    odd_names: bool = False
    huge_ids: bool = False


@dataclass(frozen=True)
class World:
    """Everything there is at `start`, before any event of a story."""

    seed: int
    start: datetime
    accounts: tuple[Account, ...]
    campaigns: tuple[Campaign, ...]
    adsets: tuple[AdSet, ...]
    ads: tuple[Ad, ...]


def default_plans() -> tuple[AccountPlan, AccountPlan]:
    """Two stores: acme (dollars, New York) and noor (riyals, Riyadh)."""
    acme = AccountPlan(
        account_id="100000000000001",
        store="acme",
        name="Acme Outdoor",
        currency="USD",
        timezone="America/New_York",
        reporting_currency="EUR",
    )
    noor = AccountPlan(
        account_id="100000000000002",
        store="noor",
        name="Noor نور",
        currency="SAR",
        timezone="Asia/Riyadh",
        reporting_currency="USD",
        countries=("SA", "AE", "KW"),
    )
    return acme, noor


def default_world() -> World:
    """The world of `default_plans` at `DEFAULT_START`."""
    return build_world(default_plans(), seed=DEFAULT_SEED, start=DEFAULT_START)


def build_world(plans: Sequence[AccountPlan], *, seed: int, start: datetime) -> World:
    """The world of these accounts. Same arguments, same world."""
    accounts: list[Account] = []
    campaigns: list[Campaign] = []
    adsets: list[AdSet] = []
    ads: list[Ad] = []
    for serial, plan in enumerate(plans, start=1):
        site = _Site(plan, _account(plan, start), serial, seed, start)
        accounts.append(site.account)
        for index in range(plan.campaigns):
            shape = SHAPES[index % len(SHAPES)]
            campaign = _campaign(site, shape, index)
            campaigns.append(campaign)
            for place in range(plan.adsets_per_campaign):
                adset = _adset(site, shape, campaign, index, place)
                adsets.append(adset)
                ads.extend(_ads(site, shape, adset, index, place))
    return World(
        seed, start, tuple(accounts), tuple(campaigns), tuple(adsets), tuple(ads)
    )


@dataclass(frozen=True)
class _Site:
    """The account being built. `serial` keeps ids of accounts apart."""

    plan: AccountPlan
    account: Account
    serial: int
    seed: int
    start: datetime

    def number(self, limit: int, *keys: int) -> int:
        return noise.pick(limit, self.seed, self.serial, *keys)

    def money(self, dollars: int) -> int:
        return dollars * self.account.dollar_price

    def node_id(self, number: int) -> str:
        # Adding 2^64 keeps the key that an id's figures are drawn by.
        return str(number + (2**64 if self.plan.huge_ids else 0))

    def name(self, plain: str, *keys: int) -> str:
        return odd(plain, sum(keys)) if self.plan.odd_names else plain

    def midnight(self, days_ago: int) -> datetime:
        day = self.account.local_day(self.start) - timedelta(days=days_ago)
        return datetime.combine(day, time(), self.account.zone).astimezone(UTC)


def _account(plan: AccountPlan, start: datetime) -> Account:
    zone = ZoneInfo(plan.timezone)
    day = start.astimezone(zone).date() - timedelta(days=plan.created_days_ago)
    return Account(
        id=plan.account_id,
        name=odd(plan.name, 0) if plan.odd_names else plan.name,
        store=plan.store,
        reporting_currency=plan.reporting_currency,
        currency=plan.currency,
        timezone=plan.timezone,
        countries=plan.countries,
        dollar_price=_DOLLAR_PRICES.get(plan.currency, 100),
        created_at=datetime.combine(day, time(), zone).astimezone(UTC),
    )


def _campaign(site: _Site, shape: Shape, index: int) -> Campaign:
    created_at = site.account.created_at + timedelta(hours=index % 24)
    cycle = index // len(SHAPES)
    dollars = 50 + 10 * site.number(20, 1, index)
    return Campaign(
        id=site.node_id(600_000_000_000_000 + site.serial * 1_000_000_000_000 + index),
        account_id=site.account.id,
        name=site.name(shape.name + (f" {cycle + 1}" if cycle else ""), index),
        status=shape.status,
        issue=shape.issue,
        objective=shape.objective,
        bid_strategy="LOWEST_COST_WITHOUT_CAP",
        daily_budget=site.money(dollars) if shape.budget == "campaign" else None,
        lifetime_budget=site.money(40 * dollars)
        if shape.budget == "lifetime"
        else None,
        sales=shape.sales,
        created_at=created_at,
        updated_at=_last_change(site, shape, created_at),
        stop_at=site.midnight(0) if shape.budget == "lifetime" else None,
    )


def _adset(
    site: _Site, shape: Shape, campaign: Campaign, index: int, place: int
) -> AdSet:
    number = index * site.plan.adsets_per_campaign + place
    dollars = 20 + 5 * site.number(20, 2, number)
    return AdSet(
        id=site.node_id(
            23_850_000_000_000_000 + site.serial * 100_000_000_000 + number
        ),
        account_id=campaign.account_id,
        campaign_id=campaign.id,
        name=site.name(f"{_AUDIENCES[place % len(_AUDIENCES)]} {number + 1}", number),
        status="PAUSED" if place in shape.paused_adsets else "ACTIVE",
        issue=None,
        bid_strategy=campaign.bid_strategy,
        optimization_goal="OFFSITE_CONVERSIONS",
        attribution_setting="1d_click" if number % 5 == 1 else "7d_click_1d_view",
        daily_budget=site.money(dollars) if shape.budget == "adset" else None,
        lifetime_budget=None,
        created_at=campaign.created_at,
        updated_at=_last_change(site, shape, campaign.created_at),
    )


def _ads(
    site: _Site, shape: Shape, adset: AdSet, index: int, place: int
) -> Iterator[Ad]:
    per_adset = site.plan.ads_per_adset
    number = index * site.plan.adsets_per_campaign + place
    count = per_adset[number % len(per_adset)]
    first = sum(per_adset[earlier % len(per_adset)] for earlier in range(place))
    for order in range(count):
        state = shape.ad_states[(first + order) % len(shape.ad_states)]
        is_own = state in _OWN_STATUSES
        serial = number * max(per_adset) + order
        hidden = site.number(4, 3, serial) == 0
        yield Ad(
            id=site.node_id(
                120_200_000_000_000_000 + site.serial * 10_000_000_000_000 + serial
            ),
            account_id=adset.account_id,
            campaign_id=adset.campaign_id,
            adset_id=adset.id,
            name=site.name(f"{_FORMATS[order % len(_FORMATS)]} {serial + 1}", serial),
            status=state if is_own else "ACTIVE",
            issue=None if is_own or state == "ACTIVE" else state,
            created_at=adset.created_at,
            updated_at=_last_change(site, shape, adset.created_at),
            daily_impressions=2_500 + site.number(7_500, 4, serial),
            hidden_permille=120 if hidden else 0,
            delivers_from=site.account.local_day(site.account.created_at),
            delivers_until=_stopped(site, shape, adset, state),
        )


def _last_change(site: _Site, shape: Shape, created_at: datetime) -> datetime:
    if shape.stopped_days_ago is None:
        return created_at
    return max(created_at, site.midnight(shape.stopped_days_ago))


def _stopped(site: _Site, shape: Shape, adset: AdSet, state: str) -> date | None:
    stops = [
        shape.stopped_days_ago,
        _ADSET_PAUSED_DAYS_AGO if adset.status == "PAUSED" else None,
        _STOPPED_DAYS_AGO.get(state),
    ]
    days_ago = [days for days in stops if days is not None]
    if not days_ago:
        return None
    return site.account.local_day(site.midnight(max(days_ago)))
