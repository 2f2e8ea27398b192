"""What every total must come to: cells added up one by one, in plain Python.

Shares nothing with `aggregate` and `render` on purpose: it is what they are checked by.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from ingest.sandbox.cells import METRICS, DayCells
from ingest.sandbox.nodes import Ad, Level
from ingest.sandbox.stage import Stage
from ingest.sandbox.state import AccountState

RESIDUAL = "ZZ"
_MONEY = frozenset(("spend", "purchase_value"))


@dataclass(frozen=True)
class TruthRow:
    """One object's day. Money in the account's currency, whole units.

    `country` is None for all countries together; `ZZ` is what no country row shows.
    """

    level: Level
    object_id: str
    day: date
    country: str | None
    metrics: dict[str, Decimal]


def rows(
    stage: Stage,
    account_id: str,
    level: Level,
    since: date,
    until: date,
    at: datetime,
    *,
    by_country: bool,
) -> Iterator[TruthRow]:
    """Objects that delivered, day by day, both ends included, as seen at `at`.

    Sorted by day, object and country. Objects without any delivery have no row.
    """
    state = stage.state(at).accounts[account_id.removeprefix("act_")]
    day = since
    while day <= until:
        cells = stage.cells(state, day, at)
        if cells is not None:
            yield from _day_rows(state, level, cells, by_country)
        day += timedelta(days=1)


def _day_rows(
    state: AccountState, level: Level, cells: DayCells, by_country: bool
) -> Iterator[TruthRow]:
    totals: dict[tuple[str, str], Counter[str]] = {}
    for place, ad_values in zip(cells.ads.tolist(), cells.values.tolist(), strict=True):
        object_id = _ancestor(state.ads[place], level)
        for label, values in zip(cells.labels, ad_values, strict=True):
            if any(values):
                country = (label or RESIDUAL) if by_country else ""
                total = totals.setdefault((object_id, country), Counter())
                total.update(dict(zip(METRICS, values, strict=True)))
    for (object_id, country), total in sorted(totals.items()):
        yield TruthRow(
            level, object_id, cells.day, country or None, _in_units(state, total)
        )


def _ancestor(ad: Ad, level: Level) -> str:
    if level == "account":
        return ad.account_id
    if level == "campaign":
        return ad.campaign_id
    return ad.adset_id if level == "adset" else ad.id


def _in_units(state: AccountState, total: Counter[str]) -> dict[str, Decimal]:
    minor = state.account.minor_units
    return {
        name: Decimal(total[name]) / minor if name in _MONEY else Decimal(total[name])
        for name in METRICS
    }
