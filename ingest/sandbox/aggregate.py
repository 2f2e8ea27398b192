"""Cells added up to the rows of a level, with or without countries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.sandbox import noise
from ingest.sandbox.cells import (
    IMPRESSIONS,
    METRICS,
    PURCHASE_VALUE,
    PURCHASES,
    DayCells,
)
from ingest.sandbox.nodes import LEVELS, Level
from ingest.sandbox.state import AccountState

SALES = ("omni", "pixel", "onsite")
_REACH_STREAM = 21


@dataclass(frozen=True)
class Totals:
    """Rows of a level, sorted by object and country.

    `objects` are positions among the level's objects; `countries` is None without the
    breakdown. `sales[row, kind]` are purchases and their value (minor units) by how
    they show up; `is_rolled_up` says that `omni_purchase` stands for all of them.
    `reach` is of each row: it does not add up.
    """

    level: Level
    objects: NDArray[np.int64]
    countries: list[str] | None
    values: NDArray[np.int64]
    sales: NDArray[np.int64]
    is_rolled_up: NDArray[np.bool_]
    reach: NDArray[np.int64]

    def chosen(self, is_kept: NDArray[np.bool_]) -> "Totals":
        """Some of the rows."""
        countries = self.countries
        if countries is not None:
            kept = zip(countries, is_kept.tolist(), strict=True)
            countries = [code for code, is_chosen in kept if is_chosen]
        return Totals(
            self.level,
            self.objects[is_kept],
            countries,
            self.values[is_kept],
            self.sales[is_kept],
            self.is_rolled_up[is_kept],
            self.reach[is_kept],
        )


def totals(
    state: AccountState,
    days: Sequence[DayCells],
    level: Level,
    is_shown: NDArray[np.bool_],
    *,
    by_country: bool,
) -> Totals:
    """The rows of these days taken together, of the ads for which `is_shown` holds.

    Objects and countries in which nothing was delivered have no row.
    """
    values, sales = _grouped(state, days, level, is_shown)
    has_kind = sales[..., 0].sum(axis=1) > 0
    # Meta's omni type rolls up all others, so it is there as soon as two kinds meet.
    rolled_up = has_kind[:, SALES.index("omni")] | (has_kind.sum(axis=1) > 1)
    if by_country:
        labels = [*state.account.countries, "unknown"]
        order = sorted(range(len(labels)), key=lambda place: labels[place])
        order.sort(key=lambda place: labels[place] == "unknown")
        objects, places = np.nonzero(values[:, order].any(axis=-1))
        values = values[:, order][objects, places]
        sales = sales[:, order][objects, places]
        countries = [labels[order[place]] for place in places.tolist()]
    else:
        values, sales = values.sum(axis=1), sales.sum(axis=1)
        objects = np.flatnonzero(values.any(axis=-1))
        places = np.full(len(objects), -1)
        values, sales, countries = values[objects], sales[objects], None
    first = days[0].day.toordinal() if days else 0
    reach = _reach(state, level, objects, places, first, values[:, IMPRESSIONS])
    return Totals(level, objects, countries, values, sales, rolled_up[objects], reach)


def _grouped(
    state: AccountState,
    days: Sequence[DayCells],
    level: Level,
    is_shown: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    group = state.groups[level]
    kinds = np.array([SALES.index(kind) for kind in state.ad_sales], dtype=np.int64)
    slots = len(state.account.countries) + 2
    count = len(state.object_ids(level))
    values = np.zeros((count, slots, len(METRICS)), dtype=np.int64)
    sales = np.zeros((count, len(SALES), slots, 2), dtype=np.int64)
    for cells in days:
        chosen = is_shown[cells.ads]
        ads, numbers = cells.ads[chosen], cells.values[chosen]
        np.add.at(values, group[ads], numbers)
        sold = numbers[..., [PURCHASES, PURCHASE_VALUE]]
        np.add.at(sales, (group[ads], kinds[ads]), sold)
    return values, sales.swapaxes(1, 2)


def _reach(
    state: AccountState,
    level: Level,
    objects: NDArray[np.int64],
    places: NDArray[np.int64],
    day: int,
    impressions: NDArray[np.int64],
) -> NDArray[np.int64]:
    # The wider the object, the more people are met twice: never a sum of parts.
    depth = LEVELS.index(level)
    low = 500 + 100 * depth + np.where(places >= 0, 50, 0)
    (drawn,) = noise.draws(
        1, state.seed, _REACH_STREAM, depth, day, objects, places + 1
    )
    share = low + (drawn * 50 >> 12)
    return np.where(impressions > 0, np.maximum(impressions * share // 1000, 1), 0)
