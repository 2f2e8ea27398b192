"""Rows of insights as JSON text: metrics are strings, what is nothing is left out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ingest.sandbox.aggregate import SALES, Totals
from ingest.sandbox.cells import METRICS
from ingest.sandbox.insight_query import IDENTITY_LEVELS, Span
from ingest.sandbox.nodes import LEVELS, Level
from ingest.sandbox.state import AccountState

# The action types that are other names of a metric, in the order Meta lists them.
_ACTION_TYPES = (
    ("omni_add_to_cart", "add_to_cart"),
    ("link_click", "inline_link_clicks"),
    ("landing_page_view", "landing_page_views"),
    ("add_to_cart", "add_to_cart"),
    ("initiate_checkout", "initiate_checkout"),
    ("offsite_conversion.fb_pixel_add_to_cart", "add_to_cart"),
    ("offsite_conversion.fb_pixel_initiate_checkout", "initiate_checkout"),
    ("page_engagement", "clicks"),
    ("post_engagement", "clicks"),
)

_CONSTANTS = frozenset((*IDENTITY_LEVELS, "attribution_setting"))


@dataclass(frozen=True)
class Rows:
    """Rendered rows joined by commas; `ends[i]` is where row i ends in `text`."""

    text: bytes
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    def cut(self, first: int, last: int) -> bytes:
        """Rows from `first` up to, but not with, `last`, joined by commas."""
        begin = int(self.ends[first - 1]) + 1 if first else 0
        return self.text[begin : int(self.ends[last - 1])]


def rendered(
    state: AccountState, totals: Totals, fields: tuple[str, ...], span: Span
) -> Rows:
    """The rows, with their fields in the order asked, then dates, then country."""
    if len(totals.objects) == 0:
        return Rows(b"", np.zeros(0, dtype=np.int64))
    sheet = _Sheet(state, totals)
    columns = []
    for is_constant, names in groupby(fields, key=_CONSTANTS.__contains__):
        if is_constant:
            columns.append(sheet.constants(tuple(names)))
        else:
            columns.extend(sheet.column(name) for name in names)
    dates = f'"date_start":"{span[0]}","date_stop":"{span[1]}"'
    columns.append([dates] * len(totals.objects))
    if totals.countries is not None:
        columns.append([f'"country":"{code}"' for code in totals.countries])
    rows = [
        "{" + ",".join(filter(None, parts)) + "}"
        for parts in zip(*columns, strict=True)
    ]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    ends = np.cumsum(lengths) + np.arange(len(rows))
    return Rows(",".join(rows).encode("ascii"), ends)


class _Sheet:
    """Columns of a block of rows: one JSON member a row, empty where absent."""

    def __init__(self, state: AccountState, totals: Totals) -> None:
        self._state = state
        self._totals = totals

    def constants(self, names: tuple[str, ...]) -> list[str]:
        """Members that say the same of an object on every day."""
        members = zip(*(self._constant(name) for name in names), strict=True)
        by_object = [",".join(parts) for parts in members]
        return [by_object[place] for place in self._totals.objects.tolist()]

    def column(self, name: str) -> list[str]:
        """A metric's members."""
        special: dict[str, Callable[[], list[str]]] = {
            "spend": self._spend,
            "reach": self._reach,
            "frequency": self._frequency,
            "outbound_clicks": self._outbound_clicks,
            "actions": self._actions,
            "action_values": self._action_values,
        }
        if name in special:
            return special[name]()
        if name == "impressions":
            return [f'"impressions":"{value}"' for value in self._numbers(name)]
        return [f'"{name}":"{value}"' if value else "" for value in self._numbers(name)]

    def _numbers(self, metric: str) -> list[int]:
        column: list[int] = self._totals.values[:, METRICS.index(metric)].tolist()
        return column

    def _money(self, values: list[int]) -> list[str]:
        """Whole units of the currency; empty for nothing."""
        if self._state.account.minor_units == 1:
            return [str(value) if value else "" for value in values]
        return [
            f"{value // 100}.{value % 100:02d}" if value else "" for value in values
        ]

    def _constant(self, name: str) -> list[str]:
        state = self._state
        if name == "attribution_setting":
            values = state.attribution_settings[self._totals.level]
            return [f'"{name}":"{value}"' for value in values]
        level = IDENTITY_LEVELS[name]
        if level == "account":
            values = [getattr(state.account, name.removeprefix("account_"))]
        elif name == "buying_type":
            values = ["AUCTION"] * len(state.campaigns)
        else:
            attribute = name.removeprefix(f"{level}_")
            values = [getattr(node, attribute) for node in state.nodes(level)]
        members = [f'"{name}":{json.dumps(value)}' for value in values]
        ancestors = _ancestors(state, self._totals.level, level)
        return [members[place] for place in ancestors]

    def _spend(self) -> list[str]:
        texts = self._money(self._numbers("spend"))
        return [f'"spend":"{text or 0}"' for text in texts]

    def _reach(self) -> list[str]:
        return [f'"reach":"{value}"' for value in self._totals.reach.tolist()]

    def _frequency(self) -> list[str]:
        pairs = zip(
            self._numbers("impressions"), self._totals.reach.tolist(), strict=True
        )
        return [
            f'"frequency":"{impressions / reach:.6f}"' if reach else ""
            for impressions, reach in pairs
        ]

    def _outbound_clicks(self) -> list[str]:
        return [
            f'"outbound_clicks":[{{"action_type":"outbound_click","value":"{value}"}}]'
            if value
            else ""
            for value in self._numbers("outbound_clicks")
        ]

    def _actions(self) -> list[str]:
        members = [
            _items(kind, self._numbers(metric)) for kind, metric in _ACTION_TYPES
        ]
        for kind, counts in self._sales(0).items():
            members.append(_items(kind, counts.tolist()))
        return _lists("actions", members)

    def _action_values(self) -> list[str]:
        members = [
            _items(kind, self._money(worth.tolist()))
            for kind, worth in self._sales(1).items()
        ]
        return _lists("action_values", members)

    def _sales(self, part: int) -> dict[str, NDArray[np.int64]]:
        sales = self._totals.sales[..., part]
        omni = sales[:, SALES.index("omni")]
        pixel = sales[:, SALES.index("pixel")]
        return {
            "omni_purchase": np.where(self._totals.is_rolled_up, sales.sum(axis=1), 0),
            "purchase": omni,
            "offsite_conversion.fb_pixel_purchase": omni + pixel,
            "onsite_conversion.purchase": sales[:, SALES.index("onsite")],
        }


def _items(kind: str, values: list[int] | list[str]) -> list[str]:
    begin = f'{{"action_type":"{kind}","value":"'
    return [f'{begin}{value}"}}' if value else "" for value in values]


def _lists(name: str, members: list[list[str]]) -> list[str]:
    joined = [",".join(filter(None, items)) for items in zip(*members, strict=True)]
    return [f'"{name}":[{text}]' if text else "" for text in joined]


def _ancestors(state: AccountState, level: Level, above: Level) -> list[int]:
    """For each object of `level`, its ancestor's position at `above`."""
    if level == above:
        return list(range(len(state.object_ids(level))))
    if LEVELS.index(above) == 0:
        return [0] * len(state.object_ids(level))
    if level == "ad":
        groups: list[int] = state.groups[above].tolist()
        return groups
    return [state.campaign_positions[adset.campaign_id] for adset in state.adsets]
