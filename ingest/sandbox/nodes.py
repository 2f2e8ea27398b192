"""What an ad account and its objects are. No numbers of delivery, no rules."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Level = Literal["account", "campaign", "adset", "ad"]
LEVELS: tuple[Level, ...] = ("account", "campaign", "adset", "ad")

# Meta's currencies page: these have no minor unit in the API; every other has 100.
WHOLE_CURRENCIES = frozenset(
    ("CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND")
)

# What an ad set's attribution setting, as insights name it, counts.
ATTRIBUTION_SPECS: dict[str, list[dict[str, str | int]]] = {
    "7d_click_1d_view": [
        {"event_type": "CLICK_THROUGH", "window_days": 7},
        {"event_type": "VIEW_THROUGH", "window_days": 1},
    ],
    "1d_click": [{"event_type": "CLICK_THROUGH", "window_days": 1}],
}


@dataclass(frozen=True)
class Account:
    """An ad account. `id` is digits without `act_`.

    `dollar_price` is how many minor units a dollar's worth costs; `status` is Meta's
    number, 1 for active.
    """

    id: str
    name: str
    store: str
    reporting_currency: str
    currency: str
    timezone: str
    countries: tuple[str, ...]
    dollar_price: int
    created_at: datetime
    status: int = 1

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def minor_units(self) -> int:
        return 1 if self.currency in WHOLE_CURRENCIES else 100

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


@dataclass(frozen=True)
class Campaign:
    """Budgets are minor units, None where the ad sets carry them.

    `sales` says which purchase action types its sales show up as: `omni` (three
    overlapping types), `pixel` or `onsite` (one type only). `issue` is a status that
    Meta, not the owner, gave.
    """

    id: str
    account_id: str
    name: str
    status: str
    issue: str | None
    objective: str
    bid_strategy: str
    daily_budget: int | None
    lifetime_budget: int | None
    sales: str
    created_at: datetime
    updated_at: datetime
    stop_at: datetime | None


@dataclass(frozen=True)
class AdSet:
    """Budgets are minor units, None where the campaign carries them."""

    id: str
    account_id: str
    campaign_id: str
    name: str
    status: str
    issue: str | None
    bid_strategy: str
    optimization_goal: str
    attribution_setting: str
    daily_budget: int | None
    lifetime_budget: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Ad:
    """Delivers from `delivers_from` up to, but not on, `delivers_until`.

    `hidden_permille` is the part of its delivery that no country breakdown shows.
    """

    id: str
    account_id: str
    campaign_id: str
    adset_id: str
    name: str
    status: str
    issue: str | None
    created_at: datetime
    updated_at: datetime
    daily_impressions: int
    hidden_permille: int
    delivers_from: date
    delivers_until: date | None
