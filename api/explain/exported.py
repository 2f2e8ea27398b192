"""An Ads Manager export as a reader: what it holds, and by which rules it counts.

Reading the file is the command line's; here it is a list of rows already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from api.errors import BadParameter
from api.explain.contracts import Contract
from api.explain.measures import PARTS, Measure
from api.snapshots import Reader, Row

# As Ads Manager counts: every status, days that run, the account's own currency.
ADS_MANAGER = Contract(
    reader="ads_manager",
    label="Ads Manager",
    window_days=1,
    time_zone="account",
    partial_days="include",
    level="campaign",
    status="all",
    status_level="own",
    status_moment="now",
    countries="all",
    currency="account",
    clicks="all",
)


@dataclass(frozen=True)
class Exported:
    """The rows of an export and the days it was made for, both ends included.

    Attributes:
        file: its name.
        currency: of its money; None where it has none.
        columns: which it has of a row's; without `day` a row is of all days, without
            `country` of all countries.
        rows: one of a campaign, day and country, by `campaign_id`, `campaign_name`,
            `day`, `country` and the columns of PARTS; numbers as decimal text, days as
            ISO text.
    """

    file: str
    currency: str | None
    since: date
    until: date
    columns: frozenset[str]
    rows: Sequence[Mapping[str, str | None]]

    def values(self) -> dict[str, object]:
        """As `queries/explain_export.sql` binds it."""
        lists = {
            f"exported_{name}": [row.get(name) for row in self.rows]
            for name in ("campaign_id", "campaign_name", *map(_column, PARTS))
        }
        return {
            **lists,
            "exported_days": [row.get("day") for row in self.rows],
            "exported_countries": [row.get("country") for row in self.rows],
            **self.splits(),
        }

    def splits(self) -> dict[str, object]:
        """By what it splits a campaign, as the queries bind it."""
        return {
            "has_days": "day" in self.columns,
            "has_countries": "country" in self.columns,
        }


def put_beside(reader: Reader, store: str, exported: Exported) -> list[Row]:
    """Makes a table of the export's rows, for `queries/explain_facts_of_export.sql`.

    Returns:
        The store's accounts, each with whether it is one of the export's.
    """
    days = {"since": exported.since, "until": exported.until}
    reader.rows("explain_export", {"store": store, **days, **exported.values()})
    return reader.rows("explain_export_accounts", {"store": store})


def check_export(
    exported: Exported,
    measure: Measure,
    country: str | None,
    account_currencies: Sequence[str],
) -> None:
    """Make sure that the export can be compared with what is asked for.

    Raises:
        BadParameter: it lacks a column, or its money is in another currency.
    """
    lacking = {
        _column(part)
        for part in (measure.top, measure.bottom)
        if part and _column(part) not in exported.columns
    }
    if lacking:
        raise BadParameter(
            f"{exported.file} has no column for {', '.join(sorted(lacking))}, which "
            f"{measure.name} needs.",
            "Add the column in Ads Manager and export again; or, if it is there under "
            f"a name not known here, say which: --column {min(lacking)}=HEADER.",
        )
    if country and "country" not in exported.columns:
        raise BadParameter(
            f"{exported.file} does not say which country a row is of.",
            "Export it with the breakdown by country, or leave out --country.",
        )
    is_other = exported.currency not in (None, *account_currencies)
    if measure.holds_money and is_other:
        raise BadParameter(
            f"{exported.file} is in {exported.currency}, the store's accounts count in "
            f"{', '.join(account_currencies) or 'a currency not known yet'}.",
            "Export the account of this store, in its own currency.",
        )


def _column(part: str) -> str:
    return PARTS[part].column.removesuffix("_account_currency")
