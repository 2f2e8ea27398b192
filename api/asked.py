"""What a request asks for, as the snapshot has it: its store, days and campaigns."""

from dataclasses import dataclass
from datetime import date, datetime

from api.callers import unknown_store
from api.errors import BadRange, NoData, StoreNeeded, UnknownCampaign
from api.params import LONGEST_DAYS, Compare, DaysQuery
from api.snapshots import Reader, Row


@dataclass(frozen=True)
class Window:
    """The days answered and those they are compared with, both ends included."""

    today: date
    since: date
    until: date
    previous_since: date | None
    previous_until: date | None

    def values(self) -> dict[str, object]:
        """As the queries bind it."""
        return {
            "since": self.since,
            "until": self.until,
            "previous_since": self.previous_since,
            "previous_until": self.previous_until,
        }


def asked_store(reader: Reader, store: str | None) -> Row:
    """The store asked for, or the only one, as `queries/stores.sql` gives it.

    Of the caller's stores: any other is as if there were none.

    Raises:
        StoreNeeded: none is named and there are several.
        UnknownStore: there is none of that name.
        NoData: the snapshot holds none at all.
    """
    stores = reader.rows("stores", {"store": store})
    if store is not None and not stores:
        raise unknown_store(store)
    if not stores:
        raise NoData("The snapshot holds no store.", "Run `pathways run`.")
    if len(stores) > 1:
        names = ", ".join(row["store"] for row in stores)
        raise StoreNeeded(
            "Several stores are served: name one.", f"Add store=: {names}."
        )
    return stores[0]


def asked_window(
    reader: Reader,
    store: str,
    query: DaysQuery,
    compare: Compare,
    now: datetime,
    default_days: int,
) -> Window:
    """The days a request asks for, at the clock.

    Raises:
        BadRange: both period and days are given, the end lies before the start, or the
            window is longer than LONGEST_DAYS.
    """
    if query.period is not None and (query.since or query.until):
        raise BadRange(
            "Both a period and days are asked for.",
            "Leave out period, or since and until.",
        )
    (row,) = reader.rows(
        "window",
        {
            "store": store,
            "since": query.since,
            "until": query.until,
            "period": query.period,
            "compare": compare,
            "default_days": default_days,
            "now": now,
        },
    )
    row.pop("day_count")
    check_days(row["since"], row["until"])
    return Window(**row)


def check_days(since: date, until: date) -> None:
    """Make sure that a window can be answered.

    Raises:
        BadRange: it ends before it starts, or is longer than LONGEST_DAYS.
    """
    if since > until:
        raise BadRange(
            f"The window ends on {until}, before it starts on {since}.",
            "Let since be the earlier day.",
        )
    days = (until - since).days + 1
    if days > LONGEST_DAYS:
        raise BadRange(
            f"The window has {days} days; {LONGEST_DAYS} are the most for one answer.",
            "Ask for fewer days at a time.",
        )


def check_campaigns(reader: Reader, store: str, campaign_ids: list[str] | None) -> None:
    """Make sure that the store has the campaigns asked for.

    Raises:
        UnknownCampaign: it lacks one.
    """
    if campaign_ids is None:
        return
    found = reader.rows(
        "campaigns_known", {"store": store, "campaign_ids": campaign_ids}
    )
    unknown = set(campaign_ids) - {row["campaign_id"] for row in found}
    if unknown:
        raise UnknownCampaign(
            f"The store has no campaign {', '.join(sorted(unknown))}.",
            "/v1/objects?type=campaign lists them.",
        )
