"""How many rows and calls the windows of an account are likely to take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ingest.completeness import Content
from ingest.fields import BREAKDOWNS, LEVELS, Breakdown, Level
from ingest.ledger import Ledger
from ingest.request_shape import (
    Choice,
    RequestShape,
    calls,
    choose,
    expected_rows_a_day,
)
from ingest.windows import DateWindow

Window = tuple[Level, Breakdown]
WINDOWS: tuple[Window, ...] = tuple(
    (level, breakdown) for level in LEVELS for breakdown in BREAKDOWNS
)
# Days that are read, compared and receipted together.
SLICE_DAYS = (15, 7, 3, 1)
# Of the points of a new app: days that take more could be begun again for ever, since
# nothing of them counts before all of it was read.
CALLS_A_SLICE = 24


@dataclass
class Expectation:
    """What is expected of one account; it learns while the account is read.

    Attributes:
        objects: how many of each level were listed in this run.
        rows: rows a day of each window, as far as read in this run.
        shapes: how each window had to be split in this run.
    """

    account_id: str
    ledger: Ledger
    page_limit: int
    objects: dict[str, int] = field(default_factory=dict)
    rows: dict[Window, int] = field(default_factory=dict)
    shapes: dict[Window, RequestShape] = field(default_factory=dict)

    def choice(self, window: Window, days: DateWindow) -> Choice:
        """How the window is asked for, and why."""
        remembered = self.shapes.get(window) or self.ledger.shapes.get(
            (self.account_id, *window)
        )
        rows_a_day = self.rows_a_day(window)
        return choose(len(days), rows_a_day, self.page_limit, remembered)

    def calls(self, days: DateWindow) -> int:
        """About how many calls the days take, at every level."""
        return sum(
            calls(self.choice(window, days).shape, len(days), self.rows_a_day(window))
            for window in WINDOWS
        )

    def has_reports(self, days: DateWindow) -> bool:
        """Whether Meta is to make a report of any window of the days."""
        return any(
            self.choice(window, days).shape.mode == "report" for window in WINDOWS
        )

    def slice_days(self, newest: date, is_limited: bool) -> int:
        """How many days are read together: fewer where calls are few."""
        if not is_limited:
            return SLICE_DAYS[0]
        for count in SLICE_DAYS:
            days = DateWindow(newest, newest).widened(count)
            if self.calls(days) <= CALLS_A_SLICE:
                return count
        return SLICE_DAYS[-1]

    def learn(self, window: Window, contents: Mapping[date, Content]) -> None:
        """Remember how many rows the window's days held."""
        most = max((content.row_count for content in contents.values()), default=0)
        self.rows[window] = max(most, self.rows.get(window, 0))

    def rows_a_day(self, window: Window) -> int:
        """How many rows a day of the window is likely to hold."""
        if window in self.rows:
            return self.rows[window]
        level, breakdown = window
        seen = self.ledger.rows_a_day.get((self.account_id, *window))
        known = self.ledger.object_counts.get((self.account_id, level), 0)
        objects = max(known, self.objects.get(level, 0))
        return expected_rows_a_day(level, breakdown, seen, objects)
