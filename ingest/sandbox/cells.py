"""What each ad delivered in each country on one day, as seen at a moment.

A cell is (ad, day, country) and holds integers; money in minor units of the account's
currency. Everything served and every truth is a sum of cells.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.sandbox import noise
from ingest.sandbox.nodes import Account
from ingest.sandbox.state import AccountState

METRICS = (
    "spend",
    "impressions",
    "clicks",
    "inline_link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "add_to_cart",
    "initiate_checkout",
    "purchases",
    "purchase_value",
)
SPEND, IMPRESSIONS, LINK_CLICKS = 0, 1, 3
PURCHASES, PURCHASE_VALUE = 8, 9
HIDDEN = None

_SETTLED_AFTER_DAYS = 28
_CORRECTED_AFTER_DAYS = 3
_SHOWN_AT_DAY_END = 600
# Thousandths of a day's purchases credited so many days later; then a slow tail.
_CREDITED = (_SHOWN_AT_DAY_END, 640, 760, 820, 870, 900, 930, 950)
_WEEKDAYS = (950, 960, 980, 1000, 1080, 1120, 1050)
_PLAN, _SETTLED, _SEEN = 11, 12, 13


@dataclass(frozen=True)
class Ripeness:
    """How much of a day is to be seen: its age in local days and, while it is today,
    the minutes gone of all its minutes. Equal ripeness, equal numbers."""

    age: int
    minutes: int
    day_minutes: int


@dataclass(frozen=True)
class DayCells:
    """Cells of one account-day: `values[ad, country, metric]`.

    `ads` are positions in the account's ads. A label of `HIDDEN` (None) is delivery
    that no country breakdown shows.
    """

    day: date
    ads: NDArray[np.int64]
    labels: tuple[str | None, ...]
    values: NDArray[np.int64]


def ripeness(account: Account, day: date, moment: datetime) -> Ripeness | None:
    """How ripe the account's day is at a moment; None for a day that has not begun."""
    age = (account.local_day(moment) - day).days
    if age < 0:
        return None
    if age > 0:
        return Ripeness(min(age, _SETTLED_AFTER_DAYS), 0, 0)
    begin = datetime.combine(day, time(), account.zone).timestamp()
    end = datetime.combine(day + timedelta(days=1), time(), account.zone).timestamp()
    return Ripeness(0, int(moment.timestamp() - begin) // 60, int(end - begin) // 60)


def day_cells(state: AccountState, day: date, ripe: Ripeness) -> DayCells:
    """The day's cells as they are seen when it is that ripe."""
    ads = state.delivering(day)
    labels = (*state.account.countries, "unknown", HIDDEN)
    keys = state.keys[ads][:, None], np.arange(len(labels))[None, :]
    settled = _settled(state, day, ads, *keys)
    seen = noise.draws(4, state.seed, _SEEN, day.toordinal(), *keys)
    values = _corrected(settled, ripe, seen)
    values[..., PURCHASES] = _credited(settled, ripe, seen[2])
    for factor in state.factors.get(day, ()):
        values[..., SPEND] = values[..., SPEND] * factor.spend_permille // 1000
        raised = values[..., PURCHASES] * factor.sales_permille
        values[..., PURCHASES] = (raised + (seen[3] * 1000 >> 12)) // 1000
        if factor.is_emptied:
            values[...] = 0
    values[..., PURCHASES] *= values[..., LINK_CLICKS] > 0
    worth = settled[..., PURCHASE_VALUE] * values[..., PURCHASES]
    values[..., PURCHASE_VALUE] = worth // np.maximum(settled[..., PURCHASES], 1)
    return DayCells(day, ads, labels, values)


def _settled(
    state: AccountState,
    day: date,
    ads: NDArray[np.int64],
    ad_keys: NDArray[np.uint64],
    slots: NDArray[np.int64],
) -> NDArray[np.int64]:
    price = state.account.dollar_price
    plan = noise.draws(2, state.seed, _PLAN, ad_keys)
    drawn = noise.draws(13, state.seed, _SETTLED, day.toordinal(), ad_keys, slots)
    chance, volume, cost, click, link, outbound, landing, *shop = drawn
    cart, cart_luck, checkout, buy, buy_luck, worth = shop
    impressions = state.daily_impressions[ads][:, None] * _weights(state, ads)
    impressions = impressions * _WEEKDAYS[day.weekday()] // 1_000_000
    impressions = impressions * noise.spread(volume, 600, 1400) // 1000
    impressions = np.where(
        chance >= _idle_odds(len(state.account.countries)), impressions, 0
    )
    clicks = impressions * noise.spread(click, 8, 26) // 1000
    link_clicks = clicks * noise.spread(link, 550, 850) // 1000
    outbound_clicks = link_clicks * noise.spread(outbound, 700, 950) // 1000
    views = outbound_clicks * noise.spread(landing, 600, 900) // 1000
    carts = (views * noise.spread(cart, 90, 200) + (cart_luck * 1000 >> 12)) // 1000
    carts = np.minimum(carts, views)
    checkouts = carts * noise.spread(checkout, 500, 1000) // 1000
    bought = (checkouts * noise.spread(buy, 450, 850) + (buy_luck * 1000 >> 12)) // 1000
    purchases = np.minimum(bought, checkouts)
    value = purchases * price * noise.spread(worth, 40_00, 110_00) // 100
    mille_price = price * noise.spread(plan[0], 400, 1200) // 100
    spend = impressions * mille_price * noise.spread(cost, 700, 1300) // 1_000_000
    columns = (
        spend,
        impressions,
        clicks,
        link_clicks,
        outbound_clicks,
        views,
        carts,
        checkouts,
        purchases,
        value,
    )
    return np.stack(columns, axis=-1)


def _weights(state: AccountState, ads: NDArray[np.int64]) -> NDArray[np.int64]:
    named = [1000 // (place + 2) for place in range(len(state.account.countries))]
    weights = np.tile(np.array([*named, 25, 0], dtype=np.int64), (len(ads), 1))
    weights[:, -1] = state.hidden_permille[ads]
    return weights


def _idle_odds(countries: int) -> NDArray[np.int64]:
    # Of 4096: a country pauses now and then, "unknown" shows up every other day.
    return np.array([200] * countries + [2100, 500], dtype=np.int64)


def _corrected(
    settled: NDArray[np.int64], ripe: Ripeness, seen: list[NDArray[np.int64]]
) -> NDArray[np.int64]:
    shown = settled.copy()
    error = np.where(seen[0] < 2048, noise.spread(seen[1], -17, 25), 0)
    left = max(_CORRECTED_AFTER_DAYS - ripe.age, 0)
    for metric in (SPEND, IMPRESSIONS):
        correction = settled[..., metric] * error // 1000
        shown[..., metric] += correction * left // _CORRECTED_AFTER_DAYS
    if ripe.age == 0:
        # One threshold for all metrics of a cell keeps clicks below impressions.
        threshold = (seen[2] * ripe.day_minutes >> 12)[..., None]
        shown = (shown * ripe.minutes + threshold) // ripe.day_minutes
    return shown


def _credited(
    settled: NDArray[np.int64], ripe: Ripeness, luck: NDArray[np.int64]
) -> NDArray[np.int64]:
    purchases = settled[..., PURCHASES]
    if ripe.age == 0:
        whole = 1000 * ripe.day_minutes
        arrived = purchases * _SHOWN_AT_DAY_END * ripe.minutes
        return (arrived + (luck * whole >> 12)) // whole
    last = len(_CREDITED) - 1
    share = _CREDITED[min(ripe.age, last)]
    if ripe.age > last:
        tail = (1000 - share) * (ripe.age - last)
        share += tail // (_SETTLED_AFTER_DAYS - last)
    return (purchases * share + (luck * 1000 >> 12)) // 1000
