"""Dated changes to the world. Each event applies itself to a draft of the world."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ingest.sandbox import noise
from ingest.sandbox.nodes import ATTRIBUTION_SPECS, Account, Ad, AdSet, Campaign
from ingest.sandbox.world import World

Node = Campaign | AdSet | Ad


@dataclass(frozen=True)
class Factor:
    """What a restatement does to an account's day, in thousandths."""

    spend_permille: int
    sales_permille: int
    is_emptied: bool = False


@dataclass
class Draft:
    """A world while events change it. Nodes by id, in the order they came."""

    accounts: dict[str, Account]
    nodes: dict[str, Node]
    vanished: set[str] = field(default_factory=set)
    factors: dict[tuple[str, date], list[Factor]] = field(default_factory=dict)

    def stop_delivery(self, ad: Ad, at: datetime) -> None:
        """Lets the ad deliver to the end of the account's day of `at`, no longer."""
        next_day = self.accounts[ad.account_id].local_day(at) + timedelta(days=1)
        until = min(ad.delivers_until or next_day, next_day)
        self.nodes[ad.id] = replace(ad, delivers_until=until)

    def ads_below(self, object_id: str) -> list[Ad]:
        return [
            node
            for node in self.nodes.values()
            if isinstance(node, Ad)
            and object_id in (node.id, node.adset_id, node.campaign_id)
        ]


@dataclass(frozen=True)
class Rename:
    at: datetime
    object_id: str
    name: str

    def apply(self, draft: Draft) -> None:
        node = draft.nodes[self.object_id]
        draft.nodes[node.id] = replace(node, name=self.name, updated_at=self.at)


@dataclass(frozen=True)
class SetStatus:
    """The owner sets a status. Anything but ACTIVE ends delivery with the day."""

    at: datetime
    object_id: str
    status: str

    def apply(self, draft: Draft) -> None:
        node = draft.nodes[self.object_id]
        draft.nodes[node.id] = replace(node, status=self.status, updated_at=self.at)
        if self.status != "ACTIVE":
            for ad in draft.ads_below(node.id):
                draft.stop_delivery(ad, self.at)


@dataclass(frozen=True)
class ChangeBudget:
    """A new daily budget, in minor units, on the campaign or ad set that has one."""

    at: datetime
    object_id: str
    daily_budget: int

    def apply(self, draft: Draft) -> None:
        node = draft.nodes[self.object_id]
        if isinstance(node, Ad):
            raise ValueError(f"Ad {node.id} cannot carry a budget.")
        draft.nodes[node.id] = replace(
            node, daily_budget=self.daily_budget, updated_at=self.at
        )


@dataclass(frozen=True)
class ChangeAttribution:
    """Another attribution setting of an ad set, for what it delivered before too."""

    at: datetime
    adset_id: str
    attribution_setting: str

    def apply(self, draft: Draft) -> None:
        adset = draft.nodes[self.adset_id]
        if not isinstance(adset, AdSet):
            raise ValueError(f"{self.adset_id} is not an ad set.")
        if self.attribution_setting not in ATTRIBUTION_SPECS:
            raise ValueError(
                f"attribution_setting must be one of {', '.join(ATTRIBUTION_SPECS)}."
            )
        draft.nodes[adset.id] = replace(
            adset, attribution_setting=self.attribution_setting, updated_at=self.at
        )


@dataclass(frozen=True)
class NewAd:
    """A new ad that delivers from the account's day of `at`."""

    at: datetime
    adset_id: str
    ad_id: str
    name: str

    def apply(self, draft: Draft) -> None:
        adset = draft.nodes[self.adset_id]
        if not isinstance(adset, AdSet):
            raise ValueError(f"{self.adset_id} is not an ad set.")
        draft.nodes[self.ad_id] = Ad(
            id=self.ad_id,
            account_id=adset.account_id,
            campaign_id=adset.campaign_id,
            adset_id=adset.id,
            name=self.name,
            status="ACTIVE",
            issue=None,
            created_at=self.at,
            updated_at=self.at,
            daily_impressions=2_500 + noise.pick(7_500, noise.key(self.ad_id)),
            hidden_permille=0,
            delivers_from=draft.accounts[adset.account_id].local_day(self.at),
            delivers_until=None,
        )


