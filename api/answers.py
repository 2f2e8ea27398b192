"""What every answer says about itself: `meta`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from api.as_of import Past
from api.asked import Window
from api.callers import Caller
from api.params import Level
from api.pointing import ByHand
from api.schemas import (
    AsOf,
    Coverage,
    Meta,
    MissingDays,
    Pinned,
    Stale,
    StatusFilter,
    Unconverted,
    WindowShape,
)
from api.settings import Settings
from api.shelf import Source
from api.snapshots import Reader, Row
from api.status_file import WITHHELD, read_status, staleness

UNCONVERTED = (
    "Some rows have no exchange rate: money, orders and their ratios leave them out; "
    "see coverage.unconverted."
)


@dataclass(frozen=True)
class Days:
    """Which days of a window were read, from `queries/account_days.sql`."""

    rows: list[Row]

    def read(self) -> list[date]:
        """Days that some account was read for, of both windows."""
        return sorted({row["date_day"] for row in self.rows if row["is_read"]})

    def read_accounts(self) -> list[str]:
        """Accounts with a day of the window that was read."""
        return sorted(
            {
                row["account_id"]
                for row in self.rows
                if row["is_current"] and row["is_read"]
            }
        )

    def partial(self) -> list[date]:
        """Days of the window that were still running when some account was read."""
        return sorted(
            {
                row["date_day"]
                for row in self.rows
                if row["is_current"] and row["is_partial_day"]
            }
        )

    def missing(self, is_current: bool) -> list[date]:
        """Days that an account should have and lacks, or that no account has."""
        rows = [row for row in self.rows if row["is_current"] is is_current]
        read = {row["date_day"] for row in rows if row["is_read"]}
        lacking = {
            row["date_day"]
            for row in rows
            if not row["is_read"] and not row["is_before_account"]
        }
        return sorted(lacking | {row["date_day"] for row in rows} - read)

    def ranges(self) -> list[MissingDays]:
        """The unread days of the window, per account, as ranges."""
        found: list[MissingDays] = []
        for account_id in sorted({row["account_id"] for row in self.rows}):
            found += _ranges(
                row
                for row in self.rows
                if row["is_current"] and row["account_id"] == account_id
            )
        return found


def _ranges(account_days: Iterable[Row]) -> list[MissingDays]:
    found: list[MissingDays] = []
    is_open = False
    for row in account_days:
        why: Literal["before_account", "not_read"] = (
            "before_account" if row["is_before_account"] else "not_read"
        )
        day = row["date_day"]
        if row["is_read"]:
            is_open = False
        elif is_open and found[-1].why == why:
            found[-1] = found[-1].model_copy(update={"until": day})
        else:
            found.append(
                MissingDays(account_id=row["account_id"], since=day, until=day, why=why)
            )
            is_open = True
    return found


def read_days(reader: Reader, store: str, window: Window, *levels: Level) -> Days:
    """Which days of a store's window were read, at every level that is answered."""
    values = {"store": store, "levels": levels, **window.values()}
    return Days(reader.rows("account_days", values))


def unconverted(account_currency: str, row: Row) -> Unconverted:
    """What of a currency has no rate, from a query's columns `unconverted_*`."""
    return Unconverted(
        account_currency=account_currency,
        rows=row["unconverted_rows"],
        spend_account_currency=row["unconverted_spend"],
        purchases=row["unconverted_purchases"],
        purchase_value_account_currency=row["unconverted_purchase_value"],
    )


def coverage(
    days: Days,
    left_out: list[Unconverted] | None,
    previous_unconverted_rows: int | None,
) -> Coverage:
    """What an answer about days does not know."""
    return Coverage(
        missing_days=days.missing(is_current=True),
        missing=days.ranges(),
        unconverted=left_out,
        previous_missing_days=days.missing(is_current=False),
        previous_unconverted_rows=previous_unconverted_rows,
    )


def stale_now(
    settings: Settings,
    caller: Caller,
    source: Source | None,
    store: str | None,
    now: datetime,
) -> tuple[Stale | None, list[str]]:
    """Since when and why the data is too old, and warnings about how that is known.

    What is asked of the past is as old as it is meant to be.
    """
    if source is not None and source.past is not None:
        return None, about_the_past(source.past)
    if source is not None and source.pin is not None:
        pinned = _pinned(source.pin, caller)
        why = f"Readers were given an earlier snapshot: {pinned.why}"
        return Stale(since=pinned.since, why=why), list(source.warnings)
    status = read_status(settings.data_dir, caller)
    published_at = source.published_at if source else None
    warnings = list(source.warnings) if source else []
    # An older one in its place: what was read since is not in it.
    stale = Stale(since=published_at, why=warnings[0]) if warnings else None
    if status.report is None:
        warnings.append(f"status.json is {status.state}.")
    return stale or staleness(status, store, published_at, now), warnings


def about_the_past(past: Past) -> list[str]:
    if past.is_exact:
        return []
    asked = past.asked.isoformat()
    return [
        f"This was published at {past.shown.holds_for.isoformat()}. Whether readers "
        f"had it at {asked} is not certain, or what they had is no longer kept as a "
        f"snapshot. `pathways build --as-of {asked}` builds it again, as far as that "
        "is still known."
    ]


def meta(
    settings: Settings,
    reader: Reader,
    now: datetime,
    stores: Sequence[Row],
    *,
    window: Window | None = None,
    days: Days | None = None,
    status_filter: StatusFilter | None = None,
    covered: Coverage | None = None,
    warnings: Sequence[str] = (),
    next_cursor: str | None = None,
) -> Meta:
    """What an answer is made of, for the stores that it is about."""
    currencies = {row["reporting_currency"] for row in stores}
    through = [row["data_through"] for row in stores]
    only = stores[0]["store"] if len(stores) == 1 else None
    stale, said = stale_now(settings, reader.caller, reader.source, only, now)
    pin = reader.source.pin
    return Meta(
        snapshot_id=reader.snapshot_id,
        data_through=min(through) if through and None not in through else None,
        generated_at=settings.moment(),
        currency=currencies.pop() if len(currencies) == 1 else None,
        timezone=sorted({zone for row in stores for zone in row["timezones"] or []}),
        status_filter=status_filter,
        coverage=covered,
        partial_days=days.partial() if days else [],
        stale=stale,
        as_of=_as_of(reader.source.past),
        pinned=_pinned(pin, reader.caller) if pin else None,
        warnings=[*said, *warnings],
        next_cursor=next_cursor,
        window=WindowShape(since=window.since, until=window.until) if window else None,
    )


def _as_of(past: Past | None) -> AsOf | None:
    if past is None:
        return None
    return AsOf(
        asked=past.asked, holds_for=past.shown.holds_for, is_exact=past.is_exact
    )


def _pinned(pin: ByHand, caller: Caller) -> Pinned:
    # Whoever wrote the reason may have had another's store in mind.
    why = pin.why if caller.stores is None else WITHHELD
    return Pinned(since=pin.at, why=why)
