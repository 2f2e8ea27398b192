"""The world after the events up to a moment: what each account holds, and statuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.sandbox import noise
from ingest.sandbox.nodes import LEVELS, Account, Ad, AdSet, Campaign, Level
from ingest.sandbox.statuses import ad_status, adset_status, campaign_status
from ingest.sandbox.story import Draft, Event, Factor, Node
from ingest.sandbox.world import World

_FAR_AWAY = date.max.toordinal()


@dataclass(frozen=True)
class AccountState:
    """One account after some events. Objects in the order they were made.

    `version` is the positions of those events in the story: same version, same account.
    """

    version: tuple[int, ...]
    seed: int
    account: Account
    campaigns: tuple[Campaign, ...]
    adsets: tuple[AdSet, ...]
    ads: tuple[Ad, ...]
    vanished: frozenset[str]
    factors: dict[date, tuple[Factor, ...]]

    @cached_property
    def campaign_positions(self) -> dict[str, int]:
        return {node.id: position for position, node in enumerate(self.campaigns)}

    @cached_property
    def adset_positions(self) -> dict[str, int]:
        return {node.id: position for position, node in enumerate(self.adsets)}

    @cached_property
    def groups(self) -> dict[Level, NDArray[np.int64]]:
        """For each ad, the position of its ancestor at the level."""
        adsets = [self.adset_positions[ad.adset_id] for ad in self.ads]
        campaigns = [self.campaign_positions[ad.campaign_id] for ad in self.ads]
        return {
            "account": np.zeros(len(self.ads), dtype=np.int64),
            "campaign": np.array(campaigns, dtype=np.int64),
            "adset": np.array(adsets, dtype=np.int64),
            "ad": np.arange(len(self.ads)),
        }

    def nodes(self, level: Level) -> Sequence[Node]:
        """The objects of a level below the account."""
        if level == "campaign":
            return self.campaigns
        return self.adsets if level == "adset" else self.ads

    def object_ids(self, level: Level) -> list[str]:
        """Ids by position, as `groups` uses them."""
        if level == "account":
            return [self.account.id]
        return [node.id for node in self.nodes(level)]

    @cached_property
    def statuses(self) -> dict[str, str]:
        """Effective status by object id."""
        campaigns = {node.id: node for node in self.campaigns}
        adsets = {node.id: node for node in self.adsets}
        found = {node.id: campaign_status(node) for node in self.campaigns}
        for adset in self.adsets:
            found[adset.id] = adset_status(adset, campaigns[adset.campaign_id])
        for ad in self.ads:
            parents = adsets[ad.adset_id], campaigns[ad.campaign_id]
            found[ad.id] = ad_status(ad, *parents)
        return found

    def listed_status(self, object_id: str) -> str:
        """Effective status; what vanished counts as deleted."""
        return "DELETED" if object_id in self.vanished else self.statuses[object_id]

    @cached_property
    def attribution_settings(self) -> dict[Level, list[str]]:
        """By level and position: the setting of its ad sets, `mixed` if they differ."""
        return {level: self._settings(level) for level in LEVELS}

    def _settings(self, level: Level) -> list[str]:
        found: list[set[str]] = [set() for _ in self.object_ids(level)]
        groups = self.groups[level].tolist()
        adsets = self.groups["adset"].tolist()
        for place, adset in zip(groups, adsets, strict=True):
            found[place].add(self.adsets[adset].attribution_setting)
        return [settings.pop() if len(settings) == 1 else "mixed" for settings in found]

    @cached_property
    def ad_sales(self) -> list[str]:
        """For each ad, how its campaign's sales show up."""
        positions = self.campaign_positions
        return [self.campaigns[positions[ad.campaign_id]].sales for ad in self.ads]

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        return np.array([noise.key(ad.id) for ad in self.ads], dtype=np.uint64)

    @cached_property
    def daily_impressions(self) -> NDArray[np.int64]:
        return np.array([ad.daily_impressions for ad in self.ads], dtype=np.int64)

    @cached_property
    def hidden_permille(self) -> NDArray[np.int64]:
        return np.array([ad.hidden_permille for ad in self.ads], dtype=np.int64)

    @cached_property
    def _first_days(self) -> NDArray[np.int64]:
        days = [ad.delivers_from.toordinal() for ad in self.ads]
        return np.array(days, dtype=np.int64)

    @cached_property
    def _end_days(self) -> NDArray[np.int64]:
        days = [
            ad.delivers_until.toordinal() if ad.delivers_until else _FAR_AWAY
            for ad in self.ads
        ]
        return np.array(days, dtype=np.int64)

    def delivering(self, day: date) -> NDArray[np.int64]:
        """Positions of the ads that deliver on the day."""
        number = day.toordinal()
        return np.flatnonzero((self._first_days <= number) & (number < self._end_days))


@dataclass(frozen=True)
class WorldState:
    """All accounts by id (digits) after the events up to a moment."""

    accounts: dict[str, AccountState]

    @cached_property
    def _owners(self) -> dict[str, tuple[Level, AccountState, Node]]:
        found: dict[str, tuple[Level, AccountState, Node]] = {}
        levels: tuple[Level, ...] = ("campaign", "adset", "ad")
        for state in self.accounts.values():
            for level in levels:
                for node in state.nodes(level):
                    if node.id not in state.vanished:
                        found[node.id] = (level, state, node)
        return found

    def find(self, object_id: str) -> tuple[Level, AccountState, Node] | None:
        """The object of this id with its level and account; None if not to be seen."""
        return self._owners.get(object_id)


def world_at(world: World, events: Sequence[Event], moment: datetime) -> WorldState:
    """The world with the events up to `moment`, in the order of their moments."""
    due = [position for position, event in enumerate(events) if event.at <= moment]
    due.sort(key=lambda position: events[position].at)
    nodes: dict[str, Node] = {}
    nodes |= {campaign.id: campaign for campaign in world.campaigns}
    nodes |= {adset.id: adset for adset in world.adsets}
    nodes |= {ad.id: ad for ad in world.ads}
    draft = Draft({account.id: account for account in world.accounts}, nodes)
    for position in due:
        events[position].apply(draft)
    return WorldState(
        {
            account.id: _account_state(world, draft, account, tuple(due))
            for account in draft.accounts.values()
        }
    )


def _account_state(
    world: World, draft: Draft, account: Account, version: tuple[int, ...]
) -> AccountState:
    own = [node for node in draft.nodes.values() if node.account_id == account.id]
    return AccountState(
        version=version,
        seed=world.seed,
        account=account,
        campaigns=tuple(node for node in own if isinstance(node, Campaign)),
        adsets=tuple(node for node in own if isinstance(node, AdSet)),
        ads=tuple(node for node in own if isinstance(node, Ad)),
        vanished=frozenset(draft.vanished),
        factors={
            day: tuple(factors)
            for (account_id, day), factors in draft.factors.items()
            if account_id == account.id
        },
    )