@dataclass(frozen=True)
class VanishAd:
    """No listing shows the ad any more; what it delivered stays."""

    at: datetime
    ad_id: str

    def apply(self, draft: Draft) -> None:
        ad = draft.nodes[self.ad_id]
        if not isinstance(ad, Ad):
            raise ValueError(f"{self.ad_id} is not an ad.")
        draft.vanished.add(ad.id)
        draft.stop_delivery(ad, self.at)


@dataclass(frozen=True)
class EmptyDay:
    """Everything the account delivered on the day is taken back."""

    at: datetime
    account_id: str
    day: date

    def apply(self, draft: Draft) -> None:
        factors = draft.factors.setdefault((self.account_id, self.day), [])
        factors.append(Factor(0, 0, is_emptied=True))


@dataclass(frozen=True)
class RestateDay:
    """Multiplies spend, and purchases with their value, of one account's day."""

    at: datetime
    account_id: str
    day: date
    spend_permille: int
    sales_permille: int

    def apply(self, draft: Draft) -> None:
        factors = draft.factors.setdefault((self.account_id, self.day), [])
        factors.append(Factor(self.spend_permille, self.sales_permille))


@dataclass(frozen=True)
class ChangeAccount:
    """Another currency or status (Meta's number) of the account; None: as it was.

    Figures in minor units stay, and are read as minor units of the new currency.
    """

    at: datetime
    account_id: str
    currency: str | None
    account_status: int | None

    def apply(self, draft: Draft) -> None:
        account = draft.accounts[self.account_id]
        status = self.account_status
        draft.accounts[account.id] = replace(
            account,
            currency=self.currency or account.currency,
            status=account.status if status is None else status,
        )


Event = (
    Rename
    | SetStatus
    | ChangeBudget
    | ChangeAttribution
    | NewAd
    | VanishAd
    | EmptyDay
    | RestateDay
    | ChangeAccount
)
_KINDS: dict[str, type[Event]] = {
    "rename": Rename,
    "set_status": SetStatus,
    "change_budget": ChangeBudget,
    "change_attribution": ChangeAttribution,
    "new_ad": NewAd,
    "vanish_ad": VanishAd,
    "empty_day": EmptyDay,
    "restate_day": RestateDay,
    "change_account": ChangeAccount,
}


def event_from_json(document: dict[str, Any]) -> Event:
    """The event that `{"kind": "rename", "at": "...", ...}` describes.

    Raises: ValueError for an unknown kind, a missing or an unknown entry.
    """
    kind = _KINDS.get(str(document.get("kind")))
    if kind is None:
        raise ValueError(f"kind must be one of {', '.join(sorted(_KINDS))}.")
    names = {item.name for item in fields(kind)}
    given = {name: value for name, value in document.items() if name != "kind"}
    if set(given) != names:
        raise ValueError(
            f"{document['kind']} takes exactly {', '.join(sorted(names))}."
        )
    given["at"] = datetime.fromisoformat(given["at"])
    if given["at"].tzinfo is None:
        raise ValueError("at must carry a time zone.")
    if "day" in given:
        given["day"] = date.fromisoformat(given["day"])
    return kind(**given)


def default_story(world: World) -> Sequence[Event]:
    """What happens on the first two days after the start, in the first account.

    The next day: two days before the start is restated, an ad appears, an ad vanishes.
    The day after: a campaign is paused, another renamed, a budget changed.
    """
    account = world.accounts[0]
    active = [
        campaign
        for campaign in world.campaigns
        if campaign.account_id == account.id and campaign.status == "ACTIVE"
    ]
    if len(active) < 2:
        return ()
    first, second = active[0], active[1]
    ads = [ad for ad in world.ads if ad.campaign_id == first.id]
    next_day = world.start.astimezone(UTC) + timedelta(days=1)
    day_after = next_day + timedelta(days=1)
    restated = account.local_day(world.start) - timedelta(days=2)
    new_ad_id = str(int(world.ads[-1].id) + 1_000_000)
    return (
        RestateDay(next_day - timedelta(hours=1), account.id, restated, 970, 1500),
        NewAd(
            next_day - timedelta(hours=1), ads[0].adset_id, new_ad_id, "Reel, spring"
        ),
        VanishAd(next_day - timedelta(hours=1), ads[-1].id),
        SetStatus(day_after - timedelta(hours=1), second.id, "PAUSED"),
        Rename(day_after - timedelta(hours=1), first.id, "Prospecting | Broad v2"),
        ChangeBudget(
            day_after - timedelta(hours=1), first.id, 2 * (first.daily_budget or 5_000)
        ),
    )
