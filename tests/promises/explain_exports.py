"""Ads Manager exports of the sandbox's truth, by name, with what each is spoiled by."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ingest.ads_manager import Export, read_export
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import RestateDay

GERMAN = (
    *("Kampagnen-ID", "Kampagnenname", "Tag"),
    *("Ausgegebener Betrag ({})", "Käufe", "Impressionen"),
)
ENGLISH = (
    *("Campaign ID", "Campaign name", "Day"),
    *("Amount spent ({})", "Purchases", "Impressions"),
)
METRICS = ("spend", "purchases", "impressions")
DAYS = date(2026, 2, 10), date(2026, 2, 23)
OLDER_DAYS = date(2026, 1, 29), date(2026, 2, 6)
Line = list[str]


@dataclass(frozen=True)
class Exporter:
    """Writes what Ads Manager would show of a world at a moment."""

    sandbox: Sandbox
    folder: Path
    at: datetime

    def written(self, name: str) -> Export:
        """The export of that name, written and read back."""
        acme, noor = (account.id for account in self.sandbox.world.accounts)
        match name:
            case "same":
                # By Germans, who write 1.234,56.
                return self._read(self._lines(noor), GERMAN, noor, ";", german)
            case "without a campaign":
                lines = self._lines(noor)
                return self._read([each for each in lines if each[0] != lines[0][0]])
            case "with another day":
                lines = self._lines(noor)
                lines[5][3] = str(Decimal(lines[5][3]) + 10)
                return self._read(lines)
            case "with another campaign":
                lines = self._lines(noor)
                added = [*lines[0]]
                added[0] = "999999999999999"
                return self._read([*lines, added])
            case "by country":
                lines = self._lines(noor, by_country=True)
                return self._read(lines, (*ENGLISH, "Country"))
            case "of acme":
                return self._read(self._lines(acme), ENGLISH, acme)
            case "of older days":
                return self._read(self._lines(noor, days=OLDER_DAYS))
            case "made later":
                later = self.at + timedelta(hours=2)
                event = RestateDay(
                    later - timedelta(hours=1), noor, DAYS[1], 1100, 1000
                )
                self.sandbox.append(event)
                return self._read(self._lines(noor, at=later))
        raise KeyError(name)

    def _lines(
        self,
        account_id: str,
        days: tuple[date, date] = DAYS,
        at: datetime | None = None,
        by_country: bool = False,
    ) -> list[Line]:
        names = {each.id: each.name for each in self.sandbox.world.campaigns}
        rows = self.sandbox.truth_rows(
            account_id, "campaign", *days, at or self.at, by_country=by_country
        )
        return [
            [
                *(row.object_id, names[row.object_id], row.day.isoformat()),
                *(str(row.metrics[name]) for name in METRICS),
                *([row.country or ""] if by_country else []),
            ]
            for row in rows
            # In a breakdown Ads Manager has no row for what has no country.
            if row.country != "ZZ"
        ]

    def _read(
        self,
        lines: list[Line],
        header: tuple[str, ...] = ENGLISH,
        account_id: str | None = None,
        delimiter: str = ",",
        write: Callable[[str], str] = str,
    ) -> Export:
        accounts = {each.id: each for each in self.sandbox.world.accounts}
        account = accounts[account_id or self.sandbox.world.accounts[1].id]
        file = self.folder / "export.csv"
        with file.open("w", encoding="utf-8-sig", newline="") as opened:
            sheet = csv.writer(opened, delimiter=delimiter)
            sheet.writerow([each.format(account.currency) for each in header])
            campaigns = {line[0] for line in lines}
            results = f"Results from {len(campaigns)} campaigns"
            sheet.writerow(["", results, *["" for _ in header[2:]]])
            for line in lines:
                numbers = [write(number) for number in line[3:6]]
                sheet.writerow([*line[:3], *numbers, *line[6:]])
        return read_export(file, named={}, locale=None, since=None, until=None)


def german(number: str) -> str:
    """1234.5 as 1.234,5."""
    whole, _, fraction = number.partition(".")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"{grouped},{fraction}" if fraction else grouped
